"""Which colour of a palette plays which part in a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import Array
from ..palettes import Palette, luma, mix, tone


@dataclass(frozen=True)
class Cast:
    """Colours by part. All RGB triples."""

    palette: Palette
    sky_high: Array
    sky_low: Array
    sun: Array
    far: Array
    middle: Array
    near: Array
    accents: Array
    """Colours left for blossoms, roofs, sails and fruit, `[k, 3]`, brightest contrast first."""
    night: bool

    @property
    def dark(self) -> Array:
        """The palette's darkest tone."""
        return self.palette.dark

    @property
    def light(self) -> Array:
        """The palette's lightest tone."""
        return self.palette.light

    def accent(self, rng: np.random.Generator) -> Array:
        """Any one of the accents."""
        return np.asarray(self.accents[rng.integers(len(self.accents))])

    def toned(self, colour: Array, brightness: float) -> Array:
        """`colour` at a brightness, within the palette."""
        return tone(self.palette, colour, brightness)


def cast_palette(rng: np.random.Generator, palette: Palette, night: bool | None = None) -> Cast:
    """Give out the parts: mostly cool skies over warmer land, sometimes the other way round, sometimes at night."""
    if night is None:
        night = bool(rng.random() < 0.2)
    warmth = palette.colours[:, 0] - palette.colours[:, 2]
    order = np.argsort(warmth + rng.normal(0, 0.12, len(warmth)))
    if rng.random() < 0.22:
        order = order[::-1]
    cool_to_warm = palette.colours[order]
    sky, second, third = cool_to_warm[0], cool_to_warm[1], cool_to_warm[2]
    glow = cool_to_warm[rng.integers(3, 6)]
    if night:
        sky_high, sky_low = tone(palette, sky, rng.uniform(0.04, 0.1)), tone(palette, second, rng.uniform(0.14, 0.3))
        levels = (0.12, 0.1, 0.06)
    else:
        sky_high = tone(palette, sky, rng.uniform(0.3, 0.6))
        sky_low = mix(tone(palette, sky, 0.7), tone(palette, glow, 0.75), float(rng.uniform(0.1, 0.9)))
        levels = (float(rng.uniform(0.34, 0.5)), float(rng.uniform(0.2, 0.42)), float(rng.uniform(0.1, 0.3)))
    land = [mix(tone(palette, third, levels[0]), sky_low, 0.35), cool_to_warm[rng.integers(2, 5)], cool_to_warm[3]]
    accents = palette.colours[np.argsort(-np.abs(luma(palette.colours) - levels[1]))]
    bright = palette.colours[np.argmax(luma(palette.colours) + 0.6 * warmth)]
    return Cast(
        palette,
        sky_high,
        sky_low,
        mix(bright, palette.light, 0.3),
        land[0],
        tone(palette, land[1], levels[1]),
        tone(palette, land[2], levels[2]),
        accents,
        night,
    )
