"""Rims: a decoded picture is made to keep, beside edges, to what the content says is one thing.

A network sharpens edges: beside a dark tower the sky turns pale, along a shoulder the wall changes colour, and a glow lies around
both. So in the coarse, where the content has contrast, colours may change only as some linear function of the content's colours
around does: what a guided filter (He et al., "Guided Image Filtering", ECCV 2010) with the content for its guide leaves, at two
scales, of glows and of rims. What is flat all around, and all that is finer than a cell, stay as they are: that is where the
strokes are, and only fringes (`fringes.py`) are mended there. The paper has none of this.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from . import fringes
from .fringes import fringe_correction
from .regions import Index, Region
from .trailing import Change
from .windows import window_means

CELL = 8
"""Pixels. What is coarse are the means of squares of this side; rims are wider, most strokes are finer."""

WINDOW = 11
"""Cells to a side in which one linear function has to do."""

WIDE = 4
"""Cells to a side of the wide cells, which are mended first: glows are wider than rims."""

WIDE_WINDOWS = (5, 13)
"""Wide cells to a side in which one linear function has to do, at least and at most; see `wide_window`."""

LARGE, LARGE_WINDOW = 9 * 2**20, 9
"""Pixels above which a picture has windows of so many: what waits for its surroundings must not grow much with its width, and glows,
as wide as in others, cover little of it."""

SQUARE = WIDE * CELL
"""Pixels: the side of a wide cell."""

FAINT = 1e-3
"""Variance of a colour in a window, of pictures in 0..1, that is hardly followed: noise."""

CONTRAST = 0.055
"""Variance of the three colours together, in a window, at which greys are mended by half."""

WIDE_CONTRAST = 0.003
"""The same for wide cells: their means hold next to nothing of strokes that could go with the glows."""

COLOURED = 0.03
"""Of these contrasts so much is enough for colours to be mended by half: strokes are drawn in greys, rims and glows are seen by their
colours."""

FLAT = 0.03
"""Variance of the content's three colours together, among the cells of a wide one, at which half of that is done: glows are seen on
what is flat, and objects are to keep what the style makes of them."""


def wide_window(height: int, width: int) -> int:
    """Wide cells to a side of the windows in a picture of this size in pixels: half of the shorter side and a cell, about.

    A glow is up to a hundred pixels wide, and what lies beyond it must have a say; but one function does not do for a whole picture.
    """
    least, most = WIDE_WINDOWS
    if height * width > LARGE:
        most = LARGE_WINDOW
    return min(max(min(height, width) // (4 * SQUARE) * 2 + 1, least), most)


def reach(window: int) -> int:
    """Pixels: places mended in windows of so many wide cells depend on nothing farther outside, but that squares of `SQUARE` at
    multiples of it count as a whole."""
    return (WINDOW * CELL + window * SQUARE) // 2


def mend_rims(image: Tensor, content: Tensor) -> Tensor:
    """A decoded picture without the rims and fringes that its content does not have. Differentiable.

    Args:
        image: `[B, 3, H, W]` RGB, not clamped; H and W are multiples of `CELL`.
        content: `[B, 3, H, W]` RGB in 0..1, what it was made of.

    Returns:
        `[B, 3, H, W]` of the image's dtype. Computed in fp32.
    """
    with torch.autocast(image.device.type, enabled=False):
        whole = Region(0, 0, *image.shape[-2:])
        window, place = wide_window(whole.bottom, whole.right), whole.within(whole, CELL)
        guide = mending_guide(image, content)
        return image + spread(correction(cells(guide), window, place), guide).to(image.dtype)


def rim_mending(bounds: Region, strength: float) -> Change:
    """Rims and fringes of a picture's first three channels mended piece by piece, at a transfer's strength; the guide is
    `mending_guide`."""
    window = wide_window(bounds.bottom, bounds.right)

    def make(picture: Tensor, guide: Tensor, seen: Region, done: Region) -> None:
        near = done.grown(2 * CELL, CELL, seen)
        around = near.grown(WINDOW // 2 * CELL, CELL, seen)
        corrections = correction(cells(guide), window, around.within(seen, CELL))
        mended = spread(corrections[near.within(around, CELL)], guide[near.within(seen, fringes.CELL)], strength)
        picture[:, :3] += mended[done.within(near, 1)]

    return Change(make, reach(window), SQUARE, fringes.CELL)


def mending_guide(decoded: Tensor, content: Tensor) -> Tensor:
    """The means of squares of `fringes.CELL` pixels, of the first three channels of what was decoded and of the content:
    `[B, 6, h, w]`, fp32."""
    return torch.cat([F.avg_pool2d(picture.float(), fringes.CELL) for picture in (decoded[:, :3], content)], dim=1)


def cells(guide: Tensor) -> Tensor:
    """The same of squares of `CELL` pixels."""
    return F.avg_pool2d(guide, CELL // fringes.CELL)


def correction(cells: Tensor, window: int, place: Index) -> Tensor:
    """What has to be added to each cell of a decoded picture.

    Args:
        cells: `[B, 6, h, w]`, of what was decoded, then of its content.
        window: the picture's `wide_window`.
        place: cells that are asked for, with as many around as a window of cells sees; rims take longer to find than glows.
    """
    colours, guide = cells.split(3, dim=1)
    height, width = colours.shape[-2:]
    wide_colours, wide_guide = (F.avg_pool2d(each, WIDE, ceil_mode=True) for each in (colours, guide))
    relief = (F.avg_pool2d(guide.square(), WIDE, ceil_mode=True) - wide_guide.square()).sum(1, keepdim=True)
    wide = FLAT / (FLAT + relief) * _change(wide_colours, wide_guide, window, WIDE_CONTRAST)
    glows = F.interpolate(wide, scale_factor=WIDE, mode="bilinear")[..., :height, :width][place]
    return glows + _change(colours[place] + glows, guide[place], WINDOW, CONTRAST)


def spread(corrections: Tensor, guide: Tensor, strength: float = 1.0) -> Tensor:
    """What is added to a picture for the corrections of its cells, `[B, 3, h, w]`, and for its fringes.

    Args:
        guide: the picture's `mending_guide`, `[B, 6, 2 h, 2 w]`.
        strength: of the transfer; below 1 so much is added.

    Returns:
        `[B, 3, h * CELL, w * CELL]`. A pixel depends on its own cell, on those beside it and, for fringes, on those next to these.
    """
    finer = F.interpolate(corrections, scale_factor=CELL // fringes.CELL, mode="bilinear") + fringe_correction(guide)
    return F.interpolate(min(strength, 1.0) * finer, scale_factor=fringes.CELL, mode="bilinear")


def _change(colours: Tensor, guide: Tensor, window: int, half: float) -> Tensor:
    """Of cells `[B, 3, h, w]`: towards what the best linear function of the guide's colours in the window around makes of each, by
    as much as the guide varies there, greys by half at that variance."""
    squares, products = (guide[:, :, None] * other[:, None] for other in (guide, colours))
    means = window_means(torch.cat([guide, colours, squares.flatten(1, 2), products.flatten(1, 2)], dim=1), window)
    mean_guide, mean_colours, squares, products = means.split([3, 3, 9, 9], dim=1)
    own, shared = (
        mean_products.unflatten(1, (3, 3)) - mean_guide[:, :, None] * mean[:, None]
        for mean_products, mean in ((squares, mean_guide), (products, mean_colours))
    )
    contrast = own.diagonal(dim1=1, dim2=2).sum(3)[:, None]
    # The inverse of a symmetric matrix: the cross products of its rows, over the determinant.
    first, second, third = (own + FAINT * torch.eye(3, device=own.device)[..., None, None]).unbind(1)
    pairs = ((second, third), (third, first), (first, second))
    across = torch.stack([torch.linalg.cross(*rows, dim=1) for rows in pairs], dim=1)
    determinant = (first * across[:, 0]).sum(1, keepdim=True)
    weights = (across * (guide - mean_guide)[:, None]).sum(2) / determinant
    expected = mean_colours + (weights[:, :, None] * shared).sum(1)
    change = expected - colours
    grey = change.mean(1, keepdim=True)
    return contrast / (contrast + half) * grey + contrast / (contrast + COLOURED * half) * (change - grey)
