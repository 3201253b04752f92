"""Outlines: closed curves as point lists `[k, 2]` (x, y) in units of the picture's side."""

from __future__ import annotations

import numpy as np

from .fields import Array


def points(x: Array, y: Array) -> Array:
    """Two coordinate rows as a point list."""
    return np.stack([x, y], -1).astype(np.float32)


def ellipse(cx: float, cy: float, rx: float, ry: float | None = None, turn: float = 0.0, k: int = 56) -> Array:
    """An ellipse (a circle without `ry`), turned by `turn` radians."""
    t = np.linspace(0, 2 * np.pi, k, endpoint=False)
    x, y = rx * np.cos(t), (rx if ry is None else ry) * np.sin(t)
    return points(cx + x * np.cos(turn) - y * np.sin(turn), cy + x * np.sin(turn) + y * np.cos(turn))


def blob(
    rng: np.random.Generator, cx: float, cy: float, rx: float, ry: float, wobble: float = 0.12, k: int = 72
) -> Array:
    """An ellipse whose radius wanders: foliage, clouds, stones, petals."""
    t = np.linspace(0, 2 * np.pi, k, endpoint=False)
    radius = np.ones(k)
    for harmonic in range(2, 8):
        radius += wobble * rng.normal() / harmonic**0.7 * np.cos(harmonic * t + rng.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.35, 1.8)
    return points(cx + rx * radius * np.cos(t), cy + ry * radius * np.sin(t))


def leaf(x: float, y: float, length: float, width: float, angle: float, bend: float = 0.0) -> Array:
    """A pointed leaf from (x, y) towards `angle`, bent sideways by `bend` of its length."""
    t = np.linspace(0, 1, 18)
    half = width * np.sin(np.pi * t**0.8)
    mid = bend * length * t**2
    along = np.concatenate([t, t[::-1]]) * length
    across = np.concatenate([mid + half, (mid - half)[::-1]])
    c, s = np.cos(angle), np.sin(angle)
    return points(x + along * c - across * s, y + along * s + across * c)


def ribbon(path: Array, width: Array | float) -> Array:
    """The outline of a line drawn along `path` with the given (half) widths."""
    step = np.gradient(path, axis=0)
    normal = np.stack([-step[:, 1], step[:, 0]], -1) / (np.linalg.norm(step, axis=1, keepdims=True) + 1e-9)
    half = np.broadcast_to(np.asarray(width), len(path))[:, None] * normal
    return np.concatenate([path + half, (path - half)[::-1]]).astype(np.float32)


def curve(knots: Array, k: int = 48) -> Array:
    """A smooth (Catmull-Rom) curve of `k` points through the knots."""
    ends = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    where = np.linspace(0, len(knots) - 1 - 1e-6, k)
    i = where.astype(int)
    t = (where - i)[:, None]
    a, b, c, d = ends[i], ends[i + 1], ends[i + 2], ends[i + 3]
    cubic = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.asarray(cubic, np.float32)


def ridge(rng: np.random.Generator, base: float, height: float, roughness: float = 0.5, k: int = 257) -> Array:
    """A horizon line from left to right at about `base`, rising and falling by `height`; rough 0.3 (dunes) to 0.7."""
    x = np.linspace(-0.06, 1.06, k)
    y = np.zeros(k)
    total = 0.0
    for octave in range(7):
        knots = rng.uniform(-1, 1, 3 + 2**octave)
        at = np.linspace(0.5, len(knots) - 1.5, k)
        i = at.astype(int)
        t = (1 - np.cos(np.pi * (at - i))) / 2
        y += roughness**octave * (knots[i] * (1 - t) + knots[np.minimum(i + 1, len(knots) - 1)] * t)
        total += roughness**octave
    return points(x, base - height * y / total * 1.4)


def below(line: Array, floor: float = 1.06) -> Array:
    """The area from a left-to-right line down to `floor`."""
    first, last = line[0], line[-1]
    return np.concatenate([line, [[last[0], floor], [first[0], floor]]]).astype(np.float32)


def box(x0: float, y0: float, x1: float, y1: float) -> Array:
    """A rectangle."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def star(cx: float, cy: float, outer: float, inner: float, tips: int, turn: float = 0.0) -> Array:
    """A star polygon."""
    t = turn + np.pi * np.arange(2 * tips) / tips
    r = np.where(np.arange(2 * tips) % 2 == 0, outer, inner)
    return points(cx + r * np.cos(t), cy + r * np.sin(t))
