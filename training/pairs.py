"""Which pictures a run trains on, and in which batches: the same from any step on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from data import Crops, StepSampler, batches
from options import Options

Streams = tuple[int, int]
"""Numbers of the orders of contents and styles: each draws its own pictures and crops from a run's seed."""

STYLE_STEPS: Streams = (1, 2)
AUTOENCODER: Streams = (3, 4)
LARGE_CROPS: Streams = (5, 6)


def hold_out(pictures: list[Path], count: int) -> tuple[list[Path], list[Path]]:
    """Training and validation pictures; of a small folder at most half is kept out."""
    count = min(count, max(len(pictures) // 2, 1))
    held = {pictures[i * len(pictures) // count] for i in range(count)}
    rest = [path for path in pictures if path not in held] or pictures
    return rest, sorted(held)


def training_pairs(
    options: Options, contents: list[Path], styles: list[Path], step: int, rank: int, world: int, *, pin: bool
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """The batches from a step on: photos and paintings mixed for the autoencoder, then pairs."""

    def pairs(streams: Streams, side: int, batch: int, first: int, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Contents and styles of the steps from `first` to `steps` of those that these streams serve."""
        crops = Crops(side, options.zoom, options.magnify, options.turn)
        sampler = StepSampler(first * batch * world, batch, steps - first, rank, world)
        workers = -(-options.workers // 2)
        both = [
            batches(pictures, crops=crops, seed=options.seed * 1000 + number, sampler=sampler, workers=workers, pin=pin)
            for pictures, number in zip((contents, styles), streams, strict=True)
        ]
        return zip(*both, strict=True)

    if step < options.pretrain_steps:
        half = max(options.pretrain_batch // 2, 1)
        for photos, paintings in pairs(AUTOENCODER, options.crop, half, step, options.pretrain_steps):
            yield torch.cat([photos, paintings]), None
    done = max(step - options.pretrain_steps, 0)
    large = np.random.default_rng(options.seed).random(options.steps) < options.large_share
    fewer = max(options.batch * options.crop**2 // options.large_crop**2, 1)
    passed, total = int(large[:done].sum()), int(large.sum())
    usual = pairs(STYLE_STEPS, options.crop, options.batch, done - passed, options.steps - total)
    larger = pairs(LARGE_CROPS, options.large_crop, fewer, passed, total)
    for is_large in large[done:]:
        yield next(larger if is_large else usual)
