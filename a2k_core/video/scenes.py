"""Scenes of a clip: where it cuts from one to the next, and what the frames of each share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..model import StyA2K
from ..network.statistics import ClipStatistics
from ..options import Tile
from .box_mean import box_mean

MAX_FRAMES = 8
"""The statistics of a scene are estimated from so many frames at most; from fewer large ones, down to one."""

MAX_PIXELS = 9 * 2**20
"""Pixels of those frames together."""

LONGER_SIDE = 32
"""Pixels. Frames are compared at this size, where noise and detail are gone."""

REACH = 3
"""Pixels, at that size, that things may move from frame to frame: a tenth of the picture."""

PATCH = 5
"""Pixels: side of the squares that are looked for in the frame before."""

FLAT = 8 / 255
"""Standard deviation below which a frame counts as flat, so that the noise of a black one is no scene."""

CUT = 0.3
"""From this difference on a frame may begin a scene; see `CutDetector`. Of 676 pairs of frames of different scenes of real clips none
had less, and no change of light by half had more."""

RISE = 1.5
"""So many times the difference of the frame before it must have. Fast motion, and what passes close to the camera, go on for some
frames: they are no cuts."""

ReadFrames = Callable[[Sequence[int] | None], Iterable[Tensor]]
"""Reads frames of a clip, `[1, 3, H, W]` RGB in 0..1 each: those with the given rising numbers, or all. It is called twice."""


class Scene(NamedTuple):
    """Frames from one cut to the next."""

    start: int
    """The first of them, counted from 0."""

    clip: ClipStatistics
    """What they share."""


class CutDetector:
    """Tells whether a frame begins a scene.

    A frame is compared with the one before at a small size, both with mean 0 and standard deviation 1, so that a change of light is no
    cut. Each patch is compared with those near it in the frame before, and the least difference counts, so that motion is no cut. The
    mean over the patches is the difference of the frames. A scene has at least two frames, so that a flash is at most one cut.
    """

    def __init__(self) -> None:
        self._before: Tensor | None = None
        self._size: torch.Size | None = None
        self._difference = 0.0

    def __call__(self, frame: Tensor) -> bool:
        """Take the next frame, `[1, 3, H, W]` RGB in 0..1. The first one, and one of another size, begins a scene."""
        now, before = _small(frame), self._before
        same_size = self._size == frame.shape
        self._before, self._size = now, frame.shape
        if before is None or not same_size:
            self._difference = 0.0
            return True
        difference = _difference(now, before)
        cut = difference >= max(CUT, RISE * self._difference)
        self._difference = difference
        return cut


def find_scenes(model: StyA2K, read: ReadFrames, tile: Tile = "auto") -> tuple[Scene, ...]:
    """Find the cuts of a clip, and estimate the statistics of each scene.

    The frames held at a time are those of one scene's statistics at most. The time is that of reading the clip twice, of comparing
    frames (2 to 5 ms each, up to 1280x720, on one core), and of `StyA2K.clip_statistics` of up to `MAX_FRAMES` frames a scene.

    Args:
        model: stylizes the clip.
        read: reads its frames, at least one.
        tile: as of `StyA2K.transfer`.

    Returns:
        The scenes in their order. A clip without cuts is one scene.

    Raises:
        InputError: as `StyA2K.clip_statistics` does.
    """
    detector, count = CutDetector(), 0
    starts: list[tuple[int, int, int]] = []
    for frame in read(None):
        if detector(frame):
            starts.append((count, *frame.shape[-2:]))
        count += 1
    stops = [start for start, _, _ in starts[1:]] + [count]
    wanted = [
        [start + index for index in representative_frames(stop - start, height, width)]
        for (start, height, width), stop in zip(starts, stops, strict=True)
    ]
    frames = iter(read(list(itertools.chain.from_iterable(wanted))))
    return tuple(
        Scene(start, model.clip_statistics(torch.cat(list(itertools.islice(frames, len(some)))), tile))
        for (start, _, _), some in zip(starts, wanted, strict=True)
    )


def representative_frames(count: int, height: int, width: int) -> list[int]:
    """Which of `count` frames statistics are estimated from: evenly spaced, as many as may be held together."""
    several = max(1, min(MAX_FRAMES, count, MAX_PIXELS // (height * width)))
    return [(2 * index + 1) * count // (2 * several) for index in range(several)]


def _small(frame: Tensor) -> Tensor:
    """`[1, 3, h, w]`, fp32, with mean 0 over the picture and standard deviation 1; less for a flat one."""
    height, width = frame.shape[-2:]
    scale = min(1.0, LONGER_SIDE / max(height, width))
    small = F.interpolate(frame.float(), (max(1, round(height * scale)), max(1, round(width * scale))), mode="area")
    small = small - small.mean((2, 3), keepdim=True)
    return small / small.std(unbiased=False).clamp(min=FLAT)


def _difference(now: Tensor, before: Tensor) -> float:
    """Mean over the patches of `now` of the difference from the nearest within `REACH` of them in `before`, `[1, 3, h, w]` both."""
    side = 2 * REACH + 1
    near = F.unfold(F.pad(before, (REACH,) * 4, mode="replicate"), side).view(3, side * side, *now.shape[-2:])
    apart = (near - now.transpose(0, 1)).abs().mean(0, keepdim=True)
    return float(box_mean(apart, PATCH).amin(1).mean())
