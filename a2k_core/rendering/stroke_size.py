"""Strokes that are as large as the picture asks for, not its pixels: a photo of any size gets the same painting.

The network draws strokes of some size in pixels. So the content is painted small, and the painting enlarged. Enlarged paint is soft, so it
is painted once more in full size, and what is finer than the small painting can show is added. The rest of that second painting is left
out: it would lay fine strokes over broad ones.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from ..network.network import StyleNetwork
from ..network.regions import Region
from ..network.style.encoded_style import EncodedStyle
from ..network.style.region_style import RegionStyle
from ..options import TransferOptions
from .buffers import ImageBuffer, PaddedSource, Write, reader
from .masks import MaskReader, RegionReader, strength_at
from .tiling.tiled_transfer import TiledTransfer

SIDE = 512
"""Pixels of the longer side of the picture that is painted at a stroke size of 1."""

PIECE = 1024
"""Pixels of the sides of the pieces in which large pictures are resampled."""


def painted_size(height: int, width: int, stroke_size: float) -> tuple[int, int]:
    """Height and width in which a content is painted, so that strokes are as large relative to it as is asked for."""
    scale = SIDE / stroke_size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def computed_size(height: int, width: int, stroke_size: float) -> tuple[int, int]:
    """Height and width of the largest picture that goes through the network for a content, for estimates of memory."""
    return max((height, width), painted_size(height, width, stroke_size)) if stroke_size else (height, width)


class Resampling:
    """Scales pictures up or down, antialiased and cubic, piece by piece: the pieces are exactly those of the whole.

    Args:
        source: height and width of what is scaled.
        target: height and width that it is scaled to.
        device: of the pictures.
    """

    def __init__(self, source: tuple[int, int], target: tuple[int, int], device: torch.device) -> None:
        self.target = target
        self._rows, self._columns = (_weights(*sides, device) for sides in zip(source, target, strict=True))

    def piece(self, image: Tensor, rows: slice, columns: slice) -> Tensor:
        """Some rows and columns of the scaled `image`, `[B, C, rows, columns]`."""
        return self._rows[rows] @ image @ self._columns[columns].T

    def share(self, top: int, left: int, piece: Tensor) -> Tensor:
        """What a piece of the picture adds to the whole scaled one, `[B, C, *target]`. The shares of all pieces add up to it."""
        rows, columns = slice(top, top + piece.shape[-2]), slice(left, left + piece.shape[-1])
        return self._rows[:, rows] @ piece @ self._columns[:, columns].T


def _weights(source: int, target: int, device: torch.device) -> Tensor:
    """The share of each of `source` pixels in each of `target` ones, `[target, source]`, fp32: Keys' cubic kernel."""
    step = source / target
    centers = (torch.arange(target, dtype=torch.float32, device=device) + 0.5) * step - 0.5
    pixels = torch.arange(source, dtype=torch.float32, device=device)
    far = ((pixels - centers[:, None]) / max(1.0, step)).abs()
    near = (1.5 * far - 2.5) * far**2 + 1
    weights = torch.where(far < 1, near, ((2.5 - 0.5 * far) * far - 4) * far + 2) * (far < 2)
    return weights / weights.sum(dim=1, keepdim=True)


