"""Pictures of nothing: discs, facets, ribbons, drifting colour."""

from __future__ import annotations

import numpy as np

from .. import shapes
from ..fields import Array, fractal, sample
from ..palettes import mix
from .cast import Cast
from .scene import Scene, around, ramp


def discs(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Rings of quarter-turned colour on a divided ground."""
    scene = facets(rng, n, cast)
    for _ in range(int(rng.integers(3, 8))):
        x, y, r = float(rng.uniform(0.05, 0.95)), float(rng.uniform(0.05, 0.95)), float(rng.uniform(0.1, 0.32))
        rings, turn = int(rng.integers(3, 7)), rng.uniform(0, 2 * np.pi)
        parts = int(rng.choice([1, 2, 4]))
        for ring in range(rings):
            radius = r * (1 - ring / rings)
            for part in range(parts):
                t = turn + 2 * np.pi * (part + np.linspace(0, 1, 40)) / parts
                arc = shapes.points(x + radius * np.cos(t), y + radius * np.sin(t))
                wedge = np.concatenate([arc, [[x, y]]]).astype(np.float32) if parts > 1 else arc
                tint = mix(
                    cast.accent(rng), cast.light if rng.random() < 0.5 else cast.dark, float(rng.uniform(0, 0.4))
                )
                scene.fill(wedge, tint, around(x, y), 0.5)
    return scene


def facets(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """The square split again and again by slanted cuts, each piece shaded along its own direction."""
    scene = Scene(n, cast.sky_low)
    pieces = [shapes.box(-0.02, -0.02, 1.02, 1.02)]
    for _ in range(int(rng.integers(10, 34))):
        areas = [_area(piece) for piece in pieces]
        piece = pieces.pop(int(np.argmax(np.array(areas) * rng.uniform(0.4, 1, len(areas)))))
        a, middle = rng.uniform(0, np.pi), piece.mean(0) + rng.normal(0, 0.02, 2)
        pieces += [half for half in _cut(piece, middle, np.array([np.cos(a), np.sin(a)])) if len(half) > 2]
    for piece in pieces:
        tint, a = cast.palette.colours[rng.integers(6)], float(rng.uniform(0, np.pi))
        low, high = piece.min(0), piece.max(0)
        across = bool(rng.random() < 0.5)
        start, end = (low[0], high[0]) if across else (low[1], high[1])
        ends = (mix(tint, cast.light, float(rng.uniform(0, 0.7))), mix(tint, cast.dark, float(rng.uniform(0, 0.5))))
        scene.fill(piece, ramp(ends[0], ends[1], start, end, across), a, 0.4)
    return scene


def _area(piece: Array) -> float:
    x, y = piece.T
    return float(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)


def _cut(piece: Array, at: Array, normal: Array) -> tuple[Array, Array]:
    """A convex polygon cut by a line: both sides."""
    side = (piece - at) @ normal
    halves: tuple[list[Array], list[Array]] = ([], [])
    for k in range(len(piece)):
        a, b, sa, sb = piece[k], piece[(k + 1) % len(piece)], side[k], side[(k + 1) % len(piece)]
        halves[0 if sa >= 0 else 1].append(a)
        if (sa >= 0) != (sb >= 0):
            crossing = a + (b - a) * (sa / (sa - sb))
            halves[0].append(crossing)
            halves[1].append(crossing)
    first, second = (np.array(half, np.float32).reshape(-1, 2) for half in halves)
    return first, second


def drift(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Bands of colour folded by noise, like marbled paper or wind on water."""
    fold, more = fractal(rng, n, 2, 4), fractal(rng, n, 3, 4)
    bands = int(rng.integers(8, 18))
    stops = np.concatenate([cast.palette.colours, [cast.light, cast.dark]])[rng.integers(0, 8, bands)]
    a = rng.uniform(0, np.pi)

    def phase(x: Array, y: Array) -> Array:
        u = sample(fold, x, y)
        bend = 0.5 * u + 0.25 * sample(more, (x + 0.2 * u) % 1, (y + 0.2 * u) % 1)
        return np.asarray((x * np.cos(a) + y * np.sin(a)) * 0.6 + bend)

    def index(x: Array, y: Array) -> Array:
        return np.asarray(np.floor(phase(x, y) * bands * 0.8) % bands).astype(int)

    def direction(x: Array, y: Array) -> Array:
        e = 0.01
        return np.arctan2(phase(x, y + e) - phase(x, y - e), phase(x + e, y) - phase(x - e, y)) + np.pi / 2

    scene = Scene(n, lambda x, y: stops[index(x, y)], direction, 0.4)
    axis = ((np.arange(n) + 0.5) / n).astype(np.float32)
    scene.label = index(*(np.ascontiguousarray(g) for g in np.meshgrid(axis, axis))).astype(np.int32)
    return scene


def ribbons(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Broad bands that loop over each other, with balls between them."""
    ground = cast.toned(cast.accent(rng), float(rng.choice([0.1, 0.75])))
    mottle = fractal(rng, 128, 3, 3)
    scene = Scene(
        n, lambda x, y: ground + (0.06 * sample(mottle, x, y))[..., None], lambda x, y: 2 * sample(mottle, x, y)
    )
    for _ in range(int(rng.integers(5, 11))):
        knots = rng.uniform(-0.15, 1.15, (5, 2)).astype(np.float32)
        path, width = shapes.curve(knots, 120), float(rng.uniform(0.015, 0.07))
        tint = cast.palette.colours[rng.integers(6)]
        step = np.gradient(path, axis=0)
        lanes = int(rng.integers(1, 5))
        for lane in range(lanes):
            normal = np.stack([-step[:, 1], step[:, 0]], -1) / (np.linalg.norm(step, axis=1, keepdims=True) + 1e-6)
            offset = (lane - (lanes - 1) / 2) * 2 * width / lanes
            shade = mix(mix(tint, cast.dark, 0.35), mix(tint, cast.light, 0.5), lane / max(1, lanes - 1))
            lane_path = path + normal * offset
            for k in range(0, 119, 7):  # short lengths, so that each carries its own direction
                part = slice(k, min(120, k + 8))
                heading = float(np.arctan2(step[k, 1], step[k, 0]))
                scene.fill(shapes.ribbon(lane_path[part], width / lanes * 1.03), shade, heading, 0.5, 100 + lane)
    for _ in range(int(rng.integers(2, 9))):
        x, y, r = float(rng.random()), float(rng.random()), float(rng.uniform(0.02, 0.07))
        scene.fill(shapes.ellipse(x, y, r), cast.accent(rng), around(x, y), 0.6)
    return scene
