"""A scene: what a picture shows, apart from how it is painted.

Scenes are built back to front from filled outlines. Each outline gives its pixels a colour, a label (so that techniques can
find contours), a direction (the way a brush, a tile row or a cut would follow) and a weight of detail.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from ..fields import Array, IntArray, coordinates

Shading = Callable[[Array, Array], Array]
"""From x and y (units of the side) to a value for each pixel: a colour `[..., 3]` or an angle."""


class Scene:
    """The fields a technique draws from, all `n` by `n`.

    colour: RGB in 0..1, `[n, n, 3]`. label: which thing a pixel belongs to. angle: radians, x right and y down.
    detail: 0 (a wash will do) to 1 (use the finest strokes). focus: x, y of the light or of the thing shown.
    """

    def __init__(self, n: int, colour: Array | Shading, angle: float | Shading = 0.0, detail: float = 0.2) -> None:
        self.n = n
        self.colour = np.zeros((n, n, 3), np.float32)
        self.label: IntArray = np.zeros((n, n), np.int32)
        self.angle = np.zeros((n, n), np.float32)
        self.detail = np.zeros((n, n), np.float32)
        self.focus = (0.5, 0.4)
        self._x, self._y = coordinates(n)
        self._labels = 0
        self._write(np.s_[:, :], np.ones((n, n), bool), colour, angle, detail, 0)

    def new_label(self) -> int:
        """A label to share between outlines that are one thing (the lumps of one tree)."""
        self._labels += 1
        return self._labels

    def fill(
        self,
        outline: Array,
        colour: Array | Shading,
        angle: float | Shading | None = None,
        detail: float = 0.5,
        label: int | None = None,
    ) -> None:
        """Paint a closed outline `[k, 2]` over what is there. No angle: keep the direction of what lies below."""
        n = self.n
        low = np.clip(np.floor(outline.min(0) * n).astype(int) - 1, 0, n)
        high = np.clip(np.ceil(outline.max(0) * n).astype(int) + 2, 0, n)
        if (high <= low).any():
            return
        mask = Image.new("1", (int(high[0] - low[0]), int(high[1] - low[1])))
        corners = [(float(x), float(y)) for x, y in outline * n - low - 0.5]
        ImageDraw.Draw(mask).polygon(corners, fill=1)
        window = np.s_[low[1] : high[1], low[0] : high[0]]
        self._write(window, np.asarray(mask), colour, angle, detail, self.new_label() if label is None else label)

    def _write(
        self,
        window: tuple[slice, slice],
        inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
        colour: Array | Shading,
        angle: float | Shading | None,
        detail: float,
        label: int,
    ) -> None:
        x, y = self._x[window][inside], self._y[window][inside]
        self.colour[window][inside] = colour(x, y) if callable(colour) else colour
        if angle is not None:
            self.angle[window][inside] = angle(x, y) if callable(angle) else angle
        self.detail[window][inside] = detail
        self.label[window][inside] = label


def around(cx: float, cy: float) -> Shading:
    """The direction of circles about a point."""
    return lambda x, y: np.arctan2(y - cy, x - cx) + np.pi / 2


def rounded(colour: Array, dark: Array, light: Array, cx: float, cy: float, r: float, depth: float = 0.55) -> Shading:
    """A ball lit from the upper left: `colour` in the middle, towards `light` and `dark` at the ends."""

    def shade(x: Array, y: Array) -> Array:
        t = np.clip(0.5 + 0.5 * ((x - cx) * 0.6 + (y - cy) * 0.8) / r, 0, 1)[..., None]
        lit = np.clip(1 - t * 2, 0, 1) * depth
        dim = np.clip(t * 2 - 1, 0, 1) * depth
        return np.asarray(colour * (1 - lit - dim) + light * lit + dark * dim)

    return shade


def ramp(first: Array, last: Array, start: float, end: float, across: bool = False) -> Shading:
    """From one colour to another between two heights (or, `across`, between left and right)."""

    def shade(x: Array, y: Array) -> Array:
        t = np.clip(((x if across else y) - start) / (end - start), 0, 1)[..., None]
        return np.asarray(first * (1 - t) + last * t)

    return shade
