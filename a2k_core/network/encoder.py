"""The encoders: VGG-19 (paper) and a small one made for speed. Both give features at strides 4, 8 and 16."""

from __future__ import annotations

from types import ModuleType
from typing import Any, cast

from torch import Tensor, nn

from ..config import StyA2KConfig
from .layers import conv3x3, leaky_relu, reflecting

Features = tuple[Tensor, Tensor, Tensor]
"""`[B, C, H/4, W/4]`, `[B, C, H/8, W/8]`, `[B, C, H/16, W/16]`, with the C of `StyA2KConfig.channels`."""

VGG19_DEPTHS = (2, 2, 4, 4, 1)
"""Convolutions in each stage of VGG-19, up to relu5_1."""


class VGGEncoder(nn.Module):
    """VGG-19 up to relu5_1, any widths, with reflect padding.

    The first layer, `conv0`, is the 1x1 convolution that turns RGB in 0..1 into what the network was trained on. Where a level
    of `config.channels` is wider than the network, a 1x1 convolution and a ReLU widen it (distilled VGGs come with such layers).
    """

    def __init__(self, config: StyA2KConfig, operations: ModuleType | Any = nn) -> None:
        super().__init__()
        self.conv0 = operations.Conv2d(3, 3, 1)
        self.widths = config.encoder_widths
        self.stages = nn.ModuleList()
        width = 3
        for stage_width, depth in zip(config.encoder_widths, VGG19_DEPTHS, strict=True):
            inputs = [width] + [stage_width] * (depth - 1)
            self.stages.append(nn.ModuleList(conv3x3(i, stage_width, operations) for i in inputs))
            width = stage_width
        self.widen = nn.ModuleList(
            nn.Identity() if narrow == wide else nn.Sequential(operations.Conv2d(narrow, wide, 1), nn.ReLU())
            for narrow, wide in zip(config.encoder_widths[2:], config.channels, strict=True)
        )
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)

    def all_levels(self, image: Tensor) -> list[Tensor]:
        """relu1_1, relu2_1, .. relu5_1 of `[B, 3, H, W]` RGB in 0..1, at the network's own widths."""
        levels: list[Tensor] = []
        x = self.conv0(image)
        for stage in self.stages:
            first, *others = cast(nn.ModuleList, stage)
            x = self.relu(first(self.pool(x) if levels else x))
            levels.append(x)
            for conv in others:
                x = self.relu(conv(x))
        return levels

    def forward(self, image: Tensor) -> Features:
        """relu3_1, relu4_1 and relu5_1 of `[B, 3, H, W]` RGB in 0..1 with sides divisible by 16."""
        relu3_1, relu4_1, relu5_1 = (
            widen(level) for widen, level in zip(self.widen, self.all_levels(image)[2:], strict=True)
        )
        return relu3_1, relu4_1, relu5_1


class CompactEncoder(nn.Module):
    """A small encoder that is distilled from a VGG and then frozen. Nothing is computed at full resolution.

    A 1x1 convolution brings its three levels to relu3_1, relu4_1 and relu5_1 of that VGG; only training needs it.
    """

    def __init__(self, config: StyA2KConfig, operations: ModuleType | Any = nn) -> None:
        super().__init__()
        width2, width4, width8, width16 = config.encoder_widths
        self.stem = nn.Sequential(reflecting(operations.Conv2d(3, width2, 5, stride=2)), leaky_relu())
        self.stride4 = _stage(width2, width4, 1, operations)
        self.stride8 = _stage(width4, width8, 2, operations)
        self.stride16 = _stage(width8, width16, 2, operations)

    def forward(self, image: Tensor) -> Features:
        """Features of `[B, 3, H, W]` RGB in 0..1 with sides divisible by 16."""
        level4 = self.stride4(self.stem(image))
        level8 = self.stride8(level4)
        return level4, level8, self.stride16(level8)


def _stage(inputs: int, outputs: int, depth: int, operations: ModuleType | Any) -> nn.Sequential:
    """Half the resolution, then `depth` convolutions there."""
    layers: list[nn.Module] = [conv3x3(inputs, outputs, operations, stride=2), leaky_relu()]
    for _ in range(depth):
        layers += [conv3x3(outputs, outputs, operations), leaky_relu()]
    return nn.Sequential(*layers)
