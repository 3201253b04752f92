"""What the frames of one video share. Painted each by itself, frames pump: what enters the picture changes the colours of all the rest."""

from __future__ import annotations

import dataclasses

from .statistics import Moments

FRAMES = 8
"""So many frames at most stand for a video; of large ones fewer, down to one."""

PIXELS = 9 * 2**20
"""Pixels that the frames which stand for a video have together at most, unless one alone has more."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """Told from some frames of a video by `StyA2K.scene`, for all of them, in any style."""

    moments: list[Moments]
    """Of the content's features at the three levels, as if the frames were one picture."""


def spread_over(count: int, height: int, width: int) -> list[int]:
    """Which of `count` frames stand for all: evenly spread, no more of them than can be held together."""
    several = max(1, min(FRAMES, count, PIXELS // (height * width)))
    return [(2 * index + 1) * count // (2 * several) for index in range(several)]
