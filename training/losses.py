"""The losses of training: the paper's two (section 3.4), and what a trained encoder needs besides."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from a2k_core.attention import distributed_attention, progressive_attention, region_keys
from a2k_core.blocks import pad_to_multiple, to_blocks
from a2k_core.devices import kept
from a2k_core.statistics import Moments, channel_moments, normalize, rising

A2K_BLOCKS = (16, 8, 8, 4)
"""Block sides of the all-to-key loss at relu2_1 .. relu5_1."""

A2K_HEADS = 8


def global_loss(stylized: Sequence[Moments], style: Sequence[Moments]) -> Tensor:
    """L_global: MSE of the channels' means plus MSE of their standard deviations, summed over the given levels."""
    total = torch.zeros_like(stylized[0].mean[0, 0, 0, 0])
    for ours, theirs in zip(stylized, style, strict=True):
        total = total + F.mse_loss(ours.mean, theirs.mean) + F.mse_loss(ours.std, theirs.std)
    return total


def relative_loss(stylized: Sequence[Tensor], style: Sequence[Moments]) -> Tensor:
    """`global_loss` with every channel measured by its own deviation, halfway to the level's average; mean over channels.

    For features that nothing has scaled, such as those of the network's own encoder.
    """
    total = stylized[0].new_zeros((), dtype=torch.float32)
    for level, target in zip(stylized, style, strict=True):
        ours = channel_moments(level)
        scale = (target.std + target.std.mean(1, keepdim=True)) / 2
        for mine, aim in zip(ours, target, strict=True):
            total = total + ((mine - aim) / scale).square().mean()
    return total


def covariance_loss(stylized: Sequence[Tensor], style: Sequence[Tensor]) -> Tensor:
    """Squared relative distance of the channels' covariances, summed over the given levels, mean over the batch.

    What the deviations alone leave open: which channels fire together, so which textures.
    """
    total = stylized[0].new_zeros((), dtype=torch.float32)
    for level, target in zip(stylized, style, strict=True):
        ours, theirs = _covariance(level), _covariance(target)
        # The average deviation of a calibrated level is 1; the constant keeps flat styles from dividing by nothing.
        scale = theirs.square().sum((1, 2)) + 0.05 * theirs.shape[1]
        total = total + ((ours - theirs).square().sum((1, 2)) / scale).mean()
    return total


def _covariance(features: Tensor) -> Tensor:
    """`[B, C, C]` in fp32 of `[B, C, H, W]`, row by row: a GPU has too little to do at once in one long product of few channels."""
    with torch.autocast(features.device.type, enabled=False):
        # The mean needs no gradient: moved a little, it changes nothing.
        mean = features.detach().mean((2, 3), keepdim=True, dtype=torch.float32)
        rows = (features - mean).transpose(1, 2)
        return (rows @ rows.transpose(2, 3)).mean(1) / rows.shape[3]


PALETTE_CELL = 4
"""Pixels: colours are compared after averaging over squares of this side, as an eye does."""


def palette_loss(stylized: Tensor, style: Tensor) -> Tensor:
    """Sliced Wasserstein distance of the colours of equally large pictures, `[B, 3, H, W]` in 0..1: mean over seven directions."""
    directions = kept(_palette_directions, style.device)
    with torch.autocast(style.device.type, enabled=False):
        ours, theirs = (
            rising(directions @ F.avg_pool2d(image.float(), PALETTE_CELL).flatten(2)) for image in (stylized, style)
        )
    return (ours - theirs).abs().mean()


def _palette_directions() -> Tensor:
    return torch.tensor(
        [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.6, 0.6], [0.7, -0.7, 0], [0.7, 0, -0.7], [0, 0.7, -0.7]]
    )


STRUCTURE_CELL = 4
"""Pixels: light and shade are compared after averaging over squares of this side."""


def structure_loss(stylized: Tensor, content: Tensor) -> Tensor:
    """MSE of light and shade, each picture's to mean 0 and deviation 1: 0 the same, 2 unrelated. `[B, 3, H, W]` in 0..1.

    No trained network takes part: strokes may not cover what the content shows, whoever looks.
    """
    ours, theirs = (F.avg_pool2d(image.float().mean(1, keepdim=True), STRUCTURE_CELL) for image in (stylized, content))
    centred = [x - x.mean((2, 3), keepdim=True) for x in (ours, theirs)]
    ours, theirs = (x / (x.square().mean((2, 3), keepdim=True) + 1e-3).sqrt() for x in centred)
    return F.mse_loss(ours, theirs)


HALO_CELL = 8
"""Pixels: colours are compared after averaging over squares of this side, so that strokes do not count."""

HALO_SHIFTS = ((0, 2), (2, 0), (0, 4), (4, 0), (3, 3), (3, -3))
"""Which cells are compared: so many cells further down and to the right."""

