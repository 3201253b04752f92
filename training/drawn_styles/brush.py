"""Brush strokes: thousands of curved, textured strokes laid over each other, with the relief of the paint.

Every stroke is a strip of points (along the path, across the brush). All strokes of a layer are written in order into one
array of owners; where they overlap the later one stays. Only then is each pixel coloured, once, from its owner's texture.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .fields import Array, BoolArray, IntArray, noise, relief, sample, shrink
from .palettes import mix

_CHUNK = 1_500_000  # points handled at once: bounds the memory


@dataclass(frozen=True)
class Brush:
    """How one layer's brush behaves."""

    bristles: float = 10
    """How many streaks lie across a stroke."""
    grain: float = 3
    """How often a streak changes along the stroke."""
    dry: float = 0.35
    """Where the paint runs out: 0 never, 1 half of the far end is bare."""
    taper: float = 0.15
    """The part of each end over which the stroke narrows."""
    body: float = 1.0
    """Thickness of the paint, in half widths of the stroke."""
    streaks: float = 0.12
    """How much lighter and darker the streaks are."""
    opacity: float = 1.0
    """1 covers; less lets the layer below through."""
    edge: float = 0.25
    """Raggedness of the long sides."""
    square: bool = False
    """Square-ended flat brush or knife, instead of rounded ends."""


@dataclass
class Strokes:
    """One layer of strokes, in the order they are laid."""

    path: Array
    """`[N, K, 2]` x, y in units of the side."""
    width: Array
    """`[N]` half widths in units of the side."""
    colour: Array
    """`[N, 3]`."""
    second: Array = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    """`[N, 3]`: the colour the other part of the brush carries (default: the same)."""
    reach: Array | None = None
    """`[N]`: the part of the path to paint, 0..1 (default: all)."""


def trace(angle: Array, x: Array, y: Array, length: Array, steps: int = 10, both_ways: bool = True) -> Array:
    """Paths `[N, steps, 2]` that follow a direction field `[n, n]` through the points (x, y).

    Directions have no sign: each step keeps the heading nearest to the one before.
    """
    halves = []
    for sense in (-1.0, 1.0) if both_ways else (1.0,):
        px, py = x.copy(), y.copy()
        a = sample(angle, px, py)
        dx, dy = sense * np.cos(a), sense * np.sin(a)
        path = [np.stack([px, py], -1)]
        count = steps // 2 if both_ways else steps - 1
        for _ in range(count):
            px, py = px + dx * length / (steps - 1), py + dy * length / (steps - 1)
            path.append(np.stack([px, py], -1))
            a = sample(angle, px, py)
            nx, ny = np.cos(a), np.sin(a)
            flip = np.where(nx * dx + ny * dy < 0, -1.0, 1.0)
            dx, dy = 0.35 * dx + 0.65 * flip * nx, 0.35 * dy + 0.65 * flip * ny
            size = np.sqrt(dx**2 + dy**2) + 1e-6
            dx, dy = dx / size, dy / size
        halves.append(np.stack(path, 1))
    if not both_ways:
        return halves[0].astype(np.float32)
    return np.concatenate([halves[0][:, :0:-1], halves[1]], 1).astype(np.float32)


