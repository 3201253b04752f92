"""Exact tiling: a picture computed tile by tile equals the picture computed whole.

Content never attends to content. All a tile needs of the rest of the picture are the moments of the features, gathered in a
first pass, and a margin of pixels, the receptive field of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...config import STRIDES
from ...network.encoder import Features
from ...network.network import StyleNetwork
from ...network.regions import Region, Regions
from ...network.statistics import ClipStatistics, Moments, PartialMoments, channel_moments
from ...network.style.colors import ColorMap, color_moments
from ...network.style.encoded_style import EncodedStyle
from ...network.style.region_style import RegionStyle
from ...options import Tile, TransferOptions
from ..buffers import FeatureBuffer, PaddedSource, Write, cropped
from ..color.color_match import color_maps, matches_colors, reduction, small_copy
from ..color.color_transfer import widening_map
from ..hardware.memory import available, choose_tile, is_out_of_memory, release
from ..masks import MaskReader, RegionReader, strength_at
from ..postprocess import postprocess
from .receptive_field import EachLevel, receptive_field


class FeatureStatistics:
    """First pass: the moments of the content features, over one picture or over several.

    Args:
        device: where the moments are needed.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._partials: list[PartialMoments] = []
        self._whole: list[Moments] = []

    def add(self, features: Features, whole: bool) -> None:
        """Take the features of one more region; `whole` says that there is no other."""
        if whole:
            self._whole = [channel_moments(level) for level in features]
            return
        partials = [PartialMoments.of(level) for level in features]
        if self._partials:
            partials = [before.merged(level) for before, level in zip(self._partials, partials, strict=True)]
        self._partials = partials

    def moments(self) -> list[Moments]:
        """Of all regions so far, one for each level."""
        return self._whole or [level.moments(self.device) for level in self._partials]


