"""Masks: where a picture is stylized."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError


def check_mask(mask: Tensor, count: int) -> None:
    """Raise `InputError` unless `mask` is `[H, W]` or `[B, H, W]` floating, with a mask for all of `count` pictures or one for each."""
    if not isinstance(mask, Tensor) or mask.ndim not in (2, 3) or 0 in mask.shape:
        given = list(mask.shape) if isinstance(mask, Tensor) else type(mask).__name__
        raise InputError(f"The mask is {given}; connect masks [B, H, W] of at least 1x1 pixel")
    if not mask.is_floating_point() or not bool(torch.isfinite(mask).all()):
        kind = "has NaN or infinite values" if mask.is_floating_point() else f"is {mask.dtype}"
        raise InputError(f"The mask {kind}; connect floating point values in 0..1")
    if mask.ndim == 3 and len(mask) not in (1, count):
        raise InputError(f"{len(mask)} masks for {count} pictures; connect one mask for all of them, or one for each")


def resized_mask(mask: Tensor, start: int, stop: int, height: int, width: int) -> Tensor:
    """The masks of pictures `start` to `stop`, `[B or 1, 1, height, width]`, fp32, in 0..1; see `check_mask`."""
    masks = mask if mask.ndim == 3 else mask[None]
    masks = masks[start:stop] if len(masks) > 1 else masks
    masks = masks[:, None].float().clamp(0, 1)
    if masks.shape[-2:] == (height, width):
        return masks
    return F.interpolate(masks, size=(height, width), mode="bilinear", antialias=True)
