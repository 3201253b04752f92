"""What a style picture becomes: everything that depends on the style alone."""
