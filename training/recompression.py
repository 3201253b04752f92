"""The marks of strong JPEG compression, put on pictures in training so that networks learn not to paint them."""

from __future__ import annotations

import io

import torch
from PIL import Image
from torch import Tensor

from a2k_core.pixels import to_bytes, to_tensor

QUALITIES = (25, 70)
CELL = 8
"""Pixels: side of the cells in which JPEG works."""


def recompressed(images: Tensor, random: torch.Generator) -> Tensor:
    """`[B, 3, H, W]` in 0..1 after JPEG at a random quality, its cells anywhere; on the same device, not differentiable."""
    results = []
    for image in images:
        top, left = torch.randint(CELL, (2,), generator=random).tolist()
        quality = int(torch.randint(QUALITIES[0], QUALITIES[1] + 1, (), generator=random))
        file = io.BytesIO()
        Image.fromarray(to_bytes(image.roll((top, left), (1, 2))[None])).save(file, "jpeg", quality=quality)
        results.append(to_tensor(Image.open(file)).roll((-top, -left), (2, 3)))
    return torch.cat(results).to(images.device, memory_format=torch.channels_last)
