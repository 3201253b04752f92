"""Rectangles of a picture, and how it is cut into them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from types import EllipsisType
from typing import NamedTuple

Index = tuple[EllipsisType, slice, slice]
"""Rows and columns of the last two dimensions."""


class Region(NamedTuple):
    """A rectangle of the picture padded to the grid, in pixels; right and bottom are outside."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    def grown(self, margin: int, multiple: int, bounds: Region) -> Region:
        """With a margin on each side, out to multiples of `multiple`, inside `bounds`."""
        return Region(
            max((self.top - margin) // multiple * multiple, bounds.top),
            max((self.left - margin) // multiple * multiple, bounds.left),
            min(-(-(self.bottom + margin) // multiple) * multiple, bounds.bottom),
            min(-(-(self.right + margin) // multiple) * multiple, bounds.right),
        )

    @classmethod
    def around(cls, regions: Iterable[Region]) -> Region:
        """The smallest that contains them all."""
        tops, lefts, bottoms, rights = zip(*regions, strict=True)
        return cls(min(tops), min(lefts), max(bottoms), max(rights))

    def within(self, outer: Region, stride: int) -> Index:
        """What picks this region from features of `outer`, which contains it; both lie on multiples of `stride`."""
        return (
            ...,
            slice((self.top - outer.top) // stride, (self.bottom - outer.top) // stride),
            slice((self.left - outer.left) // stride, (self.right - outer.left) // stride),
        )

    def split(self, side: int, grid: int) -> list[Region]:
        """Regions of about equal size, sides on the grid and at most `side`, in raster order."""
        rows, columns = _cuts(self.top, self.bottom, side, grid), _cuts(self.left, self.right, side, grid)
        return [
            Region(top, left, bottom, right)
            for top, bottom in itertools.pairwise(rows)
            for left, right in itertools.pairwise(columns)
        ]


Regions = tuple[Region, Region, Region]
"""Where the features of each stylized level lie, the finest first."""


def _cuts(start: int, stop: int, side: int, grid: int) -> list[int]:
    cells = (stop - start) // grid
    parts = -(-cells // max(side // grid, 1))
    return [start + cells * part // parts * grid for part in range(parts + 1)]
