"""Blocks: the non-overlapping p x p tiles of a feature map, in raster order, that regions are made of."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..layers import reflected


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Extend `[B, C, H, W]` to the right and downwards by reflection until both sides divide by `multiple`.

    Works from 1x1 up: a side shorter than the padding is reflected again and again, a side of 1 is repeated.
    """
    height, width = image.shape[-2:]
    rows, columns = -height % multiple, -width % multiple
    if not torch.onnx.is_in_onnx_export():  # an ONNX file takes any size: it has the way that suits all
        if not rows and not columns:
            return image
        if rows < height and columns < width:
            return reflected(image, (0, columns, 0, rows))
    image = image.index_select(2, reflected_indices(length=height, stop=height + rows, device=image.device))
    return image.index_select(3, reflected_indices(length=width, stop=width + columns, device=image.device))


def reflected_indices(length: int, stop: int, start: int = 0, device: torch.device | None = None) -> Tensor:
    """Where the positions `start` to `stop` of a side that goes on by reflection are found: 0 1 2 .. n-1 .. 2 1 0 1 2 .."""
    period = torch.full((), max(2 * (length - 1), 1), device=device)
    steps = torch.arange(start, stop, device=device) % period
    return torch.minimum(steps, period - steps)


def to_blocks(features: Tensor, side: int, heads: int) -> Tensor:
    """Cut `[B, C, H, W]` (sides divisible by `side`) into `[B, heads, blocks, side*side, C/heads]`.

    Blocks and the positions inside a block are in raster order; heads are contiguous groups of channels.
    """
    batch, channels, height, width = features.shape
    rows, columns = height // side, width // side
    cells = features.permute(0, 2, 3, 1).reshape(batch, rows, side, columns, side, heads, channels // heads)
    return cells.permute(0, 5, 1, 3, 2, 4, 6).reshape(batch, heads, rows * columns, side * side, channels // heads)


def from_blocks(blocks: Tensor, side: int, height: int, width: int) -> Tensor:
    """The inverse of `to_blocks`: `[B, heads, blocks, side*side, d]` to `[B, heads*d, H, W]`."""
    batch, heads, _, _, depth = blocks.shape
    cells = blocks.reshape(batch, heads, height // side, width // side, side, side, depth)
    return cells.permute(0, 2, 4, 3, 5, 1, 6).reshape(batch, height, width, heads * depth).permute(0, 3, 1, 2)


def blocks_inside(mask: Tensor, side: int) -> Tensor:
    """Numbers of the blocks that lie at least half inside a mask; where there is none, of those that lie in it most.

    Args:
        mask: `[1, 1, H, W]` in 0..1, sides divisible by `side`.
        side: of a block, in the mask's pixels.
    """
    coverage = F.avg_pool2d(mask, side).flatten()
    return (coverage >= coverage.max().clamp(max=0.5)).nonzero().flatten()


def chosen_positions(features: Tensor, side: int, blocks: Tensor) -> Tensor:
    """The positions of some blocks, in no shape: `[B, C, H, W]` to `[B, C, blocks * side * side, 1]`."""
    return to_blocks(features, side, 1).index_select(2, blocks).flatten(1, 3).transpose(1, 2)[..., None]
