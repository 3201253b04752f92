"""Peaks, snow and firs."""

from __future__ import annotations

import numpy as np

from .. import shapes
from ..fields import Array
from ..palettes import mix
from .cast import Cast
from .outdoors import sky
from .scene import Scene, ramp


def mountains(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Snow peaks with lit and shaded faces over a wooded shore."""
    scene = sky(rng, n, cast, 0.6, swirls)
    side = 1.0 if rng.random() < 0.5 else -1.0
    for row in range(int(rng.integers(2, 4))):
        base = 0.56 + 0.08 * row
        rock = mix(mix(cast.far, cast.dark, 0.12 + 0.18 * row), cast.sky_high, 0.3 / (row + 1))
        peaks = np.linspace(-0.05, 1.05, int(rng.integers(3, 6))) + rng.normal(0, 0.06)
        for x in rng.permutation(peaks):
            peak(rng, scene, cast, float(x), base, float(rng.uniform(0.2, 0.42)) / (1 + 0.5 * row), rock, side)
        haze = mix(rock, cast.sky_low, 0.45)
        line = shapes.ridge(rng, base - 0.02, 0.03, 0.4)
        scene.fill(shapes.below(line), ramp(haze, mix(haze, rock, 0.5), base - 0.05, base + 0.15), 0.1, 0.3)
    ground = 0.7
    scene.fill(shapes.below(shapes.ridge(rng, ground, 0.03, 0.4)), ramp(cast.middle, cast.near, ground, 1.0), 0.0, 0.4)
    if rng.random() < 0.5:
        lake = mix(cast.sky_high, cast.sky_low, 0.5)
        scene.fill(
            shapes.blob(rng, rng.uniform(0.3, 0.7), 0.86, 0.5, 0.08, 0.1),
            ramp(mix(lake, cast.light, 0.3), lake, 0.8, 0.94),
            0.0,
            0.4,
        )
    for foot in np.sort(rng.uniform(ground, 1.0, int(rng.integers(8, 26)))):
        fir(rng, scene, cast, float(rng.uniform(0, 1)), float(foot), 0.1 + 0.6 * (float(foot) - 0.66))
    return scene


def peak(
    rng: np.random.Generator, scene: Scene, cast: Cast, x: float, foot: float, height: float, rock: Array, side: float
) -> None:
    """One mountain: a lit and a shaded face that meet in a crooked ridge, snow to an uneven line on both."""
    lit, shade = mix(rock, cast.sun, 0.28), mix(rock, cast.dark, 0.25)
    t = np.linspace(0, 1, 14)
    spread = height * float(rng.uniform(0.75, 1.1))

    def jag(amount: float) -> Array:
        return np.asarray(height * amount * rng.normal(0, 1, len(t)) * np.sin(np.pi * t))

    left, right = (
        shapes.points(x + s * spread * t**1.1 + jag(0.02), foot - height * (1 - t) + jag(0.025)) for s in (-1, 1)
    )
    spine = shapes.points(x + side * spread * 0.25 * t + jag(0.045), foot - height * (1 - t))
    label = scene.new_label()
    near, far = (left, right) if side > 0 else (right, left)
    for flank, tint, angle in ((near, lit, 2.2), (far, shade, 0.9)):
        scene.fill(np.concatenate([flank, spine[::-1]]), tint, angle, 0.5, label)
        label = scene.new_label()
    cap = float(rng.uniform(0.25, 0.6))
    k = max(3, int(cap * len(t)))
    for flank, tint in (
        (near, mix(cast.light, lit, 0.1)),
        (far, mix(mix(cast.light, cast.sky_high, 0.3), shade, 0.35)),
    ):
        s = np.linspace(0, 1, 9)[:, None]
        hem = flank[k] * (1 - s) + spine[k] * s
        hem[1:-1:2, 1] += height * cap * rng.uniform(0.1, 0.4, 4).astype(np.float32)
        hem[2:-1:2, 1] -= height * cap * rng.uniform(0.0, 0.25, 3).astype(np.float32)
        scene.fill(np.concatenate([flank[: k + 1], hem[1:-1], spine[k::-1]]).astype(np.float32), tint, 1.2, 0.7)


def fir(rng: np.random.Generator, scene: Scene, cast: Cast, x: float, foot: float, height: float) -> None:
    """A conifer in tiers."""
    label, tint = scene.new_label(), mix(cast.toned(cast.near, 0.06), cast.middle, float(rng.uniform(0, 0.5)))
    for tier in range(5):
        y, half = foot - height * (0.08 + 0.17 * tier), height * (0.26 - 0.042 * tier)
        drop = height * 0.05
        outline = np.array(
            [
                [x, y - height * 0.32],
                [x + half, y],
                [x + half * 0.4, y - drop],
                [x, y + drop * 0.3],
                [x - half * 0.4, y - drop],
                [x - half, y],
            ]
        )
        scene.fill(outline.astype(np.float32), mix(tint, cast.light, 0.05 * tier), np.pi / 2 + 0.3, 0.7, label)
