"""The marks of strong JPEG compression, put on pictures in training so that networks learn not to paint them."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.io import decode_jpeg, encode_jpeg

QUALITIES = (25, 70)
CELL = 8
"""Pixels: side of the cells in which JPEG works."""


def recompressed(images: Tensor, random: torch.Generator) -> Tensor:
    """`[B, 3, H, W]` in 0..1 after JPEG at a random quality, its cells anywhere; on the same device, not differentiable."""
    results = []
    for image in (images.detach().clamp(0, 1) * 255).round().to(torch.uint8).cpu():
        top, left = torch.randint(CELL, (2,), generator=random).tolist()
        quality = int(torch.randint(QUALITIES[0], QUALITIES[1] + 1, (), generator=random))
        moved = image.roll((top, left), (1, 2)).contiguous()
        results.append(decode_jpeg(encode_jpeg(moved, quality)).roll((-top, -left), (1, 2)))
    return torch.stack(results).to(images.device, torch.float32).contiguous(memory_format=torch.channels_last) / 255
