"""Training: the command `train.py`, its recipes, losses and data, and the measure of what was learned."""
