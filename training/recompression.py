"""The marks of strong JPEG compression, put on pictures in training so that networks learn not to paint them."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

QUALITIES = (25, 70)
CELL = 8
"""Pixels: side of the cells in which JPEG works."""


def recompressed(images: Tensor, seed: int) -> Tensor:
    """`[B, 3, H, W]` in 8 bits, on the CPU, after JPEG at random qualities, its cells anywhere."""
    random = torch.Generator().manual_seed(seed)
    shifts = torch.randint(CELL, (len(images), 2), generator=random).tolist()
    qualities = torch.randint(QUALITIES[0], QUALITIES[1] + 1, (len(images),), generator=random).tolist()
    return torch.stack([_recompressed(*each) for each in zip(images, shifts, qualities, strict=True)])


def _recompressed(image: Tensor, shift: list[int], quality: int) -> Tensor:
    """`[3, H, W]` with its cells moved down and right by `shift`, compressed and moved back."""
    down, right = shift
    file = io.BytesIO()
    Image.fromarray(image.roll((down, right), (1, 2)).permute(1, 2, 0).numpy()).save(file, "jpeg", quality=quality)
    return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1).roll((-down, -right), (1, 2))
