"""Per-channel statistics of feature maps, always in fp32."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx

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
    if torch.is_grad_enabled() and features.requires_grad:
        return Moments(*_ChannelMoments.apply(features))
    return _moments(features)


def _moments(features: Tensor) -> Moments:
    mean, squares = _mean_and_squares(features)
    return Moments(mean, torch.sqrt(squares / (_positions(features) - 1) + EPSILON))


class _ChannelMoments(torch.autograd.Function):
    """Of both moments there is one gradient, a line in the features: written down, it takes one pass over them instead of seven."""

    @staticmethod
    def forward(ctx: FunctionCtx, features: Tensor) -> tuple[Tensor, Tensor]:
        moments = _moments(features)
        ctx.save_for_backward(features, *moments)
        return moments.mean, moments.std

    @staticmethod
    def backward(ctx: FunctionCtx, of_mean: Tensor, of_std: Tensor) -> Tensor:
        features, mean, std = ctx.saved_tensors  # type: ignore[attr-defined]
        slope = of_std / (std * (_positions(features) - 1))
        return torch.addcmul(of_mean / _positions(features) - slope * mean, features, slope).to(features.dtype)


def _positions(features: Tensor) -> int:
    return features.shape[2] * features.shape[3]


def _mean_and_squares(features: Tensor) -> tuple[Tensor, Tensor]:
    """Means and sums of squared differences from them, `[B, C, 1, 1]` in fp32. On CPUs eight times as fast as var_mean."""
    if features.device.type == "cpu":  # others turn numbers to fp32 on the way
        features = features.float()
    mean = features.mean((2, 3), keepdim=True, dtype=torch.float32)
    return mean, (features - mean).square_().sum((2, 3), keepdim=True)


@dataclasses.dataclass(frozen=True)
class ClipStatistics:
    """What the frames of one video share, so that colors and strokes do not change with what enters and leaves the picture."""

    moments: tuple[Moments, ...]
    """Of the content features at the three levels, over the frames they were estimated from, `[1, C, 1, 1]` each."""

    small: Tensor
    """Those frames reduced, `[K, 3, h, w]` RGB in 0..1, fp32: the colors of the painting are measured on them."""


@dataclasses.dataclass(frozen=True)
class PartialMoments:
    """Moments of a part of a feature map, in fp64. Parts can be merged without loss (Chan, Golub & LeVeque, 1979)."""

    count: int
    """Positions seen."""

    mean: Tensor
    """`[B, C, 1, 1]`, fp64, on the CPU: not every device has fp64."""

    squares: Tensor
    """`[B, C, 1, 1]`, fp64, on the CPU: the sum of squared differences from the mean."""

    @classmethod
    def of(cls, features: Tensor) -> PartialMoments:
        """The moments of one part, `[B, C, h, w]`, h and w from 1 up."""
        count = _positions(features)
        mean, squares = _mean_and_squares(features)
        return cls(count, mean.cpu().double(), squares.cpu().double())

    def merged(self, other: PartialMoments) -> PartialMoments:
        """The moments of both parts together."""
        count = self.count + other.count
        apart = other.mean - self.mean
        squares = self.squares + other.squares + apart.square() * (self.count * other.count / count)
        return PartialMoments(count, self.mean + apart * (other.count / count), squares)

    def moments(self, device: torch.device | None = None) -> Moments:
        """What `channel_moments` gives for the merged parts, which need at least 2 positions."""
        std = torch.sqrt(self.squares / (self.count - 1) + EPSILON)
        return Moments(self.mean.float().to(device), std.float().to(device))


def normalize(features: Tensor, moments: Moments, dtype: torch.dtype = torch.float32) -> Tensor:
    """(features - mean) / std, computed in fp32, `[B, C, H, W]` in `dtype`; the `norm` of the paper's attention."""
    gain = 1 / moments.std
    return _moved(features, gain, -moments.mean * gain, dtype)


def adain(features: Tensor, moments: Moments, target: Moments, dtype: torch.dtype = torch.float32) -> Tensor:
    """Move features from their own moments to the target's, computed in fp32 (Huang & Belongie, ICCV 2017, eq. 8).

    A target of one sample serves any batch.
    """
    gain = target.std / moments.std
    return _moved(features, gain, target.mean - moments.mean * gain, dtype)


def _moved(features: Tensor, gain: Tensor, shift: Tensor, dtype: torch.dtype) -> Tensor:
    """features * gain + shift of `[B, C, 1, 1]` fp32 gains and shifts, computed in fp32."""
    quick = features.dtype == dtype != torch.float64 and features.device.type == "cpu"
    if quick and len(features) == 1 and not torch.is_grad_enabled():
        # Batch normalisation reads and writes half precision and computes in fp32, in one pass: here with moments of 0 and 1.
        # Its epsilon has to be positive; beside 1 this one is nothing.
        gain, shift = gain.flatten(), shift.flatten()
        return F.batch_norm(features, torch.zeros_like(gain), torch.ones_like(gain), gain, shift, eps=1e-12)
    return torch.addcmul(shift, features.float(), gain).to(dtype)
