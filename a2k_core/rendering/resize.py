"""Scaling of style pictures, which sets the size of the strokes."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

MAX_ENLARGED_PIXELS = 2048 * 2048
"""A picture is never enlarged beyond this: long strips would otherwise become huge."""


def resize_to_short_side(image: Tensor, side: int, *, enlarge: bool = True) -> Tensor:
    """Scale `[B, 3, H, W]` RGB in 0..1, antialiased, until the short side has `side` pixels.

    Args:
        image: the picture.
        side: pixels; 0 keeps the picture.
        enlarge: whether smaller pictures are enlarged, up to `MAX_ENLARGED_PIXELS`.
    """
    height, width = image.shape[-2:]
    scale = side / min(height, width)
    if side <= 0 or (scale > 1 and not enlarge):
        return image
    if scale > 1:
        scale = min(scale, max(1.0, math.sqrt(MAX_ENLARGED_PIXELS / (height * width))))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    if size == (height, width):
        return image
    return F.interpolate(image, size=size, mode="bicubic", antialias=True).clamp(0, 1)
