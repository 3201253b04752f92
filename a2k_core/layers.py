"""Layers that both encoders and both decoders are made of."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from torch import Tensor, nn


def conv3x3(inputs: int, outputs: int, operations: ModuleType | Any = nn, stride: int = 1) -> nn.Conv2d:
    """A 3x3 convolution with reflect padding 1; inputs must be at least 2x2. `operations` supplies the Conv2d class."""
    return operations.Conv2d(inputs, outputs, 3, stride=stride, padding=1, padding_mode="reflect")


def leaky_relu() -> nn.LeakyReLU:
    """The activation of the compact network. Plain ReLUs die in its training: whole layers were seen to fall silent."""
    return nn.LeakyReLU(0.2, inplace=True)


class ResidualBlock(nn.Module):
    """x + conv(activation(conv(x)))."""

    def __init__(self, channels: int, operations: ModuleType | Any = nn) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv3x3(channels, channels, operations), leaky_relu(), conv3x3(channels, channels, operations)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)
