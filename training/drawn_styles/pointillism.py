"""Dots of divided colour: each touch a purer hue than the mixture the eye makes of them."""

from __future__ import annotations

import numpy as np

from .brush import Brush, Canvas, Strokes, trace
from .fields import Array, blur, noise, sample
from .oil import scatter
from .palettes import choose_palette, luma, mix, shift
from .scenes import make_scene


def pointillism(rng: np.random.Generator, size: int) -> Array:
    """Round or brick-like touches over a pale ground."""
    palette = choose_palette(rng)
    scene = make_scene(rng, size, palette)
    light = float(luma(scene.colour).mean())
    ground = mix(palette.light, scene.colour.mean((0, 1)), 0.35)
    canvas = Canvas(rng, size, ground)
    canvas.height += 0.3 * noise(rng, canvas.m, canvas.m / 5)
    bricks = rng.random() < 0.4
    radius = float(rng.uniform(0.0042, 0.0085))
    soft = blur(scene.colour, 0.6 * radius * size)
    dab = Brush(bristles=3, grain=1, dry=0.05, taper=0.2 if bricks else 0.5, body=0.8, streaks=0.05, edge=0.12)
    pure = np.concatenate([palette.colours, [palette.light]])
    for k, (scale, cover) in enumerate(((1.35, 1.4), (1.0, 1.6), (0.8, 1.1))):
        r = radius * scale
        length = r * (4.2 if bricks else 2.2)
        x, y = scatter(rng, int(cover / (2 * r * length)))
        count = len(x)
        path = trace(scene.angle + 0.3 * noise(rng, size, 10), x, y, np.full(count, length, np.float32), 3)
        colour = sample(soft if k < 2 else scene.colour, x, y)
        # Divide: the local colour a little purer, then its neighbours in hue, and now and then its opposite or a pure pigment.
        turn = np.where(rng.random(count) < 0.1, np.pi, rng.normal(0, 0.45, count))
        weak = np.where(np.abs(turn) > 2.5, 0.7, rng.uniform(0.95, 1.5, count))
        colour = shift(colour, turn, weak, rng.normal(0.015 if light < 0.5 else 0.0, 0.06, count))
        nearest = np.argmin(((colour[:, None] - pure) ** 2).sum(-1), 1)
        colour = mix(colour, pure[nearest], rng.uniform(0, 0.55, count))
        widths = (r * rng.uniform(0.8, 1.2, count)).astype(np.float32)
        canvas.lay(Strokes(path, widths, np.clip(colour, 0, 1)), dab)
    return canvas.finish(0.3, 0.05)
