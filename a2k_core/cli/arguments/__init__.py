"""The arguments of every command. Nothing here imports torch, so that --help comes at once."""
