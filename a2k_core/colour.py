"""Colour match: a picture's colours are moved to the style's mean and covariance by one linear map.

The network places strokes and light; that all its colours together are the style's, of any style, is then no matter of what
it has seen in training. One map for the whole picture, so it draws no edges and no halos.
Below full strength they are moved in part, to a place between the content's and the style's; beyond it, to more contrast than
the style's.
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

    def apply(self, image: Tensor) -> Tensor:
        """`[B, 3, H, W]` RGB, mapped, in fp32."""
        red, green, blue = image.float().split(1, dim=1)
        of_red, of_green, of_blue = self.matrix[..., None, None].unbind(2)
        mapped = torch.addcmul(self.offset[..., None, None], of_red, red)
        return torch.addcmul(torch.addcmul(mapped, of_green, green), of_blue, blue)

    def part(self, amount: float) -> ColourMap:
        """The map that goes so much of the way: 0 changes nothing, 1 is this one."""
        unchanged = torch.eye(3, device=self.matrix.device).expand_as(self.matrix)
        return ColourMap(torch.lerp(unchanged, self.matrix, amount), self.offset * amount)


def colour_moments(image: Tensor) -> ColourMoments:
    """Of all pixels of `[B, 3, H, W]` RGB."""
    with torch.autocast(image.device.type, enabled=False):
        flat = image.float().flatten(2)
        mean = flat.mean(2)
        centred = flat - mean[..., None]
        return ColourMoments(mean, centred @ centred.transpose(1, 2) / flat.shape[2])


def merged_moments(pieces: list[tuple[int, ColourMoments]]) -> ColourMoments:
    """The moments of pictures whose pieces, with so many pixels each, have these; summed up in fp64, on the CPU."""
    pixels = sum(count for count, _ in pieces)
    means = torch.stack([piece.mean.cpu().double() for _, piece in pieces])
    covariances = torch.stack([piece.covariance.cpu().double() for _, piece in pieces])
    share = torch.tensor([count / pixels for count, _ in pieces], dtype=torch.float64).view(-1, 1, 1)
    mean = (share * means).sum(0)
    apart = means - mean
    between = apart[..., :, None] * apart[..., None, :]
    return ColourMoments(mean.float(), (share[..., None] * (covariances + between)).sum(0).float())


def mixed_moments(one: ColourMoments, other: ColourMoments, amount: float) -> ColourMoments:
    """0 is the one, 1 the other; of one picture or a batch each."""
    return ColourMoments(*(torch.lerp(a.to(b), b, amount) for a, b in zip(one, other, strict=True)))


def colour_map(source: ColourMoments, target: ColourMoments) -> ColourMap:
    """The linear map that gives colours of the source's moments those of the target, but for `FLOOR`. Differentiable.

    Triangular in axes of grey and colour (Cholesky factors): the grey of the result depends on the grey of the source
    alone, so light and shade stay where they are. Computed on the CPU in fp64, as not every device has that, or the factors;
    given on the target's device.
    """
    device = target.mean.device
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


class ColourTally:
    """What the pieces of a decoded picture tell of the map for the whole.

    Args:
        style: the colours aimed at.
        strength: see `StyA2K.transfer`.
    """

    def __init__(self, style: ColourMoments, strength: float) -> None:
        self._style = style
        self._strength = strength
        self._decoded: list[tuple[int, ColourMoments]] = []
        self._content: list[tuple[int, ColourMoments]] = []

    def note(self, decoded: Tensor, content: Tensor) -> None:
        """Take the colours of a piece, `[B, 3, h, w]` as it was decoded and in the content."""
        pixels = decoded.shape[-2] * decoded.shape[-1]
        self._decoded.append((pixels, colour_moments(decoded)))
        if self._strength < 1:
            self._content.append((pixels, colour_moments(content)))

    def map(self) -> ColourMap:
        """What moves the colours to where the strength says."""
        decoded = merged_moments(self._decoded)
        if self._strength >= 1:
            # Exaggerated features alone would be moved back to the style's own contrast.
            return colour_map(decoded, ColourMoments(self._style.mean, self._strength * self._style.covariance))
        # In part, so that next to no strength changes next to nothing, however well the network rebuilds contents.
        between = mixed_moments(merged_moments(self._content), self._style, self._strength)
        return colour_map(decoded, between).part(self._strength)
