"""How much of some work is done, as who waits for it is told."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float], None]
"""Is told how much is done, from 0 to 1, after each step. What it raises ends the work."""


def share_of(progress: Progress, start: float, stop: float) -> Progress:
    """Report a part of the work as what it is of the whole."""
    return lambda done: progress(start + (stop - start) * done)
