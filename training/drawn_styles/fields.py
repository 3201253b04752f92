"""Scalar fields on a square: coordinates, smooth noise, blur, distance, light on a relief.

A field is an array `[n, n]` (row, column). Positions are in units of the picture's side, x to the right and y down, so a
drawing looks the same at every size.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]
AnyArray = TypeVar("AnyArray", Array, IntArray)


def coordinates(n: int) -> tuple[Array, Array]:
    """`x, y` of the pixel centres, each `[n, n]`, in 0..1."""
    axis = ((np.arange(n) + 0.5) / n).astype(np.float32)
    return np.broadcast_to(axis[None, :], (n, n)), np.broadcast_to(axis[:, None], (n, n))


def resize(field: Array, n: int, smooth: bool = True) -> Array:
    """`[h, w]` or `[h, w, 3]` resampled to `n` by `n`."""
    if field.shape[:2] == (n, n):
        return field
    if field.ndim == 3:
        return np.stack([resize(field[..., c], n, smooth) for c in range(field.shape[-1])], -1)
    method = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(np.ascontiguousarray(field, np.float32)).resize((n, n), method))


def shrink(field: Array, factor: int) -> Array:
    """The mean of each `factor` by `factor` block: how supersampled drawings are brought to size."""
    h, w = field.shape[0] // factor, field.shape[1] // factor
    blocks = field[: h * factor, : w * factor].reshape(h, factor, w, factor, *field.shape[2:])
    return np.asarray(blocks.mean((1, 3)), np.float32)


def fork(rng: np.random.Generator) -> np.random.Generator:
    """A generator for a number of draws that may depend on the size: it takes the same step of `rng` whatever is drawn."""
    return np.random.default_rng(rng.integers(1 << 62))


def noise(rng: np.random.Generator, n: int, cells: float, cells_y: float | None = None) -> Array:
    """Smooth noise of about unit range, -1..1, with `cells` bumps across (and `cells_y` down, if different)."""
    down = cells if cells_y is None else cells_y
    lattice = fork(rng).uniform(-1.5, 1.5, (int(np.ceil(down)) + 3, int(np.ceil(cells)) + 3)).astype(np.float32)
    picture = Image.fromarray(lattice)
    box = (1.0, 1.0, 1.0 + cells, 1.0 + down)
    return np.asarray(picture.resize((n, n), Image.Resampling.BICUBIC, box=box))


def fractal(rng: np.random.Generator, n: int, cells: float, octaves: int = 4, gain: float = 0.5) -> Array:
    """Noise on noise: each octave twice as fine and `gain` as strong. About -1..1."""
    total = np.zeros((n, n), np.float32)
    weight = 1.0
    for octave in range(octaves):
        total += weight * noise(rng, n, min(cells * 2**octave, n))
        weight *= gain
    return total / (1 + gain)


def blur(field: Array, radius: float) -> Array:
    """Gaussian-like blur of standard deviation `radius` pixels, edges repeated."""
    n = field.shape[0]
    factor = int(radius / 3)
    if factor >= 2:  # a wide blur loses nothing on a coarse grid
        return resize(blur(_reduce(field, factor), radius / factor), n)
    reach = max(1, int(np.ceil(radius * 2.5)))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(radius, 1e-3)) ** 2).astype(np.float32)
    taps /= taps.sum()
    for axis in (0, 1):
        pad = [(reach, reach) if a == axis else (0, 0) for a in range(field.ndim)]
        padded = np.pad(field, pad, mode="edge")
        out = np.zeros(field.shape, np.float32)
        for k, tap in enumerate(taps):
            out += tap * (padded[k : k + n] if axis == 0 else padded[:, k : k + n])
        field = out
    return field


def _reduce(field: Array, factor: int) -> Array:
    """About one sample for each `factor` pixels, by area."""
    n = max(2, round(field.shape[0] / factor))
    if field.ndim == 3:
        return np.stack([_reduce(field[..., c], factor) for c in range(field.shape[-1])], -1)
    return np.asarray(Image.fromarray(np.ascontiguousarray(field, np.float32)).resize((n, n), Image.Resampling.BOX))


def sample(field: AnyArray, x: Array, y: Array) -> AnyArray:
    """The field's nearest value at positions in units of the side; outside repeats the edge."""
    n = field.shape[0]
    column = np.clip((x * n).astype(np.int32), 0, n - 1)
    row = np.clip((y * n).astype(np.int32), 0, n - 1)
    return field[row, column]