class Canvas:
    """A painting in progress: colour `[m, m, 3]` and paint height in pixels `[m, m]`, at `scale` times the final size."""

    def __init__(self, rng: np.random.Generator, size: int, ground: Array, scale: int = 2) -> None:
        self.m, self.scale = size * scale, scale
        self.colour = np.broadcast_to(ground, (self.m, self.m, 3)).astype(np.float32)
        self.height = np.zeros((self.m, self.m), np.float32)
        self._rng = rng
        # One table of streaks serves every stroke: rows across the brush, columns along it. Each starts elsewhere in it.
        table = 0.6 * noise(rng, 512, 24, 200) + 0.5 * noise(rng, 512, 60, 460)
        self._streaks = np.clip(0.5 + 0.42 * table, 0, 1).astype(np.float32)

    def lay(self, strokes: Strokes, brush: Brush) -> None:
        """Paint one layer."""
        count = len(strokes.path)
        if count == 0:
            return
        self._row = self._rng.integers(0, 512, count)
        self._column = self._rng.integers(0, 512, count)
        owner = self._owners(strokes, brush)
        where = np.flatnonzero(owner >= 0)
        packed = owner[where]
        index, u, v = (
            packed >> 16,
            ((packed >> 8) & 255).astype(np.float32) / 255,
            (packed & 255).astype(np.float32) / 127.5 - 1,
        )
        streak = self._texture(index, u, v, brush)
        colour = strokes.colour[index]
        if len(strokes.second):
            # The second colour sits on one side of the brush and frays into the first along the streaks.
            colour = mix(colour, strokes.second[index], np.clip(0.5 + 1.4 * v + 1.5 * (streak - 0.5), 0, 1))
        colour = colour + (2 * brush.streaks * (streak - 0.5))[:, None]
        half = strokes.width[index] * self.m
        shape = np.sqrt(np.clip(1 - v**2, 0, 1))
        rim = np.exp(-(((np.abs(v) - 0.86) / 0.1) ** 2)) + 0.8 * np.exp(-(((u - 0.95) / 0.05) ** 2))
        thick = brush.body * half * (0.25 * shape + 0.45 * (streak - 0.4) + 0.16 * rim) * (0.65 + 0.35 * u)
        below = self.height.reshape(-1)
        flat = self.colour.reshape(-1, 3)
        if brush.opacity < 1:
            cover = brush.opacity * (0.55 + 0.45 * streak) * np.clip(shape * 2.5, 0, 1)
            flat[where] = mix(flat[where], colour, cover)
            below[where] = below[where] + (0.4 * below[where] + thick - below[where]) * cover
        else:
            flat[where] = colour
            below[where] = 0.4 * below[where] + thick

    def _texture(self, index: IntArray, u: Array, v: Array, brush: Brush) -> Array:
        row = (self._row[index] + (v + 1) * (0.5 * 512 / 200 * brush.bristles)).astype(np.int32) & 511
        column = (self._column[index] + u * (512 / 24 * brush.grain)).astype(np.int32) & 511
        return np.asarray(self._streaks[row, column])

    def _owners(self, strokes: Strokes, brush: Brush) -> IntArray:
        """For each pixel the last stroke over it, packed as index, u and v; -1 where there is none."""
        m = self.m
        owner = np.full(m * m, -1, np.int64)
        path = strokes.path * m
        lengths = np.linalg.norm(np.diff(path, axis=1), axis=2).sum(1)
        half = strokes.width * m
        along = max(2, int(np.ceil(np.quantile(lengths, 0.95) / 0.8)))
        across = max(2, int(np.ceil(np.quantile(half, 0.95) * 2 / 0.75)))
        u = np.linspace(0, 1, along, dtype=np.float32)
        v = np.linspace(-1, 1, across, dtype=np.float32)
        at = u * (path.shape[1] - 1)
        knot = np.minimum(at.astype(int), path.shape[1] - 2)
        t = (at - knot).astype(np.float32)[:, None]
        narrow = np.sqrt(np.clip(np.minimum(u, 1 - u) / max(brush.taper, 1e-3), 0, 1))
        narrow = (
            np.ones_like(narrow)
            if brush.square
            else 0.25 * (brush.taper > 0.3) + (1 - 0.25 * (brush.taper > 0.3)) * narrow
        )
        step = max(1, _CHUNK // (along * across))
        for first in range(0, len(path), step):
            part = slice(first, min(len(path), first + step))
            knots = path[part]
            centre = knots[:, knot] * (1 - t) + knots[:, knot + 1] * t
            heading = np.gradient(centre, axis=1)
            heading /= np.linalg.norm(heading, axis=2, keepdims=True) + 1e-6
            spread = (half[part, None] * narrow)[:, :, None] * v
            x = centre[:, :, 0:1] - heading[:, :, 1:2] * spread
            y = centre[:, :, 1:2] + heading[:, :, 0:1] * spread
            index = np.arange(part.start, part.stop)[:, None, None]
            shape = x.shape
            uu, vv = np.broadcast_to(u[None, :, None], shape), np.broadcast_to(v, shape)
            keep: BoolArray = (x >= 0) & (x < m) & (y >= 0) & (y < m)
            if brush.dry or brush.edge:
                streak = self._texture(np.broadcast_to(index, shape), uu, vv, brush)
                limit = brush.dry * (0.1 + 0.55 * u**2)[None, :, None] + brush.edge * np.clip(np.abs(v) * 4 - 3, 0, 1)
                keep &= streak > limit
            if strokes.reach is not None:
                keep &= uu <= strokes.reach[part, None, None]
            pixel = y[keep].astype(np.int64) * m + x[keep].astype(np.int64)
            code = (u * 255).astype(np.int64)[:, None] * 256 + ((v + 1) * 127.5).astype(np.int64)
            packed = np.broadcast_to(index.astype(np.int64) << 16, shape) + code[None]
            owner[pixel] = packed[keep]  # repeated pixels: the last one written stays
        return owner

    def finish(self, light: float = 0.35, gloss: float = 0.06, direction: float = -2.3) -> Array:
        """The painting at its final size, lit from one side so that the paint's relief shows."""
        shade = relief(self.height, 0.55, direction)
        lit = self.colour * (1 + light * shade[..., None]) + gloss * np.clip(shade, 0, 1)[..., None] ** 3
        return shrink(np.clip(lit, 0, 1), self.scale)
