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
from .colour import ColourMatch, Colours, colour_match, colours_aimed_at, colours_of
from .config import STRIDES
from .content import Content, Read, reading
from .contrast import added, contrast_change, contrast_matching, contrasts, gains, octaves, shown_greys
from .encoded_style import EncodedStyle
from .encoder import Features
from .errors import InputError
from .features import PutTogether, cropped
from .memory import available, choose_tile, is_out_of_memory, release
from .pieces import Pieces
from .progress import Progress, share_of
from .reach import EachLevel, reach
from .regions import Region, Regions
from .rims import mending_guide, rim_mending
from .statistics import Moments, PartialMoments, channel_moments
from .trailing import Trailing

if TYPE_CHECKING:
    from .model import StyA2K

Tile = int | Literal["auto"] | None
"""Side of a tile in pixels; or whole pictures where they fit into memory and tiles where not; or whole pictures."""

Write = Callable[[int, int, Tensor], None]
"""Takes a finished piece, `[B, 3, h, w]` in 0..1 of the dtype and device that were read, and its top and left."""


COLOURS_OF_ITSELF = 9 * 2**20
"""Pixels of the largest picture whose own result, held until it is whole, says what its colours have to be moved by; see
`colour.py`. Up to 4096x2160: 110 MB in fp32."""

COLOURS_OF_COPY = 2**18
"""Pixels, about, of the reduced copy whose result says so for larger ones. It costs a thirty-sixth more at most."""


