"""Batches of pictures with the channels last, `[B, H, W, C]`, as node editors and video readers pass them."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InputError


def check_batch(image: Tensor, name: str) -> None:
    """Raise `InputError` unless `image` is `[B, H, W, C]` floating, with at least one picture, 1 (gray), 3 or 4 channels."""
    if not isinstance(image, Tensor) or image.ndim != 4:
        given = list(image.shape) if isinstance(image, Tensor) else type(image).__name__
        raise InputError(f"{name} is {given}; connect a batch of pictures [B, H, W, C]")
    batch, height, width, channels = image.shape
    if batch == 0:
        raise InputError(f"{name} is an empty batch; connect at least one picture")
    if height == 0 or width == 0:
        raise InputError(f"{name} is {width}x{height} pixels; connect a picture of at least 1x1")
    if channels not in (1, 3, 4):
        raise InputError(f"{name} has {channels} channels; connect gray (1), RGB (3) or RGBA (4)")
    if not image.is_floating_point():
        raise InputError(f"{name} is {image.dtype}; connect floating point values in 0..1")


def to_rgb(image: Tensor, name: str, first: int = 0) -> Tensor:
    """`[B, H, W, C]` of any floating dtype to RGB `[B, 3, H, W]`, fp32, clamped to 0..1. Gray is repeated, alpha left out.

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


def check_result(images: Tensor, dtype: torch.dtype) -> None:
    """Raise `InputError` when a painted picture of `[B, H, W, C]` has NaN; `dtype` is what it was computed in."""
    for number, image in enumerate(images):
        if bool(image.isnan().any()):
            raise InputError(
                f"picture {number} (counted from 0) came out as NaN: the style or the model's weights have them, or the computation "
                f"overflows in {dtype}; choose another precision in the node that loads the model"
            )
