"""The losses of the painter: one function each, and one table of them.

Features are the five levels relu1_1 .. relu5_1 of the loss network, `[B, C, H, W]`, each level scaled to a deviation of about 1.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from a2k_core.network.attention.blocks import pad_to_multiple, to_blocks
from a2k_core.network.attention.functional import distributed_attention, progressive_attention, region_keys
from a2k_core.network.statistics import channel_moments, normalize

ALL_TO_KEY_BLOCKS = {1: 16, 2: 8, 3: 8, 4: 4}
"""Block sides of the all-to-key loss at relu2_1 .. relu5_1 (index of the level: side)."""

ALL_TO_KEY_HEADS = 8

TEXTURE_LEVELS = {1: 0.7, 2: 1.0, 3: 1.5}
"""Weights of relu2_1, relu3_1 and relu4_1 in the texture loss: large strokes count for more than fine ones."""

HALF_TEXTURE_LEVELS = {2: 1.0, 3: 1.0}
"""The same at half size, where strokes and swirls of 40 to 120 px are."""


class Seen:
    """Pictures through the loss network.

    Args:
        network: gives five levels of features.
        images: `[B, 3, H, W]` RGB in 0..1.
        levels: their features, where they are known already.
    """

    def __init__(
        self, network: Callable[[Tensor], list[Tensor]], images: Tensor, levels: list[Tensor] | None = None
    ) -> None:
        self.images = images
        self.levels = network(images) if levels is None else levels
        self._network = network

    @functools.cached_property
    def half_levels(self) -> list[Tensor]:
        """Features at half size. Computed when a loss asks for them."""
        return self._network(F.avg_pool2d(self.images, 2))


@dataclasses.dataclass(frozen=True)
class Painted:
    """What one step painted, and what it is compared with."""

    stylized: Seen
    content: Seen
    style: Seen

    rebuilt: Seen
    """Pictures painted in their own style. None of them where a preset has no identity loss."""

    original: Seen
    """The same pictures as they were."""


def content_loss(painted: Painted) -> Tensor:
    """Distance of normalized relu4_1 and relu5_1, and of relu4_1 at half size, to the content's: its shapes, without its colors."""
    ours, theirs = painted.stylized, painted.content
    pairs = [(ours.levels[level], theirs.levels[level]) for level in (3, 4)]
    pairs.append((ours.half_levels[3], theirs.half_levels[3]))
    return _sum(F.mse_loss(normalized(stylized), normalized(content)) for stylized, content in pairs)


def style_loss(painted: Painted) -> Tensor:
    """Distance of the means and deviations of relu1_1 .. relu5_1 to the style's (Huang & Belongie, ICCV 2017, eq. 13)."""
    levels = zip(painted.stylized.levels, painted.style.levels, strict=True)
    return _sum(_moment_distance(ours, theirs) for ours, theirs in levels)


def global_loss(painted: Painted) -> Tensor:
    """`style_loss` of relu1_1 .. relu4_1 alone: L_global of the paper (section 3.4)."""
    levels = zip(painted.stylized.levels[:4], painted.style.levels[:4], strict=True)
    return _sum(_moment_distance(ours, theirs) for ours, theirs in levels)


def texture_loss(painted: Painted) -> Tensor:
    """Relative distance of the channels' covariances at relu2_1, relu3_1 and relu4_1 to the style's (after Gatys et al., CVPR 2016),
    at full and at half size.

    Means and deviations leave open which channels fire together. Covariances say it: dabs, lines or swirls.
    """
    total = []
    for stylized, style, levels in (
        (painted.stylized.levels, painted.style.levels, TEXTURE_LEVELS),
        (painted.stylized.half_levels, painted.style.half_levels, HALF_TEXTURE_LEVELS),
    ):
        for level, weight in levels.items():
            ours, theirs = _covariance(stylized[level]), _covariance(style[level])
            # The second term keeps flat styles from dividing by nothing.
            scale = theirs.square().sum((1, 2)) + 0.05 * theirs.shape[1]
            total.append(weight * ((ours - theirs).square().sum((1, 2)) / scale).mean())
    return _sum(total)


