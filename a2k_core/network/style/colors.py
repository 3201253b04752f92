"""Statistics of colors, and linear maps between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..statistics import EPSILON


class ColorMoments(NamedTuple):
    """Mean and covariance of the colors of each picture."""

    mean: Tensor
    """`[B, 3, 1]`, fp32."""

    covariance: Tensor
    """`[B, 3, 3]`, fp32."""


def color_moments(images: Tensor, weights: Tensor | None = None) -> ColorMoments:
    """Of `[B, 3, H, W]` RGB, clamped to 0..1; with `weights`, `[1 or B, 1, H, W]` of 0 or more, pixels count that much."""
    colors = images.float().clamp(0, 1).flatten(2)
    share = (
        torch.ones_like(colors[:, :1]) if weights is None else weights.float().flatten(2).expand(len(colors), -1, -1)
    )
    share = share / share.sum(2, keepdim=True).clamp(min=EPSILON)
    mean = (colors * share).sum(2, keepdim=True)
    apart = colors - mean
    return ColorMoments(mean, (apart * share) @ apart.transpose(1, 2))


def pooled_moments(pictures: Sequence[ColorMoments]) -> ColorMoments:
    """Of several pictures of one size, as if they were one."""
    mean = torch.stack([moments.mean for moments in pictures]).mean(0)
    apart = [moments.mean - mean for moments in pictures]
    spread = [moments.covariance + a @ a.transpose(1, 2) for moments, a in zip(pictures, apart, strict=True)]
    return ColorMoments(mean, torch.stack(spread).mean(0))


class ColorMap(NamedTuple):
    """A linear map of colors."""

    matrix: Tensor
    """`[B, 3, 3]`, fp32."""

    shift: Tensor
    """`[B, 3, 1, 1]`, fp32."""

    def __call__(self, image: Tensor) -> Tensor:
        """`[B, 3, H, W]` RGB to the same with other colors, fp32, unclamped."""
        return torch.einsum("bij,bjhw->bihw", self.matrix, image.float()) + self.shift
