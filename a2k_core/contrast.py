"""Contrast match: at each scale a picture's greys are made to vary about as much as the style's do.

A network paints strokes a little fainter than the style has them, and some scales less than others; the colour match, which is the
same for all scales, cannot mend that. So the picture is taken apart into octaves (the Laplacian pyramid, Burt and Adelson, 1983),
and each gets a gain of its own, the same for the whole picture. The paper has none of this.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor

from .regions import Region
from .trailing import Change

BANDS = 5
"""Octaves: details of 2, 4, 8, 16 and 32 pixels. What is coarser is composition."""

SQUARE = 2**BANDS
"""Pixels: the side of the squares whose means the coarsest band is told from."""

REACH = SQUARE - 1
"""Pixels: places depend on nothing farther outside, but that squares of `SQUARE` at multiples of it count as a whole."""

FINEST = 0.25
"""Power of the gain of the finest band, where most of the content's edges are; the others get all of theirs."""

MOST = 1.3
"""No gain is more, nor less than one over it: the content is still to be seen."""

FINE = 3
"""Bands that may become weaker. Where a coarser one sinks beside an edge it leaves a glow."""

FAINT = 1e-3
"""Deviation, of pictures in 0..1, that every band has at least: what is flat is not blown up."""


def octaves(shown: Tensor) -> list[Tensor]:
    """The `shown_greys` of a picture, `[B, 1, H, W]`, and their means in squares of 2, 4, ... `SQUARE` pixels: `BANDS` + 1 maps
    `[B, 1, h, w]`, the last squares as large as there is room."""
    greys = [shown]
    for _ in range(BANDS):
        greys.append(F.avg_pool2d(greys[-1], 2, ceil_mode=True))
    return greys


def shown_greys(image: Tensor) -> Tensor:
    """Means of red, green and blue of `[B, 3, H, W]` as they are shown, in 0..1: `[B, 1, H, W]`, fp32."""
    return image.float().clamp(0, 1).mean(dim=1, keepdim=True)


def contrasts(greys: list[Tensor]) -> Tensor:
    """Deviations of the bands of a whole picture's `octaves`, `[B, BANDS]`, at least `FAINT`. Differentiable."""
    bands = (F.mse_loss(_enlarged(coarse, fine), fine, reduction="none") for fine, coarse in itertools.pairwise(greys))
    return (torch.stack([squares.mean((1, 2, 3)) for squares in bands], dim=1) + FAINT**2).sqrt()


def gains(own: Tensor, wanted: Tensor) -> Tensor:
    """What the bands of pictures with contrasts `[B, BANDS]` are multiplied by, for those of `[B or 1, BANDS]`; where these are
    NaN, not known, by 1."""
    ratio = (wanted / own).nan_to_num(nan=1.0)
    finest, fine, coarse = ratio.split([1, FINE - 1, BANDS - FINE], dim=1)
    fine = torch.cat([finest**FINEST, fine], dim=1).clamp(min=1 / MOST)
    return torch.cat([fine, coarse.clamp(min=1)], dim=1).clamp(max=MOST)


def contrast_change(greys: list[Tensor], gains: Tensor) -> Tensor:
    """What is to be added to each colour of a picture with these `octaves`, `[B, 1, H, W]`, for gains `[B, BANDS]`; see `added`."""
    change = torch.zeros_like(greys[-1])
    for fine, coarse, gain in zip(greys[-2::-1], greys[:0:-1], (gains - 1).unbind(1)[::-1], strict=True):
        gain = gain.view(-1, 1, 1, 1)
        # Two bands in one enlargement: the coarser ones' change, and what is taken off the finer greys.
        change = _enlarged(torch.addcmul(change, gain, coarse, value=-1), fine).addcmul_(gain, fine)
    return change


def added(change: Tensor, image: Tensor) -> Tensor:
    """`[B, 3, H, W]` and as much of a change `[B, 1, H, W]` as each colour has room for: nothing new lies outside 0..1. fp32."""
    image = image.float()
    room = ((change > 0).float() - image).square_()
    # Of what has room for much all is added, of what has none nothing: change * room / hypot(room, change).
    share = room.div_(room + (change.square() + 1e-12)).sqrt_()
    return torch.addcmul(image, change, share)


def match_contrast(image: Tensor, wanted: Tensor) -> Tensor:
    """A whole picture `[B, 3, H, W]` with contrasts nearer to `[B or 1, BANDS]`, fp32. For training: differentiable, and like all
    there not kept inside 0..1, where a gradient would hang on the sign of what is next to nothing."""
    with torch.autocast(image.device.type, enabled=False):
        greys = octaves(shown_greys(image))
        return image.float() + contrast_change(greys, gains(contrasts(greys), wanted))


def contrast_matching(gains: Tensor) -> Change:
    """The same piece by piece, for gains `[B, BANDS]`; the guide is the picture's `shown_greys`."""

    def make(picture: Tensor, guide: Tensor, seen: Region, done: Region) -> None:
        picture.copy_(added(contrast_change(octaves(guide), gains)[done.within(seen, 1)], picture))

    return Change(make, REACH, SQUARE, 1)


def _enlarged(coarse: Tensor, fine: Tensor) -> Tensor:
    """Twice as large, as large as the finer map."""
    return F.interpolate(coarse, scale_factor=2, mode="bilinear")[..., : fine.shape[-2], : fine.shape[-1]]
