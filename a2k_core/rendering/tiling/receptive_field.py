"""The receptive field of a network: what a tile must see beyond its own borders."""

from __future__ import annotations

import dataclasses
import functools

import torch
from torch import Tensor, nn

from ...config import STRIDES, StyA2KConfig
from ...network.network import StyleNetwork

HEIGHT, WIDTH = 32, 512
"""Pixels of the probing pictures: fields of up to 240 to each side are found."""

EachLevel = tuple[int, int, int]
"""A number of pixels at each stylized level, the finest first."""


@dataclasses.dataclass(frozen=True)
class ReceptiveField:
    """Pixels on each side."""

    encoder: int
    """Features of a region depend on no pixels farther outside."""

    blocks: EachLevel
    """Attention needs multiples of these: whole blocks, or half ones where they overlap."""

    attention: EachLevel
    """Beyond multiples of `blocks`: half a block where they overlap, else 0."""

    decoder: EachLevel
    """Pixels of a region depend on no features farther outside, features taken as squares of stride x stride pixels. The
    coarser the level, the farther."""


@functools.lru_cache(maxsize=16)
def receptive_field(config: StyA2KConfig) -> ReceptiveField:
    """Measure a network of this shape.

    A copy of a few channels whose weights are all positive is given pictures, then features, that are 0 but for one column;
    wherever the result is not that of all zeros, it depends on the column. In fp64, where not even a trace is lost.
    """
    four = (4, 4, 4)
    widths = (4,) * len(config.encoder_widths)
    decoder = (4,) * len(config.decoder_widths)
    narrow = dataclasses.replace(
        config, encoder_widths=widths, channels=four, attention_channels=four, decoder_widths=decoder, heads=1
    )
    with torch.device("meta"):  # draws no random numbers
        probe = StyleNetwork(narrow)
    probe = probe.to_empty(device="cpu").double().requires_grad_(False)
    for module in probe.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.fill_(1 / module.weight[0].numel())
            if module.bias is not None:
                module.bias.zero_()
    parts = 2 if config.overlap else 1
    fine, middle, coarse = (side * stride // parts for side, stride in zip(config.blocks, STRIDES, strict=True))
    blocks = fine, middle, coarse
    with torch.no_grad(), torch.device("cpu"):
        return ReceptiveField(
            _encoder_field(probe), blocks, blocks if config.overlap else (0, 0, 0), _decoder_field(probe)
        )


def _encoder_field(probe: StyleNetwork) -> int:
    coarsest = STRIDES[-1]
    columns = WIDTH // 2 + torch.arange(coarsest)  # every phase of the strides
    images = torch.zeros((1 + coarsest, 3, HEIGHT, WIDTH), dtype=torch.float64)
    images[1 + torch.arange(coarsest), :, :, columns] = 1
    farthest = 0
    for level, stride in zip(probe.encoder(images), STRIDES, strict=True):
        for column, first, last in zip(columns.tolist(), *_changed(level), strict=True):
            farthest = max(farthest, last * stride - column, column - (first * stride + stride - 1))
    return farthest


def _decoder_field(probe: StyleNetwork) -> EachLevel:
    zeros = tuple(torch.zeros((1, 4, HEIGHT // stride, WIDTH // stride), dtype=torch.float64) for stride in STRIDES)
    silent = probe.decode((zeros[0], zeros[1], zeros[2]))
    farthest = [0, 0, 0]
    for index, stride in enumerate(STRIDES):
        for phase in range(STRIDES[-1] // stride):
            column = WIDTH // 2 // stride + phase
            levels = [level.clone() for level in zeros]
            levels[index][..., column] = 1
            decoded = torch.cat([silent, probe.decode((levels[0], levels[1], levels[2]))])
            [first], [last] = _changed(decoded)
            farthest[index] = max(farthest[index], last - column * stride, column * stride + stride - 1 - first)
    return farthest[0], farthest[1], farthest[2]


def _changed(results: Tensor) -> tuple[list[int], list[int]]:
    """The first and the last column in which each of `results[1:]` differs from `results[0]`."""
    differs = (results[1:] != results[:1]).any(dim=1).any(dim=1)
    found = [row.nonzero().flatten() for row in differs]
    return [int(columns[0]) for columns in found], [int(columns[-1]) for columns in found]
