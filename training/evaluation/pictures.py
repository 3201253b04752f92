"""The pictures of an evaluation: contents and styles at a size, their pairs, and the stylized pictures by name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from torch import Tensor

from a2k_core import InputError, PictureError
from a2k_core.images import read_picture, write_picture
from a2k_core.pixels import to_bytes, to_tensor
from data import find_pictures


class Pair(NamedTuple):
    """A content and a style, by the stems of their files."""

    content: str
    style: str

    @property
    def file_name(self) -> str:
        """How every system names its picture of the pair: CONTENT__STYLE.png, stems without their suffix."""
        return f"{self.content}__{self.style}.png"


def find_by_stem(folder: Path) -> dict[str, Path]:
    """The pictures of a folder by stem, in a fixed order.

    Raises:
        FileNotFoundError: when there are none.
        PictureError: when two have the same stem: their stylized pictures would have the same name.
    """
    found: dict[str, Path] = {}
    for path in find_pictures(folder, 1):
        if path.stem in found:
            raise PictureError(f"{found[path.stem]} and {path} have the same stem; rename one")
        found[path.stem] = path
    return found


def choose_pairs(contents: list[str], styles: list[str], count: int | None) -> list[Pair]:
    """All pairs, or `count` of them that use every content and every style about equally often.

    They are taken along diagonals: content i with style i, then content i with style i + 1, and so on.
    """
    diagonals = [
        Pair(content, styles[(index + shift) % len(styles)])
        for shift in range(len(styles))
        for index, content in enumerate(contents)
    ]
    chosen = set(diagonals[:count])
    return [pair for content in contents for style in styles if (pair := Pair(content, style)) in chosen]


def read_sized(path: Path, short_side: int) -> Tensor:
    """A picture scaled (Lanczos, up or down) so that its short side is `short_side`, `[1, 3, H, W]` in 0..1, 8-bit levels.

    The long side is rounded down, as torchvision's `Resize` does. Transparency is put on white.

    Raises:
        PictureError: when it cannot be read.
    """
    image = Image.fromarray(to_bytes(read_picture(path).on_white()))
    shorter = min(image.size)
    width, height = (math.floor(side * short_side / shorter) for side in image.size)
    if (width, height) != image.size:
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return to_tensor(image)


def rounded(image: Tensor) -> Tensor:
    """`[1, 3, H, W]` in 0..1 at the 8-bit levels that a picture file keeps."""
    return to_tensor(Image.fromarray(to_bytes(image)))


def save_stylized(folder: Path, pair: Pair, image: Tensor) -> None:
    """Write a system's picture of a pair."""
    write_picture(folder / pair.file_name, image)


class StylizedPictures:
    """Another system's pictures of the same pairs at one size.

    Args:
        name: what reports call the system.
        folder: holds CONTENT__STYLE.png for every pair.

    Raises:
        FileNotFoundError: when pictures are missing; it names them.
    """

    def __init__(self, name: str, folder: Path, pairs: list[Pair]) -> None:
        self.name = name
        self.folder = folder
        missing = [pair.file_name for pair in pairs if not (folder / pair.file_name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"{folder}: {name} lacks {len(missing)} of {len(pairs)} pictures: {', '.join(missing)}. Each pair needs "
                "SIZE/CONTENT__STYLE.png in the folder given to --baseline"
            )

    def read(self, pair: Pair, height: int, width: int) -> Tensor:
        """The system's picture, `[1, 3, height, width]` in 0..1.

        Raises:
            PictureError: when it cannot be read.
            InputError: when it has another size than the content.
        """
        path = self.folder / pair.file_name
        image = read_picture(path).on_white()
        if image.shape[-2:] != (height, width):
            raise InputError(
                f"{path}: {image.shape[-1]}x{image.shape[-2]} px, the content has {width}x{height}; stylize the content "
                "scaled to the same short side, the long side rounded down"
            )
        return image
