"""Noise to paint from: a fixed plane of pink noise that is added to contents before they are encoded.

A convolutional decoder turns a flat area into a pattern that repeats with its upsampling. With a little noise underneath, as in
texture networks (Ulyanov et al., ICML 2016), it draws strokes instead. The plane lies still and does not depend on the picture, so
results are the same every time, and tiles get the noise of the whole.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

PERIOD = 1024
"""Pixels after which the plane repeats, down and to the right."""

SCALES = (1, 2, 4, 8, 16)
"""Pixels of the grains. Each scale varies as much as any other."""


def noise(image: Tensor, top: int = 0, left: int = 0) -> Tensor:
    """The part of the plane under a picture.

    Args:
        image: `[B, 3, H, W]`, on any device.
        top, left: place of its first pixel in the plane.

    Returns:
        `[1, 1, H, W]`, mean 0 and deviation 1 over the plane, in the dtype and on the device of the picture.
    """
    plane = _plane(image.device)
    rows, columns = (
        (torch.arange(length, device=image.device) + start) % PERIOD
        for length, start in zip(image.shape[-2:], (top, left), strict=True)
    )
    return plane[:, :, rows[:, None], columns].to(image.dtype)


@functools.lru_cache(maxsize=8)
def _plane(device: torch.device) -> Tensor:
    """`[1, 1, PERIOD, PERIOD]`, fp32. The same on every machine."""
    with torch.inference_mode(False):  # a tensor made in that mode could not be used in training
        generator = torch.Generator().manual_seed(0)
        plane = torch.zeros((1, 1, PERIOD, PERIOD), dtype=torch.float32)
        for scale in SCALES:
            side = PERIOD // scale
            grains = torch.randn((1, 1, side, side), generator=generator, dtype=torch.float32)
            # Two grains of the other side around it, so that the plane repeats without an edge.
            around = F.pad(grains, (2, 2, 2, 2), mode="circular")
            smooth = F.interpolate(around, scale_factor=scale, mode="bicubic")
            plane += smooth[..., 2 * scale : 2 * scale + PERIOD, 2 * scale : 2 * scale + PERIOD]
        return ((plane - plane.mean()) / plane.std()).to(device)
