"""Style and content distances in the features of a network."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from a2k_core.statistics import Moments

CONTENT_LEVELS = 2
"""The deepest levels, whose normalised features stand for content."""


class StyleStatistics(NamedTuple):
    """What the style distances compare, a list entry for each level."""

    moments: list[Moments]
    grams: list[Tensor]
    """`[C, C]`: mean over positions of the products of channels."""


class Description(NamedTuple):
    """A picture as a network sees it."""

    style: StyleStatistics
    content: list[Tensor]
    """The deepest levels, each channel with mean 0 and deviation 1, fp16 to save memory."""


class FeatureDistances:
    """Distances through one network.

    Levels differ in scale by orders of magnitude, so each is divided by numbers of its own, taken over the given styles:
    moments by the mean deviation of its channels, Gram matrices by their mean squared norm. The numbers belong to the
    styles: compare distances of the same styles at the same size only.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.deviations: list[float] = []
        self.gram_norms: list[float] = []

    @torch.no_grad()
    def describe(self, image: Tensor) -> Description:
        """All that the distances need of a `[1, 3, H, W]` picture."""
        levels: list[Tensor] = self.network(image)
        moments = [_moments(level) for level in levels]
        content = [
            _normalised(level, m) for level, m in zip(levels[-CONTENT_LEVELS:], moments[-CONTENT_LEVELS:], strict=True)
        ]
        return Description(StyleStatistics(moments, [_gram(level) for level in levels]), content)

    def calibrate(self, styles: list[StyleStatistics]) -> None:
        """Take the scale of each level from these styles."""
        levels = range(len(styles[0].grams))
        self.deviations = [_mean([style.moments[level].std.mean().item() for style in styles]) for level in levels]
        self.gram_norms = [_mean([style.grams[level].square().sum().item() for style in styles]) for level in levels]

    def moments_distance(self, ours: StyleStatistics, style: StyleStatistics) -> float:
        """Mean over levels of MSE(mean) + MSE(deviation), in units of the level's deviation over the styles, squared."""
        return _mean(
            [
                ((a.mean - b.mean).square().mean() + (a.std - b.std).square().mean()).item() / deviation**2
                for a, b, deviation in zip(ours.moments, style.moments, self.deviations, strict=True)
            ]
        )

    def gram_distance(self, ours: StyleStatistics, style: StyleStatistics) -> float:
        """Mean over levels of |G - G_style|^2 / mean |G_style|^2 over the styles, Frobenius norms."""
        return _mean(
            [
                (a - b).square().sum().item() / norm
                for a, b, norm in zip(ours.grams, style.grams, self.gram_norms, strict=True)
            ]
        )

    @staticmethod
    def content_distance(ours: list[Tensor], content: list[Tensor]) -> float:
        """Mean over the deepest levels of the MSE of normalised features: 0 the same, about 2 unrelated."""
        return _mean([(a.float() - b.float()).square().mean().item() for a, b in zip(ours, content, strict=True)])


def _moments(level: Tensor) -> Moments:
    # No epsilon: whatever is added to the variance would weigh more on levels of small numbers.
    variance, mean = torch.var_mean(level.float(), dim=(2, 3), keepdim=True)
    return Moments(mean, variance.sqrt())


def _normalised(level: Tensor, moments: Moments) -> Tensor:
    # Channels that hardly answer to a picture stay small instead of becoming noise.
    floor = 0.01 * moments.std.mean()
    return ((level.float() - moments.mean) / (moments.std + floor)).half()


def _gram(level: Tensor) -> Tensor:
    flat = level[0].float().flatten(1)
    return flat @ flat.T / flat.shape[1]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