def grain_loss(painted: Painted) -> Tensor:
    """How far the finest detail, of 2 to 4 px, is stronger than the style's and the content's: squared logarithm of the ratio.

    The VGG hardly sees such detail. Without this loss a weave of that period covers busy places.
    """
    ours, style, content = (_finest_energy(seen.images) for seen in (painted.stylized, painted.style, painted.content))
    allowed = torch.maximum(style, content)
    return F.relu(torch.log((ours + 1e-5) / (allowed + 1e-5))).square().mean()


def all_to_key_loss(painted: Painted) -> Tensor:
    """L_A2K of the paper (section 3.4): stylized features are what parameter-free all-to-key attention makes, relu2_1 .. relu5_1."""
    return _sum(
        F.mse_loss(
            painted.stylized.levels[level].float(),
            _attended(painted.content.levels, painted.style.levels, level, block),
        )
        for level, block in ALL_TO_KEY_BLOCKS.items()
    )


def identity_pixel_loss(painted: Painted) -> Tensor:
    """A picture painted in its own style is that picture (Park & Lee, CVPR 2019, eq. 10), in pixels."""
    return F.mse_loss(painted.rebuilt.images, painted.original.images)


def identity_feature_loss(painted: Painted) -> Tensor:
    """The same in features."""
    pairs = zip(painted.rebuilt.levels, painted.original.levels, strict=True)
    return _sum(F.mse_loss(ours.float(), theirs.float()) for ours, theirs in pairs)


LOSSES: dict[str, Callable[[Painted], Tensor]] = {
    "content": content_loss,
    "style": style_loss,
    "texture": texture_loss,
    "grain": grain_loss,
    "identity_pixels": identity_pixel_loss,
    "identity_features": identity_feature_loss,
    "all_to_key": all_to_key_loss,
    "global": global_loss,
}
"""Every loss by the name that presets give it. To add one: write its function above, name it here, give it a weight in a preset."""


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()


def _finest_energy(images: Tensor) -> Tensor:
    """`[B]`, mean square of pictures minus their 5x5 binomial blur, fp32."""
    with torch.autocast(images.device.type, enabled=False):
        images = images.float()
        weights = images.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        kernel = (weights[:, None] * weights).expand(3, 1, 5, 5)
        return (images[..., 2:-2, 2:-2] - F.conv2d(images, kernel, groups=3)).square().mean((1, 2, 3))


def _moment_distance(ours: Tensor, theirs: Tensor) -> Tensor:
    mine, target = channel_moments(ours), channel_moments(theirs)
    return F.mse_loss(mine.mean, target.mean) + F.mse_loss(mine.std, target.std)


def normalized(features: Tensor) -> Tensor:
    """Features with mean 0 and deviation 1 in each sample and channel, fp32."""
    return normalize(features, channel_moments(features))


def _covariance(features: Tensor) -> Tensor:
    """`[B, C, C]`, fp32, of `[B, C, H, W]`."""
    with torch.autocast(features.device.type, enabled=False):
        flat = features.float().flatten(2)
        centered = flat - flat.mean(2, keepdim=True)
        return centered @ centered.transpose(1, 2) / flat.shape[2]


@torch.no_grad()
def _attended(content: Sequence[Tensor], style: Sequence[Tensor], level: int, block: int) -> Tensor:
    """Distributed plus progressive attention plus raw content at one level, alpha 1, beta 0, in fp32.

    Queries and keys are all levels up to this one, normalized and resized to it. Values are the raw style features.
    """
    query, key = _stacked(content, level), _stacked(style, level)
    height, width = query.shape[-2:]
    query, key, value = (pad_to_multiple(x, block) for x in (query, key, style[level].float()))
    key_blocks, value_blocks = (to_blocks(x, block, ALL_TO_KEY_HEADS) for x in (key, value))
    one, zero = torch.ones((), device=key.device), torch.zeros((), device=key.device)
    distributed = distributed_attention(query, *region_keys(key_blocks, value_blocks, one, zero))
    progressive = progressive_attention(query, key_blocks, value_blocks)
    return (distributed + progressive)[..., :height, :width] + content[level].float()


def _stacked(levels: Sequence[Tensor], last: int) -> Tensor:
    size = levels[last].shape[-2:]
    return torch.cat([F.interpolate(normalized(x), size, mode="nearest") for x in levels[: last + 1]], dim=1)
