"""Temporal smoothing: still areas of a video are denoised before they are painted, so that strokes do not follow the noise."""

from __future__ import annotations

import torch
from torch import Tensor

from .box_mean import box_mean

PREVIOUS_SHARE = 0.85
"""Share of the previous frame where nothing changes. It brings noise down to three tenths."""

CHANGE_SCALE = 6 / 255
"""Mean difference of two frames at which that share falls to 1/e of it. Barely visible noise has a third of it."""

WINDOW = 5
"""Pixels: side of the squares over which the difference is averaged."""


def temporal_smoothing(frames: Tensor, previous: Tensor | None) -> Tensor:
    """Blend each frame with the one before where the two are alike.

    Args:
        frames: `[B, 3, H, W]` RGB in 0..1, in their order.
        previous: `[1, 3, H, W]`, the smoothed frame before the first of them. None at the beginning.

    Returns:
        `[B, 3, H, W]`, of the dtype of the frames. The first frame, and one whose size differs from the one before, is unchanged.
    """
    smoothed: list[Tensor] = []
    for frame in frames.split(1):
        if previous is not None and previous.shape == frame.shape:
            change = box_mean((frame - previous).abs().mean(1, keepdim=True), WINDOW)
            share = PREVIOUS_SHARE * torch.exp(-(change / CHANGE_SCALE).square())
            frame = torch.lerp(frame, previous.to(frame), share)
        smoothed.append(frame)
        previous = frame
    return torch.cat(smoothed)
