"""A small picture of a style, by which people tell saved styles apart. A style file carries it as text in its header."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from PIL import Image, ImageOps
from torch import Tensor

from .image_buffer import to_bytes

SIDE = 192
"""Pixels of its height and its width."""

MAX_BYTES = 15_000
"""Of the JPEG; as text it takes a third more."""

MOST = 8
"""How many pictures one shows."""


def thumbnail(pictures: Tensor) -> Image.Image:
    """Of style pictures `[B, 3, H, W]`, RGB in 0..1: the middle of the first `MOST`, side by side in a square."""
    shown = [Image.fromarray(to_bytes(picture)) for picture in pictures[:MOST].split(1)]
    return _strips(shown)


def side_by_side(thumbnails: Sequence[Image.Image | None]) -> Image.Image | None:
    """Of a mixture: the middle of the thumbnails of its styles. Styles without one are left out; None when none has one."""
    shown = [image for image in thumbnails if image is not None]
    return _strips(shown[:MOST]) if shown else None


def _strips(images: list[Image.Image]) -> Image.Image:
    """The middle of each in a square."""
    edges = [index * SIDE // len(images) for index in range(len(images) + 1)]
    square = Image.new("RGB", (SIDE, SIDE))
    for image, left, right in zip(images, edges, edges[1:], strict=False):
        square.paste(ImageOps.fit(image, (right - left, SIDE), Image.Resampling.LANCZOS), (left, 0))
    return square


def to_text(image: Image.Image) -> str:
    """A JPEG of at most `MAX_BYTES` in base64, as good as fits."""
    for quality in range(85, 0, -10):
        file = io.BytesIO()
        image.convert("RGB").resize((SIDE, SIDE)).save(file, "JPEG", quality=quality)
        if file.tell() <= MAX_BYTES:
            break
    return base64.b64encode(file.getvalue()).decode()


def from_text(text: str) -> Image.Image | None:
    """What `to_text` wrote. None for anything else: a style is of use without its thumbnail."""
    if len(text) > 2 * MAX_BYTES:
        return None
    try:
        image = Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=["JPEG"])
        return image.convert("RGB") if image.size == (SIDE, SIDE) else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