class TiledTransfer:
    """One run over one picture, or over a batch of equally large ones at once.

    Args:
        network: computes.
        device: where it computes.
        source: the content.
        options: `tile` and `progress` are used by every run, the rest by `stylize`.
    """

    def __init__(
        self, network: StyleNetwork, device: torch.device, source: PaddedSource, options: TransferOptions
    ) -> None:
        self.network = network
        self.device = device
        self.source = source
        self.options = options
        self.bounds = source.bounds
        self.grid = network.config.grid
        self.field = receptive_field(network.config)
        self.cache: FeatureBuffer | None = None
        self._area_done, self._area = 0, 0
        self._mask, self._strength_map = (
            None if mask is None else MaskReader(mask, source.height, source.width)
            for mask in (options.mask, options.strength_map)
        )
        self._shares: RegionReader | None = None
        self._maps = options.color_maps

    def stylize(self, style: EncodedStyle, write: Write, reserved: int = 0) -> None:
        """Compute the moments, then the picture.

        With a tile's side, memory depends on it alone and features are computed twice. With "auto" they are cached from one pass to
        the other where they fit into memory. With either, tiles are quartered when memory runs out.

        Args:
            style: on the device, in the network's dtype.
            write: takes the result.
            reserved: bytes that count as available but are already spoken for.
        """
        side = self._tile_side(self.options.tile, reserved)
        regions, clip = self.bounds.split(side, self.grid), self.options.clip
        self._area = self.bounds.area * (1 if clip else 2)
        if clip:
            self.cache = None
            moments = [Moments(*(value.to(self.device) for value in level)) for level in clip.moments]
        else:
            statistics = FeatureStatistics(self.device)
            regions = self._each(regions, lambda region: self._gather(region, statistics))
            moments = statistics.moments()
        if isinstance(style, RegionStyle):
            self._shares = RegionReader(style.masks, self.source.height, self.source.width)
        self._each(regions, lambda region: self._stylize(region, moments, style, write))
        self.cache = None

    def gather(self, statistics: FeatureStatistics) -> None:
        """The first pass alone, added to what `statistics` holds of other pictures."""
        side = self._tile_side(self.options.tile, 0)
        self.cache, self._area = None, self.bounds.area
        self._each(
            self.bounds.split(side, self.grid),
            lambda region: statistics.add(self._encode(region), whole=False),
        )

    def _tile_side(self, tile: Tile, reserved: int) -> int:
        """The side of the tiles to begin with. Sets up the cache where features fit into memory."""
        if tile != "auto":
            return tile or max(self.bounds)
        field = self.field
        margin = field.encoder + max(field.attention) + max(field.decoder) + self.grid
        side, cached = choose_tile(
            self.network.config,
            next(self.network.parameters()).dtype,
            self.device,
            self.source.batch,
            (self.bounds.bottom, self.bounds.right),
            margin,
            available(self.device) - reserved,
        )
        self.cache = FeatureBuffer(self.bounds) if cached else None
        return side

    def _each(self, regions: list[Region], work: Callable[[Region], None]) -> list[Region]:
        """Do the regions in turn, in smaller ones once memory runs out. Returns the regions that were done."""
        done: list[Region] = []
        left = regions[::-1]
        while left:
            region = left.pop()
            try:
                work(region)
            except Exception as error:
                may_shrink = self.options.tile is not None and region.area > self.grid**2
                if not (may_shrink and is_out_of_memory(error)):
                    raise
            else:
                done.append(region)
                self._area_done += region.area
                if self.options.progress:
                    self.options.progress(min(1.0, self._area_done / self._area))
                continue
            # Only now: until the except clause ends, the error's traceback keeps the tensors alive.
            self.cache = None
            release(self.device)
            side = max(max(region.bottom - region.top, region.right - region.left) // 2, self.grid)
            left = [part for larger in [*left, region] for part in larger.split(side, self.grid)[::-1]]
        return done

    def _gather(self, region: Region, statistics: FeatureStatistics) -> None:
        features = self._encode(region)
        whole = region == self.bounds
        statistics.add(features, whole)
        if whole:
            self.cache = FeatureBuffer(self.bounds, features)
        elif self.cache:
            self.cache.write(features, region)

    def _stylize(self, region: Region, moments: list[Moments], style: EncodedStyle, write: Write) -> None:
        """Second pass: one region of the result."""
        inside = self.source.inside(region)
        content = self.source.padded(region)
        mask = None if self._mask is None else self._mask.read(region, 1, self.device)
        if mask is not None and not bool(mask.any()):
            write(inside.top, inside.left, content[inside.within(region, 1)].clamp(0, 1))
            return
        features, attended, decoded = self._features_around(region)
        strength: float | Features = self.options.strength
        at_pixels: float | Tensor = self.options.strength
        if self._varies:
            fine, middle, coarse = (
                self._strength(level, stride) for level, stride in zip(attended, STRIDES, strict=True)
            )
            strength = fine, middle, coarse
            at_pixels = self._strength(region, 1)
        shares: list[list[Tensor]] = []
        if self._shares:
            shares = [
                self._shares.read(level, stride, self.device)[0]
                for level, stride in zip(attended, STRIDES, strict=True)
            ]
        stylized = self.network.stylize(features, moments, style, strength, shares)
        image = self.network.decode(cropped(stylized, attended, decoded), decoded, region)
        rebuilt = None
        if self._varies or self.options.strength < 1:
            rebuilt = self.network.decode(cropped(features, attended, decoded), decoded, region)
        maps = self._color_maps(image, region, style)
        shares_of_maps = self._shares.read(region, 1, self.device)[0] if self._shares and maps else ()
        result = postprocess(image, rebuilt, content, self.options, at_pixels, maps, shares_of_maps)
        if mask is not None:
            result = torch.lerp(content.to(result.device).clamp(0, 1), result, mask.to(result))
        write(inside.top, inside.left, result[inside.within(region, 1)].to(content.device))

    def _color_maps(self, painted: Tensor, region: Region, style: EncodedStyle) -> Sequence[ColorMap]:
        """Those of the options, else of the content, or of the video that it is a frame of. Measured once."""
        if self._maps is not None:
            return self._maps
        clip, height, width = self.options.clip, self.source.height, self.source.width
        if not matches_colors(self.network, style):
            self._maps = []
        elif clip:
            self._maps = color_maps(self.network, clip.small.to(self.device), style, together=True)
        elif region == self.bounds and self._is_small_copy(style):
            assert style.colors
            self._maps = [widening_map(color_moments(painted[..., :height, :width]), style.colors)]
        else:
            small = small_copy(self.source.read, height, width).to(self.device)
            self._maps = color_maps(self.network, small, style)
        return self._maps

    def _is_small_copy(self, style: EncodedStyle) -> bool:
        """Whether what is painted is what the colors are measured on."""
        plain = not isinstance(style, RegionStyle) and len(style.parts()) == 1 and style.parts()[0][1] is style
        at_full_strength = self.options.strength == 1 and self._strength_map is None
        return plain and at_full_strength and reduction(self.source.height, self.source.width) == 1

    @property
    def _varies(self) -> bool:
        """Whether the strength differs from place to place."""
        return self._strength_map is not None or (self._shares is not None and not self._shares.everywhere)

    def _strength(self, region: Region, stride: int) -> Tensor:
        """The strength at every `stride` pixels of a region, `[1 or B, 1, rows, columns]`. Outside of all regions it is 0."""
        return strength_at(self.options.strength, self._strength_map, self._shares, region, stride, self.device)

    def _features_around(self, region: Region) -> tuple[Features, Regions, Regions]:
        """The features that attention needs for a region, where they lie, and where those lie that the decoder needs."""
        decoded = self._grown((region, region, region), self.field.decoder, STRIDES)
        attended = self._grown(decoded, self.field.attention, self.field.blocks)
        if self.cache:
            return self.cache.read(attended), attended, decoded
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
        seen = region.grown(self.field.encoder, STRIDES[-1], self.bounds)
        dtype = next(self.network.parameters()).dtype
        content = self.source.padded(seen).to(self.device, dtype)
        features = self.network.encode_content(content, seen.top, seen.left)
        return cropped(features, (seen, seen, seen), (region, region, region))


def clip_statistics(
    network: StyleNetwork, device: torch.device, sources: list[PaddedSource], options: TransferOptions
) -> ClipStatistics:
    """Moments over several frames, as if they were one picture."""
    statistics = FeatureStatistics(device)
    for index, source in enumerate(sources):
        part = options.part(index / len(sources), (index + 1) / len(sources))
        TiledTransfer(network, device, source, part).gather(statistics)
    small = [small_copy(source.read, source.height, source.width) for source in sources]
    return ClipStatistics(tuple(statistics.moments()), torch.cat(small).to(device))
