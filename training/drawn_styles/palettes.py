"""Hand-chosen palettes, their seeded variations, and the few colour operations the drawings share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .fields import Array

# Rec. 709 weights: how bright a colour looks is what keeps a picture readable when its hues are shuffled.
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Palette:
    """Colours that go together. All are RGB triples in 0..1."""

    name: str
    dark: Array
    """The darkest tone: outlines, leads, night."""
    light: Array
    """The lightest tone: paper, highlights."""
    colours: Array
    """The body colours, `[6, 3]`."""


def _hex(code: str) -> list[float]:
    return [int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)]


def _palette(name: str, dark: str, light: str, colours: str) -> Palette:
    return Palette(
        name,
        np.array(_hex(dark), np.float32),
        np.array(_hex(light), np.float32),
        np.array([_hex(code) for code in colours.split()], np.float32),
    )


PALETTES: tuple[Palette, ...] = (
    _palette("harbour dawn", "1d2b3a", "f6ead7", "e07a5f f2b880 5b8e9f 2f5d73 c8553d 8fb8ae"),
    _palette("lavender field", "24324a", "f7efd2", "e9b44c 4f6d9a 7a9e5a c65b3c 9b8fc0 2f5a4a"),
    _palette("starlight", "0d1b3e", "fdf3c1", "f5c63c 1f4ba5 4d86c6 13306b 8ab6d6 2d6a62"),
    _palette("autumn wood", "2b1a12", "f4e3c3", "b5451f dd8a2f 8a5a2b 5f6f3a e3b95b 7a2a1f"),
    _palette("indigo print", "14213d", "f3ead8", "274c77 6096ba a3cef1 c44536 e8c39e 3d5a80"),
    _palette("spring orchard", "2f3e2f", "fdf6f0", "f4a6b7 9cc59a 6fa8c9 f6d06f d9678b 5c8a5c"),
    _palette("desert", "3a1f2b", "fbe8cf", "d96c3f f0a35e a23e48 6d597a e8c07d 457b7f"),
    _palette("north", "22333b", "eef2ef", "5e747f a9bcc4 c6ac8f 7d8f69 d9ae61 3e5c76"),
    _palette("carnival", "073b4c", "fff8e7", "ef476f ffd166 16b38f 118ab2 f78c6b 6a4c93"),
    _palette("workshop", "1b1b1b", "f2e8d5", "d62828 f2b134 1d4e89 e86a33 3f7d6e 8d99ae"),
    _palette("arcade", "0b0620", "fdf7ff", "ff3cac 22d3ee 7c3aed fde047 34d399 fb7185"),
    _palette("jade and plum", "241b2f", "f1efe3", "3f8f77 8fc1a9 6b3a5b b5637f d9c27e 2e5e6b"),
    _palette("ember", "190b0b", "ffe9c9", "8c1c13 bf4342 e7852b f5c04e 50281b 735f6e"),
    _palette("lagoon", "0f2f3a", "eaf6f0", "1f7a8c 58b4ae bfe3d0 f4a261 2a4d69 e76f51"),
    _palette("sepia", "2a1e16", "f5ecda", "7b5b3f b08d62 d6bd92 56422f 98806a 8e4a34"),
    _palette("fresco", "38302e", "f8f1e5", "c98b70 d8b08c 7f9b93 b1a47f 93534a 5c7285"),
    _palette("lilac pond", "23284a", "f3f0fa", "6c7fc4 a9b7e6 7fb08f d9a5cf e9d27b 3f6e75"),
    _palette("gilt", "0e1420", "f6ecd0", "c9a24a e4c97e 1f3a4d 2f5e5e 7c2e38 8f9ba3"),
)


def luma(colour: Array) -> Array:
    """Brightness of RGB `[..., 3]` in 0..1."""
    return np.asarray(colour @ LUMA)


def mix(a: Array, b: Array, t: float | Array) -> Array:
    """`a` at t = 0, `b` at t = 1; a field `t` gets a colour axis."""
    if isinstance(t, np.ndarray):
        t = t[..., None]
    return np.asarray(a * (1 - t) + b * t)


def shift(
    colour: Array, hue: float | Array = 0.0, saturation: float | Array = 1.0, light: float | Array = 0.0
) -> Array:
    """Turn the hue (radians), scale the saturation and add lightness. Unclipped; arguments are scalars or fields."""
    hue, saturation, light = (np.asarray(value, np.float32)[..., None] for value in (hue, saturation, light))
    grey = luma(colour)[..., None]
    chroma = colour - grey
    # A turn about the grey axis (1, 1, 1): the cross product with it, scaled to unit length, is the quarter turn.
    quarter = (np.roll(chroma, 1, -1) - np.roll(chroma, -1, -1)) / np.sqrt(3)
    return np.asarray(grey + saturation * (chroma * np.cos(hue) + quarter * np.sin(hue)) + light)


def tone(palette: Palette, colour: Array, brightness: float) -> Array:
    """`colour` moved to the given brightness by mixing in the palette's own light or dark."""
    here = float(luma(colour))
    end = palette.light if brightness > here else palette.dark
    reach = float(luma(end)) - here
    amount = 0.0 if abs(reach) < 1e-6 else (brightness - here) / reach
    return mix(colour, end, min(max(amount, 0.0), 0.92))


def choose_palette(rng: np.random.Generator, name: str | None = None) -> Palette:
    """A palette (by name, or any), its order shuffled and its hue, saturation and lightness moved a little."""
    names = [palette.name for palette in PALETTES]
    base = PALETTES[names.index(name) if name else int(rng.integers(len(PALETTES)))]
    hue, saturation, light = rng.normal(0, 0.12), rng.uniform(0.85, 1.2), rng.normal(0, 0.02)
    own = rng.normal(0, 0.05, len(base.colours)).astype(np.float32)
    colours = shift(base.colours, hue + own, saturation, light + rng.normal(0, 0.02, len(own)).astype(np.float32))
    return Palette(
        base.name,
        np.clip(shift(base.dark, hue, saturation), 0, 1).astype(np.float32),
        np.clip(shift(base.light, hue * 0.5), 0, 1).astype(np.float32),
        rng.permutation(np.clip(colours, 0, 1)).astype(np.float32),
    )
