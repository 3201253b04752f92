"""The nodes, and what they need of the host."""
