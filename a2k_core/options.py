"""How a picture is stylized: one immutable object through all layers, and the checks of what users pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from .errors import InputError
from .network.statistics import ClipStatistics
from .network.style.colors import ColorMap
from .network.style.region_style import part_of

MAX_STRENGTH = 2.0

STROKE_SIZES = (0.25, 4.0)
"""The finest and the broadest strokes relative to the picture."""

PIXEL_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""What pixels may be."""

PIXEL_SLACK = 0.5
"""How far pixels may lie outside 0..1, as resampling takes them. Farther out they are in other units: 0..255, or -1..1."""

Tile = int | Literal["auto"] | None
"""Side of a tile in pixels; or "auto": whole pictures where they fit into memory, else tiles; or None: whole pictures."""

Progress = Callable[[float], None]
"""Called after each step with the share of the work that is done, 0 to 1. What it raises ends the work."""


@dataclasses.dataclass(frozen=True)
class TransferOptions:
    """How a picture is stylized.

    Raises:
        InputError: when a value is out of range.
    """

    strength: float = 1.0
    """0 returns the content, 1 is the full style, up to 2 exaggerates. It mixes features. Below 1 it also gives back, in
    proportion, the detail that encoding and decoding the content loses."""

    preserve_color: float = 0.0
    """From 0, all colors are the style's, to 1, the content keeps its own and takes the style's strokes."""

    tile: Tile = None
    """See `Tile`. Tiles give the same result as the whole picture."""

    clip: ClipStatistics | None = None
    """Statistics of the video that the content is a frame of, from `StyA2K.clip_statistics`."""

    progress: Progress | None = None

    mask: Tensor | None = None
    """Where to paint: `[H, W]`, `[B, H, W]` or `[B, 1, H, W]` in 0..1, of any size; 0 keeps the content's pixels as they are."""

    strength_map: Tensor | None = None
    """What the strength is multiplied by at each place; shaped as the mask. It mixes features, as the strength does."""

    color_maps: Sequence[ColorMap] | None = None
    """From `StyA2K.color_maps`, for frames of one video that share them. None measures them on each content, or on `clip`; `()`
    leaves colors as the network paints them."""

    stroke_size: float = 0.0
    """0: strokes have the size in pixels that the network gives them. Else their size relative to the picture, whatever its size: 1 as
    in a picture whose longer side has 512 pixels, 2 twice as broad, 0.5 half; within `STROKE_SIZES`. Not with `clip`."""

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= MAX_STRENGTH:
            raise InputError(
                f"strength is {self.strength}; it must lie between 0 (the content) and {MAX_STRENGTH:g} (exaggerated)"
            )
        if not 0 <= self.preserve_color <= 1:
            raise InputError(
                f"keep_colours is {self.preserve_color}; it must lie between 0 (the style's colors) and 1 (the content's own)"
            )
        finest, broadest = STROKE_SIZES
        if self.stroke_size != 0 and not finest <= self.stroke_size <= broadest:
            raise InputError(
                f"stroke_size is {self.stroke_size}; it must be 0 (a size in pixels) or lie between {finest:g} (fine) and "
                f"{broadest:g} (broad)"
            )
        if self.stroke_size and self.clip is not None:
            raise InputError("stroke_size does not go with frames of a video; pass 0, or scale the frames")

    def pictures(self, start: int, stop: int) -> TransferOptions:
        """The same for the pictures `start` to `stop` of a batch, with their own masks."""
        if self.mask is None and self.strength_map is None:
            return self
        mask, strength_map = (part_of(each, start, stop) for each in (self.mask, self.strength_map))
        return dataclasses.replace(self, mask=mask, strength_map=strength_map)

    def part(self, start: float, stop: float) -> TransferOptions:
        """The same for a part of the work: its progress is reported as the share from `start` to `stop`."""
        report = self.progress
        if report is None:
            return self
        return dataclasses.replace(self, progress=lambda done: report(start + (stop - start) * done))


def check_image(image: Tensor, name: str) -> None:
    """Raise `InputError` unless `image` is a `[B, 3, H, W]` floating tensor with at least one picture and one pixel."""
    if not isinstance(image, Tensor):
        raise InputError(f"{name} is a {type(image).__name__}; pass a tensor [B, 3, H, W], RGB in 0..1")
    if image.ndim != 4 or image.shape[1] != 3 or 0 in image.shape:
        raise InputError(f"{name} has shape {list(image.shape)}; pass [B, 3, H, W] with B, H and W of at least 1")
    if image.dtype not in PIXEL_DTYPES:
        raise InputError(f"{name} is {image.dtype}; pass floating point RGB in 0..1 (divide 8-bit values by 255)")


def check_pixels(image: Tensor, name: str) -> None:
    """`check_image`, and raise `InputError` when a value is NaN, infinite or far outside 0..1; it says in which picture.

    While a CUDA graph is captured the values are not looked at: there are none yet.
    """
    check_image(image, name)
    if image.is_cuda and torch.cuda.is_current_stream_capturing():
        return
    lowest, highest = (value.item() for value in image.detach().aminmax())
    if lowest >= -PIXEL_SLACK and highest <= 1 + PIXEL_SLACK:
        return
    finite = image.detach().isfinite().flatten(1).all(dim=1).tolist()
    if not all(finite):
        raise InputError(f"{name} has NaN or infinite values, in picture {finite.index(False)} (counted from 0)")
    raise InputError(f"{name} has values from {lowest:g} to {highest:g}; pass RGB in 0..1 (divide 8-bit values by 255)")


def check_tile(tile: object, grid: int) -> None:
    """Raise `InputError` unless `tile` is None, "auto" or a side of at least one cell of the grid."""
    if tile is None or tile == "auto" or (isinstance(tile, int) and not isinstance(tile, bool) and tile >= grid):
        return
    raise InputError(f'tile is {tile!r}; pass a side in pixels from {grid} up, "auto", or None for whole pictures')
