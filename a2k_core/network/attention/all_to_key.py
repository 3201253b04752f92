"""The all-to-key module: both attentions at one level of features, and what they add up to."""

from __future__ import annotations

import dataclasses
import math
from types import ModuleType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..statistics import Moments, adain, channel_moments, normalize
from .blocks import chosen_positions, to_blocks
from .functional import (
    distributed_attention,
    overlapped_progressive_attention,
    progressive_attention,
    region_keys,
)


@dataclasses.dataclass(frozen=True)
class LevelStyle:
    """All that one level needs of the style. S styles, h heads, Z blocks of r positions, d channels per head."""

    region_key: Tensor
    """`[S, h, Z, d]`, the keys of distributed attention."""

    region_value: Tensor
    """`[S, h, Z, d]`, the values of distributed attention."""

    block_key: Tensor
    """`[S, h, Z, r, d]`, the keys of progressive attention."""

    block_value: Tensor
    """`[S, h, Z, r, d]`, the values of progressive attention."""

    mean: Tensor
    """`[S, C, 1, 1]`, fp32, of the style's features."""

    std: Tensor
    """`[S, C, 1, 1]`, fp32, of the style's features."""


class AllToKey(nn.Module):
    """Distributed and progressive attention from content to style (paper, section 3.2).

    out = fusion([distributed, progressive]) + residual. The published module has two 1x1 convolutions each for query, key,
    value and fusion; here a pair is one convolution of twice the width, distributed half first.
    """

    def __init__(
        self,
        channels: int,
        attention_channels: int,
        block: int,
        heads: int,
        *,
        scaled_logits: bool,
        residual: Literal["raw", "adain"],
        overlap: bool = False,
        operations: ModuleType | Any = nn,
    ) -> None:
        super().__init__()
        self.block = block
        self.heads = heads
        self.residual = residual
        self.scale = 1 / math.sqrt(attention_channels // heads) if scaled_logits else 1.0
        self.attend_blocks = overlapped_progressive_attention if overlap else progressive_attention
        self.query = operations.Conv2d(channels, 2 * attention_channels, 1)
        self.key = operations.Conv2d(channels, 2 * attention_channels, 1)
        self.value = operations.Conv2d(channels, 2 * attention_channels, 1)
        self.fusion = operations.Conv2d(2 * attention_channels, channels, 1)
        self.alpha = nn.Parameter(torch.ones(()))
        self.beta = nn.Parameter(torch.zeros(()))

    def encode(self, style: Tensor, inside: Tensor | None = None) -> LevelStyle:
        """Everything that depends on the style alone.

        Args:
            style: `[S, C, H, W]` features, sides divisible by the block's.
            inside: numbers of the blocks to encode, as if the style had no others; None takes all.
        """
        moments = channel_moments(style if inside is None else chosen_positions(style, self.block, inside))
        key, block_key = self.key(normalize(style, moments, style.dtype)).chunk(2, dim=1)
        value, block_value = self.value(style).chunk(2, dim=1)
        key, value, block_key, block_value = (
            blocks if inside is None else blocks.index_select(2, inside)
            for blocks in (to_blocks(x, self.block, self.heads) for x in (key, value, block_key, block_value))
        )
        region_key, region_value = region_keys(key, value, self.alpha.to(style.device), self.beta.to(style.device))
        return LevelStyle(region_key, region_value, block_key, block_value, *moments)

    def forward(self, content: Tensor, moments: Moments, style: LevelStyle) -> Tensor:
        """Stylize features.

        Args:
            content: `[B, C, H, W]`, sides divisible by the block's.
            moments: of the content's features over the whole picture, even when `content` is a part of it.
            style: of one sample for the whole batch, or of B samples.

        Returns:
            `[B, C, H, W]`.
        """
        query, block_query = self.query(normalize(content, moments, content.dtype)).chunk(2, dim=1)
        distributed = distributed_attention(query, style.region_key, style.region_value, self.scale)
        progressive = self.attend_blocks(block_query, style.block_key, style.block_value, self.scale)
        attended = self.fusion(torch.cat([distributed, progressive], dim=1))
        if self.residual == "raw":
            return attended + content
        return attended + adain(content, moments, Moments(style.mean, style.std), attended.dtype)
