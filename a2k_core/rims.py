"""Rims: a decoded picture is made to keep, beside edges, to what the content says is one thing.

A network sharpens edges: beside a dark tower the sky turns pale, along a shoulder the wall changes colour. So in the coarse, where
the content has contrast, colours may change only as some linear function of the content's colours around does: what a guided
filter (He et al., "Guided Image Filtering", ECCV 2010) with the content for its guide leaves. Flat areas, and all that is
finer than a cell, stay as they are: that is where the strokes are. The paper has none of this.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CELL = 8
"""Pixels. What is coarse are the means of squares of this side; rims are wider, most strokes are finer."""

WINDOW = 9
"""Cells to a side in which one linear function has to do."""

REACH = (WINDOW // 2 + 1) * CELL
"""Pixels: mended places depend on nothing farther outside, squares of `CELL` at multiples of it taken as a whole."""

FAINT = 1e-3
"""Variance of a colour in a window, of pictures in 0..1, that is hardly followed: noise."""

CONTRAST = 5e-2
"""Variance of the three colours together, in a window, at which places are mended by half."""


def mend_rims(image: Tensor, content: Tensor, strength: float = 1.0) -> Tensor:
    """A decoded picture without the rims that its content does not have. Differentiable.

    Args:
        image: `[B, 3, H, W]` RGB, not clamped; H and W are multiples of `CELL`.
        content: `[B, 3, H, W]` RGB in 0..1, what it was made of.
        strength: of the transfer; below full strength rims are mended in part, at 0 not at all.

    Returns:
        `[B, 3, H, W]` of the image's dtype. Computed in fp32.
    """
    with torch.autocast(image.device.type, enabled=False):
        return image + spread(correction(cells(image), cells(content), strength)).to(image.dtype)


def cells(picture: Tensor) -> Tensor:
    """`[B, 3, H, W]` to the means of its squares, `[B, 3, H / CELL, W / CELL]`, in fp32."""
    return F.avg_pool2d(picture.float(), CELL)


def correction(colours: Tensor, guide: Tensor, strength: float) -> Tensor:
    """What has to be added to a decoded picture of these `cells`, whose content has those of the guide; of each cell."""
    expected, contrast = _explained(colours, guide)
    return min(strength, 1.0) * contrast / (contrast + CONTRAST) * (expected - colours)


def spread(corrections: Tensor) -> Tensor:
    """`[B, 3, h, w]` of cells to `[B, 3, h * CELL, w * CELL]`. A pixel depends on its own cell and those beside it."""
    return F.interpolate(corrections, scale_factor=CELL, mode="bilinear")


def _explained(colours: Tensor, guide: Tensor) -> tuple[Tensor, Tensor]:
    """Of cells `[B, 3, h, w]`: what the best linear function of the guide's colours in the window around makes of each, and how
    much the guide varies there, `[B, 1, h, w]`."""
    mean_colours, mean_guide = _window_means(colours), _window_means(guide)
    own = _window_covariances(guide, guide, mean_guide, mean_guide)
    shared = _window_covariances(guide, colours, mean_guide, mean_colours)
    contrast = own.diagonal(dim1=1, dim2=2).sum(3)[:, None]
    # The inverse of a symmetric matrix: the cross products of its rows, over the determinant.
    first, second, third = (own + FAINT * torch.eye(3, device=own.device)[..., None, None]).unbind(1)
    pairs = ((second, third), (third, first), (first, second))
    across = torch.stack([torch.linalg.cross(*rows, dim=1) for rows in pairs], dim=1)
    determinant = (first * across[:, 0]).sum(1, keepdim=True)
    weights = (across * (guide - mean_guide)[:, None]).sum(2) / determinant
    return mean_colours + (weights[:, :, None] * shared).sum(1), contrast


def _window_means(cells: Tensor) -> Tensor:
    """Of `[B, C, h, w]`, over as much of each window as there is."""
    return F.avg_pool2d(cells, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)


def _window_covariances(a: Tensor, b: Tensor, mean_a: Tensor, mean_b: Tensor) -> Tensor:
    """`[B, 3, 3, h, w]`: of each colour of `a` with each of `b`."""
    products = _window_means((a[:, :, None] * b[:, None]).flatten(1, 2)).unflatten(1, (3, 3))
    return products - mean_a[:, :, None] * mean_b[:, None]