COPY_TILE = 1024
"""Side of the tiles that copies are painted in, whatever tiles the picture has: roundings in its strokes could send blocks elsewhere."""


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
        self.content = Content(read, shape, model.config.grid)
        self.bounds = self.content.bounds
        self.write = write
        self.style = style
        self.strength = strength
        self.progress = progress
        self.grid = model.config.grid
        self.reach = reach(model.config)
        self.mending = Trailing(self.bounds, rim_mending(strength)) if model.config.mend_rims else None
        self.kept: PutTogether | None = None
        self.partials: list[PartialMoments] = []
        self.moments: list[Moments] = []
        self.colours: ColourMatch | None = None
        self.gains: Tensor | None = None
        self.matching: Trailing | None = None
        self.strokes: Content | None = None
        self._area_done = 0

    def run(self, tile: Tile, reserved: int = 0) -> None:
        """Compute everything.

        With a tile's side, memory depends on it alone (or on `COPY_TILE` where that is larger and there is a copy); content features
        are computed twice, for the moments and for the picture. With "auto" they are kept from the first pass to the other where
        they fit into memory. With either, tiles are quartered when memory runs out all the same.

        Args:
            tile: see `Tile`.
            reserved: bytes that count as available but are already spoken for.
        """
        self._paint_copy()
        side = max(self.bounds)
        if tile == "auto":
            config, device = self.model.config, self.model.device
            margin = self.reach.encoder + max(self.reach.attention) + max(self.reach.decoder) + self.grid
            memory = available(device) - reserved - self._held_memory
            side, keep = choose_tile(
                config,
                self.model.dtype,
                device,
                self.content.batch,
                self.bounds.bottom,
                self.bounds.right,
                margin,
                memory,
            )
            self.kept = PutTogether(self.bounds) if keep else None
        elif tile is not None:
            side = tile
        may_shrink = tile is not None
        regions = self._measure(side, may_shrink)
        if self._is_held:
            self._finish_whole(*self._whole(regions, may_shrink))
            return
        if self.gains is not None:
            self.matching = Trailing(self.bounds, contrast_matching(self.gains))
        self._each(regions, self._stylize_and_finish, may_shrink)

    def _paint_copy(self) -> None:
        """What has to be known of a large picture beforehand, from a reduced copy: broad strokes, and what moves its colours if it is
        not held."""
        config, content = self.model.config, self.content
        factor = 1
        if config.broad_strokes:
            factor = reduction(content.height, content.width)
        elif config.colour_match and not self._is_held:
            factor = math.ceil(math.sqrt(content.area / COLOURS_OF_COPY))
        if factor == 1:
            return
        reduced = content.reduced(factor).to(self.model.device)
        # On the grid, or a third of the work on a small copy would go into what it is padded with; narrow strips stay narrow.
        size = [self.grid * round(side / self.grid) or side for side in reduced.shape[-2:]]
        copy = F.interpolate(reduced, size=size, mode="bilinear")
        painted, progress = Pieces(*size), None
        if self.progress:
            share = 1 / (1 + factor**2)
            progress, self.progress = share_of(self.progress, 0, share), share_of(self.progress, share, 1)
        shape = (content.batch, size[0], size[1])
        inner = TiledTransfer(self.model, reading(copy), painted.put, shape, self.style, self.strength, progress)
        inner.run(COPY_TILE)
        self.colours, self.gains = inner.colours, inner.gains
        if config.broad_strokes:
            assert painted.picture is not None
            strokes = strokes_of(painted.picture, copy, config.broad_strokes)
            strokes = F.interpolate(strokes, size=reduced.shape[-2:], mode="bilinear")
            shape = (content.batch, content.height, content.width)
            self.strokes = Content(lambda *part: enlarged(strokes, factor, *part), shape, self.grid)

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
                    self.progress(min(1.0, self._area_done / (2 * self.bounds.area)))
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

    def _stylize(self, region: Region) -> tuple[Region, Tensor, Trailing | None]:
        """Second pass: decode a region, and mend what is complete with it. What and where it is, and what waits then."""
        decoded = self._decoded(region)
        if self.mending is None:
            return region, decoded, None
        content = self.content.padded(region).to(decoded.device)
        return self.mending.after(region, decoded, mending_guide(decoded, content))

    def _stylize_and_finish(self, region: Region) -> None:
        """The same of a picture that is not held: what is complete is written."""
        region, decoded, mending = self._stylize(region)
        matching = self.matching
        if region.area:
            picture = self._coloured(region, decoded)
            if matching:
                region, picture, matching = matching.after(region, picture, shown_greys(picture))
        if region.area:
            inside = self.content.inside(region)
            self._finish(inside, picture[inside.within(region, 1)])
        # Only now: when memory runs out before, the region comes again, in smaller pieces.
        self.mending, self.matching = mending, matching

    def _decoded(self, region: Region) -> Tensor:
        """A region stylized, `[B, 3, h, w]`, its rims and colours as they come; below full strength `[B, 6, h, w]`, the content as
        encoding and decoding leave it with it."""
        features, attended, decoded = self._attended(region)
        styled = self.model.stylize(features, self.moments, self.style, self.strength)
        image = self._decode(styled, attended, decoded, region)
        if self.strength >= 1:
            return image
        return torch.cat([image, self._decode(features, attended, decoded, region)], dim=1)

    def _coloured(self, region: Region, decoded: Tensor) -> Tensor:
        """A decoded region in its colours, below full strength with the detail given back that the network loses: `[B, 3, h, w]`."""
        image = decoded[:, :3]
        if self.colours:
            # In part, so that next to no strength changes next to nothing, however well the network rebuilds contents.
            matched = self.colours.apply(image)
            image = matched if self.strength >= 1 else torch.lerp(image.float(), matched, self.strength)
        if self.strength < 1:
            content = self.content.padded(region).to(decoded.device)
            image = image.to(content.dtype) + (1 - self.strength) * (content - decoded[:, 3:].to(content.dtype))
        return image

    def _finish(self, region: Region, picture: Tensor) -> None:
        """Write a region that is as it has to be."""
        self.write(region.top, region.left, picture.to(self.content.pixels(region)).clamp(0, 1))

    def _finish_whole(self, regions: list[Region], decoded: Tensor) -> None:
        """Give a whole decoded picture its colours and contrasts, and write it."""
        target = self._colours_aimed_at()
        self.colours = colour_match(decoded[:, :3], target)
        regions = [self.content.inside(region) for region in regions]
        # In single precision the same memory: what is decoded gets its colours where it is.
        picture, change = decoded[:, :3].float(), None
        for region in regions:
            place = region.within(self.bounds, 1)
            picture[place] = self._coloured(region, decoded[place])
        if self.model.config.contrast_match:
            greys = octaves(picture)
            self.gains = gains(contrasts(greys), target.contrasts)
            change = contrast_change(greys, self.gains)
        for region in regions:
            place = region.within(self.bounds, 1)
            piece = picture[place]
            self._finish(region, piece if change is None else added(change[place], piece))

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

    def _whole(self, regions: list[Region], may_shrink: bool) -> tuple[list[Region], Tensor]:
        """Second pass of a picture that is held whole until its colours are known: the pieces done, and what is `_decoded`."""
        whole = Pieces(self.content.height, self.content.width)

        def hold(region: Region) -> None:
            region, decoded, mending = self._stylize(region)
            if region.area:
                inside = self.content.inside(region)
                whole.put(inside.top, inside.left, decoded[inside.within(region, 1)])
            self.mending = mending

        regions = self._each(regions, hold, may_shrink)
        assert whole.picture is not None
        return regions, whole.picture

    @property
    def _is_held(self) -> bool:
        """Whether the result is held whole until its colours are known."""
        return self.model.config.colour_match and self.content.area <= COLOURS_OF_ITSELF

    @property
    def _held_memory(self) -> int:
        """Bytes of what is held."""
        if not self._is_held:
            return 0
        of_decoded = 3 * (2 if self.strength < 1 else 1) * self.model.dtype.itemsize
        # The same in its colours, and for contrasts the octaves of its greys and what is added to them.
        of_coloured = 0 if self.model.dtype is torch.float32 else 3 * torch.float32.itemsize
        of_greys = 4 * torch.float32.itemsize if self.model.config.contrast_match else 0
        return self.content.batch * self.content.area * (of_decoded + of_coloured + of_greys)

    def _colours_aimed_at(self) -> Colours:
        """The colours and contrasts that the strength asks for."""
        content = colours_of(self.content.pixels(self.bounds)) if self.strength < 1 else None
        return colours_aimed_at(content, self.style.colours, self.strength)

    def _encode(self, region: Region) -> Features:
        """The features of a region, exactly those of the whole picture."""
        seen = region.grown(self.reach.encoder, STRIDES[-1], self.bounds)
        content = self.content.padded(seen).to(self.model.device)
        if self.strokes:
            content = content + self.strokes.padded(seen).to(content)
        image = self.model.grained(content, self.style.grain, seen.top, seen.left)
        features = self.model.encoder(image.to(self.model.dtype, memory_format=torch.channels_last))
        return cropped(features, (seen, seen, seen), (region, region, region))

    def _decode(self, features: Features, at: Regions, decoded: Regions, region: Region) -> Tensor:
        """The pixels of `region`, seeing the features of `decoded`, from those of `at`."""
        return self.model.decode(cropped(features, at, decoded), decoded, region)
