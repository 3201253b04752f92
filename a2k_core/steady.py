"""Frames of a video in which what stands still stands still: a network that paints strokes makes two or three times as much of noise."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

KEEP = 0.85
"""Share of the frame before where nothing changes. Noise is down to three tenths by then."""

STILL = 6 / 255
"""Mean difference of two frames at which that share is down to 1/e of it. Noise that an eye can just see has a third of it."""

WINDOW = 5
"""Pixels: the side of the squares in which the difference is looked at."""


def steadied(frames: Tensor, previous: Tensor | None) -> Tensor:
    """Take of each frame what stands still from the one before, which was made in the same way.

    Args:
        frames: `[B, 3, H, W]` RGB in 0..1, one after the other.
        previous: `[1, 3, H, W]`, the last one of the frames before, as this function gave it; None at the beginning.

    Returns:
        `[B, 3, H, W]`, of the dtype of the frames. The first one of all, and one of another size than the one before, is as it was.
    """
    steady: list[Tensor] = []
    for frame in frames.split(1):
        if previous is not None and previous.shape == frame.shape:
            change = (frame - previous).abs().mean(1, keepdim=True)
            change = F.avg_pool2d(change, WINDOW, 1, WINDOW // 2, count_include_pad=False)
            frame = torch.lerp(frame, previous.to(frame), KEEP * torch.exp(-(change / STILL).square()))
        steady.append(frame)
        previous = frame
    return torch.cat(steady)
