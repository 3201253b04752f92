"""Picture files: reading what a network needs of them, and writing its results."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ...errors import InputError, PictureError
from ...options import check_image
from ..atomic_write import temporary_beside
from .color_profile import to_srgb_and_alpha
from .image_buffer import Canvas, StoredPicture, on_white, to_bytes, to_tensor
from .picture_formats import READ_FORMATS, WRITE_SUFFIXES, formats_to_try

logger = logging.getLogger(__name__)

MAX_PIXELS = 300_000_000
"""Larger pictures are refused. It is twice the largest single-shot cameras, and 1.2 GB in memory, a few times over while
they are read and painted: beyond it a file is a mistake or an attack far more often than a picture."""


@dataclasses.dataclass(frozen=True)
class _Writer:
    name: str
    longest_side: int
    options: dict[str, Any]


# No chroma subsampling: strokes are full of saturated edges, which 4:2:0 smears.
_JPEG = _Writer("JPEG", 65500, {"quality": 95, "subsampling": "4:4:4"})
_WRITERS = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".png": _Writer("PNG", 2**31 - 1, {}),
    ".webp": _Writer("WEBP", 16383, {"quality": 95}),
}

_pillow_limit = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture file's pixels, upright and in sRGB."""

    image: Tensor
    """`[1, 3, H, W]`, fp32, RGB in 0..1; where it is transparent, whatever color the file has there."""

    alpha: Tensor | None = None
    """`[1, 1, H, W]`, fp32, 0 (transparent) to 1; None when the file has no transparency."""

    def on_white(self) -> Tensor:
        """The picture as it looks on a white page, `[1, 3, H, W]`."""
        if self.alpha is None:
            return self.image
        return on_white(self.image, self.alpha)


def read_picture(path: str | os.PathLike[str]) -> Picture:
    """Read a JPEG, PNG, WebP, GIF, BMP or TIFF file; AVIF and HEIC where Pillow or its plug-ins can.

    The EXIF orientation is applied and an embedded color profile is converted to sRGB, so the pixels are what a viewer
    shows. 16 bits become 8. Of an animation the first frame is taken, with a warning in the log. Other metadata is not
    kept.

    Raises:
        PictureError: when the file is missing, empty, damaged, no picture, or has more than `MAX_PIXELS`.
    """
    stored = read_stored(path)
    return Picture(to_tensor(stored.rgb), None if stored.alpha is None else to_tensor(stored.alpha))


