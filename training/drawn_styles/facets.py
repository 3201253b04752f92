"""Facetted pictures: a scene seen in broken planes, each shifted a little and shaded from edge to edge."""

from __future__ import annotations

import numpy as np

from .fields import Array, blur, coordinates, fractal, noise, sample, shrink
from .palettes import choose_palette, mix, shift
from .scenes import make_scene


def facets(rng: np.random.Generator, size: int) -> Array:
    """Early twentieth-century cubes: long cuts, muted or strong colour, dry brushwork."""
    palette = choose_palette(rng)
    m = 2 * size
    scene = make_scene(rng, m, palette, ("head", "head", "fruit", "flowers", "town", "countryside", "sea", "discs"))
    x, y = coordinates(m)
    piece = np.zeros((m, m), np.int64)
    edge = np.full((m, m), 1.0, np.float32)
    shade = np.zeros((m, m), np.float32)
    for k in range(int(rng.integers(6, 12))):  # cuts, of which each runs through part of the picture only
        a = rng.uniform(0, np.pi)
        cx, cy = rng.uniform(0.1, 0.9, 2)
        if rng.random() < 0.3:
            r = float(rng.uniform(0.15, 0.6))
            side = np.hypot(x - cx, y - cy) - r
        else:
            side = (x - cx) * np.cos(a) + (y - cy) * np.sin(a)
        b = rng.uniform(0, np.pi)
        within = (x - cx) * np.cos(b) + (y - cy) * np.sin(b) > -rng.uniform(0.0, 0.5)
        piece += np.where(within & (side > 0), 1 << k, 0)
        edge = np.where(within, np.minimum(edge, np.abs(side)), edge)
        # Light on one side of the cut fades away from it: this is what turns lines into planes.
        shade += np.where(within, np.where(side > 0, 1, -1) * np.exp(-np.abs(side) / 0.06) * rng.normal(0.04, 0.09), 0)
    names, index = np.unique(piece, return_inverse=True)
    index = index.reshape(m, m)
    count = len(names)
    reach = float(rng.uniform(0.01, 0.06))
    dx, dy = (rng.normal(0, reach, count).astype(np.float32)[index] for _ in range(2))
    zoom = rng.normal(1, 0.08, count).astype(np.float32)[index]
    colour = sample(scene.colour, 0.5 + (x - 0.5) * zoom + dx, 0.5 + (y - 0.5) * zoom + dy)
    tint = palette.colours[rng.integers(0, 6, count)]
    colour = mix(colour, tint[index], (0.1 + 0.35 * rng.random(count)).astype(np.float32)[index])
    colour = shift(colour, 0.0, float(rng.uniform(0.6, 1.25)), shade)
    brush = 0.035 * np.where(index % 2, noise(rng, m, 150, 12), noise(rng, m, 12, 150)) + 0.05 * fractal(rng, m, 14, 4)
    colour = colour + brush[..., None]
    width = 0.0016 * (1 + 0.6 * fractal(rng, m, 9, 2))
    line = np.clip((width - edge) * m * 0.5 + 0.5, 0, 1) * np.clip(0.75 + 0.5 * noise(rng, m, 7), 0, 1)
    picture = mix(colour, palette.dark, line * float(rng.uniform(0.3, 0.9)))
    weave = 0.02 * noise(rng, m, m / 3)
    return shrink(np.clip(blur(picture, 0.7) + weave[..., None], 0, 1), 2)
