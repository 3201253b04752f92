"""Thick ropes of paint that flow and turn: skies of vortices, trees like flames."""

from __future__ import annotations

import numpy as np

from .brush import Brush, Canvas
from .fields import Array, blur, fractal
from .oil import strokes_over, wander
from .palettes import choose_palette, luma, mix, shift
from .scenes import make_scene


def swirl(rng: np.random.Generator, size: int) -> Array:
    """Impasto in long curved strokes, each lighter or darker than its neighbour."""
    palette = choose_palette(
        rng,
        str(rng.choice(["starlight", "lavender field", "harbour dawn", "carnival", "lagoon", "lilac pond"]))
        if rng.random() < 0.6
        else None,
    )
    subjects = ("countryside", "countryside", "sea", "mountains", "town", "flowers", "drift", "head", "wood")
    scene = make_scene(rng, size, palette, subjects, swirls=True)
    # Bands along the flow, light against dark, are what makes it move.
    ripple = fractal(rng, size, 9, 3)
    reference = shift(scene.colour, 0.5 * ripple, 1.25, 0.09 * np.sign(ripple) * np.abs(ripple) ** 0.7)
    reference = np.clip(reference, 0, 1).astype(np.float32)
    canvas = Canvas(rng, size, blur(mix(reference, palette.dark, 0.45), 0.01 * size).repeat(2, 0).repeat(2, 1))
    angle = wander(rng, scene, 0.35)
    bold = float(rng.uniform(0.8, 1.3))
    rope = Brush(bristles=6, grain=2.4, dry=0.12, taper=0.25, body=1.1, streaks=0.12, edge=0.15)
    for width, cover, weight in (
        (0.018, 2.0, None),
        (0.0115, 2.2, None),
        (0.0085, 2.0, None),
        (0.005, 1.3, np.clip(scene.detail * 1.3 - 0.2, 0.04, 1)),
    ):
        width *= bold
        strokes = strokes_over(
            rng,
            reference,
            angle,
            width,
            min(0.2, width * 13),
            cover,
            weight=weight,
            hue=0.2,
            light=0.07,
            accent=palette.colours,
            stop=0.45 if width > 0.015 else 0.3,
            steps=14,
        )
        canvas.lay(strokes, rope)
    dark = np.clip(0.6 - luma(scene.colour), 0, 1) * scene.detail
    lines = strokes_over(
        rng, mix(scene.colour, palette.dark, 0.75), angle, 0.0028 * bold, 0.06, 0.5, weight=dark, hue=0.1, stop=0.3
    )
    canvas.lay(lines, Brush(bristles=3, dry=0.2, body=1.0, taper=0.3))
    return canvas.finish(0.45, 0.12)
