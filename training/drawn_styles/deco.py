"""Art-deco ornament: fans, sunbursts, stepped arches and chevrons in thin metal lines on deep colours."""

from __future__ import annotations

import numpy as np

from .fields import Array, BoolArray, IntArray, blur, coordinates, edges, fractal, noise, relief, shrink
from .palettes import Palette, choose_palette, mix, tone


def deco(rng: np.random.Generator, size: int) -> Array:
    """One pattern, sometimes framed."""
    palette = choose_palette(rng, "gilt" if rng.random() < 0.25 else None)
    m = 3 * size if size <= 512 else 2 * size
    x, y = coordinates(m)
    way = int(rng.integers(5))
    pattern = (fans, sunburst, chevrons, arches, lattice)[way]
    index, line = pattern(rng, x, y)
    grounds = np.stack(
        [
            tone(palette, c, level)
            for c, level in zip(palette.colours[:4], rng.permutation([0.05, 0.1, 0.22, 0.4]), strict=True)
        ]
    )
    if rng.random() < 0.35:
        grounds = mix(grounds, palette.light, 0.45)
    if rng.random() < 0.3:
        line = _frame(x, y, line)
        index = np.where(np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) < 0.055, 3, index)
    metal = _metal(rng, palette, x, y)
    ground = grounds[index % 4] * (1 + 0.04 * fractal(rng, m, 60, 2))[..., None]
    raised = 0.5 * line.astype(np.float32) * m / 300
    picture = np.where(line[..., None], metal, ground) * (1 + 0.18 * relief(raised, 0.6))[..., None]
    return shrink(np.clip(picture, 0, 1), m // size)


def _metal(rng: np.random.Generator, palette: Palette, x: Array, y: Array) -> Array:
    """Gold, silver or copper with a slanting sheen; now and then plain cream."""
    base = np.array([[0.83, 0.66, 0.3], [0.78, 0.79, 0.8], [0.8, 0.5, 0.34], palette.light], np.float32)[
        rng.choice(4, p=[0.55, 0.15, 0.15, 0.15])
    ]
    sheen = np.sin((x * 2 + y * 3) * 5 + 1.5 * noise(rng, x.shape[0], 3))
    return mix(
        mix(base, base * 0.55, 0.5 - 0.5 * sheen), np.array([1, 0.96, 0.85], np.float32), np.clip(sheen - 0.55, 0, 1)
    )


def _frame(x: Array, y: Array, line: BoolArray) -> BoolArray:
    inset = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    frame = (np.abs(inset - 0.055) < 0.003) | (np.abs(inset - 0.042) < 0.0015) | (np.abs(inset - 0.012) < 0.004)
    return (line & (inset > 0.055)) | frame


Pattern = tuple[IntArray, BoolArray]
"""Which ground each pixel has, and where the metal lines run."""


def fans(rng: np.random.Generator, x: Array, y: Array) -> Pattern:
    """Overlapping scallops with ribs or rings."""
    across = int(rng.integers(3, 8))
    rings, ribs = int(rng.integers(3, 7)), int(rng.choice([0, 0, 8, 12]))
    r = 0.5 / across
    index: IntArray = np.zeros(x.shape, np.int64)
    line: BoolArray = np.zeros(x.shape, bool)
    width = 0.05 * r
    rows = int(np.ceil(1 / (r * 0.5))) + 3
    for k in range(rows):  # from the top: lower rows lie over the ones behind them
        cy = (k + 1) * r * 0.5
        shift_x = r if k % 2 else 0.0
        cx = np.round((x - shift_x) / (2 * r)) * 2 * r + shift_x
        d = np.hypot(x - cx, y - cy)
        inside = (d < r) & (y <= cy + 0.001)
        t = d / r * rings
        band = np.floor(t)
        rim = np.abs(t - np.round(t)) * r / rings < width * 0.5
        if ribs:
            a = np.arctan2(cy - y, x - cx) / np.pi * ribs
            rim = (rim & (d > 0.85 * r)) | (np.abs(a - np.round(a)) * np.pi * d / ribs < width * 0.4) & (d > 0.15 * r)
        index = np.where(inside, band.astype(np.int64) + 1, index)
        line = np.where(inside, rim | (r - d < width), line)
    return index, line


def sunburst(rng: np.random.Generator, x: Array, y: Array) -> Pattern:
    """Rays from a low centre, cut by rings and stepped towers at the sides."""
    cx, cy = 0.5, float(rng.choice([1.0, 0.78, 0.5]))
    d, a = np.hypot(x - cx, y - cy), np.arctan2(x - cx, cy - y) / (2 * np.pi)
    rays = int(rng.choice([24, 32, 48]))
    wedge = np.floor(a * rays).astype(np.int64)
    line = np.abs(a * rays - np.round(a * rays)) * 2 * np.pi * d / rays < 0.0018 + 0.002 * d
    index = wedge % 2
    for k, ring in enumerate(np.sort(rng.uniform(0.1, 0.9, int(rng.integers(2, 5))))):
        inside = d < ring
        index = np.where(inside, index, index + 1 + k)
        line |= np.abs(d - ring) < 0.004
        line |= np.abs(d - ring - 0.014) < 0.0015
    core = d < 0.08
    return np.where(core, 3, index), (line & ~core) | (np.abs(d - 0.08) < 0.004) | (d < 0.03)


def chevrons(rng: np.random.Generator, x: Array, y: Array) -> Pattern:
    """Zigzag bands of uneven width, with double lines."""
    columns = int(rng.integers(1, 6))
    u = np.abs((x * columns) % 1 - 0.5) * 2
    steep = float(rng.uniform(0.5, 1.6)) / columns
    s = y + u * steep * 0.5
    stops = np.cumsum(rng.choice([0.02, 0.05, 0.09, 0.13], 40))
    index = np.searchsorted(stops, s.ravel()).reshape(x.shape)
    near = np.minimum(np.abs(s - stops[np.clip(index, 0, 39)]), np.abs(s - stops[np.clip(index - 1, 0, 39)]))
    line = (near < 0.003) | (np.abs(near - 0.011) < 0.0014) | (np.abs(u - np.round(u)) < 0.012 * columns**0.3)
    return index * 3 % 4, line


def arches(rng: np.random.Generator, x: Array, y: Array) -> Pattern:
    """Nested stepped arches side by side, two rows against each other."""
    across = int(rng.integers(2, 6))
    u = np.abs((x * across) % 1 - 0.5) * 2
    rows = int(rng.integers(1, 4))
    v = (y * rows + 0.5 * (np.floor(x * across) % 2) * (rng.random() < 0.5)) % 1
    steps = int(rng.integers(4, 9))
    stairs = np.maximum(np.floor(u * steps) / steps, 1 - v * 1.15)
    t = stairs if rng.random() < 0.5 else np.hypot(u, np.clip(0.6 - v, 0, None) * 1.7)
    level = np.floor(t * steps).astype(np.int64)
    line = blur(edges(level).astype(np.float32), 0.0022 * x.shape[0]) > 0.08
    return level, line | (np.abs(u - 1) < 0.02)


def lattice(rng: np.random.Generator, x: Array, y: Array) -> Pattern:
    """Diamonds or hexagons with nested lines and a small star in each."""
    across = int(rng.integers(3, 8))
    tall = float(rng.choice([1.0, 1.5, 0.66]))
    u, v = x * across, y * across / tall
    row = np.floor(v + u), np.floor(v - u)
    fu, fv = (v + u) - row[0] - 0.5, (v - u) - row[1] - 0.5
    edge = 0.5 - np.maximum(np.abs(fu), np.abs(fv))
    nested = int(rng.integers(2, 5))
    t = edge * 2 * nested
    line = np.abs(t - np.round(t)) < 0.07
    star = np.abs(fu * fv) < 0.0045
    line |= star & (np.maximum(np.abs(fu), np.abs(fv)) < 0.2)
    return (np.floor(t) + (row[0] + row[1]) % 2).astype(np.int64), line
