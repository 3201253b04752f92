"""Which pictures a run trains on, and in which batches: the same from any step on."""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing.context import BaseContext
from pathlib import Path

import numpy as np
import torch
from draws import again, quarter
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from data import Crops, CropStream
from options import Options
from recompression import recompressed

log = logging.getLogger("train")

Streams = tuple[CropStream, CropStream]
"""Of contents and of styles."""

Given = tuple[Tensor, Tensor | None, Tensor | None]
"""Contents, styles, and the first quarter of the contents recompressed in steps that want them, `[B, 3, S, S]` uint8. For the
autoencoder contents and styles together, and nothing else."""


def hold_out(pictures: list[Path], count: int) -> tuple[list[Path], list[Path]]:
    """Training and validation pictures; of a small folder at most half is kept out."""
    count = min(count, max(len(pictures) // 2, 1))
    held = {pictures[i * len(pictures) // count] for i in range(count)}
    rest = [path for path in pictures if path not in held] or pictures
    return rest, sorted(held)


class Steps(Dataset[tuple[Given, list[str]]]):
    """What each step is given, and the pictures that could not be read for it: photos and paintings mixed, then pairs."""

    def __init__(self, options: Options, contents: list[Path], styles: list[Path], rank: int, world: int) -> None:
        self.options = options
        self.rank = rank
        self.world = world

        def streams(side: int, *numbers: int) -> Streams:
            """Each draws its own pictures and crops from a run's seed."""
            crops = Crops(side, options.zoom, options.magnify, options.turn)
            seeds = [options.seed * 1000 + number for number in numbers]
            return CropStream(contents, crops, seeds[0]), CropStream(styles, crops, seeds[1])

        self._usual = streams(options.crop, 1, 2)
        self._mixed = streams(options.crop, 3, 4)
        self._large = streams(options.large_crop, 5, 6)
        self._is_large = np.random.default_rng(options.seed).random(options.steps) < options.large_share

    def __getitem__(self, step: int) -> tuple[Given, list[str]]:
        """Of one process: those of another take their own runs of the endless streams."""
        options, done = self.options, step - self.options.pretrain_steps
        if done < 0:
            half = max(options.pretrain_batch // 2, 1)
            photos, paintings, skipped = self._read(self._mixed, step, half)
            return (torch.cat([photos, paintings]), None, None), skipped
        earlier = int(self._is_large[:done].sum())
        if self._is_large[done]:
            fewer = max(options.batch * options.crop**2 // options.large_crop**2, 1)
            photos, paintings, skipped = self._read(self._large, earlier, fewer)
        else:
            photos, paintings, skipped = self._read(self._usual, done - earlier, options.batch)
        marked = None
        if again(options, step) == "recompressed":
            marked = recompressed(photos[: quarter(len(photos))], options.seed * 2**32 + step)
        return (photos, paintings, marked), skipped

    def _read(self, streams: Streams, position: int, count: int) -> tuple[Tensor, Tensor, list[str]]:
        start = (position * self.world + self.rank) * count
        (photos, of_photos), (paintings, of_paintings) = (stream.read(start, count) for stream in streams)
        return photos, paintings, of_photos + of_paintings


def training_pairs(
    options: Options, contents: list[Path], styles: list[Path], step: int, rank: int, world: int, *, pin: bool
) -> Iterator[Given]:
    """The batches from a step on. Broken pictures are reported once each."""
    loader = DataLoader(
        Steps(options, contents, styles, rank, world),
        batch_size=None,
        sampler=range(step, options.pretrain_steps + options.steps),
        num_workers=options.workers,
        pin_memory=pin,
        worker_init_fn=_leave_interrupts_to_parent,
        multiprocessing_context=_context() if options.workers else None,
    )
    reported: set[str] = set()
    for (photos, paintings, marked), skipped in loader:
        for path in set(skipped) - reported:
            log.warning("skipped %s: it cannot be read", path)
        reported.update(skipped)
        yield photos, paintings, marked


def _context() -> BaseContext:
    """How readers are started: not as forks of this process, which can dead-lock once the training threads have started."""
    if "forkserver" not in multiprocessing.get_all_start_methods():  # Windows
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch"])  # once, not by every reader
    return context


def _leave_interrupts_to_parent(worker: int) -> None:
    """Ctrl-C reaches every process of a terminal; a reader that died of it would break the step being finished."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
