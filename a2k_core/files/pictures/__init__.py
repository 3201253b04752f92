"""Pictures on disk: reading and writing them, their formats and color profiles."""
