"""The command line `a2k`, one module a command."""
