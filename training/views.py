"""The pictures as the feature network sees them: itself, or turned, mirrored, at another size and with its colours exchanged.

A network trained through one fixed look of one feature network learns what pleases that look alone. Another look at the same
pictures is nearly another feature network.
"""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor

SIZES = (0.625, 0.75, 0.875, 1.0, 1.125, 1.25)
"""Sides of a view, as shares of the picture's: few, as a CPU prepares its convolutions for each size anew."""


@dataclasses.dataclass(frozen=True)
class View:
    """One look at square pictures; the same for contents, styles and results, so that features still compare."""

    quarters: int = 0
    """Quarter turns."""

    mirrored: bool = False
    size: float = 1.0
    """One of `SIZES`."""

    colours: tuple[int, int, int] = (0, 1, 2)
    """Which channel of the picture each channel of the view shows."""

    @classmethod
    def random(cls, generator: torch.Generator) -> View:
        """Any view, all alike likely."""
        quarters, mirrored, size = (int(torch.randint(n, (), generator=generator)) for n in (4, 2, len(SIZES)))
        red, green, blue = torch.randperm(3, generator=generator).tolist()
        return cls(quarters, bool(mirrored), SIZES[size], (red, green, blue))

    def of(self, images: Tensor) -> Tensor:
        """`[B, 3, S, S]` to `[B, 3, size * S, size * S]`; the very pictures for the view that changes nothing."""
        if self == View():
            return images
        # By index, a GPU would be waited for.
        exchanged = torch.stack([images[:, channel] for channel in self.colours], dim=1)
        images = torch.rot90(exchanged, self.quarters, (2, 3))
        if self.mirrored:
            images = images.flip(3)
        if self.size != 1:
            side = round(images.shape[3] * self.size)
            images = F.interpolate(images, (side, side), mode="bilinear", antialias=True)
        return images
