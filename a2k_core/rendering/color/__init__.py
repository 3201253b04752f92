"""Colors of the result: the match to the style, and the content's own."""
