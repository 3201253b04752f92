"""What the frames of one video share. Painted each by itself, frames pump: what enters the picture changes the colours of all the rest."""

from __future__ import annotations

import dataclasses

from torch import Tensor

from .colour import ColourMatch
from .finishing import COLOURS_OF_ITSELF
from .statistics import Moments

FRAMES = 8
"""So many frames at most stand for a video; of large ones fewer, down to one."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """Told from some frames of a video by `StyA2K.scene`, for all of them. It belongs to the style that it was made with."""

    strength: float
    keep_colours: float

    moments: list[Moments]
    """Of the content's features at the three levels, as if the frames were one picture."""

    colours: ColourMatch | None
    """For networks that match colours."""

    gains: Tensor | None
    """`[1, BANDS]`, see `contrast.gains`; for networks that match contrasts."""

    copy: Scene | None
    """Of the frames' reduced copies, where broad strokes come from these."""


def spread_over(count: int, height: int, width: int) -> list[int]:
    """Which of `count` frames stand for all: evenly spread, no more of them than can be held together."""
    several = max(1, min(FRAMES, count, COLOURS_OF_ITSELF // (height * width)))
    return [(2 * index + 1) * count // (2 * several) for index in range(several)]
