"""Edges of the attention's blocks, which show as straight seams 32 or 64 px apart."""

from __future__ import annotations

import statistics

from torch import Tensor

BLOCK_SIDES = (32, 64)
"""Pixels that a block covers, at the finest level and at the two others. Blocks start at the top left corner."""

GRID = 4
"""Pixels of the finest features. What repeats so often is a screen, not a seam."""


def seam_profile(grey: Tensor) -> list[float]:
    """Gradient across the edges of blocks, relative to other places: 1 is no seam. A number for each of `BLOCK_SIDES`.

    For every offset within a block the absolute differences of neighbours are averaged over the picture, both ways. The number
    is the mean at the edge over the median of those at other offsets a multiple of `GRID` away.

    Args:
        grey: `[1, 1, H, W]`.
    """
    across, down = grey.diff(dim=3).abs().mean(dim=(0, 1, 2)), grey.diff(dim=2).abs().mean(dim=(0, 1, 3))
    ratios: list[float] = []
    for side in BLOCK_SIDES:
        # Difference i lies between pixels i and i + 1: edges are at side - 1, 2 * side - 1, ..
        means: list[float] = []
        for offset in range(GRID - 1, side, GRID):
            both = [across[offset::side], down[offset::side]]
            count = sum(len(one) for one in both)
            means.append(sum(one.sum().item() for one in both) / count if count else 0.0)
        ratios.append(means[-1] / max(statistics.median(means[:-1]), 1e-6))
    return ratios


def seam_excess(ours: list[float], content: list[float]) -> float:
    """How much more of a seam a picture has than its content, at the worse of the block sides: about 0 when there is none."""
    return max(a - b for a, b in zip(ours, content, strict=True))
