"""Tone curve: one rising curve gives the greys of a picture the distribution that the style's have, but for mean and contrast.

A style is more than the mean and the contrast of its greys: an etching is paper and ink with little between, a night scene is dark
with few lights. A curve rises, so light and shade stay in their order, and a target that lies in 0..1 clips next to nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .devices import double
from .statistics import rising

LEVELS = 64
"""Equally frequent greys that stand for all of a picture's."""

KNOTS = 65
"""Points of a curve."""

BLUR = 0.15
"""What one level stands for is a bell of this deviation, where all greys have 1: a curve has no steps. Wider in flat pictures."""

SHARE = 0.7
"""How much of the way from a straight line to the style's own distribution a curve goes: what is nearly flat in a picture
is not pulled apart to fill the style's range."""

FLOOR = 4e-4 / 3
"""Variance of greys in 0..1 that is added to both sides: what hardly varies gets a straight line."""


class ToneCurve(NamedTuple):
    """A piecewise linear curve for each picture of a batch; the curve of one picture serves any batch."""

    start: Tensor
    """`[B, 1]`, fp32: the grey of the first point."""

    step: Tensor
    """`[B, 1]`, fp32: how far apart the points are."""

    values: Tensor
    """`[B, KNOTS]`, fp32, rising: the greys at the points. Beyond them greys go along with the last."""

    def apply(self, image: Tensor) -> Tensor:
        """`[B, 3, H, W]` RGB with its greys (the means of red, green and blue) moved, and all three colours with them; fp32."""
        image = image.float()
        grey = image.mean(1, keepdim=True)
        position = ((grey.flatten(1) - self.start) / self.step).clamp(0, KNOTS - 1)
        index = position.detach().long().clamp(max=KNOTS - 2)
        # How far greys move is told from point to point too, and does not change beyond them.
        points = self.start + self.step * torch.arange(KNOTS, device=image.device)
        moves = (self.values - points).expand(len(image), -1)
        move = torch.lerp(moves.gather(1, index), moves.gather(1, index + 1), position - index)
        return image + move.view_as(grey)

    def at_least(self, slope: Tensor) -> ToneCurve:
        """The same curve, but nowhere flatter than `[B, 1]` slopes; it still begins at the same grey."""
        values = self.values.expand(len(slope), -1)
        rise = torch.maximum(values.diff(dim=1), slope * self.step)
        return self._replace(values=torch.cat([values[:, :1], values[:, :1] + rise.cumsum(1)], dim=1))


def grey_levels(image: Tensor) -> Tensor:
    """`[B, LEVELS]`, rising, fp32: the means of equally large shares of the sorted greys of `[B, 3, H, W]` RGB."""
    greys = image.float().mean(1).flatten(1)
    return F.adaptive_avg_pool1d(rising(greys), LEVELS)


def tone_curve(source: Tensor, target: Tensor) -> ToneCurve:
    """The curve that gives greys of the source's levels, nearly, the distribution of the target's, at mean 0 and deviation 1 each.

    It leaves the source's mean and contrast about as they are. Differentiable.

    Args:
        source: `[B, LEVELS]`, from `grey_levels`.
        target: `[B or 1, LEVELS]`.

    The distributions are sums of bells. Computed in fp64; given in fp32 on the target's device.
    """
    (have, blur, mean, deviation), (want, blur_wanted, _, _) = (
        _standardized(double(levels)) for levels in (source, target)
    )
    at, points = _evenly_between(have), _evenly_between(want, beyond=3 * blur_wanted)
    wanted = _interpolated(_below(at, have, blur), _below(points, want, blur_wanted), points.expand(len(at), -1))
    values = mean + deviation * torch.lerp(at, wanted, SHARE)
    start, step = mean + deviation * at[:, :1], deviation * (at[:, 1:2] - at[:, :1])
    return ToneCurve(*(part.float().to(target.device) for part in (start, step, values)))


def _standardized(levels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Levels at mean 0 and deviation 1, floor included; deviation of their bells; and, `[B, 1]` too, what mean and deviation were."""
    mean = levels.mean(1, keepdim=True)
    variance = (levels - mean).square().mean(1, keepdim=True)
    blur = (BLUR**2 + FLOOR / (variance + FLOOR)).sqrt()
    deviation = (variance + FLOOR).sqrt()
    return (levels - mean) / deviation, blur, mean, deviation


def _evenly_between(levels: Tensor, beyond: Tensor | float = 0.0) -> Tensor:
    """`[B, KNOTS]`: from the first to the last level, and so far beyond; levels that are all one are not quite."""
    first, last = levels[:, :1] - beyond, levels[:, -1:] + beyond
    reach = (last - first).clamp(min=BLUR)
    return first + reach * torch.linspace(0, 1, KNOTS, dtype=levels.dtype, device=levels.device)


def _below(points: Tensor, levels: Tensor, blur: Tensor) -> Tensor:
    """`[B, KNOTS]`: the share of all greys that lies below each point, when each level is a bell of this deviation, `[B, 1]`."""
    return torch.special.ndtr((points[..., None] - levels[:, None]) / blur[..., None]).mean(2)


def _interpolated(shares: Tensor, known: Tensor, points: Tensor) -> Tensor:
    """Where the shares, `[B, KNOTS]`, are reached: `known`, `[B or 1, KNOTS]`, are those at the points."""
    known = known.expand(len(shares), -1).contiguous()
    index = torch.searchsorted(known.detach(), shares.detach().contiguous()).clamp(1, KNOTS - 1)
    (low, high), (left, right) = ((values.gather(1, index - 1), values.gather(1, index)) for values in (known, points))
    amount = ((shares - low) / (high - low).clamp(min=1e-9)).clamp(0, 1)
    return torch.lerp(left, right, amount)
