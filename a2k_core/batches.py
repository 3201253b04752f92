"""Batches of pictures with the channels last, `[B, H, W, C]`, as node editors and video readers pass them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import InputError

MAX_ENLARGED_PIXELS = 2048 * 2048
"""A style is never enlarged beyond this: long strips would otherwise become huge."""


def check_batch(image: Tensor, name: str) -> None:
    """Raise `InputError` unless `image` is `[B, H, W, C]` floating, with at least one picture, 1 (grey), 3 or 4 channels."""
    if not isinstance(image, Tensor) or image.ndim != 4:
        given = list(image.shape) if isinstance(image, Tensor) else type(image).__name__
        raise InputError(f"{name} is {given}; connect a batch of pictures [B, H, W, C]")
    batch, height, width, channels = image.shape
    if batch == 0:
        raise InputError(f"{name} is an empty batch; connect at least one picture")
    if height == 0 or width == 0:
        raise InputError(f"{name} is {width}x{height} pixels; connect a picture of at least 1x1")
    if channels not in (1, 3, 4):
        raise InputError(f"{name} has {channels} channels; connect grey (1), RGB (3) or RGBA (4)")
    if not image.is_floating_point():
        raise InputError(f"{name} is {image.dtype}; connect floating point values in 0..1")


def to_rgb(image: Tensor, name: str, first: int = 0) -> Tensor:
    """`[B, H, W, C]` of any floating dtype to RGB `[B, 3, H, W]`, fp32, clamped to 0..1. Grey is repeated, alpha left out.

    Args:
        image: see `check_batch`.
        name: what an error calls it.
        first: the number of its first picture in the whole batch, for the error.

    Raises:
        InputError: when a value is NaN or infinite; it says in which picture.
    """
    finite = torch.isfinite(image).flatten(1).all(dim=1)
    if not bool(finite.all()):
        number = first + int(finite.logical_not().nonzero()[0, 0])
        raise InputError(
            f"{name}: picture {number} (counted from 0) has NaN or infinite values; an earlier node or model computed them. "
            "Running that one in fp32 often helps"
        )
    return image[..., :3].movedim(-1, 1).float().clamp(0, 1).expand(-1, 3, -1, -1)


def alpha_of(image: Tensor) -> Tensor | None:
    """The alpha `[B, H, W, 1]` of an RGBA batch, or None."""
    return image[..., 3:] if image.shape[-1] == 4 else None


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


def mask_of(mask: Tensor, start: int, stop: int, height: int, width: int) -> Tensor:
    """The masks of pictures `start` to `stop`, `[B or 1, 1, height, width]`, fp32, in 0..1; see `check_mask`."""
    masks = mask if mask.ndim == 3 else mask[None]
    masks = masks[start:stop] if len(masks) > 1 else masks
    masks = masks[:, None].float().clamp(0, 1)
    if masks.shape[-2:] == (height, width):
        return masks
    return F.interpolate(masks, size=(height, width), mode="bilinear", antialias=True)


def resize_to_short_side(image: Tensor, side: int) -> Tensor:
    """Scale `[B, 3, H, W]` up or down, antialiased, until the short side has `side` pixels; 0 keeps the picture.

    Enlarging stops at `MAX_ENLARGED_PIXELS`.
    """
    height, width = image.shape[-2:]
    if side <= 0:
        return image
    scale = side / min(height, width)
    if scale > 1:
        scale = min(scale, max(1.0, math.sqrt(MAX_ENLARGED_PIXELS / (height * width))))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    if size == (height, width):
        return image
    return F.interpolate(image, size=size, mode="bicubic", antialias=True).clamp(0, 1)


def run_in_chunks(
    count: int,
    size: int,
    work: Callable[[int, int], None],
    raise_other: Callable[[Exception], None],
    release: Callable[[], None],
) -> None:
    """Call `work(start, stop)` over 0..count in chunks, halved and tried again when memory runs out.

    Args:
        count: how many there are.
        size: of the first chunks.
        work: does one chunk; may run again for a part of it.
        raise_other: raises its argument unless that means lack of memory.
        release: gives cached memory back.

    Raises:
        Exception: what `work` raised, when it is something else, or memory is short even for a chunk of one.
    """
    start = 0
    while start < count:
        stop = min(start + max(size, 1), count)
        try:
            work(start, stop)
        except Exception as error:
            raise_other(error)
            if stop - start == 1:
                raise
            size = (stop - start) // 2
        else:
            start = stop
            continue
        release()  # only now: until the except clause ends, the error's traceback keeps the tensors alive