def warp(field: Array, dx: Array, dy: Array) -> Array:
    """The field read at displaced positions (displacements in units of the side): rough, hand-cut outlines."""
    x, y = coordinates(field.shape[0])
    return sample(field, x + dx, y + dy)


def mean_by(index: IntArray, picture: Array, count: int = 0) -> Array:
    """The mean colour of the pixels of each index, `[max(index) + 1, 3]` (at least `count` rows); 0 where there are none."""
    flat = index.ravel()
    area = np.maximum(np.bincount(flat, minlength=count), 1)
    channels = [np.bincount(flat, picture[..., c].ravel(), count) / area for c in range(3)]
    return np.stack(channels, -1).astype(np.float32)


def edges(labels: IntArray) -> BoolArray:
    """Where a label differs from its right or lower neighbour."""
    mark = np.zeros(labels.shape, bool)
    mark[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    mark[:-1] |= labels[:-1] != labels[1:]
    return mark


def nearest(mark: BoolArray, limit: int = 0) -> tuple[IntArray, IntArray]:
    """Row and column of the marked pixel nearest to each pixel, by jump flooding (right to a pixel in practice).

    `limit` bounds how far the answer matters (0: everywhere). Where nothing was found a pixel answers itself.
    """
    n = mark.shape[0]
    far = 4 * n
    rows, columns = (axis.astype(np.int32) for axis in np.mgrid[:n, :n])
    seed_y, seed_x = np.where(mark, rows, -far).astype(np.int32), np.where(mark, columns, -far).astype(np.int32)
    best = np.where(mark, 0, np.iinfo(np.int32).max).astype(np.int32)
    step = 1 << max(0, int(np.ceil(np.log2(min(limit or n, n)))) - 1)
    while step:
        for dy in (-step, 0, step):
            for dx in (-step, 0, step):
                if dy == 0 and dx == 0:
                    continue
                here = np.s_[max(0, -dy) : n - max(0, dy), max(0, -dx) : n - max(0, dx)]
                there = np.s_[max(0, dy) : n - max(0, -dy), max(0, dx) : n - max(0, -dx)]
                y, x = seed_y[there], seed_x[there]
                square = (y - rows[here]) ** 2 + (x - columns[here]) ** 2
                closer = (square < best[here]) & (y >= 0)
                # Boolean assignment into views: all three stay in step.
                best[here][closer] = square[closer]
                seed_y[here][closer] = y[closer]
                seed_x[here][closer] = x[closer]
        step //= 2
    found = seed_y >= 0
    return np.where(found, seed_y, rows), np.where(found, seed_x, columns)


def distance(mark: BoolArray, limit: int = 0) -> Array:
    """Distance in pixels to the nearest marked pixel; `limit` bounds the answer (0: no bound)."""
    n = mark.shape[0]
    y, x = nearest(mark, limit)
    rows, columns = np.mgrid[:n, :n]
    found = mark[y, x]
    away = np.hypot(y - rows, x - columns)
    bound = limit or 2 * n
    return np.where(found, np.minimum(away, bound), bound).astype(np.float32)


def relief(height: Array, strength: float, direction: float = -2.3) -> Array:
    """Shading of a height field (heights in pixels) lit from `direction` (radians; default upper left). 0 where flat."""
    down, right = np.gradient(height)
    slope = strength * -(right * np.cos(direction) + down * np.sin(direction))
    return np.asarray(slope / np.sqrt(1 + slope**2), np.float32)


def to_image(colour: Array) -> Image.Image:
    """`[n, n, 3]` in 0..1 as an RGB picture."""
    return Image.fromarray((np.clip(colour, 0, 1) * 255 + 0.5).astype(np.uint8))


def from_image(picture: Image.Image) -> Array:
    """An RGB or L picture as floats in 0..1."""
    return np.asarray(picture, np.float32) / 255
