"""What `evaluate.py` measures, one concept a module, and how it is shown."""
