"""Dividing a picture into tiles that follow its contours (a centroidal Voronoi diagram with an oriented, square distance)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .fields import Array, IntArray, blur, distance, edges, mean_by, nearest, resize, sample
from .scenes import Scene


@dataclass(frozen=True)
class Tiling:
    """`owner [m, m]`: the tile of each pixel. `distance [m, m]`: how far out in it, 1 at the side of a regular tile.

    For each tile: its centre `x`, `y` (units of the side), its direction and the label of the scene it lies in.
    """

    owner: IntArray
    distance: Array
    x: Array
    y: Array
    angle: Array
    label: IntArray
    count: int

    def mean(self, picture: Array) -> Array:
        """The mean colour of each tile, `[count, 3]`."""
        return mean_by(self.owner, picture, self.count)


def contour_angle(scene: Scene, reach: float, own: float = 0.25) -> Array:
    """Directions along the nearest contour, fading into the scene's own directions beyond `reach` (units of the side)."""
    n = scene.n
    away = blur(np.minimum(distance(edges(scene.label), int(4 * reach * n)), 4 * reach * n), 1.5)
    down, right = np.gradient(away)
    along = np.arctan2(down, right) + np.pi / 2
    weight = np.exp(-away / (reach * n)) * np.minimum(np.hypot(down, right), 1)
    # Directions have no sign: average the doubled angle.
    c = blur(weight * np.cos(2 * along) + own * np.cos(2 * scene.angle), reach * n * 0.35)
    s = blur(weight * np.sin(2 * along) + own * np.sin(2 * scene.angle), reach * n * 0.35)
    return np.asarray(0.5 * np.arctan2(s, c), np.float32)


def tile(
    rng: np.random.Generator,
    scene: Scene,
    across: int,
    angle: Array,
    m: int,
    *,
    rounds: int = 10,
    power: float = 4.0,
    apart: float = 1.2,
) -> Tiling:
    """About `across` x `across` tiles turned along `angle`, at `m` by `m` pixels.

    `power` shapes the tiles (2: cells of a foam, 4 and more: squares); `apart` keeps a tile within one label.
    """
    k = np.arange(across * across)
    x = ((k % across + 0.5 + rng.uniform(-0.45, 0.45, len(k))) / across).astype(np.float32)
    y = ((k // across + 0.5 + rng.uniform(-0.45, 0.45, len(k))) / across).astype(np.float32)
    coarse = min(m, across * 8)
    whole = without_slivers(scene.label, 0.3 * scene.n / across)
    labels = resize(whole, coarse, smooth=False).astype(np.int32)
    for _ in range(rounds):
        owner, _ = _assign(x, y, sample(angle, x, y), labels, across, power, apart)
        flat = owner.ravel()
        area = np.bincount(flat, minlength=len(x))
        rows, columns = np.mgrid[:coarse, :coarse]
        full = area > 0
        for position, axis in ((x, columns), (y, rows)):
            total = np.bincount(flat, axis.ravel() + 0.5, len(x))
            position[full] = total[full] / area[full] / coarse
    turn = sample(angle, x, y)
    labels = resize(whole, m, smooth=False).astype(np.int32)
    owner, away = _assign(x, y, turn, labels, across, power, apart)
    return Tiling(owner, away, x, y, turn, sample(labels, x, y), len(x))


def without_slivers(label: IntArray, radius: float) -> Array:
    """The labels; a part of a region thinner than about twice `radius` (pixels) goes to its neighbours."""
    limit = int(4 * radius) + 2
    core = distance(edges(label), limit) >= radius
    if not core.any():
        return label.astype(np.float32)
    y, x = nearest(core, 4 * limit)
    away = np.hypot(y - np.arange(len(y))[:, None], x - np.arange(len(x))[None])
    thin = (away > 1.45 * radius) | (label[y, x] != label) | ~core[y, x]
    return np.where(thin, label[y, x], label).astype(np.float32)


def _assign(
    x: Array, y: Array, angle: Array, labels: IntArray, across: int, power: float, apart: float
) -> tuple[IntArray, Array]:
    """The nearest tile of each pixel and the distance to it."""
    m = labels.shape[0]
    half = 0.5 * m / across
    reach = int(np.ceil(3.2 * half))
    best = np.full(m * m, np.iinfo(np.int64).max, np.int64)
    offset = np.arange(-reach, reach + 1)
    own = sample(labels.astype(np.float32), x, y).astype(np.int32)
    step = max(1, 1_500_000 // (len(offset) ** 2))
    for first in range(0, len(x), step):
        part = slice(first, min(len(x), first + step))
        column = (x[part] * m).astype(np.int32)[:, None, None] + offset[None, None, :]
        row = (y[part] * m).astype(np.int32)[:, None, None] + offset[None, :, None]
        dx = (column + 0.5 - x[part, None, None] * m) / half
        dy = (row + 0.5 - y[part, None, None] * m) / half
        c, s = np.cos(angle[part])[:, None, None], np.sin(angle[part])[:, None, None]
        u, v = np.abs(dx * c + dy * s), np.abs(dy * c - dx * s)
        away = np.sqrt(u**2 + v**2) if power == 2 else (u**power + v**power) ** (1 / power)
        inside = (column >= 0) & (column < m) & (row >= 0) & (row < m)
        pixel = np.where(inside, row * m + column, 0)
        away = away + apart * (labels.ravel()[pixel] != own[part, None, None])
        code = ((away * 4096).astype(np.int64) << 32) | np.arange(part.start, part.stop)[:, None, None]
        np.minimum.at(best, pixel[inside], code[inside])
    # A pixel out of every window's reach (rare, at the rim of a large gap) goes to the tile of its neighbour.
    lost = best == np.iinfo(np.int64).max
    if lost.any():
        best[lost] = np.interp(np.flatnonzero(lost), np.flatnonzero(~lost), np.flatnonzero(~lost)).astype(int)
        best[lost] = best[best[lost]]
    owner = (best & 0xFFFFFFFF).astype(np.int32).reshape(m, m)
    return owner, ((best >> 32) / 4096).astype(np.float32).reshape(m, m)


def joints(owner: IntArray, width: float) -> Array:
    """1 in the joints between tiles, 0 inside, with rounded corners; `width` in pixels."""
    line = blur(edges(owner).astype(np.float32), max(0.6, width / 2))
    return np.clip((line * max(1.0, width * 1.25) - 0.3) * 4, 0, 1)
