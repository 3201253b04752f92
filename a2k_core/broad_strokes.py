"""Broad strokes: flat areas of a large picture get strokes of its painted copy as well.

A network's strokes are some pixels wide, however large the picture: a sky of 1024 px becomes an even relief of strokes that are
all alike. So a large content is painted at a fraction of its size first. What is stroke in that, and neither the content nor its
colours, is put under the content where it is flat, and the network paints its finer strokes along it. Faces, edges and tones stay
as they are. The paper has none of this.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .windows import grey_products, grey_regression, window_means

PIXELS = 2**17
"""Of the copy, about: strokes are as wide beside the picture as they are in one of 360 by 360 pixels."""

LEAST, MOST = 3, 4
"""By how much the sides of the copy are smaller: with less, strokes that the network paints anyway would only become harder, with more
there would be none between the broad and the fine."""

LARGEST = 2**19
"""Pixels, about, of the largest copy, whatever `MOST` says: memory must not grow with the picture."""

CELL = 4
"""Pixels of the copy, the side of the squares whose means are compared: the quick guided filter (He and Sun, 2015)."""

WINDOW = 5
"""Cells to a side in which one linear function of the content's greys has to explain what is no stroke."""

FLAT = 0.03
"""Deviation of the content's greys in a window, of pictures in 0..1, at which strokes are halved."""

STRONGEST = 0.05
"""Strokes are never stronger, of pictures in 0..1: a bold style's would become the drawing."""

FAINT = 1e-3
"""Variance of greys in a window that explains hardly anything: noise."""


def reduction(height: int, width: int) -> int:
    """By how much the sides of a picture's copy are smaller; 1 if the picture, below 900 by 900 pixels about, has none."""
    area = height * width
    if (factor := round(math.sqrt(area / PIXELS))) < LEAST:
        return 1
    return max(min(factor, MOST), math.ceil(math.sqrt(area / LARGEST)))


def strokes_of(painted: Tensor, content: Tensor, share: float) -> Tensor:
    """What is stroke in a painted picture, where its content is flat.

    It is what a guided filter (He et al., ECCV 2010), with the content's greys for its guide, takes out of the change.

    Args:
        painted: `[B, 3, H, W]` RGB in 0..1.
        content: what it was made of, of the same shape.
        share: how much of faint strokes is given; strong ones come to `STRONGEST` at most.

    Returns:
        `[B, 3, H, W]`, fp32, mean 0 about every place.
    """
    change = painted.float() - content.float()
    grey = content.float().mean(dim=1, keepdim=True)
    products = F.avg_pool2d(grey_products(grey, change), CELL, ceil_mode=True, count_include_pad=False)
    mean_grey, variance, mean_change, slope = grey_regression(window_means(products, WINDOW), FAINT)
    linear = window_means(torch.cat([slope, mean_change - slope * mean_grey], dim=1), WINDOW)
    flat = share / STRONGEST * FLAT**2 / (variance + FLAT**2)
    coarse = F.interpolate(torch.cat([linear, flat], dim=1), scale_factor=CELL, mode="bilinear")
    slope, offset, flat = coarse[..., : grey.shape[-2], : grey.shape[-1]].split([3, 3, 1], dim=1)
    return STRONGEST * torch.tanh((change - slope * grey - offset) * flat)


def enlarged(strokes: Tensor, factor: int, rows: slice, columns: slice) -> Tensor:
    """Rows and columns of `[B, 3, H, W]` strokes with sides `factor` times as long; the same for a part as for the whole."""
    top, left = (max(part.start // factor - 1, 0) for part in (rows, columns))
    bottom, right = (-(-part.stop // factor) + 1 for part in (rows, columns))
    larger = F.interpolate(strokes[..., top:bottom, left:right], scale_factor=factor, mode="bilinear")
    top, left = top * factor, left * factor
    return larger[..., rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
