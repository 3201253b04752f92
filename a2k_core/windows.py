"""Windows: means around each place of a map."""

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
