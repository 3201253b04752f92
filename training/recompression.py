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


def recompressed(images: Tensor, random: torch.Generator) -> Tensor:
    """`[B, 3, H, W]` in 0..1 after JPEG at a random quality, its cells anywhere; on the same device, not differentiable."""
    results = []
    for image in (images.detach().clamp(0, 1) * 255).round().to(torch.uint8).cpu():
        top, left = torch.randint(CELL, (2,), generator=random).tolist()
        quality = int(torch.randint(QUALITIES[0], QUALITIES[1] + 1, (), generator=random))
        file = io.BytesIO()
        Image.fromarray(image.roll((top, left), (1, 2)).permute(1, 2, 0).numpy()).save(file, "jpeg", quality=quality)
        moved = torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)
        results.append(moved.roll((-top, -left), (1, 2)))
    return torch.stack(results).to(images.device, torch.float32).contiguous(memory_format=torch.channels_last) / 255
