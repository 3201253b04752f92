"""Which picture files are read and written, told by their names and their first bytes."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from PIL import Image, features

from ...errors import PictureError

READ_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""Formats that are always read, by Pillow's names. A short list on purpose: some of its other decoders start programs."""

PLUG_INS = {"AVIF": ("pillow_avif", "pillow-avif-plugin"), "HEIF": ("pillow_heif", "pillow-heif")}
"""Formats that are read where Pillow has their decoder, or this module of this package is installed to bring it."""

_AVIF_IS_READ = "avif" in features.modules and bool(features.check("avif"))
_SUFFIXES_OF_PLUG_INS = {"AVIF": (".avif",), "HEIF": (".heic", ".heif", ".hif")}


def _is_read(name: str) -> bool:
    return (name == "AVIF" and _AVIF_IS_READ) or importlib.util.find_spec(PLUG_INS[name][0]) is not None


READ_SUFFIXES = (
    *(".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(suffix for name, suffixes in _SUFFIXES_OF_PLUG_INS.items() if _is_read(name) for suffix in suffixes),
)
"""Files of a folder that are taken for pictures. A file named by itself is recognised by its content instead."""

WRITE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
"""What `write_picture` accepts, in either case."""

RAW_SUFFIXES = (".arw", ".cr2", ".cr3", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw")
"""What cameras write before development. Many are TIFF files whose only finished picture is a small preview."""

_OTHERS = (*(suffix for suffixes in _SUFFIXES_OF_PLUG_INS.values() for suffix in suffixes), ".jp2", ".jxl", ".psd")

UNREAD_SUFFIXES = tuple(suffix for suffix in (*_OTHERS, *RAW_SUFFIXES) if suffix not in READ_SUFFIXES)
"""Files of a folder that are pictures to people, but not read here."""


def formats_to_try(path: Path, head: bytes) -> tuple[str, ...]:
    """Pillow's formats to open a file with. Loads the plug-in that it needs.

    Args:
        path: its name.
        head: its first 32 bytes.

    Raises:
        PictureError: when it is a picture that cannot be read here; it says what to do.
    """
    if path.suffix.lower() in RAW_SUFFIXES:
        raise PictureError(f"{path}: a camera's raw file is not read; develop it to JPEG, PNG or TIFF first")
    if head[4:8] != b"ftyp":
        return READ_FORMATS
    # Both are ISO base media files; brands follow, the first one at byte 8.
    name = "AVIF" if b"avif" in head or b"avis" in head else "HEIF"
    if name == "HEIF" and head[8:10] not in (b"he", b"mi", b"ms"):
        return READ_FORMATS  # a film, most likely
    if not _registered(name):
        known = "AVIF" if name == "AVIF" else "HEIC"
        raise PictureError(
            f"{path}: a picture in {known}; `pip install {PLUG_INS[name][1]}` makes it readable, or save it as JPEG"
        )
    return (name,)


def _registered(name: str) -> bool:
    """Whether Pillow opens a format, once its plug-in is loaded where there is one."""
    if name == "AVIF" and _AVIF_IS_READ:
        return True
    try:
        plug_in = importlib.import_module(PLUG_INS[name][0])
    except ImportError:
        return False
    if name == "HEIF":
        plug_in.register_heif_opener()
    return name in Image.OPEN
