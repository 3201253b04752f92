"""Training pictures: folders in, deterministic batches of crops out."""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from a2k_core import PictureError
from a2k_core.files.pictures.image_io import read_stored
from a2k_core.files.pictures.picture_folder import pictures_below
from a2k_core.files.pictures.picture_formats import READ_SUFFIXES

log = logging.getLogger("train")


def find_pictures(folder: Path) -> list[Path]:
    """All picture files below a folder, sorted; see `pictures_below`.

    Raises:
        FileNotFoundError: when the folder is not there or holds no picture file.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; give a folder of pictures")
    found = sorted(pictures_below(folder))
    if not found:
        raise FileNotFoundError(f"{folder} holds no picture; accepted are {', '.join(READ_SUFFIXES)}")
    return found


def hold_out(pictures: list[Path], count: int) -> tuple[list[Path], list[Path]]:
    """Split into training and validation pictures: `count` evenly spaced ones are held out, at most half of them."""
    count = min(count, len(pictures) // 2)
    held = {pictures[i * len(pictures) // count] for i in range(count)}
    return [path for path in pictures if path not in held], sorted(held)


def read_crop(path: Path, crop: int, short_side: tuple[int, int], random: np.random.Generator) -> Tensor:
    """A random square of a picture, flipped half the time: `[3, crop, crop]`, uint8.

    Args:
        path: of the picture.
        crop: side of the square, in pixels.
        short_side: the picture is first scaled so that its short side has between so many pixels. It sets how large strokes are.
        random: decides scale, place and flip.

    Raises:
        PictureError: when the file cannot be read.
    """
    image = read_stored(path).on_white()
    short = min(image.size)
    side = max(1, min(short, round(crop * short / random.uniform(*short_side))))
    left = int(random.integers(image.width - side + 1))
    top = int(random.integers(image.height - side + 1))
    square = image.resize((crop, crop), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
    pixels = np.asarray(square)
    if random.random() < 0.5:
        pixels = pixels[:, ::-1]
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def read_squares(pictures: list[Path], side: int, count: int | None = None) -> Tensor:
    """The squares of pictures, `[N, 3, side, side]`. One that cannot be read is reported and left out.

    Args:
        pictures: in this order.
        side: see `read_square`.
        count: stop after so many.

    Raises:
        PictureError: when none can be read.
    """
    squares: list[Tensor] = []
    for path in pictures:
        if len(squares) == count:
            break
        try:
            squares.append(read_square(path, side))
        except PictureError as error:
            log.warning("left out: %s", error)
    if not squares:
        raise PictureError(
            f"none of {len(pictures)} pictures can be read, such as {pictures[0]}; check the training folders"
        )
    return torch.stack(squares)


def read_square(path: Path, side: int) -> Tensor:
    """The middle of a picture, `[3, side, side]` in 0..1: for validation, the same every time."""
    image = read_stored(path).on_white()
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    square = image.resize((side, side), Image.Resampling.BICUBIC, box=(left, top, left + short, top + short))
    return torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 255


class CropDataset(Dataset[tuple[Tensor, Tensor]]):
    """Batch i of a stage: `batch` photos and `batch` paintings, `[batch, 3, crop, crop]`, uint8.

    It depends on the seed and on i alone. A picture that cannot be read is reported and replaced by another.
    """

    def __init__(
        self,
        contents: list[Path],
        styles: list[Path],
        batch: int,
        crop: int,
        short_side: tuple[int, int],
        seed: tuple[int, ...],
    ) -> None:
        self.folders = contents, styles
        self.batch, self.crop, self.short_side, self.seed = batch, crop, short_side, seed

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        photos, paintings = (
            torch.stack(
                [self._crop(pictures, np.random.default_rng([*self.seed, index, which, i])) for i in range(self.batch)]
            )
            for which, pictures in enumerate(self.folders)
        )
        return photos, paintings

    def _crop(self, pictures: list[Path], random: np.random.Generator) -> Tensor:
        for _ in range(100):
            path = pictures[random.integers(len(pictures))]
            try:
                return read_crop(path, self.crop, self.short_side, random)
            except PictureError as error:
                log.warning("left out: %s", error)
        raise PictureError(f"100 pictures in a row could not be read, such as {path}; check the training folders")


def batches(dataset: CropDataset, steps: range, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of these steps, read ahead by `workers` processes."""
    # Not forks of this process, which can deadlock once training threads have started.
    context = multiprocessing.get_context("spawn") if workers else None
    yield from DataLoader(
        dataset,
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        worker_init_fn=_ignore_interrupts,
        multiprocessing_context=context,
        generator=torch.Generator(),  # it draws a seed, which must not move the state of the run
    )


def _ignore_interrupts(worker: int) -> None:
    """Ctrl-C reaches every process of a terminal. The training process finishes its step; its readers must not die before."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
