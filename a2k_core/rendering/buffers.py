"""Pictures and features that are read, held and written region by region."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..config import STRIDES
from ..network.attention.blocks import reflected_indices
from ..network.encoder import Features
from ..network.regions import Region, Regions

Read = Callable[[slice, slice], Tensor]
"""Rows and columns of a picture to `[B, 3, rows, columns]`, floating, RGB in 0..1, on any device."""

Write = Callable[[int, int, Tensor], None]
"""Takes a finished piece, `[B, 3, h, w]` in 0..1, and its top and left. Every pixel comes once, in any order."""


def reader(image: Tensor) -> Read:
    """Read from a picture `[B, 3, H, W]` that is in memory. The pieces are views."""
    return lambda rows, columns: image[..., rows, columns]


class PaddedSource:
    """A picture of any size, or a batch of equally large ones, extended by reflection to the network's grid.

    Args:
        read: gives the pixels.
        shape: batch, height and width.
        grid: the sides of the padded picture are the next multiples of it.
    """

    def __init__(self, read: Read, shape: tuple[int, int, int], grid: int) -> None:
        self.read = read
        self.batch, self.height, self.width = shape
        self.bounds = Region(0, 0, -(-self.height // grid) * grid, -(-self.width // grid) * grid)

    def inside(self, region: Region) -> Region:
        """The part of a region that is not padding."""
        return region._replace(bottom=min(region.bottom, self.height), right=min(region.right, self.width))

    def padded(self, region: Region) -> Tensor:
        """All pixels of a region, padding included, as `pad_to_multiple` extends the picture."""
        vertical, horizontal = (self.height, region.bottom, region.top), (self.width, region.right, region.left)
        rows, columns = reflected_indices(*vertical), reflected_indices(*horizontal)
        first_row, first_column = int(rows.min()), int(columns.min())
        image = self.read(slice(first_row, int(rows.max()) + 1), slice(first_column, int(columns.max()) + 1))
        if image.shape[-2] != len(rows) or region.bottom > self.height:
            image = image.index_select(2, reflected_indices(*vertical, image.device) - first_row)
        if image.shape[-1] != len(columns) or region.right > self.width:
            image = image.index_select(3, reflected_indices(*horizontal, image.device) - first_column)
        return image


class ImageBuffer:
    """Collects the pieces `[B, C, h, w]` of a picture. A piece that covers the picture becomes it, without a copy.

    Args:
        height, width: of the picture.
    """

    def __init__(self, height: int, width: int) -> None:
        self._size = (height, width)
        self.image: Tensor | None = None
        """`[B, C, H, W]`, of the dtype and device of the pieces. None before the first piece."""

    def write(self, top: int, left: int, piece: Tensor) -> None:
        """Put a piece in its place."""
        if piece.shape[-2:] == self._size:
            self.image = piece
            return
        if self.image is None:
            self.image = piece.new_empty((*piece.shape[:2], *self._size))
        self.image[..., top : top + piece.shape[-2], left : left + piece.shape[-1]] = piece


class FeatureBuffer:
    """Collects the features of the regions of a picture.

    Args:
        bounds: of the picture. Its first pixel is at 0, 0.
        features: of the whole, where they are there already.
    """

    def __init__(self, bounds: Region, features: Features | None = None) -> None:
        self._bounds = bounds
        self._features = features

    def write(self, features: Features, region: Region) -> None:
        """Put the features of a region in their place."""
        if self._features is None:
            level4, level8, level16 = (
                torch.empty(
                    (*level.shape[:2], self._bounds.bottom // stride, self._bounds.right // stride),
                    dtype=level.dtype,
                    device=level.device,
                    memory_format=torch.channels_last,
                )
                for level, stride in zip(features, STRIDES, strict=True)
            )
            self._features = level4, level8, level16
        for place, piece in zip(self.read((region, region, region)), features, strict=True):
            place.copy_(piece)

    def read(self, at: Regions) -> Features:
        """The features of a region at each level; views."""
        assert self._features is not None
        return cropped(self._features, (self._bounds, self._bounds, self._bounds), at)


def cropped(features: Features, at: Regions, to: Regions) -> Features:
    """Features that lie `at` three regions, cropped `to` regions inside them; views."""
    level4, level8, level16 = (
        level[inner.within(outer, stride)]
        for level, outer, inner, stride in zip(features, at, to, STRIDES, strict=True)
    )
    return level4, level8, level16
