"""From what a picture file may hold (modes, colour profiles, orientation) to upright 8-bit sRGB and alpha."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms

from .errors import PictureError

logger = logging.getLogger(__name__)

_CONVERTIBLE = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"}
"""Modes that Pillow converts to RGB without loss of range."""

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation; 1 is upright."""


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
    image = _upright(image)
    if sixteen_bits:
        image = _grey_from_16_bits(image)
    elif image.mode not in _CONVERTIBLE:
        raise PictureError(f"{path}: pixels of type {image.mode} are not read; save it as 8-bit RGB or greyscale")
    alpha = None
    if image.has_transparency_data:
        grey = image.mode in ("L", "LA", "La")
        image = _as(image, "RGBA")
        alpha = image.getchannel("A")
        image = image.getchannel("R") if grey else image
    if image.mode not in ("L", "CMYK"):
        image = _as(image, "RGB")
    image = _as(_to_srgb(image, profile, path), "RGB")
    return image.copy() if image is opened else image, alpha


def _as(image: Image.Image, mode: str) -> Image.Image:
    """Converted, but not copied when it is of that mode: large pictures are copied as seldom as can be."""
    return image if image.mode == mode else image.convert(mode)


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation. EXIF that cannot be read says nothing about it."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        # A foreign file's parser again: it raises nearly anything, and the pixels are fine.
        logger.debug("unreadable EXIF", exc_info=True)
        return image
    method = _TRANSPOSITIONS.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def _grey_from_16_bits(image: Image.Image) -> Image.Image:
    """16-bit grey to 8 bits, rounded (Pillow's own conversion clips at 255); a transparent value becomes alpha."""
    values = np.asarray(image).astype(np.float32)
    grey = Image.fromarray((values.clip(0, 65535) / 257).round().astype(np.uint8))
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        alpha = np.where(values == transparent, 0, 255).astype(np.uint8)
        grey = Image.merge("LA", (grey, Image.fromarray(alpha)))
    return grey


def _to_srgb(image: Image.Image, profile: bytes | None, path: Path) -> Image.Image:
    """Convert an L, RGB or CMYK picture by its colour profile; without a usable one it is returned as it is."""
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
        logger.warning("%s: its colour profile cannot be used (%s); its colours may be slightly off", path, error)
        return image
    return image if converted is None else converted
