"""`a2k stylize`: pictures, folders and clips in, painted ones out."""
