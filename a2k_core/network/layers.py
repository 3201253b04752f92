"""Layers that both encoders and both decoders are made of."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx


def conv3x3(inputs: int, outputs: int, operations: ModuleType | Any = nn, stride: int = 1) -> nn.Conv2d:
    """A 3x3 convolution with reflect padding 1; inputs must be at least 2x2. `operations` supplies the Conv2d class."""
    return reflecting(operations.Conv2d(inputs, outputs, 3, stride=stride))


def reflecting(conv: nn.Conv2d) -> nn.Conv2d:
    """Give a convolution without padding reflect padding of half its kernel's side."""
    conv.register_forward_pre_hook(_pad_input)
    return conv


def _pad_input(conv: nn.Module, inputs: tuple[Tensor]) -> Tensor:
    assert isinstance(conv, nn.Conv2d)
    return reflect_pad(inputs[0], conv.kernel_size[0] // 2)


def reflect_pad(image: Tensor, margin: int) -> Tensor:
    """Pad `[B, C, H, W]` by reflection with `margin` pixels on each side. H and W must be larger than the margin.

    Keeps the memory layout: on CUDA devices torch's own padding turns channels-last tensors into plain ones.
    """
    if image.device.type == "cuda" and image.is_contiguous(memory_format=torch.channels_last):
        return _PadChannelsLast.apply(image, margin)
    return reflected(image, (margin,) * 4)


def reflected(image: Tensor, padding: Sequence[int]) -> Tensor:
    """`F.pad` by reflection. On CPUs fp16 is padded as bf16, because older versions of torch cannot; padding only moves bits."""
    if image.dtype == torch.float16 and image.device.type == "cpu" and not image.requires_grad:
        with torch.autocast("cpu", enabled=False):  # it would turn the bits into numbers, in fp32
            return F.pad(image.view(torch.bfloat16), padding, mode="reflect").view(torch.float16)
    return F.pad(image, padding, mode="reflect")


_WORD = torch.complex128
"""A dtype of sixteen bytes, to move several numbers at once."""


class _PadChannelsLast(torch.autograd.Function):
    """Reflect padding of a channels-last tensor as padding of a volume whose channels get none.

    Channels are moved sixteen bytes at a time where they can be: one number at a time takes several times as long.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, image: Tensor, margin: int) -> Tensor:
        ctx.margin = margin  # type: ignore[attr-defined]
        volume = image.permute(0, 2, 3, 1)
        in_words = all(n * image.itemsize % _WORD.itemsize == 0 for n in (image.shape[1], image.storage_offset()))
        padded = F.pad(volume.view(_WORD) if in_words else volume, (0, 0, *(margin,) * 4), mode="reflect")
        return padded.view(image.dtype).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        margin: int = ctx.margin  # type: ignore[attr-defined]
        for side in (2, 3):
            length = gradient.shape[side] - 2 * margin
            inner = gradient.narrow(side, margin, length).clone(memory_format=torch.channels_last)
            for i in range(margin):
                inner.select(side, margin - i).add_(gradient.select(side, i))
                inner.select(side, length - 1 - margin + i).add_(gradient.select(side, -1 - i))
            gradient = inner
        return gradient, None


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
