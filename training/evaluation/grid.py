"""Texture that is tied to the grid of the picture's pixels, as a network's strides and blocks print it."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from evaluation.luminance import blur
from evaluation.screen import FLAT_SHARE

BLOCK = 32
"""Whatever repeats every 2, 4, 8, 16 or 32 px, counted from the top left corner, is found."""

DEVIATION = 3.0
"""Of the Gaussian whose blur is taken away first, pixels: it leaves periods up to 12 px or so."""


def flat_blocks(grey: Tensor) -> Tensor:
    """The indices of the quarter of the blocks where a luminance `[1, 1, H, W]` has the least fine texture."""
    power = _blocks(grey).square().mean(dim=(1, 2))
    return power.argsort(stable=True)[: max(2, math.ceil(FLAT_SHARE * len(power)))]


def grid_amplitude(grey: Tensor, flat: Tensor) -> float:
    """Deviation of the fine texture that all the given blocks have in common, in 8-bit levels; about 0 when there is none.

    The blocks are laid on each other: what is tied to the grid stays, all else averages out. What is expected to be left of
    the latter is subtracted.

    Args:
        grey: `[1, 1, H, W]` in 0..1, at least two blocks.
        flat: from `flat_blocks` of the content, of the same size.
    """
    blocks = _blocks(grey)[flat]
    count = len(blocks)
    if count < 2:
        return 0.0
    alone, common = blocks.square().mean().item(), blocks.mean(dim=0).square().mean().item()
    return max(0.0, (count * common - alone) / (count - 1)) ** 0.5


def _blocks(grey: Tensor) -> Tensor:
    """Fine texture in blocks side by side, `[N, BLOCK, BLOCK]`, 8-bit levels."""
    radius = math.ceil(3 * DEVIATION)
    fine = (grey - blur(F.pad(grey, (radius,) * 4, mode="reflect"), DEVIATION, radius)) * 255
    return fine[0, 0].unfold(0, BLOCK, BLOCK).unfold(1, BLOCK, BLOCK).flatten(0, 1)
