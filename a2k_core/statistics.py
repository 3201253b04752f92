"""Per-channel statistics of feature maps, always in fp32."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

EPSILON = 1e-5
"""Added to the variance, inside the root."""


class Moments(NamedTuple):
    """Mean and standard deviation of each sample and channel."""

    mean: Tensor
    """`[B, C, 1, 1]`, fp32."""

    std: Tensor
    """`[B, C, 1, 1]`, fp32, sqrt(unbiased variance + `EPSILON`): never 0."""


def channel_moments(features: Tensor) -> Moments:
    """The moments over all positions of `[B, C, H, W]` features; H*W must be at least 2."""
    variance, mean = torch.var_mean(features.float(), dim=(2, 3), correction=1, keepdim=True)
    return Moments(mean, torch.sqrt(variance + EPSILON))


def normalize(features: Tensor, moments: Moments) -> Tensor:
    """(features - mean) / std in fp32, `[B, C, H, W]`; the `norm` of the paper's attention."""
    return (features.float() - moments.mean) / moments.std


def adain(features: Tensor, moments: Moments, target: Moments) -> Tensor:
    """Move features from their own moments to the target's, in fp32 (Huang & Belongie, ICCV 2017, eq. 8).

    A target of one sample serves any batch.
    """
    gain = target.std / moments.std
    return features.float() * gain + (target.mean - moments.mean * gain)
