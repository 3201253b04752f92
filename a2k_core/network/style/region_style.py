"""Several styles in one picture, each where its mask is white."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from ...errors import InputError
from .encoded_style import EncodedStyle


@dataclasses.dataclass(frozen=True)
class RegionStyle(EncodedStyle):
    """Several encoded styles, each with a mask. Made by `region_style`.

    The network attends to each style, and blends their features by the masks before one decoder paints them: strokes of one style
    turn into those of the other, where blended pictures would show both at once. `levels` are those of the first style.
    """

    styles: tuple[EncodedStyle, ...]

    masks: tuple[Tensor | None, ...]
    """Of each style, `[H, W]`, `[B, H, W]` or `[B, 1, H, W]` in 0..1. None: wherever the others leave room."""

    @property
    def batch(self) -> int:
        """Number of style pictures of the largest part."""
        return max(style.batch for style in self.styles)

    def parts(self) -> list[tuple[float, EncodedStyle]]:
        """There are no shares of the whole picture.

        Raises:
            InputError: always.
        """
        raise InputError("styles with regions are not mixed; mix the styles, then give them regions")

    def tensors(self) -> list[Tensor]:
        """See `EncodedStyle.tensors`; with the masks."""
        of_styles = [tensor for style in self.styles for tensor in style.tensors()]
        return [*of_styles, *(mask for mask in self.masks if mask is not None)]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> EncodedStyle:
        """See `EncodedStyle.to`. The masks stay where they are: they are read piece by piece."""
        return self._of([style.to(device, dtype) for style in self.styles])

    def part(self, start: int, stop: int) -> EncodedStyle:
        """See `EncodedStyle.part`. A mask that serves any number of pictures stays whole."""
        masks = tuple(part_of(mask, start, stop) for mask in self.masks)
        return dataclasses.replace(self, styles=tuple(style.part(start, stop) for style in self.styles), masks=masks)

    def with_masks(self, masks: Sequence[Tensor]) -> RegionStyle:
        """The same with other masks for the last regions, as many as are given."""
        return dataclasses.replace(self, masks=(*self.masks[: len(self.masks) - len(masks)], *masks))

    def compact(self) -> EncodedStyle:
        """See `EncodedStyle.compact`."""
        return self._of([style.compact() for style in self.styles])

    def _of(self, styles: list[EncodedStyle]) -> EncodedStyle:
        return RegionStyle(styles[0].levels, tuple(styles), self.masks)


def region_style(regions: Sequence[tuple[EncodedStyle, Tensor]], rest: EncodedStyle | None = None) -> RegionStyle:
    """Several styles as one for `StyA2K.transfer`. Each adds the time of its attention.

    Where masks overlap, each style gets its share of their sum. Where they add up to less than 1, `rest` gets what is missing.

    Args:
        regions: encoded styles of one model, each with its mask, `[H, W]`, `[B, H, W]` or `[B, 1, H, W]` in 0..1, of any size.
        rest: the style of the rest, which may have regions already: these are added. None keeps the content there.

    Raises:
        InputError: when there is no region, or a style of one has regions itself.
    """
    if not regions:
        raise InputError("no regions; give at least one style with its mask")
    if any(isinstance(style, RegionStyle) for style, _ in regions):
        raise InputError("the style of a region has regions itself; give each region a plain style, or a mixture")
    styles, masks = [style for style, _ in regions], [mask for _, mask in regions]
    if isinstance(rest, RegionStyle):
        return RegionStyle(rest.levels, (*rest.styles, *styles), (*rest.masks, *masks))
    if rest is not None:
        return RegionStyle(rest.levels, (rest, *styles), (None, *masks))
    return RegionStyle(styles[0].levels, tuple(styles), tuple(masks))


def part_of(mask: Tensor | None, start: int, stop: int) -> Tensor | None:
    """The masks of the pictures `start` to `stop`. A single mask, which serves all of them, stays whole."""
    if mask is None or mask.ndim == 2 or len(mask) == 1:
        return mask
    return mask[start:stop]
