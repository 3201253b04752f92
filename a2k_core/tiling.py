"""Exact tiling: a picture computed piece by piece gives what the whole gives.

Content never attends to content. All that a piece needs of the rest of the picture are the moments of the features, gathered
in a first pass, and a margin of pixels, the network's reach.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from .blocks import reflected_indices
from .colour import ColourMap, ColourTally
from .config import STRIDES
from .encoded_style import EncodedStyle
from .encoder import Features
from .errors import InputError
from .memory import available, choose_tile, is_out_of_memory, release
from .reach import reach
from .regions import Region
from .statistics import Moments, PartialMoments, channel_moments

if TYPE_CHECKING:
    from .model import StyA2K

Tile = int | Literal["auto"] | None
"""Side of a tile in pixels; or whole pictures where they fit into memory and tiles where not; or whole pictures."""

Progress = Callable[[float], None]
"""Is told how much is done, from 0 to 1, after each step. What it raises ends the work."""

Read = Callable[[slice, slice], Tensor]
"""Rows and columns of a picture to `[B, 3, rows, columns]`, floating, RGB in 0..1, on any device."""

Write = Callable[[int, int, Tensor], None]
"""Takes a finished piece, `[B, 3, h, w]` in 0..1 of the dtype and device that were read, and its top and left."""


COLOURS_OF_ITSELF = 2**20
"""Pixels of the largest picture whose own result says what its colours have to be moved by; see `colour.py`."""

COLOURS_OF_COPY = 2**18
"""Pixels, about, of the reduced copy whose result says so for larger ones. It costs at most a quarter more, at 4 megapixels a tenth."""


def check_tile(tile: object, grid: int) -> None:
    """Raise `InputError` unless `tile` is None, "auto" or a side of at least one cell of the grid."""
    if tile is None or tile == "auto" or (isinstance(tile, int) and not isinstance(tile, bool) and tile >= grid):
        return
    raise InputError(f'tile is {tile!r}; pass a side in pixels from {grid} up, "auto", or None for whole pictures')


class TiledTransfer:
    """One run over one picture, or over a batch of equally large ones at once.

    Args:
        model: computes.
        read: gives the content.
        write: takes the result.
        shape: batch, height and width of the content.
        style: on the model's device, in its dtype; one for all contents or one for each.
        strength: above 0, see `StyA2K.transfer`.
        progress: see `Progress`.
    """

    def __init__(
        self,
        model: StyA2K,
        read: Read,
        write: Write,
        shape: tuple[int, int, int],
        style: EncodedStyle,
        strength: float,
        progress: Progress | None = None,
    ) -> None:
        self.model = model
        self.read = read
        self.write = write
        self.batch, self.height, self.width = shape
        self.style = style
        self.strength = strength
        self.progress = progress
        self.grid = model.config.grid
        self.bounds = Region(0, 0, -(-self.height // self.grid) * self.grid, -(-self.width // self.grid) * self.grid)
        self.reach = reach(model.config)
        self.keep = False
        self.kept: Features | None = None
        self.partials: list[PartialMoments] = []
        self.moments: list[Moments] = []
        self.colours: ColourMap | None = None
        self.tally = ColourTally(style.colours, strength)
        self._area_done = 0
        self._passes = 2

    def run(self, tile: Tile, reserved: int = 0) -> None:
        """Compute everything.

        With a tile's side, memory depends on it alone; content features are computed twice, for the moments and for the
        picture, and once more for the colours of pictures of up to `COLOURS_OF_ITSELF` pixels. With "auto" they are kept from
        the first pass to the others where they fit into memory. With either, tiles are quartered when memory runs out all the
        same.

        Args:
            tile: see `Tile`.
            reserved: bytes that count as available but are already spoken for.
        """
        side = max(self.bounds)
        if tile == "auto":
            config, device = self.model.config, self.model.device
            margin = self.reach.encoder + self.reach.attention + self.reach.decoder + self.grid
            memory = available(device) - reserved
            side, self.keep = choose_tile(
                config, self.model.dtype, device, self.batch, self.bounds.bottom, self.bounds.right, margin, memory
            )
        elif tile is not None:
            side = tile
        may_shrink = tile is not None
        small = self.height * self.width <= COLOURS_OF_ITSELF
        match = self.model.config.colour_match
        self._passes = 3 if match and small and self.bounds.area > side**2 else 2
        regions = self._measure(side, may_shrink)
        # A small picture computed at once tells its colours when it is there.
        if match and not (small and regions == [self.bounds]):
            self.colours = self._colour_map(regions, side, may_shrink)
        self._each(regions, self._paint, may_shrink)

    def _measure(self, side: int, may_shrink: bool) -> list[Region]:
        """First pass: the moments of the features. Gives the regions that it was done in."""
        regions = self._each(self.bounds.split(side, self.grid), self._gather, may_shrink)
        if self.partials:
            self.moments = [level.moments(self.model.device) for level in self.partials]
        return regions

    def _each(self, regions: list[Region], work: Callable[[Region], None], may_shrink: bool) -> list[Region]:
        """Do the regions in turn, in smaller pieces once memory runs out; gives the pieces that were done."""
        done: list[Region] = []
        left = regions[::-1]
        while left:
            region = left.pop()
            try:
                work(region)
            except Exception as error:
                if not (may_shrink and is_out_of_memory(error)) or region.area == self.grid**2:
                    raise
            else:
                done.append(region)
                self._area_done += region.area
                if self.progress:
                    self.progress(min(1.0, self._area_done / (self._passes * self.bounds.area)))
                continue
            # Only now: until the except clause ends, the error's traceback keeps the tensors alive.
            self.keep, self.kept = False, None
            release(self.model.device)
            side = max(max(region.bottom - region.top, region.right - region.left) // 2, self.grid)
            left = [part for larger in [*left, region] for part in larger.split(side, self.grid)[::-1]]
        return done

    def _gather(self, region: Region) -> None:
        """Take the moments of a region's features."""
        features = self._encode(region)
        if region == self.bounds:
            self.moments = [channel_moments(level) for level in features]
            self.kept = features
            return
        partials = [PartialMoments.of(level) for level in features]
        if self.keep:
            self._keep(features, region)
        if self.partials:
            partials = [before.merged(level) for before, level in zip(self.partials, partials, strict=True)]
        self.partials = partials

    def _paint(self, region: Region) -> None:
        """Last pass: stylize and write a region."""
        features, attended, decoded = self._attended(region)
        styled = self.model.stylize(features, self.moments, self.style, self.strength)
        image = self._decode(styled, attended, decoded, region)
        content = self._content(region)
        if self.model.config.colour_match:
            if self.colours is None:
                self.tally.note(image, content)
                self.colours = self.tally.map()
            image = self.colours.apply(image)
        image = image.to(content)
        if self.strength < 1:
            rebuilt = self._decode(features, attended, decoded, region).to(content)
            image = image + (1 - self.strength) * (content - rebuilt)
        self.write(region.top, region.left, image.clamp(0, 1))

    def _attended(self, region: Region) -> tuple[Features, Region, Region]:
        """The features that attention has to see for a region, where they lie, and where those lie that the decoder sees."""
        decoded = region.grown(self.reach.decoder, STRIDES[-1], self.bounds)
        attended = decoded
        if self.reach.attention:
            # Out to the edges of the shifted blocks, which lie between those of the grid.
            attended = attended.grown(0, self.reach.attention, self.bounds).grown(self.reach.attention, 1, self.bounds)
        attended = attended.grown(0, self.grid, self.bounds)
        features = self._crop(self.kept, self.bounds, attended) if self.kept else self._encode(attended)
        return features, attended, decoded

    def _colour_map(self, regions: list[Region], side: int, may_shrink: bool) -> ColourMap:
        """What moves the colours of the whole result, found before it is painted: from itself or, when large, a reduced copy."""
        pixels = self.height * self.width
        if pixels > COLOURS_OF_ITSELF:
            copy = self._reduced(math.ceil(math.sqrt(pixels / COLOURS_OF_COPY)))
            shape = (self.batch, *copy.shape[-2:])
            inner = TiledTransfer(
                self.model, lambda rows, columns: copy[..., rows, columns], self.write, shape, self.style, self.strength
            )
            return inner._colour_map(inner._measure(side, may_shrink), side, may_shrink)
        self._each(regions, self._gather_colours, may_shrink)
        return self.tally.map()

    def _gather_colours(self, region: Region) -> None:
        """Take the moments of a region's colours, as they are before they are moved."""
        features, attended, decoded = self._attended(region)
        styled = self.model.stylize(features, self.moments, self.style, self.strength)
        self.tally.note(self._decode(styled, attended, decoded, region), self._content(region))

    def _content(self, region: Region) -> Tensor:
        """The pixels of a region that belong to the picture."""
        bottom, right = min(region.bottom, self.height), min(region.right, self.width)
        return self.read(slice(region.top, bottom), slice(region.left, right))

    def _reduced(self, factor: int) -> Tensor:
        """The content, each side divided by `factor` and rounded up: means of squares of pixels, read in strips."""
        rows = max(1, COLOURS_OF_ITSELF // (self.width * factor)) * factor
        strips = []
        for top in range(0, self.height, rows):
            strip = self.read(slice(top, min(top + rows, self.height)), slice(0, self.width))
            if factor > 1:
                strip = F.avg_pool2d(strip.float(), factor, ceil_mode=True, count_include_pad=False)
            strips.append(strip)
        return torch.cat(strips, dim=2)

    def _encode(self, region: Region) -> Features:
        """The features of a region, exactly those of the whole picture."""
        seen = region.grown(self.reach.encoder, STRIDES[-1], self.bounds)
        image = self.model.grained(self._read_padded(seen).to(self.model.device), seen.top, seen.left)
        features = self.model.encoder(image.to(self.model.dtype, memory_format=torch.channels_last))
        return self._crop(features, seen, region)

    def _decode(self, features: Features, at: Region, decoded: Region, region: Region) -> Tensor:
        """The pixels of `region` that belong to the picture, seeing the features of `decoded`, from those of `at`."""
        image = self.model.decode(self._crop(features, at, decoded))
        top, left = region.top - decoded.top, region.left - decoded.left
        bottom, right = min(region.bottom, self.height) - decoded.top, min(region.right, self.width) - decoded.left
        return image[..., top:bottom, left:right]

    def _read_padded(self, region: Region) -> Tensor:
        """Pixels of the picture as `pad_to_multiple` extends it."""
        rows = reflected_indices(self.height, region.bottom, region.top)
        columns = reflected_indices(self.width, region.right, region.left)
        first_row, first_column = int(rows.min()), int(columns.min())
        image = self.read(slice(first_row, int(rows.max()) + 1), slice(first_column, int(columns.max()) + 1))
        if image.shape[-2] != len(rows) or region.bottom > self.height:
            image = image.index_select(2, (rows - first_row).to(image.device))
        if image.shape[-1] != len(columns) or region.right > self.width:
            image = image.index_select(3, (columns - first_column).to(image.device))
        return image

    def _keep(self, features: Features, region: Region) -> None:
        """Put the features of a region where those of the whole picture are collected."""
        if self.kept is None:
            level4, level8, level16 = (
                level.new_empty(
                    (*level.shape[:2], self.bounds.bottom // stride, self.bounds.right // stride)
                ).contiguous(memory_format=torch.channels_last)
                for level, stride in zip(features, STRIDES, strict=True)
            )
            self.kept = level4, level8, level16
        for whole, piece in zip(self._crop(self.kept, self.bounds, region), features, strict=True):
            whole.copy_(piece)

    @staticmethod
    def _crop(features: Features, at: Region, region: Region) -> Features:
        """The part of the features of `at` that belongs to `region`, which lies inside it."""
        if at == region:
            return features
        level4, level8, level16 = (
            level[
                ...,
                (region.top - at.top) // stride : (region.bottom - at.top) // stride,
                (region.left - at.left) // stride : (region.right - at.left) // stride,
            ]
            for level, stride in zip(features, STRIDES, strict=True)
        )
        return level4, level8, level16
