"""Pictures for training: any folder of files in, deterministic crops out."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

log = logging.getLogger("train")

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for a file that is not a whole picture."""


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Image.Image]:
    """Open a picture without Pillow's warnings about odd metadata, which would drown the progress bar."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as image:
            yield image


def find_pictures(folder: Path, smallest: int) -> list[Path]:
    """All pictures below a folder whose short side has at least `smallest` pixels, in a fixed order.

    Reads headers only. Files that cannot be opened or are too small are counted in one warning that names the first ones.

    Raises:
        FileNotFoundError: when the folder is not there, or holds no usable picture.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; give a folder of pictures")
    usable: list[Path] = []
    broken: list[Path] = []
    tiny: list[Path] = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()):
        try:
            with _open(path) as image:
                (usable if min(image.size) >= smallest else tiny).append(path)
        except UNREADABLE:
            broken.append(path)
    for what, files in (("cannot be opened", broken), (f"are smaller than the {smallest} px crop", tiny)):
        if files:
            log.warning(
                "%s: skipped %d pictures that %s, such as %s",
                folder,
                len(files),
                what,
                ", ".join(f.name for f in files[:3]),
            )
    if not usable:
        raise FileNotFoundError(
            f"{folder} has no usable picture of at least {smallest} px; accepted are {', '.join(sorted(SUFFIXES))}"
        )
    return usable


@dataclasses.dataclass(frozen=True)
class Crops:
    """How squares are cut from pictures."""

    side: int
    """Pixels of the result."""

    zoom: float = 1.0
    """Up to this many times larger squares are cut, and scaled down."""

    magnify: float = 1.0
    """Up to this many times smaller squares are cut, and scaled up."""

    turn: float = 0.0
    """Share of squares that stand at any angle."""


def read_crop(path: Path, crops: Crops, random: np.random.Generator) -> Tensor:
    """A random square of a picture, flipped half the time: `[3, crops.side, crops.side]`, uint8."""
    with _open(path) as image:
        # Uniform in the logarithm: a halving of scale is as likely anywhere.
        scale = math.exp(random.uniform(-math.log(crops.magnify), math.log(crops.zoom)))
        angle = random.uniform(0, 360) if random.random() < crops.turn else 0.0
        # The upright square around the turned one; it must fit into the picture.
        around = abs(math.cos(math.radians(angle))) + abs(math.sin(math.radians(angle)))
        outer = min(min(image.size), round(crops.side * scale * around))
        left = int(random.integers(image.width - outer + 1))
        top = int(random.integers(image.height - outer + 1))
        square = image.convert("RGB").crop((left, top, left + outer, top + outer))
    if angle:
        margin = round(outer * (1 - 1 / around) / 2)
        square = square.rotate(angle, Image.Resampling.BICUBIC)
        square = square.crop((margin, margin, outer - margin, outer - margin))
    if square.size != (crops.side, crops.side):
        square = square.resize((crops.side, crops.side), Image.Resampling.LANCZOS)
    pixels = np.asarray(square)
    if random.random() < 0.5:
        pixels = pixels[:, ::-1]
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


class CropStream:
    """An endless list of crops: crop i depends on the seed and on i alone.

    Every pass over the pictures is shuffled anew. A picture that turns out broken is replaced by the next one.
    """

    def __init__(self, pictures: list[Path], crops: Crops, seed: int) -> None:
        self.pictures = pictures
        self.crops = crops
        self.seed = seed
        self._order: tuple[int, np.ndarray] | None = None

    def read(self, start: int, count: int) -> tuple[Tensor, list[str]]:
        """Crops from `start` on, `[count, 3, side, side]` uint8, and the pictures that were skipped on the way.

        Raises:
            OSError: when no picture can be read.
        """
        skipped: list[str] = []
        return torch.stack([self._crop(index, skipped) for index in range(start, start + count)]), skipped

    def _crop(self, index: int, skipped: list[str]) -> Tensor:
        epoch, position = divmod(index, len(self.pictures))
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.pictures))
        order = self._order[1]
        for offset in range(len(self.pictures)):
            path = self.pictures[order[(position + offset) % len(order)]]
            try:
                return read_crop(path, self.crops, np.random.default_rng([self.seed, 1, index]))
            except UNREADABLE:
                skipped.append(str(path))
        raise OSError(f"none of the {len(self.pictures)} pictures can be read, such as {self.pictures[0]}")


def read_square(path: Path, side: int) -> Tensor:
    """The middle of a picture, `[3, side, side]` in 0..1: for validation, the same every time."""
    with _open(path) as image:
        short = min(image.size)
        left, top = (image.width - short) // 2, (image.height - short) // 2
        square = image.convert("RGB").crop((left, top, left + short, top + short))
    pixels = np.array(square.resize((side, side), Image.Resampling.LANCZOS))
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
