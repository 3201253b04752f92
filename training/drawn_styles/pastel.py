"""Dry colour on rough paper: pastel strokes, crayon, coloured pencil."""

from __future__ import annotations

import numpy as np

from .brush import Brush, Canvas
from .fields import Array, blur, edges, fractal, noise, resize, sample, shrink
from .oil import strokes_over
from .palettes import choose_palette, mix, shift, tone
from .scenes import make_scene
from .watercolour import paper_grain


def pastel(rng: np.random.Generator, size: int) -> Array:
    """Strokes that catch on the tooth of a tinted sheet; wide and soft (pastel) or thin and hatched (pencil)."""
    palette = choose_palette(rng)
    scene = make_scene(rng, size, palette, night=None if rng.random() < 0.5 else False)
    pencil = rng.random() < 0.45
    m = 2 * size
    grain = paper_grain(rng, m, size)
    if pencil:
        paper = mix(palette.light, np.ones(3, np.float32), 0.5)
    else:
        paper = tone(palette, palette.colours[int(rng.integers(6))], float(rng.choice([0.12, 0.3, 0.75])))
    canvas = Canvas(rng, size, paper)
    hatch = float(rng.uniform(0.5, 1.1)) * (1 if rng.random() < 0.5 else -1)
    follow = float(rng.uniform(0, 1))
    angle = (follow * scene.angle + (1 - follow) * hatch + 0.2 * noise(rng, size, 6)).astype(np.float32)
    colour = shift(scene.colour, 0.0, 1.25)
    if pencil:
        layers = ((0.0026, 0.11, 2.0, 0.0), (0.0022, 0.08, 2.2, 0.5), (0.0016, 0.04, 1.6, -0.4))
    else:
        layers = ((0.014, 0.12, 1.7, 0.0), (0.008, 0.09, 1.7, 0.25), (0.004, 0.04, 1.5, -0.2))
    stick = Brush(
        bristles=3 if pencil else 8, grain=4, dry=0.3, taper=0.1, body=0.0, streaks=0.1, edge=0.4, opacity=0.75
    )
    for k, (width, length, cover, turn) in enumerate(layers):
        before = canvas.colour.copy()
        weight = None if k < 2 else np.clip(scene.detail * 1.2, 0.15, 1)
        reference = blur(colour, 0.004 * size) if k == 0 else colour
        canvas.lay(
            strokes_over(
                rng,
                reference,
                angle + turn,
                width,
                length,
                cover,
                weight=weight,
                hue=0.16,
                light=0.06,
                accent=palette.colours,
                stop=0.18,
            ),
            stick,
        )
        # The sheet's hollows stay bare; each layer fills them a little more.
        tooth = np.clip((grain + 0.55 + 0.3 * k + 0.4 * fractal(rng, m, 5, 2)) * 2.2, 0.05, 1)
        canvas.colour = mix(before, canvas.colour, tooth)
    if rng.random() < (0.8 if pencil else 0.3):
        shake = 0.002 * fractal(rng, m, 12, 2)
        axis = ((np.arange(m) + 0.5) / m).astype(np.float32)
        label = sample(scene.label, axis[None, :] + shake, axis[:, None] - shake)
        line = np.clip(blur(edges(label).astype(np.float32), 1.2) * 2 - 0.3, 0, 1)
        line = line * np.clip(0.7 + noise(rng, m, 16), 0, 1) * np.clip(grain * 2 + 1.2, 0, 1)
        canvas.colour = mix(canvas.colour, palette.dark, 0.7 * line)
    smear = resize(blur(shrink(canvas.colour, 2), 2.0), m)
    canvas.colour = mix(canvas.colour, smear, 0.25 * (not pencil))
    canvas.height = 0.5 * grain
    return canvas.finish(0.08, 0.0)