class StrokeSizedTransfer:
    """One run over one picture, or over a batch of equally large ones, with strokes of a size relative to it. See `TiledTransfer`.

    Beside tiles and small pictures it holds the second painting in half precision.

    Args:
        network: computes.
        device: where it computes.
        source: the content.
        options: with a `stroke_size` above 0.
    """

    def __init__(
        self, network: StyleNetwork, device: torch.device, source: PaddedSource, options: TransferOptions
    ) -> None:
        self._network = network
        self._device = device
        self._source = source
        self._options = options
        self._size = source.height, source.width
        self._small = painted_size(*self._size, options.stroke_size)
        self._pieces = [source.inside(region) for region in source.bounds.split(PIECE, network.config.grid)]
        self._mask, self._strength_map = (
            None if mask is None else MaskReader(mask, *self._size) for mask in (options.mask, options.strength_map)
        )

    def stylize(self, style: EncodedStyle, write: Write, reserved: int = 0) -> None:
        """Paint; see `TiledTransfer.stylize`."""
        small, full = (height * width for height, width in (self._small, self._size))
        enlarged = full > small
        share = small / (small + full) if enlarged else 1.0
        painting = self._paint_small(style, share, reserved)
        enlarge = Resampling(self._small, self._size, painting.device)
        if not enlarged:
            for region in self._pieces:
                self._finish(region, enlarge.piece(painting, *_slices(region)), write)
            return
        detail, reduced = self._paint_again(painting, enlarge, style, share, reserved)
        for region in self._pieces:
            rows, columns = _slices(region)
            piece = detail[..., rows, columns].float() + enlarge.piece(painting - reduced, rows, columns)
            self._finish(region, piece, write)

    def _paint_small(self, style: EncodedStyle, share: float, reserved: int) -> Tensor:
        """The whole painting in the size whose strokes are right, fp32."""
        reduce: Resampling | None = None
        content = torch.zeros(())
        for region in self._pieces:
            pixels = self._source.read(*_slices(region))
            reduce = reduce or Resampling(self._size, self._small, pixels.device)
            content = content.to(pixels.device) + reduce.share(region.top, region.left, pixels.float())
        small = PaddedSource(reader(content.clamp(0, 1)), (self._source.batch, *self._small), self._network.config.grid)
        painting = ImageBuffer(*self._small)
        options = dataclasses.replace(self._options, mask=None).part(0, share)
        TiledTransfer(self._network, self._device, small, options).stylize(style, painting.write, reserved)
        assert painting.image is not None
        return painting.image

    def _paint_again(
        self, painting: Tensor, enlarge: Resampling, style: EncodedStyle, share: float, reserved: int
    ) -> tuple[Tensor, Tensor]:
        """The enlarged painting, painted: in full size, and scaled down to the small one.

        Below full strength the content takes part, so that its own detail comes back.
        """
        options = dataclasses.replace(self._options, strength=1.0, mask=None, strength_map=None, color_maps=())
        options = options.part(share, 1)
        detail = painting.new_empty((self._source.batch, 3, *self._size), dtype=torch.float16)
        reduce = Resampling(self._size, self._small, painting.device)
        reduced = torch.zeros_like(painting)
        shares = RegionReader(style.masks, *self._size) if isinstance(style, RegionStyle) else None

        def keep(top: int, left: int, piece: Tensor) -> None:
            region = Region(top, left, top + piece.shape[-2], left + piece.shape[-1])
            strength = self._strength(region, shares, piece.device)
            rows, columns = _slices(region)
            if bool((strength < 1).any()):
                piece = torch.lerp(self._source.read(rows, columns).to(piece), piece, strength)
            kept = piece.half()
            detail[..., rows, columns] = kept
            reduced.add_(reduce.share(top, left, kept.float()))

        def read(rows: slice, columns: slice) -> Tensor:
            return enlarge.piece(painting, rows, columns).clamp(0, 1)

        again = PaddedSource(read, (self._source.batch, *self._size), self._network.config.grid)
        transfer = TiledTransfer(self._network, self._device, again, options)
        transfer.stylize(style, keep, reserved + detail.nbytes)
        return detail, reduced

    def _strength(self, region: Region, shares: RegionReader | None, device: torch.device) -> Tensor:
        """How much of the second painting there is at each pixel, 0 to 1: `[1 or B, 1, rows, columns]`, or `[1, 1, 1, 1]`."""
        return strength_at(min(self._options.strength, 1.0), self._strength_map, shares, region, 1, device)

    def _finish(self, region: Region, piece: Tensor, write: Write) -> None:
        """Write a piece, with the content where the mask has it."""
        content = self._source.read(*_slices(region))
        result = piece.clamp(0, 1).to(content)
        if self._mask is not None:
            result = torch.lerp(content.clamp(0, 1), result, self._mask.read(region, 1, content.device).to(content))
        write(region.top, region.left, result)


def _slices(region: Region) -> tuple[slice, slice]:
    return slice(region.top, region.bottom), slice(region.left, region.right)
