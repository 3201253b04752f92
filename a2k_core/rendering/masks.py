"""Masks: where a picture is stylized, and how strongly."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError
from ..network.regions import Region


def check_mask(mask: Tensor, count: int, name: str = "mask") -> None:
    """Raise `InputError` unless `mask` is floating, with a mask for all of `count` pictures or one for each.

    Args:
        mask: `[H, W]`, `[B, H, W]` or `[B, 1, H, W]`.
        count: of pictures.
        name: what the error calls it.
    """
    shaped = isinstance(mask, Tensor) and (mask.ndim in (2, 3) or (mask.ndim == 4 and mask.shape[1] == 1))
    if not shaped or 0 in mask.shape:
        given = list(mask.shape) if isinstance(mask, Tensor) else type(mask).__name__
        raise InputError(f"The {name} is {given}; connect masks [B, H, W] of at least 1x1 pixel")
    if not mask.is_floating_point() or not bool(torch.isfinite(mask).all()):
        kind = "has NaN or infinite values" if mask.is_floating_point() else f"is {mask.dtype}"
        raise InputError(f"The {name} {kind}; connect floating point values in 0..1")
    if mask.ndim > 2 and len(mask) not in (1, count):
        raise InputError(
            f"{len(mask)} {name}s for {count} pictures; connect one {name} for all of them, or one for each"
        )


def resized_mask(mask: Tensor, start: int, stop: int, height: int, width: int) -> Tensor:
    """The masks of pictures `start` to `stop`, `[B or 1, 1, height, width]`, fp32, in 0..1; see `check_mask`."""
    masks = mask if mask.ndim == 3 else mask[None]
    masks = masks[start:stop] if len(masks) > 1 else masks
    masks = masks[:, None].float().clamp(0, 1)
    if masks.shape[-2:] == (height, width):
        return masks
    return F.interpolate(masks, size=(height, width), mode="bilinear", antialias=True)


class MaskReader:
    """A mask of any size, read for any part of the pictures that it lies over: tiles read what the whole picture reads.

    Args:
        mask: `[H, W]`, `[B, H, W]` or `[B, 1, H, W]`, clamped to 0..1.
        height, width: of the pictures, in pixels.
    """

    def __init__(self, mask: Tensor, height: int, width: int) -> None:
        self._mask = mask.reshape(-1, 1, *mask.shape[-2:])
        self._size = (height, width)
        self._reduced: dict[int, Tensor] = {}

    def read(self, region: Region, stride: int, device: torch.device) -> Tensor:
        """The values at every `stride` pixels of a region, `[1 or B, 1, rows, columns]`, fp32, in 0..1. Linear in between."""
        mask = self._at(stride)
        for axis, start, stop in ((2, region.top, region.bottom), (3, region.left, region.right)):
            length, count = self._size[axis - 2], mask.shape[axis]
            at = (torch.arange(start // stride, stop // stride, dtype=torch.float64, device=mask.device) + 0.5) * stride
            at = (at * count / length - 0.5).clamp(0, count - 1)
            share = (at - at.floor()).float().view(-1, *(1,) * (3 - axis))
            low = at.long()
            mask = torch.lerp(
                mask.index_select(axis, low), mask.index_select(axis, (low + 1).clamp(max=count - 1)), share
            )
        return mask.to(device)

    def _at(self, stride: int) -> Tensor:
        """The mask with at most one value for each `stride` pixels: what is finer is averaged."""
        if stride not in self._reduced:
            values = self._mask.float().clamp(0, 1)
            size = [min(held, -(-side // stride)) for held, side in zip(values.shape[-2:], self._size, strict=True)]
            if size != list(values.shape[-2:]):
                values = F.interpolate(values, size=size, mode="bilinear", antialias=True)
            self._reduced[stride] = values
        return self._reduced[stride]


class RegionReader:
    """The shares that styles have of a picture, read for any part of it.

    Args:
        masks: of the styles; None for what the others leave.
        height, width: of the picture, in pixels.
    """

    def __init__(self, masks: Sequence[Tensor | None], height: int, width: int) -> None:
        self._readers = [None if mask is None else MaskReader(mask, height, width) for mask in masks]
        self.everywhere = None in self._readers
        """Whether the shares add up to 1 at every pixel."""

    def read(self, region: Region, stride: int, device: torch.device) -> tuple[list[Tensor], Tensor]:
        """The shares of each style, which add up to 1 where any has one, and how much of the picture they cover, in 0..1.

        Each is `[1 or B, 1, rows, columns]`.
        """
        masks = [None if reader is None else reader.read(region, stride, device) for reader in self._readers]
        total = sum((mask for mask in masks if mask is not None), torch.zeros((), dtype=torch.float32, device=device))
        rest = (1 - total).clamp(min=0)
        whole = total.clamp(min=1) if self.everywhere else total.clamp(min=torch.finfo(torch.float32).tiny)
        return [rest if mask is None else mask / whole for mask in masks], total.clamp(max=1)


def strength_at(
    strength: float,
    strength_map: MaskReader | None,
    shares: RegionReader | None,
    region: Region,
    stride: int,
    device: torch.device,
) -> Tensor:
    """The strength at every `stride` pixels of a region, `[1 or B, 1, rows, columns]`, or `[1, 1, 1, 1]` where it is one everywhere.

    It is multiplied by the map, and by how much of the picture the styles cover: outside of all regions it is 0.
    """
    result = torch.full((1, 1, 1, 1), strength, dtype=torch.float32, device=device)
    if strength_map:
        result = result * strength_map.read(region, stride, device)
    if shares and not shares.everywhere:
        result = result * shares.read(region, stride, device)[1]
    return result
