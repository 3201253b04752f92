"""Rows of houses by the water or along a street."""

from __future__ import annotations

import numpy as np

from .. import shapes
from ..fields import Array
from ..palettes import mix
from .cast import Cast
from .outdoors import hills, sky
from .scene import Scene, ramp


def town(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Tall narrow houses shoulder to shoulder, over water or a street."""
    foot = float(rng.uniform(0.66, 0.85))
    scene = sky(rng, n, cast, 0.5, swirls)
    if rng.random() < 0.6:
        hills(rng, scene, cast, 0.5, 1, 0.4)
    for row in range(2):
        x, base = -0.05, foot - 0.1 * (1 - row)
        while x < 1.02:
            w = float(rng.uniform(0.09, 0.18))
            h = float(rng.uniform(0.26, 0.46)) * (1.05 if row == 0 else 0.8)
            facade(rng, scene, cast, x, base, w, h, hazy=row == 0)
            x += w * (1.0 if rng.random() < 0.8 else 1.4)
    street(rng, scene, cast, foot)
    return scene


def facade(
    rng: np.random.Generator, scene: Scene, cast: Cast, x: float, foot: float, w: float, h: float, hazy: bool
) -> None:
    """One house front with its gable, windows and door."""
    level = float(rng.uniform(0.12, 0.24)) if cast.night else float(rng.uniform(0.3, 0.75))
    wall, roof = cast.toned(cast.accent(rng), level), cast.toned(cast.accent(rng), level * 0.45)
    haze = 0.35 if hazy else 0.0
    wall, roof = mix(wall, cast.sky_low, haze), mix(roof, cast.sky_low, haze)
    top = foot - h
    scene.fill(
        shapes.box(x, top, x + w, foot + 0.1),
        ramp(mix(wall, cast.light, 0.12), mix(wall, cast.dark, 0.15), x, x + w, across=True),
        np.pi / 2,
        0.6,
    )
    peak = w * float(rng.uniform(0.35, 0.9))
    gables = (
        [[x - 0.006, top], [x + w / 2, top - peak], [x + w + 0.006, top]],
        [
            [x, top],
            [x, top - peak * 0.4],
            [x + w * 0.25, top - peak * 0.4],
            [x + w * 0.25, top - peak * 0.75],
            [x + w * 0.75, top - peak * 0.75],
            [x + w * 0.75, top - peak * 0.4],
            [x + w, top - peak * 0.4],
            [x + w, top],
        ],
        [[x - 0.008, top], [x + w * 0.12, top - peak * 0.5], [x + w * 0.88, top - peak * 0.5], [x + w + 0.008, top]],
    )
    scene.fill(np.array(gables[int(rng.integers(3))], np.float32), roof, 0.9, 0.7)
    columns, floors = int(rng.integers(2, 4)), int(rng.integers(2, 5))
    dark_glass = mix(mix(cast.dark, cast.sky_high, 0.25), cast.sky_low, haze)
    for floor in range(floors):
        for column in range(columns):
            wx = x + w * (column + 0.28) / columns
            wy = top + h * (floor + 0.25) / (floors + 0.4)
            lit = cast.night and rng.random() < 0.6
            ww, wh = w * 0.46 / columns, h * 0.5 / (floors + 0.4)
            scene.fill(
                shapes.box(wx - 0.12 * ww, wy - 0.12 * wh, wx + 1.12 * ww, wy + 1.1 * wh),
                mix(wall, cast.light, 0.4),
                np.pi / 2,
                0.8,
            )
            scene.fill(shapes.box(wx, wy, wx + ww, wy + wh), cast.sun if lit else dark_glass, np.pi / 2, 1.0)


def street(rng: np.random.Generator, scene: Scene, cast: Cast, foot: float) -> None:
    """Below the houses: their reflection, broken by ripples, or plain paving with a kerb."""
    n = scene.n
    start = int(foot * n)
    if rng.random() < 0.65:
        depth = n - start
        rows = np.clip(start - 1 - np.arange(depth), 0, n - 1)
        wave = (
            np.sin(np.arange(depth) / n * 190 + 2 * np.sin(np.arange(depth) / n * 60))
            * 0.012
            * n
            * np.linspace(0.3, 1, depth)
        )
        columns = np.clip(np.arange(n)[None] + wave[:, None].astype(int), 0, n - 1)
        water = cast.toned(cast.sky_high, 0.12 if cast.night else 0.3)
        scene.colour[start:] = mix(scene.colour[rows[:, None], columns], water, 0.35)
        scene.label[start:] = scene.label[rows[:, None], columns] + 10_000  # things in the water are not those on land
        scene.angle[start:], scene.detail[start:] = 0.0, 0.5
        scene.fill(shapes.box(-0.1, foot - 0.012, 1.1, foot + 0.006), mix(cast.dark, water, 0.3), 0.0, 0.8)
    else:
        body: Array = mix(cast.toned(cast.far, 0.14 if cast.night else 0.5), cast.accent(rng), 0.15)
        scene.fill(shapes.box(-0.1, foot, 1.1, 1.1), ramp(body, mix(body, cast.dark, 0.3), foot, 1.0), 0.0, 0.4)
