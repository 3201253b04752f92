"""The decoders: merged deep features and the stride-4 features in, a picture out."""

from __future__ import annotations

import itertools
import math
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import STRIDES, StyA2KConfig
from .layers import ResidualBlock, conv3x3, leaky_relu
from .regions import Region, Regions


class VGGDecoder(nn.Module):
    """The paper's decoder: VGG-19 mirrored, with nearest upsampling; the stride-4 features are concatenated."""

    def __init__(self, config: StyA2KConfig, operations: ModuleType | Any = nn) -> None:
        super().__init__()
        width4 = config.channels[0]
        width2, width1 = max(width4 // 2, 1), max(width4 // 4, 1)
        self.deep = nn.Sequential(
            conv3x3(config.channels[1], width4, operations), nn.ReLU(inplace=True), nn.Upsample(scale_factor=2)
        )
        layers: list[nn.Module] = []
        widths = (2 * width4, width4, width4, width4, width2, width2, width1, width1)
        for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
            if index in (4, 6):  # to stride 2 and to stride 1
                layers.append(nn.Upsample(scale_factor=2))
            layers += [conv3x3(inputs, outputs, operations), nn.ReLU(inplace=True)]
        self.shallow = nn.Sequential(*layers, conv3x3(width1, 3, operations))

    def forward(
        self, merged: Tensor, level4: Tensor, at: Regions | None = None, wanted: Region | None = None
    ) -> Tensor:
        """`[B, C, H/8, W/8]` and `[B, C, H/4, W/4]` features to `[B, 3, H, W]`, unclamped.

        Args:
            merged, level4: of one region of the picture.
            at: where the levels lie instead, each inside the next coarser one.
            wanted: with `at`, the pixels that are asked for, inside the finest; not given, all of it.
        """
        fused = torch.cat([_beside_level4(self.deep(merged), at), level4], dim=1)
        return _finest(self.shallow, fused, at, wanted)


class CompactDecoder(nn.Module):
    """The same path with residual blocks and bilinear upsampling. Its last convolution writes the picture at stride 2, sub-pixel."""

    def __init__(self, config: StyA2KConfig, operations: ModuleType | Any = nn) -> None:
        super().__init__()
        width8, width4, width2 = config.decoder_widths
        self.deep = nn.Sequential(
            leaky_relu(),
            ResidualBlock(width8, operations),
            conv3x3(width8, width4, operations),
            leaky_relu(),
            _bilinear_x2(),
        )
        self.shallow = nn.Sequential(
            conv3x3(width4 + config.channels[0], width4, operations),
            leaky_relu(),
            ResidualBlock(width4, operations),
            conv3x3(width4, width2, operations),
            leaky_relu(),
            _bilinear_x2(),
            conv3x3(width2, width2, operations),
            leaky_relu(),
            conv3x3(width2, width2, operations),
            leaky_relu(),
            conv3x3(width2, 12, operations),
            SubPixel(),
            AntiCheckerboard(),
        )

    def forward(
        self, merged: Tensor, level4: Tensor, at: Regions | None = None, wanted: Region | None = None
    ) -> Tensor:
        """As of `VGGDecoder`."""
        fused = torch.cat([_beside_level4(self.deep(merged), at), level4], dim=1)
        return _finest(self.shallow, fused, at, wanted)


class SubPixel(nn.Module):
    """What `nn.PixelShuffle(2)` computes, but with a contiguous plane for each color, whatever the layout of the input."""

    def forward(self, x: Tensor) -> Tensor:
        """`[B, 4 C, H, W]` to `[B, C, 2 H, 2 W]`, contiguous."""
        batch, channels, height, width = x.shape
        cells = x.view(batch, channels // 4, 2, 2, height, width).permute(0, 1, 4, 2, 5, 3)
        return cells.reshape(batch, channels // 4, 2 * height, 2 * width)


class AntiCheckerboard(nn.Module):
    """Takes away what alternates from one pixel to the next, which sub-pixel convolutions leave behind (Odena et al., "Deconvolution
    and Checkerboard Artifacts", 2016).

    A filter along rows, then columns, that stops half a cycle per pixel, passes 99.6 % at a quarter, and keeps lines and edges: 1 minus
    a binomial filter moved to that frequency.
    """

    RADIUS = 8
    """Pixels."""

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, H, W]` to the same; H and W above `RADIUS`."""
        for dim, padding in ((3, (self.RADIUS, self.RADIUS, 0, 0)), (2, (0, 0, self.RADIUS, self.RADIUS))):
            x = x - self._alternating(F.pad(x, padding, mode="reflect"), dim, x.shape[dim])
        return x

    def _alternating(self, padded: Tensor, dim: int, size: int) -> Tensor:
        """By sums of shifted pictures, on CPUs three times as fast as a convolution of three channels."""
        order = 2 * self.RADIUS
        total = padded.narrow(dim, self.RADIUS, size) * (math.comb(order, self.RADIUS) / 2**order)
        for index in range(self.RADIUS):
            pair = padded.narrow(dim, index, size) + padded.narrow(dim, order - index, size)
            total = torch.add(total, pair, alpha=(-1) ** (index - self.RADIUS) * math.comb(order, index) / 2**order)
        return total


def _beside_level4(deep: Tensor, at: Regions | None) -> Tensor:
    """The part of the deep features, brought to stride 4, that lies where those of stride 4 do."""
    return deep if at is None else deep[at[0].within(at[1], STRIDES[0])]


def _finest(layers: nn.Sequential, x: Tensor, at: Regions | None, wanted: Region | None) -> Tensor:
    """The layers from stride 4 on, as of `VGGDecoder.forward`.

    Before each upsampling, what no wanted pixel depends on is cut away: the finest layers take the most time.
    """
    if at is None or wanted is None:
        return layers(x)
    stride, seen = STRIDES[0], at[0]
    for index, layer in enumerate(layers):
        if isinstance(layer, nn.Upsample):
            needed = wanted.grown(_receptive_field(layers[index:], stride), stride, seen)
            x, seen = x[needed.within(seen, stride)], needed
            stride //= 2
        x = layer(x)
    return x[wanted.within(seen, 1)]


def _receptive_field(layers: nn.Sequential, stride: int) -> int:
    """How many pixels farther on each side layers look that begin at a stride."""
    pixels = 0
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d):
            pixels += layer.kernel_size[0] // 2 * stride
        elif isinstance(layer, AntiCheckerboard):
            pixels += layer.RADIUS
        elif isinstance(layer, nn.Upsample):
            pixels += stride if layer.mode == "bilinear" else 0
            stride //= 2
    return pixels


def _bilinear_x2() -> nn.Upsample:
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
