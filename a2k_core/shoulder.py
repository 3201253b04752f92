"""Shoulder: colours that would end beyond black or white bend towards them instead of clipping, as on film.

Clipped highlights are flat and their colours are wrong. A shoulder keeps their drawing. Where nothing would clip it is a straight line.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .statistics import ranked

KNEE = 0.25
"""How far from black and white the bend begins; colours between are left as they are."""

OUTLIERS = 0.02
"""Share of the pixels of a colour that may clip still: a few sparks do not dim all other highlights."""

PURE = 2 / 255
"""Greys of a style so near to black or white are meant to be pure, and its share of them may clip too."""


class Shoulder(NamedTuple):
    """How far the colours of each picture of a batch bend; what was made for one picture serves any batch."""

    dark: Tensor
    """`[B, 3]`, fp32, not negative: bend at the black end of each colour, 0 for none."""

    light: Tensor
    """`[B, 3]`, fp32, not negative: bend at the white end."""

    def apply(self, image: Tensor) -> Tensor:
        """`[B, 3, H, W]` RGB in fp32, bent. Rising everywhere."""
        # Beyond the knee, u becomes u / (1 + c * u). Here u is negative at the white end.
        beyond = image.clamp(KNEE, 1 - KNEE).sub_(image)
        bend = torch.maximum(beyond * self.dark[..., None, None], beyond * -self.light[..., None, None])
        return torch.addcdiv(image, beyond * bend, bend + 1)


@torch.no_grad()
def shoulder(image: Tensor, style_levels: Tensor) -> Shoulder:
    """The bend that takes all but outliers of whole pictures, `[B, 3, H, W]` RGB in fp32, into 0..1. No gradient goes through it.

    Args:
        image: all pixels, or a sample of them.
        style_levels: `[B or 1, LEVELS]`, from `grey_levels`: as much as is pure in the style may clip.
    """
    colours = image.flatten(2)
    reach = (_beyond(1 - colours, style_levels < PURE), _beyond(colours, style_levels > 1 - PURE))
    # The c for which KNEE + excess, beyond the knee, ends at KNEE.
    return Shoulder(*(excess / (KNEE * (KNEE + excess)) for excess in reach))


def _beyond(colours: Tensor, pure: Tensor) -> Tensor:
    """`[B, 3]`: by how much the highest of `[B, 3, N]` exceed 1, but for the share that may."""
    share = (pure.float().mean(1) + OUTLIERS).clamp(max=1).expand(len(colours))
    index = ((1 - share) * (colours.shape[2] - 1)).round().long()
    return (ranked(colours, index) - 1).clamp(min=0)
