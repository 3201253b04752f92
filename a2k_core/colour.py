"""Colour match: a picture's colours are moved to the style's mean and covariance by one linear map.

The network places strokes and light; that all its colours together are the style's, of any style, is then no matter of what
it has seen in training. One map for the whole picture, so it draws no edges and no halos.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

FLOOR = 4e-4
"""Variance, of pictures in 0..1, added to both sides: what hardly varies in a picture is not blown up to a style's contrast."""

# Orthonormal axes: grey first, then two of colour.
_AXES = (
    (3**-0.5, 3**-0.5, 3**-0.5),
    (2**-0.5, 0.0, -(2**-0.5)),
    (6**-0.5, -2 * 6**-0.5, 6**-0.5),
)


class ColourMoments(NamedTuple):
    """Mean and covariance of the colours of each picture."""

    mean: Tensor
    """`[B, 3]`, fp32."""

    covariance: Tensor
    """`[B, 3, 3]`, fp32."""


class ColourMap(NamedTuple):
    """matrix @ colour + offset, for each picture of a batch; the maps of one picture serve any batch."""

    matrix: Tensor
    """`[B, 3, 3]`, fp32."""

    offset: Tensor
    """`[B, 3]`, fp32."""

    def apply(self, image: Tensor, amount: float = 1.0) -> Tensor:
        """`[B, 3, H, W]` RGB, mapped; an `amount` below 1 mixes it with what it was. In fp32, given back in its own dtype."""
        matrix, offset = self.matrix, self.offset
        if amount != 1:
            matrix = torch.lerp(torch.eye(3, device=matrix.device).expand_as(matrix), matrix, amount)
            offset = offset * amount
        with torch.autocast(image.device.type, enabled=False):
            rows = matrix[..., None, None].unbind(2)
            planes = image.float()
            mapped = offset[..., None, None] + sum(row * planes[:, i : i + 1] for i, row in enumerate(rows))
        return mapped.to(image.dtype)


def colour_moments(image: Tensor) -> ColourMoments:
    """Of all pixels of `[B, 3, H, W]` RGB."""
    with torch.autocast(image.device.type, enabled=False):
        flat = image.float().flatten(2)
        mean = flat.mean(2)
        centred = flat - mean[..., None]
        return ColourMoments(mean, centred @ centred.transpose(1, 2) / flat.shape[2])


def colour_map(source: ColourMoments, target: ColourMoments) -> ColourMap:
    """The linear map that gives colours of the source's moments those of the target, but for `FLOOR`. Differentiable.

    Triangular in axes of grey and colour (Cholesky factors): the grey of the result depends on the grey of the source
    alone, so light and shade stay where they are. Computed on the CPU in fp64: not every device has that, or the factors.
    """
    device = source.mean.device
    axes = torch.tensor(_AXES, dtype=torch.float64)
    have, want = (
        torch.linalg.cholesky(
            axes @ moments.covariance.cpu().double() @ axes.T + FLOOR * torch.eye(3, dtype=torch.float64)
        )
        for moments in (source, target)
    )
    # want @ have^-1, between the axes and back.
    matrix = axes.T @ torch.linalg.solve_triangular(have, want, upper=False, left=False) @ axes
    offset = target.mean.cpu().double() - (matrix @ source.mean.cpu().double()[..., None])[..., 0]
    return ColourMap(matrix.float().to(device), offset.float().to(device))
