"""Tone curve: one rising curve moves the greys of a picture to where the style has them.

A style is more than the mean and the contrast of its greys: an etching is paper and ink with little between, a night scene is dark
with few lights. A curve rises, so light and shade stay in their order, and a target that lies in 0..1 clips next to nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

LEVELS = 64
"""Equally frequent greys that stand for all of a picture's."""

SAMPLES = 2**16
"""Pixels, at most, that the levels are taken from."""

KNOTS = 65
"""Points of a curve."""

BLUR = 0.15
"""What one level stands for is a bell of this deviation, where all greys have 1: a curve has no steps."""

SHARE = 0.7
"""How much of the way from a straight line to the style's own distribution a curve goes: what is nearly flat in a picture
is not pulled apart to fill the style's range."""

FLOOR = 4e-4 / 3
"""Variance of greys in 0..1 that is added to both sides: what hardly varies is not blown up to a style's contrast."""


class ToneCurve(NamedTuple):
    """A piecewise linear curve for each picture of a batch; the curve of one picture serves any batch."""

    start: Tensor
    """`[B, 1]`, fp32: the grey of the first point."""

    step: Tensor
    """`[B, 1]`, fp32: how far apart the points are."""

    values: Tensor
    """`[B, KNOTS]`, fp32, rising: the greys at the points. Beyond them the curve goes on as a straight line."""

    slope: Tensor
    """`[B, 1]`, fp32: of that line."""

    def apply(self, image: Tensor) -> Tensor:
        """`[B, 3, H, W]` RGB with its greys (the means of red, green and blue) moved, and all three colours with them; fp32."""
        image = image.float()
        grey = image.mean(1)
        position = (grey.flatten(1) - self.start) / self.step
        inside = position.clamp(0, KNOTS - 1)
        index = inside.detach().floor().clamp(max=KNOTS - 2)
        values = self.values.expand(len(image), -1)
        index_ = index.long()
        below, above = values.gather(1, index_), values.gather(1, index_ + 1)
        moved = torch.lerp(below, above, inside - index) + (position - inside) * (self.step * self.slope)
        return image + (moved.view_as(grey) - grey)[:, None]


def grey_levels(image: Tensor) -> Tensor:
    """`[B, LEVELS]`, rising, fp32: the means of equally large shares of the sorted greys of `[B, 3, H, W]` RGB."""
    # An odd stride, so that no phase of a network's sub-pixel output is left out.
    stride = math.ceil(math.sqrt(image.shape[-2] * image.shape[-1] / SAMPLES)) // 2 * 2 + 1
    greys = image[..., ::stride, ::stride].float().mean(1).flatten(1)
    return F.adaptive_avg_pool1d(greys.sort(dim=1).values, LEVELS)


def tone_curve(source: Tensor, target: Tensor) -> ToneCurve:
    """The curve that gives greys of the source's levels, nearly, the distribution of the target's. Differentiable.

    Args:
        source: `[B, LEVELS]`, from `grey_levels`.
        target: `[B or 1, LEVELS]`.

    Both are compared at mean 0 and deviation 1, as sums of bells. Computed on the CPU in fp64, as not every device has that; given
    on the target's device.
    """
    device = target.device
    (have, mean, deviation), (want, wanted_mean, wanted_deviation) = (
        _standardized(levels.cpu().double()) for levels in (source, target)
    )
    at = _evenly_between(have)
    points = _evenly_between(want)
    wanted = _interpolated(_below(at, have), _below(points, want), points.expand(len(at), -1))
    values = wanted_mean + wanted_deviation * torch.lerp(at, wanted, SHARE)
    start = mean + deviation * at[:, :1]
    step = deviation * (at[:, 1:2] - at[:, :1])
    parts = (start, step, values, wanted_deviation / deviation)
    return ToneCurve(*(part.float().to(device) for part in parts))


def _standardized(levels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Levels at mean 0 and deviation 1, and the mean and deviation, `[B, 1]`, that they had."""
    mean = levels.mean(1, keepdim=True)
    deviation = ((levels - mean).square().mean(1, keepdim=True) + FLOOR).sqrt()
    return (levels - mean) / deviation, mean, deviation


def _evenly_between(levels: Tensor) -> Tensor:
    """`[B, KNOTS]`: from the first to the last level, and a little beyond where they are one."""
    reach = (levels[:, -1:] - levels[:, :1]).clamp(min=BLUR)
    return levels[:, :1] + reach * torch.linspace(0, 1, KNOTS, dtype=levels.dtype)


def _below(points: Tensor, levels: Tensor) -> Tensor:
    """`[B, KNOTS]`: the share of all greys that lies below each point, when each level is a bell."""
    return torch.special.ndtr((points[..., None] - levels[:, None]) / BLUR).mean(2)


def _interpolated(shares: Tensor, known: Tensor, points: Tensor) -> Tensor:
    """Where the shares, `[B, KNOTS]`, are reached: `known`, `[B or 1, KNOTS]`, are those at the points."""
    known = known.expand(len(shares), -1).contiguous()
    index = torch.searchsorted(known.detach(), shares.detach().contiguous()).clamp(1, KNOTS - 1)
    (low, high), (left, right) = ((values.gather(1, index - 1), values.gather(1, index)) for values in (known, points))
    amount = ((shares - low) / (high - low).clamp(min=1e-9)).clamp(0, 1)
    return torch.lerp(left, right, amount)