def read_stored(path: str | os.PathLike[str]) -> StoredPicture:
    """`read_picture` for pictures of any size: the pixels stay as small as they are in memory."""
    path = Path(path)
    try:
        with _open(path) as file, _our_pixel_limit():
            formats = formats_to_try(path, file.read(32))
            # The file, not its name: decoding then depends on nothing but the bytes.
            opened = Image.open(file, formats=formats)
            _check_size(path, opened.width, opened.height)
            # MPO: a photo followed by previews of it, as many cameras write. Not an animation.
            if getattr(opened, "is_animated", False) and opened.format != "MPO":
                logger.warning("%s: holds several pictures (an animation, or pages); the first is used", path)
            opened.load()
            return StoredPicture(*to_srgb_and_alpha(opened, path))
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise PictureError(
            f"{path}: not a picture, damaged, or in a format that is not read; accepted: {', '.join(READ_FORMATS)}"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        count = re.search(r"\d+", str(error))
        raise PictureError(_too_large(path, "the picture", int(count[0]) if count else 2 * MAX_PIXELS)) from error
    except MemoryError as error:
        raise PictureError(f"{path}: not enough memory to read it") from error
    except Exception as error:
        # Damaged and hostile files make decoders raise nearly anything.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PictureError(f"{path}: a damaged or truncated picture ({reason})") from error


def read_mask(path: str | os.PathLike[str]) -> Tensor:
    """Read a picture file as a mask, `[1, 1, H, W]`, fp32: 0 where it is black or transparent, 1 where it is white.

    Raises:
        PictureError: as `read_picture` does.
    """
    stored = read_stored(path)
    mask = to_tensor(stored.rgb.convert("L"))
    return mask if stored.alpha is None else mask * to_tensor(stored.alpha)


def check_output(path: str | os.PathLike[str], width: int = 1, height: int = 1) -> None:
    """Say before the work is done whether `write_picture` could write a picture of this size there.

    Raises:
        PictureError: when the suffix is not one of `WRITE_SUFFIXES`, or its format cannot hold the size.
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        given = f"the suffix {path.suffix}" if path.suffix else "a name without a suffix"
        raise PictureError(f"{path}: {given} is not a picture format; accepted: {', '.join(WRITE_SUFFIXES)}")
    if max(width, height) > writer.longest_side:
        raise PictureError(
            f"{path}: {width}x{height} is too large for {writer.name} (up to {writer.longest_side} a side); write .png"
        )


def write_picture(path: str | os.PathLike[str], image: Tensor, alpha: Tensor | None = None) -> None:
    """Write an 8-bit sRGB picture, complete or not at all. An existing file is replaced.

    Args:
        path: its suffix chooses JPEG (quality 95, 4:4:4), PNG or WebP (quality 95). Its folder must exist.
        image: `[1, 3, H, W]` RGB; clamped to 0..1 and rounded.
        alpha: `[1, 1, H, W]` in 0..1. JPEG has no transparency: there the picture is put on white.

    Raises:
        PictureError: when the suffix is unknown, its format cannot hold the size, or the file cannot be written.
        InputError: when `image` is not one picture of finite values, or `alpha` is not of its size.
    """
    path = Path(path)
    _check_one(image, alpha)
    check_output(path, image.shape[-1], image.shape[-2])
    if alpha is not None:
        alpha = alpha.to(image)
        image = torch.cat([image, alpha], dim=1) if holds_alpha(path) else on_white(image, alpha)
    _write(path, Image.fromarray(to_bytes(image)))


def _check_one(image: Tensor, alpha: Tensor | None) -> None:
    check_image(image, "image")
    if len(image) > 1:
        raise InputError(f"image holds {len(image)} pictures; write them one by one, each to a file of its own")
    one, _, height, width = image.shape
    if alpha is not None and (not isinstance(alpha, Tensor) or alpha.shape != (one, 1, height, width)):
        given = list(alpha.shape) if isinstance(alpha, Tensor) else type(alpha).__name__
        raise InputError(f"alpha is {given}; pass [1, 1, {height}, {width}], in 0..1, for this picture")
    for values, name in ((image, "image"), (alpha, "alpha")):
        if values is not None and not bool(values.isfinite().all()):
            raise InputError(f"{name} has NaN or infinite values; nothing was written")


def holds_alpha(path: str | os.PathLike[str]) -> bool:
    """Whether the format that a path's suffix chooses has transparency."""
    return _WRITERS[Path(path).suffix.lower()] is not _JPEG


def write_canvas(path: str | os.PathLike[str], canvas: Canvas) -> None:
    """`write_picture` for what was written region by region. For JPEG it must have been put on white.

    Raises:
        PictureError: as `write_picture` does.
    """
    path = Path(path)
    check_output(path, canvas.image.width, canvas.image.height)
    _write(path, canvas.image)


def _write(path: Path, image: Image.Image) -> None:
    writer = _WRITERS[path.suffix.lower()]
    try:
        with temporary_beside(path) as temporary:
            image.save(temporary, format=writer.name, **writer.options)
    except OSError as error:
        raise PictureError(f"{path}: cannot write the picture ({error.strerror or error})") from error


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise PictureError(f"{path}: a folder, not a picture")
    if not path.is_file():
        raise PictureError(f"{path}: {'not a regular file' if path.exists() else 'no such file'}")
    try:
        if path.stat().st_size == 0:
            raise PictureError(f"{path}: the file is empty")
        return path.open("rb")
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({error.strerror})") from error


@contextlib.contextmanager
def _our_pixel_limit() -> Iterator[None]:
    """Give Pillow this module's limit in place of its own, which warns at 89 megapixels and refuses at 179.

    The limit is a global of Pillow's, hence the lock and the restoring. Pillow warns above it and refuses above its
    double; `_check_size` refuses in between.
    """
    with _pillow_limit:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = MAX_PIXELS
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise PictureError(_too_large(path, f"{width}x{height}", width * height))


def _too_large(path: Path, size: str, pixels: int) -> str:
    return f"{path}: {size} has {pixels / 1e6:.0f} megapixels; up to {MAX_PIXELS / 1e6:.0f} are accepted"
