"""All-to-key attention (paper, section 3.2)."""
