"""Stained glass: leaded pieces that follow the contours of a scene, or a rose window, with light behind."""

from __future__ import annotations

import numpy as np

from .fields import Array, BoolArray, IntArray, blur, coordinates, edges, fractal, noise, relief, shrink
from .palettes import Palette, choose_palette, luma, mix, shift
from .scenes import Scene, make_scene
from .tiles import tile, without_slivers


def stained_glass(rng: np.random.Generator, size: int) -> Array:
    """A window."""
    palette = choose_palette(rng)
    m = 2 * size
    if rng.random() < 0.3:
        owner, tint, heavy = rose(rng, m, palette)
    else:
        owner, tint, heavy = leaded(rng, size, palette)
    return shrink(lit(rng, owner, tint, heavy, palette, size), 2)


def leaded(rng: np.random.Generator, size: int, palette: Palette) -> tuple[IntArray, Array, BoolArray]:
    """Pieces cut from a scene: `owner [m, m]`, a colour for each piece, and where the heavy leads run."""
    subjects = ("countryside", "mountains", "flowers", "head", "discs", "facets", "fruit")
    scene: Scene = make_scene(rng, 2 * size, palette, subjects, night=False)
    across = int(rng.integers(13, 22))
    tiling = tile(rng, scene, across, scene.angle, 2 * size, power=2.0, apart=2.2, rounds=6)
    tint = tiling.mean(scene.colour)
    owner = without_slivers(tiling.owner[::2, ::2], 0.15 * size / across).astype(np.int32)
    owner = np.repeat(np.repeat(owner, 2, 0), 2, 1)
    return owner, tint, edges(tiling.label[owner])


def rose(rng: np.random.Generator, m: int, palette: Palette) -> tuple[IntArray, Array, BoolArray]:
    """A wheel of rings, spokes and petals; mirror-symmetric in its colours."""
    x, y = coordinates(m)
    dx, dy = x - 0.5, y - 0.5
    r, a = np.hypot(dx, dy) * 2, np.arctan2(dy, dx)
    fold = int(rng.choice([6, 8, 10, 12]))
    owner = np.zeros((m, m), np.int64)
    rings = np.sort(rng.uniform(0.16, 1.0, int(rng.integers(3, 6))))
    ring = np.searchsorted(rings, r.ravel()).reshape(m, m)
    for k in range(len(rings) + 1):
        count = fold * int(rng.choice([1, 1, 2])) if k else 1
        turn = float(rng.choice([0.0, np.pi / count]))
        part = np.floor((a + turn) / (2 * np.pi) * count).astype(np.int64) % count
        local = ((a + turn) / (2 * np.pi) * count) % 1 - 0.5
        inner, outer = (rings[k - 1] if k else 0.0), (rings[k] if k < len(rings) else 1.45)
        t = np.clip((r - inner) / (outer - inner), 0, 1)
        shape = int(rng.integers(3))
        if k == 0:  # a foil in the middle
            inside = r < inner + outer * (0.62 + 0.25 * np.abs(np.cos(a * fold / 2)))
        elif shape == 0:  # a petal in each part
            inside = np.abs(local) < 0.47 * np.sin(np.pi * t) ** 0.6
        elif shape == 1:  # a round light in each part
            span = np.pi * (inner + outer) / count
            inside = ((t - 0.5) * (outer - inner)) ** 2 + (local * span) ** 2 < (0.42 * min(outer - inner, span)) ** 2
        else:
            inside = t > 0.62
        code = 1000 * k + 2 * part + inside
        owner = np.where(ring == k, code, owner)
    names, flat = np.unique(owner, return_inverse=True)
    ring_of, part_of, inside_of = names // 1000, (names % 1000) // 2, names % 2
    choice = rng.integers(0, 6, (10, 2, 2))
    tint = palette.colours[choice[ring_of, part_of % 2, inside_of]]
    pieces: IntArray = flat.reshape(m, m).astype(np.int32)
    return pieces, tint, edges(ring)


def lit(rng: np.random.Generator, owner: IntArray, tint: Array, heavy: BoolArray, palette: Palette, size: int) -> Array:
    """Light through streaky glass, and leads with a dull shine."""
    m, count = owner.shape[0], len(tint)
    x, y = coordinates(m)
    grey = luma(tint)
    tint = shift(
        tint,
        rng.normal(0, 0.1, count),
        rng.uniform(1.35, 1.8, count),
        0.08 + rng.normal(0, 0.07, count) - 0.1 * (grey - 0.5),
    )
    streaks = np.stack([noise(rng, m, 60, 10), noise(rng, m, 10, 60), fractal(rng, m, 12, 3), fractal(rng, m, 30, 3)])
    kind = rng.integers(0, 4, count)[owner]
    streak = np.take_along_axis(streaks, kind[None], 0)[0]
    centre = rng.uniform(0.25, 0.75, 2)
    glow = 1.12 - 0.55 * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) + 0.1 * noise(rng, m, 3)
    hammered = relief(fractal(rng, m, 44, 2) * 5, 0.5)
    glass = tint.astype(np.float32)[owner] * (glow + 0.16 * streak + 0.07 * hammered)[..., None]
    glass = glass + 0.1 * np.clip(streak, 0, 1)[..., None]
    width = float(rng.uniform(0.005, 0.008)) * m
    lead = blur(edges(owner).astype(np.float32), width * 0.42) * width * 0.9
    strong = blur(heavy.astype(np.float32), width * 0.7) * width * 1.7
    came = np.maximum(lead, strong)
    mask = np.clip((came - 0.34) * 5, 0, 1)
    shine = relief(np.minimum(came, 0.9) * width, 0.7)
    grain = 0.03 * fractal(rng, m, 90, 2)
    metal = (
        mix(palette.dark * 0.4, np.array([0.05, 0.05, 0.06], np.float32), 0.6)
        + (0.16 * np.clip(shine, 0, 1) + grain)[..., None]
    )
    bloom = blur(np.clip(glass, 0, 1) * (1 - mask[..., None]), 0.012 * m)
    return np.clip(mix(glass, metal, mask) + 0.14 * bloom * (0.4 + mask[..., None]), 0, 1)
