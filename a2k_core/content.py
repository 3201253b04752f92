"""The content as a transfer sees it: a picture of any size that is read in parts and goes on by reflection to the grid."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from .blocks import reflected_indices
from .regions import Region

Read = Callable[[slice, slice], Tensor]
"""Rows and columns of a picture to `[B, 3, rows, columns]`, floating, RGB in 0..1, on any device."""


def reading(picture: Tensor) -> Read:
    """From a picture `[B, 3, H, W]` that is there as a whole; views."""
    return lambda rows, columns: picture[..., rows, columns]


class Content:
    """A picture, or a batch of equally large ones.

    Args:
        read: gives the pixels.
        shape: batch, height and width.
        grid: the padded picture's sides are the next multiples of it.
    """

    def __init__(self, read: Read, shape: tuple[int, int, int], grid: int) -> None:
        self._read = read
        self.batch, self.height, self.width = shape
        self.bounds = Region(0, 0, -(-self.height // grid) * grid, -(-self.width // grid) * grid)

    def inside(self, region: Region) -> Region:
        """What of a region belongs to the picture itself."""
        return region._replace(bottom=min(region.bottom, self.height), right=min(region.right, self.width))

    def pixels(self, region: Region) -> Tensor:
        """The pixels of a region inside the picture itself."""
        return self._read(slice(region.top, region.bottom), slice(region.left, region.right))

    def padded(self, region: Region) -> Tensor:
        """All pixels of a region of the picture as `pad_to_multiple` extends it."""
        vertical, horizontal = (self.height, region.bottom, region.top), (self.width, region.right, region.left)
        rows, columns = reflected_indices(*vertical), reflected_indices(*horizontal)
        first_row, first_column = int(rows.min()), int(columns.min())
        image = self._read(slice(first_row, int(rows.max()) + 1), slice(first_column, int(columns.max()) + 1))
        if image.shape[-2] != len(rows) or region.bottom > self.height:
            image = image.index_select(2, reflected_indices(*vertical, image.device) - first_row)
        if image.shape[-1] != len(columns) or region.right > self.width:
            image = image.index_select(3, reflected_indices(*horizontal, image.device) - first_column)
        return image
