"""From what a picture file may hold (modes, color profiles, orientation) to upright 8-bit sRGB and alpha."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from ...errors import PictureError

logger = logging.getLogger(__name__)

_CONVERTIBLE = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"}
"""Modes that Pillow converts to RGB without loss of range."""


def to_srgb_and_alpha(image: Image.Image, path: Path) -> tuple[Image.Image, Image.Image | None]:
    """An opened picture, upright, as an RGB picture in sRGB and an L picture of its alpha, None if it has none.

    Args:
        image: of any mode, its file still open; the results do not depend on it.
        path: what messages call it.

    Raises:
        PictureError: when the mode has no agreed meaning as RGB.
    """
    profile = image.info.get("icc_profile")
    sixteen_bits = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG")  # "I": older Pillows
    opened = image
    _make_upright(image)
    if sixteen_bits:
        image = _gray_from_16_bits(image)
    elif image.mode not in _CONVERTIBLE:
        raise PictureError(f"{path}: pixels of type {image.mode} are not read; save it as 8-bit RGB or grayscale")
    alpha = None
    if image.has_transparency_data:
        gray = image.mode in ("L", "LA", "La")
        image = _as(image, "RGBA")
        alpha = image.getchannel("A")
        image = image.getchannel("R") if gray else image
    if image.mode not in ("L", "CMYK"):
        image = _as(image, "RGB")
    image = _as(_to_srgb(image, profile, path), "RGB")
    return image.copy() if image is opened else image, alpha


def _as(image: Image.Image, mode: str) -> Image.Image:
    """Converted, but not copied when it is of that mode: large pictures are copied as seldom as can be."""
    return image if image.mode == mode else image.convert(mode)


def _make_upright(image: Image.Image) -> None:
    """Apply the EXIF orientation. EXIF that cannot be read says nothing about it."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:
        # A foreign file's parser: it raises nearly anything, and the pixels are fine.
        logger.debug("unreadable EXIF", exc_info=True)


def _gray_from_16_bits(image: Image.Image) -> Image.Image:
    """16-bit gray to 8 bits, rounded (Pillow's own conversion clips at 255); a transparent value becomes alpha."""
    values = np.asarray(image).astype(np.float32)
    gray = Image.fromarray((values.clip(0, 65535) / 257).round().astype(np.uint8))
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        alpha = np.where(values == transparent, 0, 255).astype(np.uint8)
        gray = Image.merge("LA", (gray, Image.fromarray(alpha)))
    return gray


def _to_srgb(image: Image.Image, profile: bytes | None, path: Path) -> Image.Image:
    """Convert an L, RGB or CMYK picture by its color profile; without a usable one it is returned as it is."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(space)
        if image.mode == "L" and mode == "RGB":
            image = image.convert("RGB")
        if image.mode != mode:
            raise ValueError(f"a {space} profile in a picture of mode {image.mode}")
        converted = ImageCms.profileToProfile(
            image,
            source,
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, ImportError, OSError, ValueError) as error:
        logger.warning("%s: its color profile cannot be used (%s); its colors may be slightly off", path, error)
        return image
    return image if converted is None else converted
