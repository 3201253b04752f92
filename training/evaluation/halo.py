"""Glows beside edges: colours that spread from a tower into the sky around it."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from losses import halo_loss

SHORT_SIDE = 256
"""Pixels to which pictures are scaled, so that a glow counts as much as it covers of the picture."""


def seen_from_afar(image: Tensor) -> Tensor:
    """`[1, 3, H, W]` scaled to `SHORT_SIDE`."""
    factor = SHORT_SIDE / min(image.shape[2:])
    size = [round(side * factor) for side in image.shape[2:]]
    return F.interpolate(image, size, mode="bilinear", antialias=True)


def halo(image: Tensor, content: Tensor) -> float:
    """How unlike in colour neighbouring places are that are alike in the content, root mean square in 8-bit levels.

    Args:
        image, content: from `seen_from_afar`.
    """
    return 255 * halo_loss(image, content).sqrt().item()
