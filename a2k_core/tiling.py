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

from .broad_strokes import enlarged, reduction, strokes_of
from .colour import ColourMatch
from .config import STRIDES
from .content import Content, Read, reading
from .encoded_style import EncodedStyle
from .encoder import Features
from .features import PutTogether, cropped
from .finishing import Finishing, Write, held_memory, is_held
from .memory import available, choose_tile, is_out_of_memory, release
from .pieces import Pieces
from .progress import Progress, share_of
from .reach import EachLevel, reach
from .regions import Region, Regions
from .scene import Scene
from .statistics import Moments, PartialMoments, channel_moments

if TYPE_CHECKING:
    from .model import StyA2K

Tile = int | Literal["auto"] | None
"""Side of a tile in pixels; or whole pictures where they fit into memory and tiles where not; or whole pictures."""

COLOURS_OF_COPY = 2**18
"""Pixels, about, of the reduced copy whose colours stand for those of a picture that is too large to be held, where there are no
broad strokes, which have a copy of their own. It costs a thirty-sixth more at most."""

COPY_TILE = 1024
"""Side of the tiles that copies are painted in, whatever tiles the picture has: roundings in its strokes could send blocks elsewhere."""


class TiledTransfer:
    """One run over one picture, or over a batch of equally large ones at once.

    Args:
        model: computes.
        read: gives the content.
        write: takes the result.
        shape: batch, height and width of the content.
        style: on the model's device, in its dtype; one for all contents or one for each.
        strength: above 0, see `StyA2K.transfer`.
        keep_colours: see `StyA2K.transfer`.
        scene: that the content is a frame of, if it is one.
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
        keep_colours: float = 0.0,
        scene: Scene | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.model = model
        self.content = Content(read, shape, model.config.grid)
        self.bounds = self.content.bounds
        self.write = write
        self.style = style
        self.strength = strength
        self.keep_colours = keep_colours
        self.scene = scene
        self.progress = progress
        self.grid = model.config.grid
        self.reach = reach(model.config)
        self.kept: PutTogether | None = None
        self.partials: list[PartialMoments] = []
        self.moments: list[Moments] = []
        self.strokes: Content | None = None
        self._area_done = 0

    def run(self, tile: Tile, reserved: int = 0) -> Finishing:
        """Compute everything.

        With a tile's side, memory depends on it alone (or on `COPY_TILE` where that is larger and there is a copy); content features
        are computed twice, for the moments and for the picture. With "auto" they are kept from the first pass to the other where
        they fit into memory. With either, tiles are quartered when memory runs out all the same.

        Args:
            tile: see `Tile`.
            reserved: bytes that count as available but are already spoken for.

        Returns:
            What the result was finished by.
        """
        copy = self.paint_copy()
        if self.scene:
            return self._paint(tile, reserved, self.scene.colours, self.scene.gains, hold=False)
        hold = is_held(self.model.config, self.content)
        colours, gains = (copy.colours, copy.gains) if copy else (None, None)
        return self._paint(tile, reserved, colours, gains, hold)

    def tell(self, tile: Tile) -> Scene:
        """The scene that this content, a few frames on one page, tells by itself; its strokes are there already."""
        told = self._paint(tile, 0, None, None, is_held(self.model.config, self.content))
        return Scene(self.strength, self.keep_colours, self.moments, told.colours, told.gains, None)

    def _paint(
        self, tile: Tile, reserved: int, colours: ColourMatch | None, gains: Tensor | None, hold: bool
    ) -> Finishing:
        """All that is done at the content's own size."""
        config, device, content = self.model.config, self.model.device, self.content
        side = max(self.bounds)
        if tile == "auto":
            margin = self.reach.encoder + max(self.reach.attention) + max(self.reach.decoder) + self.grid
            held = held_memory(config, content, self.strength) if hold else 0
            side, keep = choose_tile(
                config,
                self.model.dtype,
                device,
                content.batch,
                self.bounds.bottom,
                self.bounds.right,
                margin,
                available(device) - reserved - held,
            )
            self.kept = PutTogether(self.bounds) if keep and not self.scene else None
        elif tile is not None:
            side = tile
        may_shrink = tile is not None
        regions = self._measure(side, may_shrink)
        how = (self.strength, self.keep_colours)
        finishing = Finishing(config, content, self.style.colours, *how, self.write, colours, gains, hold)
        regions = self._each(regions, lambda region: finishing.take(region, self._decoded(region)), may_shrink)
        self.kept = None
        finishing.complete(regions)
        return finishing

    def paint_copy(self) -> Finishing | None:
        """What has to be known of a large picture beforehand, from a reduced copy: broad strokes, and how that was finished, which
        says it for the picture if it is not held."""
        config, content = self.model.config, self.content
        factor = 1
        if config.broad_strokes:
            factor = reduction(content.height, content.width)
        elif config.colour_match and not self.scene and not is_held(config, content):
            factor = math.ceil(math.sqrt(content.area / COLOURS_OF_COPY))
        if factor == 1:
            return None
        reduced, copy = reduced_copy(content, factor, self.grid, self.model.device)
        size = copy.shape[-2:]
        painted, progress = Pieces(*size), None
        if self.progress:
            share = 1 / (1 + factor**2)
            progress, self.progress = share_of(self.progress, 0, share), share_of(self.progress, share, 1)
        shape = (content.batch, size[0], size[1])
        how = (self.style, self.strength, self.keep_colours, self.scene.copy if self.scene else None)
        finishing = TiledTransfer(self.model, reading(copy), painted.put, shape, *how, progress).run(COPY_TILE)
        if config.broad_strokes:
            assert painted.picture is not None
            strokes = strokes_of(painted.picture, copy, config.broad_strokes)
            strokes = F.interpolate(strokes, size=reduced.shape[-2:], mode="bilinear")
            shape = (content.batch, content.height, content.width)
            self.strokes = Content(lambda *part: enlarged(strokes, factor, *part), shape, self.grid)
        return finishing

    def _measure(self, side: int, may_shrink: bool) -> list[Region]:
        """First pass: the moments of the features, but for those of a scene. Gives the regions that it was done in."""
        if self.scene:
            self.moments = self.scene.moments
            return self.bounds.split(side, self.grid)
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
                    passes = 1 if self.scene else 2
                    self.progress(min(1.0, self._area_done / (passes * self.bounds.area)))
                continue
            # Only now: until the except clause ends, the error's traceback keeps the tensors alive.
            self.kept = None
            release(self.model.device)
            side = max(max(region.bottom - region.top, region.right - region.left) // 2, self.grid)
            left = [part for larger in [*left, region] for part in larger.split(side, self.grid)[::-1]]
        return done

    def _gather(self, region: Region) -> None:
        """Take the moments of a region's features."""
        features = self._encode(region)
        if region == self.bounds:
            self.moments = [channel_moments(level) for level in features]
            self.kept = PutTogether(self.bounds, features)
            return
        partials = [PartialMoments.of(level) for level in features]
        if self.kept:
            self.kept.put(features, region)
        if self.partials:
            partials = [before.merged(level) for before, level in zip(self.partials, partials, strict=True)]
        self.partials = partials

    def _decoded(self, region: Region) -> Tensor:
        """A region stylized, `[B, 3, h, w]`, its rims and colours as they come; below full strength `[B, 6, h, w]`, the content as
        encoding and decoding leave it with it."""
        features, attended, decoded = self._attended(region)
        styled = self.model.stylize(features, self.moments, self.style, self.strength)
        image = self._decode(styled, attended, decoded, region)
        if self.strength >= 1:
            return image
        return torch.cat([image, self._decode(features, attended, decoded, region)], dim=1)

    def _attended(self, region: Region) -> tuple[Features, Regions, Regions]:
        """The features that attention has to see for a region, where they lie, and where those lie that the decoder sees."""
        decoded = self._grown((region, region, region), self.reach.decoder, STRIDES)
        attended = self._grown(decoded, self.reach.attention, self.reach.blocks)
        if self.kept:
            return self.kept.part(attended), attended, decoded
        around = Region.around(attended)
        return cropped(self._encode(around), (around, around, around), attended), attended, decoded

    def _grown(self, regions: Regions, margins: EachLevel, multiples: EachLevel) -> Regions:
        """`Region.grown` at each level."""
        fine, middle, coarse = (
            region.grown(margin, multiple, self.bounds)
            for region, margin, multiple in zip(regions, margins, multiples, strict=True)
        )
        return fine, middle, coarse

    def _encode(self, region: Region) -> Features:
        """The features of a region, exactly those of the whole picture."""
        seen = region.grown(self.reach.encoder, STRIDES[-1], self.bounds)
        content = self.content.padded(seen).to(self.model.device)
        if self.strokes:
            content = content + self.strokes.padded(seen).to(content)
        image = self.model.grained(content, self.style.grain, seen.top, seen.left)
        features = self.model.encoder(image.to(self.model.dtype))
        return cropped(features, (seen, seen, seen), (region, region, region))

    def _decode(self, features: Features, at: Regions, decoded: Regions, region: Region) -> Tensor:
        """The pixels of `region`, seeing the features of `decoded`, from those of `at`."""
        return self.model.decode(cropped(features, at, decoded), decoded, region)


def reduced_copy(content: Content, factor: int, grid: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """A picture with its sides divided by `factor`, and the same with sides that are multiples of `grid`, or a third of the work on
    a small copy would go into what it is padded with; narrow strips stay narrow."""
    reduced = content.reduced(factor).to(device)
    size = [grid * round(side / grid) or side for side in reduced.shape[-2:]]
    return reduced, F.interpolate(reduced, size=size, mode="bilinear")
