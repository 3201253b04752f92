"""What is read from and written to disk: models, styles, pictures."""
