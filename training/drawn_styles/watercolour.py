"""Watercolour: transparent washes that pool at their edges and settle in the grain of the paper."""

from __future__ import annotations

import numpy as np

from .fields import Array, IntArray, blur, coordinates, distance, edges, fractal, noise, relief, resize, sample, shrink
from .palettes import choose_palette, mix, shift
from .scenes import make_scene


def paper_grain(rng: np.random.Generator, m: int, size: int) -> Array:
    """The height of cold-pressed paper, about -1..1: its tooth keeps the same size in pixels of the final picture."""
    return np.asarray(0.7 * fractal(rng, m, size / 7, 2) + 0.4 * noise(rng, m, size / 2.5), np.float32)


def watercolour(rng: np.random.Generator, size: int) -> Array:
    """A scene in loose washes; sometimes over a pen drawing."""
    palette = choose_palette(rng)
    m = 2 * size
    scene = make_scene(
        rng,
        m,
        palette,
        ("countryside", "sea", "mountains", "flowers", "fruit", "town", "wood", "drift", "discs"),
        night=False,
    )
    x, y = coordinates(m)
    loose = float(rng.uniform(0.6, 1.5))
    dx, dy = (loose * (0.007 * fractal(rng, m, 5, 3) + 0.0022 * fractal(rng, m, 34, 3)) for _ in range(2))
    colour = shift(mix(scene.colour, np.ones(3, np.float32), 0.2), 0.0, 1.5)
    wash = _absorb(blur(sample(colour, x + 2.5 * dx, y + 2.5 * dy), 0.022 * m))
    shapes = _absorb(sample(colour, x + dx, y + dy))
    label = sample(scene.label, x + dx, y + dy)
    soft = blur(shapes, 0.008 * m)
    wet = np.clip(2.2 * fractal(rng, m, 3.5, 3) - 0.1, 0, 1)
    shapes = mix(shapes, soft, wet)
    # Pigment is carried outwards while a wash dries: a dark rim, paler within; some neighbours never touched.
    contour = shrink(edges(label).astype(np.float32), 2) > 0
    away = np.maximum(resize(distance(contour, 24), m), 0) * 2 * (512 / size)
    rim = np.exp(-away / 3.2) * (1 - wet)
    gaps = np.clip((noise(rng, m, 8) - 0.15) * 4, 0, 1) * np.clip(1.5 - away / 3, 0, 1) * (1 - wet)
    grain = paper_grain(rng, m, size)
    pooling = fractal(rng, m, 4, 4)
    density = 0.82 + 0.42 * pooling + 0.55 * rim - 0.22 * np.exp(-((away - 13) ** 2) / 120) * (1 - wet)
    density = density + (0.1 + 0.22 * np.clip(pooling, 0, 1)) * grain + 0.1 * fractal(rng, m, 60, 2)
    density = np.clip(density * (1 - 0.9 * gaps) + _blooms(rng, m), 0.06, 2.2)
    border = _border(rng, m, float(rng.choice([0.0, 0.02, 0.05])))
    total = wash * (0.34 * (1 + 0.25 * pooling))[..., None] + shapes * (0.66 * density)[..., None]
    total = total * border[0][..., None] + shapes * (0.5 * border[1])[..., None]
    for _ in range(int(rng.integers(0, 16))):  # spatters
        cx, cy, r = rng.random(), rng.random(), 0.002 + 0.006 * rng.random() ** 3
        d = np.hypot(x - cx, y - cy) / r + 0.35 * grain
        drop = np.clip((1 - d) * 4, 0, 1) * (0.5 + 0.6 * np.clip(d, 0, 1))
        total = total + drop[..., None] * _absorb(palette.colours[rng.integers(6)]) * 0.6
    sheet = mix(np.array([0.99, 0.98, 0.955], np.float32), palette.light, 0.25)
    picture = sheet * np.exp(-total)
    if rng.random() < 0.3:
        picture = picture * _pen(rng, scene.label, x, y, size)[..., None]
    picture = picture * (1 + 0.05 * relief(grain * 1.2, 0.8))[..., None]
    return shrink(np.clip(picture, 0, 1), 2)


def _absorb(colour: Array) -> Array:
    """How much light of each channel a full wash of a colour takes away."""
    return np.asarray(-np.log(np.clip(colour, 0.035, 0.995)), np.float32)


def _blooms(rng: np.random.Generator, m: int) -> Array:
    """Where water ran back into a drying wash: pale inside, with a crinkled dark front."""
    field = fractal(rng, m, 3, 5, 0.55) + 0.08 * fractal(rng, m, 40, 2)
    level = float(rng.uniform(0.3, 0.5))
    front = np.exp(-(((field - level) / 0.022) ** 2)) * np.clip(fractal(rng, m, 3, 2) + 0.6, 0, 1)
    return np.asarray(0.3 * front - 0.2 * np.clip((field - level) * 6, 0, 1))


def _border(rng: np.random.Generator, m: int, margin: float) -> tuple[Array, Array]:
    """The painted area (1 inside a ragged edge) and the dark rim along it."""
    x, y = coordinates(m)
    if margin == 0:
        return np.ones((m, m), np.float32), np.zeros((m, m), np.float32)
    inset = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + 0.016 * fractal(rng, m, 6, 4) - margin
    return np.clip(inset * 220 + 0.5, 0, 1), np.exp(-np.abs(inset) * 260) * (inset > 0)


def _pen(rng: np.random.Generator, label: IntArray, x: Array, y: Array, size: int) -> Array:
    """A loose pen line along the contours, as a factor on the light; it breaks and doubles here and there."""
    m = label.shape[0]
    light = np.ones((m, m), np.float32)
    for _ in range(2):
        sx, sy = 0.003 * fractal(rng, m, 9, 3), 0.003 * fractal(rng, m, 9, 3)
        line = blur(edges(sample(label, x + sx, y + sy)).astype(np.float32), 1.1) * 2.2
        light *= 1 - 0.85 * np.clip(line - 0.35, 0, 1) * np.clip(noise(rng, m, 12) * 2.5 + 1.2, 0, 1)
    return light
