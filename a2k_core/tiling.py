"""Exact tiling: a picture computed piece by piece gives what the whole gives.

Content never attends to content. All that a piece needs of the rest of the picture are the moments of the features, gathered
in a first pass, and a margin of pixels, the network's reach.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from torch import Tensor

from .config import STRIDES
from .content import Content, Read, reading
from .encoded_style import EncodedStyle
from .encoder import Features
from .features import PutTogether, cropped
from .memory import available, choose_tile, is_out_of_memory, release
from .progress import Progress, share_of
from .reach import EachLevel, reach
from .regions import Region, Regions
from .result import finished
from .scene import Scene
from .statistics import Moments, PartialMoments, channel_moments, merged

if TYPE_CHECKING:
    from .model import StyA2K

Write = Callable[[int, int, Tensor], None]
"""Takes a finished piece, `[B, 3, h, w]` in 0..1 of the dtype and device that were read, and its top and left."""

Tile = int | Literal["auto"] | None
"""Side of a tile in pixels; or whole pictures where they fit into memory and tiles where not; or whole pictures."""


class TiledFeatures:
    """The content features of one picture, or of a batch of equally large ones at once, computed tile by tile.

    Args:
        model: computes.
        read: gives the content.
        shape: batch, height and width of the content.
        tile: a side; with "auto" it is chosen, and features are kept where they fit into memory. With either, tiles are quartered
            when memory runs out all the same.
        reserved: bytes that "auto" counts as available but that are already spoken for.
    """

    def __init__(self, model: StyA2K, read: Read, shape: tuple[int, int, int], tile: Tile, reserved: int = 0) -> None:
        self.model = model
        self.content = Content(read, shape, model.config.grid)
        self.bounds = self.content.bounds
        self.grid = model.config.grid
        self.reach = reach(model.config)
        self.may_shrink = tile is not None
        side, self._keep = self._chosen(tile, reserved)
        self.regions = self.bounds.split(side, self.grid)
        self._kept: PutTogether | None = None

    def _chosen(self, tile: Tile, reserved: int) -> tuple[int, bool]:
        """The side of the tiles, and whether features are kept."""
        if tile is None:
            return max(self.bounds), False
        if tile != "auto":
            return tile, False
        config, device = self.model.config, self.model.device
        margin = self.reach.encoder + max(self.reach.attention) + max(self.reach.decoder) + self.grid
        size = self.content.batch, self.bounds.bottom, self.bounds.right
        return choose_tile(config, self.model.dtype, device, *size, margin, available(device) - reserved)

    def each(self, work: Callable[[Region], None], progress: Progress | None = None) -> None:
        """Do all regions in turn, in smaller pieces once memory runs out; `regions` are then these pieces."""
        done: list[Region] = []
        area = 0
        left = self.regions[::-1]
        while left:
            region = left.pop()
            try:
                work(region)
            except Exception as error:
                if not (self.may_shrink and is_out_of_memory(error)) or region.area == self.grid**2:
                    raise
            else:
                done.append(region)
                area += region.area
                if progress:
                    progress(area / self.bounds.area)
                continue
            # Only now: until the except clause ends, the error's traceback keeps the tensors alive.
            self._keep, self._kept = False, None
            release(self.model.device)
            side = max(max(region.bottom - region.top, region.right - region.left) // 2, self.grid)
            left = [part for larger in [*left, region] for part in larger.split(side, self.grid)[::-1]]
        self.regions = done

    def of(self, region: Region) -> Features:
        """The features of one of the regions, exactly those of the whole picture; kept where that was decided."""
        features = self._encode(region)
        if region == self.bounds:
            self._kept = PutTogether(self.bounds, features)
        elif self._keep:
            self._kept = self._kept or PutTogether(self.bounds)
            self._kept.put(features, region)
        return features

    def at(self, wanted: Regions) -> Features:
        """The features that lie at `wanted`, a region for each level."""
        if self._kept:
            return self._kept.part(wanted)
        around = Region.around(wanted)
        return cropped(self._encode(around), (around, around, around), wanted)

    def _encode(self, region: Region) -> Features:
        seen = region.grown(self.reach.encoder, STRIDES[-1], self.bounds)
        image = self.content.padded(seen).to(self.model.device, self.model.dtype)
        return cropped(self.model.encoder(image), (seen, seen, seen), (region, region, region))


def transfer_tiled(
    model: StyA2K,
    read: Read,
    write: Write,
    shape: tuple[int, int, int],
    style: EncodedStyle,
    strength: float,
    tile: Tile,
    *,
    keep_colours: float = 0.0,
    scene: Scene | None = None,
    progress: Progress | None = None,
    reserved: int = 0,
) -> None:
    """Paint one picture, or a batch of equally large ones at once: the moments first, then tile by tile the result.

    With a tile's side, memory depends on it alone; content features are computed twice, for the moments and for the picture.

    Args:
        model, read, shape, tile, reserved: see `TiledFeatures`.
        write: takes the result.
        style: on the model's device, in its dtype; one for all contents or one for each.
        strength: above 0, see `StyA2K.transfer`.
        keep_colours: see `StyA2K.transfer`.
        scene: that the content is a frame of, if it is one.
        progress: see `Progress`.
    """
    features = TiledFeatures(model, read, shape, tile, reserved)
    content, around = features.content, features.reach
    first, second = (share_of(progress, 0, 0.5), share_of(progress, 0.5, 1)) if progress else (None, None)
    moments = scene.moments if scene else _moments(features, first)

    def decode(attended: Features, at: Regions, seen: Regions, wanted: Region) -> Tensor:
        return model.decode(cropped(attended, at, seen), seen, wanted)

    def paint(region: Region) -> None:
        inside = content.inside(region)
        seen = _grown((region, region, region), around.decoder, STRIDES, features.bounds)
        attended = _grown(seen, around.attention, around.blocks, features.bounds)
        found = features.at(attended)
        styled = model.stylize(found, moments, style, strength)
        image = decode(styled, attended, seen, inside)
        reconstructed = decode(found, attended, seen, inside) if strength < 1 else None
        result = finished(image, reconstructed, content.pixels(inside), strength, keep_colours)
        write(inside.top, inside.left, result)

    features.each(paint, progress if scene else second)


def moments_of(model: StyA2K, frames: Tensor, tile: Tile, progress: Progress | None) -> list[Moments]:
    """The moments of the features of `[K, 3, H, W]` frames as if they were one picture."""
    count, _, height, width = frames.shape
    found: list[PartialMoments] = []
    for index, frame in enumerate(frames.split(1)):
        features = TiledFeatures(model, reading(frame), (1, height, width), tile)

        def gather(region: Region, features: TiledFeatures = features) -> None:
            nonlocal found
            found = merged(found, features.of(region))

        features.each(gather, progress and share_of(progress, index / count, (index + 1) / count))
    return [level.moments(model.device) for level in found]


def _moments(features: TiledFeatures, progress: Progress | None) -> list[Moments]:
    """The moments of one picture's features."""
    found: list[PartialMoments] = []
    whole: list[Moments] = []

    def gather(region: Region) -> None:
        nonlocal found, whole
        levels = features.of(region)
        if region == features.bounds:  # nothing of it goes through the CPU
            whole = [channel_moments(level) for level in levels]
        else:
            found = merged(found, levels)

    features.each(gather, progress)
    return whole or [level.moments(features.model.device) for level in found]


def _grown(regions: Regions, margins: EachLevel, multiples: EachLevel, bounds: Region) -> Regions:
    """`Region.grown` at each level."""
    fine, middle, coarse = (
        region.grown(margin, multiple, bounds)
        for region, margin, multiple in zip(regions, margins, multiples, strict=True)
    )
    return fine, middle, coarse
