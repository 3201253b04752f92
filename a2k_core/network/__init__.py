"""Section 3 of the paper: the network, from features of the content and the style to a picture."""
