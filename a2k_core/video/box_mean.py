"""The mean around each pixel."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def box_mean(image: Tensor, side: int) -> Tensor:
    """Mean over the square of `side` pixels, an odd number, around each of `[B, C, H, W]`. Of what lies outside nothing counts."""
    # Columns, then rows: on CPUs a third of the time of the square for a side of 15.
    columns = F.avg_pool2d(image, (side, 1), 1, (side // 2, 0), count_include_pad=False)
    return F.avg_pool2d(columns, (1, side), 1, (0, side // 2), count_include_pad=False)
