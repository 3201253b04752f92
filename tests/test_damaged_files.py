"""Damaged and hostile files: every one is read or refused with an error of this package, whatever is wrong with it.

`DAMAGED_FILES=10000 python -m pytest tests/test_damaged_files.py` tries so many models and styles, and as many pictures.
"""

from __future__ import annotations

import io
import json
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tiny_networks import picture

from a2k_core import EncodedStyle, StyA2K, StyA2KError, load_model, read_picture, save_model
from a2k_core.files.pictures.image_io import MAX_PIXELS
from a2k_core.files.pictures.picture_formats import READ_SUFFIXES
from a2k_core.files.style_file import fingerprint, load_style, save_style

CASES = int(os.environ.get("DAMAGED_FILES", "400"))
VALUES = [None, True, -1, 0, 1, 2**31, 2**63, 1e300, "", "F64", "x" * 5000, [], [1], [0, 2**62], [-1, 4], {}, {"a": 1}]


def header_of(data: bytes) -> tuple[Any, bytes]:
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def with_header(header: object, tensors: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + tensors


def truncated(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.choice([0, 1, 7, 8, 9, chance.randrange(len(data)), chance.randrange(300)])]


def flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 5, 50])):
        changed[chance.randrange(chance.choice([8, 400, len(data)]))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def lying_length(data: bytes, chance: random.Random) -> bytes:
    return struct.pack("<Q", chance.choice([0, 1, 2**20, 2**40, 2**64 - 1, len(data)])) + data[8:]


def lying_header(data: bytes, chance: random.Random) -> bytes:
    header, tensors = header_of(data)
    name = chance.choice(list(header))
    key = chance.choice(list(header[name]))
    header[name][key] = chance.choice(VALUES)
    return with_header(header, tensors)


def lying_configuration(data: bytes, chance: random.Random) -> bytes:
    header, tensors = header_of(data)
    metadata = header["__metadata__"]
    if "config" not in metadata:
        metadata[chance.choice(list(metadata))] = str(chance.choice(VALUES))
        return with_header(header, tensors)
    config = json.loads(metadata["config"])
    config[chance.choice([*config, "unknown"])] = chance.choice(VALUES)
    metadata["config"] = json.dumps(config)
    return with_header(header, tensors)


def renamed(data: bytes, chance: random.Random) -> bytes:
    header, tensors = header_of(data)
    names = [name for name in header if name != "__metadata__"]
    first, second = chance.sample(names, 2)
    header[chance.choice([first + "x", second, ""])] = header.pop(first)
    return with_header(header, tensors)


DAMAGES: list[Callable[[bytes, random.Random], bytes]] = [
    truncated,
    flipped,
    lying_length,
    lying_header,
    lying_configuration,
    renamed,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_models_and_styles_are_read_or_refused(
    compact_model: StyA2K, tmp_path: Path, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    known = fingerprint(compact_model)
    model, style = tmp_path / "model.safetensors", tmp_path / "style.safetensors"
    save_model(compact_model, model, {"training": {"steps": 1}})
    save_style(compact_model.encode_style(picture(64, 64)), style, known)
    readers: list[tuple[Path, Callable[[Path], StyA2K | EncodedStyle]]] = [
        (model, lambda path: load_model(path, device="cpu")),
        (style, lambda path: load_style(path, known)),
    ]
    chance = random.Random(damage.__name__)
    refused = 0
    for file, read in readers:
        data, damaged = file.read_bytes(), tmp_path / "damaged.safetensors"
        for _ in range(CASES // len(DAMAGES) // 2):
            damaged.write_bytes(damage(data, chance))
            try:
                read(damaged)
            except StyA2KError as error:
                assert str(damaged) in str(error), "the error names the file"
                refused += 1
    assert refused > 0


def zeroed(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.choice([1, 4, 100, len(data)]))
    return data[:start] + bytes(end - start) + data[end:]


def spliced(data: bytes, chance: random.Random) -> bytes:
    """A piece of the file in another place, as after a failed copy."""
    start, place = chance.randrange(len(data)), chance.randrange(len(data))
    piece = data[start : start + chance.choice([4, 64, len(data)])]
    return data[:place] + piece + data[place + chance.choice([0, len(piece)]) :]


def huge_numbers(data: bytes, chance: random.Random) -> bytes:
    """Sizes, counts and offsets that cannot be."""
    changed = bytearray(data)
    place = chance.randrange(min(len(data), chance.choice([64, 300, len(data)])))
    changed[place : place + 4] = chance.choice(
        [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4)]
    )
    return bytes(changed)


PICTURE_DAMAGES = [truncated, flipped, zeroed, spliced, huge_numbers]


def pictures_of(form: str) -> list[bytes]:
    """Files of a format, in the kinds that take different ways through its decoder."""
    color = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8))
    color = color.resize((90, 70))
    alpha, palette, gray = color.convert("RGBA"), color.convert("P"), color.convert("L")
    deep = Image.fromarray(np.random.default_rng(0).integers(0, 65536, (40, 50)).astype(np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = {"save_all": True, "append_images": [color.rotate(90)]}
    kinds: dict[str, list[tuple[Image.Image, dict[str, Any]]]] = {
        "JPEG": [(color, {"exif": exif}), (color, {"progressive": True}), (color.convert("CMYK"), {}), (gray, {})],
        "PNG": [(color, {}), (alpha, {}), (deep, {}), (palette, {"transparency": 3}), (color, {"exif": exif})],
        "WEBP": [(color, {}), (alpha, {"lossless": True}), (color, frames)],
        "GIF": [(palette, {}), (palette, {"transparency": 3, **frames})],
        "BMP": [(color, {}), (palette, {}), (color.convert("1"), {})],
        "TIFF": [
            (color, {}),
            (deep, {}),
            (alpha, {"compression": "tiff_lzw"}),
            (color, {"compression": "jpeg"}),
            (color, frames),
        ],
        "AVIF": [(color, {}), (alpha, {})],
    }
    stored = []
    for image, options in kinds[form]:
        file = io.BytesIO()
        image.save(file, form, **options)
        stored.append(file.getvalue())
    return stored


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize(
    "form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", *(["AVIF"] if ".avif" in READ_SUFFIXES else [])]
)
def test_pictures_are_read_or_refused(tmp_path: Path, form: str) -> None:
    whole = pictures_of(form)
    chance = random.Random(form)
    path = tmp_path / "damaged"
    for data in whole:
        path.write_bytes(data)
        assert read_picture(path).image.isfinite().all(), "before the damage it is a picture"
    refused = 0
    for number in range(CASES // 6):
        damage = PICTURE_DAMAGES[number % len(PICTURE_DAMAGES)]
        path.write_bytes(damage(chance.choice(whole), chance))
        try:
            image = read_picture(path).image
        except StyA2KError as error:
            assert str(path) in str(error)
            refused += 1
        else:
            assert image.isfinite().all()
            assert image.shape[2] * image.shape[3] <= MAX_PIXELS
    assert refused > 0