HALO_ALIKE = 0.06
"""Colours of the content, RGB in 0..1, that are nearer than this are about the same."""


def halo_loss(stylized: Tensor, content: Tensor) -> Tensor:
    """How unlike in colour, lightness aside, neighbouring places become that are alike in the content: glows beside edges.

    Mean squared distance, weighted by how alike the content is; mean over the batch. `[B, 3, H, W]` RGB in 0..1, sides from 40 pixels up.
    """
    ours, theirs = _cells(stylized), _cells(content)
    red, green, blue = ours.unbind(1)
    return _unlike(torch.stack([red - green, (red + green) / 2 - blue], dim=1), theirs)


def rim_loss(stylized: Tensor, content: Tensor) -> Tensor:
    """`halo_loss` for lightness: pale rims beside towers and shoulders."""
    return _unlike(_cells(stylized).mean(1, keepdim=True), _cells(content))


def _cells(images: Tensor) -> Tensor:
    return F.avg_pool2d(images.float(), HALO_CELL)


def _unlike(values: Tensor, content: Tensor) -> Tensor:
    """Mean squared distance of neighbouring cells of `values`, `[B, K, H, W]`, where those of the contents are alike."""
    rows, columns = values.shape[2:]
    unlike, alike = [], []
    for down, right in HALO_SHIFTS:
        at = (..., slice(rows - down), slice(max(0, -right), columns - max(0, right)))
        there = (..., slice(down, rows), slice(max(0, right), columns + min(0, right)))
        weight = (-(content[at] - content[there]).square().sum(1) / HALO_ALIKE**2).exp()
        unlike.append((weight * (values[at] - values[there]).square().sum(1)).mean((1, 2)))
        alike.append(weight.mean((1, 2)))
    return (torch.stack(unlike).sum(0) / torch.stack(alike).sum(0).clamp(min=0.01)).mean()


def all_to_key_loss(stylized: Sequence[Tensor], content: Sequence[Tensor], style: Sequence[Tensor]) -> Tensor:
    """L_A2K over relu2_1 .. relu5_1: the stylized features should be what parameter-free all-to-key attention makes.

    Args:
        stylized, content, style: five levels each, relu1_1 .. relu5_1.
    """
    total = stylized[0].new_zeros((), dtype=torch.float32)
    for level, block in enumerate(A2K_BLOCKS, start=1):
        total = total + F.mse_loss(stylized[level].float(), _all_to_key_target(content, style, level, block))
    return total


@torch.no_grad()
def _all_to_key_target(content: Sequence[Tensor], style: Sequence[Tensor], level: int, block: int) -> Tensor:
    """Distributed plus progressive attention plus raw content at one level, alpha 1, beta 0, in fp32.

    Queries and keys are all levels up to this one, normalised and resized to it; values are the raw style features.
    """
    query, key = _stacked(content, level), _stacked(style, level)
    value = style[level].float()
    height, width = query.shape[-2:]
    query, key, value = (pad_to_multiple(x, block) for x in (query, key, value))
    key_blocks, value_blocks = to_blocks(key, block, A2K_HEADS), to_blocks(value, block, A2K_HEADS)
    one, zero = torch.ones((), device=key.device), torch.zeros((), device=key.device)
    distributed = distributed_attention(query, *region_keys(key_blocks, value_blocks, one, zero))
    progressive = progressive_attention(query, key_blocks, value_blocks)
    return (distributed + progressive)[..., :height, :width] + content[level].float()


def _stacked(levels: Sequence[Tensor], last: int) -> Tensor:
    size = levels[last].shape[-2:]
    return torch.cat(
        [F.interpolate(normalize(x, channel_moments(x)), size, mode="nearest") for x in levels[: last + 1]], dim=1
    )


def content_loss(stylized: Sequence[Tensor], content: Sequence[Tensor]) -> Tensor:
    """MSE of normalised features, summed over the given levels: structure without its colours."""
    total = stylized[0].new_zeros((), dtype=torch.float32)
    for level, target in zip(stylized, content, strict=True):
        total = total + F.mse_loss(normalize(level, channel_moments(level)), normalize(target, channel_moments(target)))
    return total


def feature_loss(features: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """MSE of features, summed over the given levels."""
    return torch.stack([F.mse_loss(a.float(), b.float()) for a, b in zip(features, target, strict=True)]).sum()


def total_variation(images: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, both ways."""
    return (images[..., 1:, :] - images[..., :-1, :]).abs().mean() + (images[..., 1:] - images[..., :-1]).abs().mean()


def range_loss(images: Tensor) -> Tensor:
    """Mean distance of pixels outside 0..1 from it."""
    return (images - images.clamp(0, 1)).abs().mean()
