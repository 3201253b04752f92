"""What the command line does, one module a command."""

from __future__ import annotations

from ..errors import StyA2KError


class UsageError(StyA2KError):
    """The arguments of a command contradict each other or ask for something that is refused."""
