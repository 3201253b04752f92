"""Style pictures drawn by a program: one module for each family, all from numpy and pillow.

    picture = draw("swirl", seed=7, size=512)

A picture is a pure function of its kind, seed and size. The families share palettes (`palettes`), scenes to paint
(`scenes`), smooth fields (`fields`) and a brush (`brush`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from .comic import comic
from .deco import deco
from .facets import facets
from .fields import Array, to_image
from .flat import flat
from .glass import stained_glass
from .ink import ink
from .mosaic import mosaic
from .neon import neon
from .oil import knife, oil
from .palettes import PALETTES, Palette
from .pastel import pastel
from .pixels import pixel
from .pointillism import pointillism
from .swirl import swirl
from .textile import textile
from .watercolour import watercolour
from .woodcut import woodcut

__all__ = ["KINDS", "PALETTES", "SMALLEST", "Palette", "draw"]

_FAMILIES: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "comic": comic,
    "deco": deco,
    "facets": facets,
    "flat": flat,
    "ink": ink,
    "knife": knife,
    "mosaic": mosaic,
    "neon": neon,
    "oil": oil,
    "pastel": pastel,
    "pixel": pixel,
    "pointillism": pointillism,
    "stained_glass": stained_glass,
    "swirl": swirl,
    "textile": textile,
    "watercolour": watercolour,
    "woodcut": woodcut,
}

KINDS: tuple[str, ...] = tuple(_FAMILIES)
"""The names `draw` accepts."""

SMALLEST = 16
"""The smallest size that can be drawn, in pixels."""


def draw(kind: str, seed: int, size: int = 512) -> Image.Image:
    """An RGB picture of `size` by `size` pixels. The same kind, seed (0 or more) and size give the same picture.

    Raises ValueError for an unknown kind, a negative seed or a size below `SMALLEST`.
    """
    if kind not in _FAMILIES:
        raise ValueError(f"unknown kind {kind!r}: choose from {', '.join(KINDS)}")
    if seed < 0:
        raise ValueError(f"the seed is {seed}: it must be 0 or more")
    if size < SMALLEST:
        raise ValueError(f"the size is {size}: it must be {SMALLEST} or more")
    # The kind is part of the seed: otherwise every family would show the same scene in the same palette.
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    return to_image(_FAMILIES[kind](rng, size))
