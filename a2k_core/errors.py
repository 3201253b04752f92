"""The errors this package raises for things a user can put right. All are `ValueError`s."""

from __future__ import annotations


class StyA2KError(ValueError):
    """Base of the errors below: what was given, what is accepted, what to do."""


class ConfigError(StyA2KError):
    """A configuration has an unknown, missing or impossible field."""


class InputError(StyA2KError):
    """A tensor or a number passed to the network is not what it takes."""


class CheckpointError(StyA2KError):
    """A model file is missing, damaged, foreign, or does not fit its configuration."""


class PictureError(StyA2KError):
    """A picture file cannot be read or written."""


class UsageError(StyA2KError):
    """The arguments of a command contradict each other or ask for something that is refused."""
