"""Windows: means around each place of a map, and regressions of colours on greys there, as the guided filter has them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def window_means(cells: Tensor, window: int) -> Tensor:
    """Of `[B, C, h, w]`, over as much of each window as there is: columns, then rows, in the layout that is quick for many channels."""
    cells = cells.contiguous(memory_format=torch.channels_last)
    for size in ((window, 1), (1, window)):
        padding = (size[0] // 2, size[1] // 2)
        cells = F.avg_pool2d(cells, size, stride=1, padding=padding, count_include_pad=False)
    return cells.contiguous()


def grey_products(grey: Tensor, colours: Tensor) -> Tensor:
    """What a regression needs the means of: `[.., 1, h, w]` greys and `[.., 3, h, w]` colours to `[.., 8, h, w]`."""
    return torch.cat([grey, grey.square(), colours, colours * grey], dim=-3)


def grey_regression(means: Tensor, faint: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Colours as a linear function of greys, by the means of their `grey_products`.

    Args:
        means: `[.., 8, h, w]`, of the window around each place.
        faint: variance of greys that colours hardly follow.

    Returns:
        Mean and variance of the greys, `[.., 1, h, w]`; mean of the colours and their slope, `[.., 3, h, w]`.
    """
    mean_grey, squares, mean_colours, products = means.split([1, 1, 3, 3], dim=-3)
    variance = (squares - mean_grey.square()).clamp(min=0)
    return mean_grey, variance, mean_colours, (products - mean_grey * mean_colours) / (variance + faint)
