"""The pictures as the feature network sees them: itself, or turned, mirrored, at another size and with its colours exchanged.

A network trained through one fixed look of one feature network learns what pleases that look alone. Another look at the same
pictures is nearly another feature network.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

SIZES = (0.625, 0.75, 0.875, 1.0, 1.125, 1.25)
"""Sides of a view, as shares of the picture's: few, as a CPU prepares its convolutions for each size anew."""


class View(NamedTuple):
    """One look at square pictures; the same for contents, styles and results, so that features still compare.

    All but the size are tensors on the pictures' device, so that another view is the same work on it.
    """

    size: float
    """One of `SIZES`."""

    colours: Tensor
    """`[3]`, int64: which channel of the picture each channel of the view shows."""

    turns: Tensor
    """`[3]`, bool: reflected in the diagonal, then upside down, then left to right; together all quarter turns and mirrors."""

    def of(self, images: Tensor) -> Tensor:
        """`[B, 3, S, S]` to `[B, 3, size * S, size * S]`."""
        images = images.index_select(1, self.colours)
        diagonal, down, across = self.turns
        images = torch.where(diagonal, images.transpose(2, 3), images)
        images = torch.where(down, images.flip(2), images)
        images = torch.where(across, images.flip(3), images)
        if self.size != 1:
            side = round(images.shape[3] * self.size)
            images = F.interpolate(images, (side, side), mode="bilinear", antialias=True)
        return images
