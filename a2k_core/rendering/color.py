"""Colors: the content's own under the style's strokes, and the color statistics of one picture moved to those of another."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from ..network.statistics import EPSILON
from ..options import check_image

COLORS = ("style", "content", "matched", "only")
"""Where colors come from: the style; the content, luminance apart; the content, to which the style picture is matched before it is
encoded; the style, by moving the content's colors, without strokes."""

NOISE = 2 / 255
"""Deviation that counts as noise: colors that vary less than this are not spread further."""


class ColorMap(NamedTuple):
    """A linear map of colors."""

    matrix: Tensor
    """`[B, 3, 3]`, fp32."""

    shift: Tensor
    """`[B, 3, 1, 1]`, fp32."""

    def __call__(self, image: Tensor) -> Tensor:
        """`[B, 3, H, W]` RGB to the same with other colors, fp32, clamped to 0..1."""
        return (torch.einsum("bij,bjhw->bihw", self.matrix, image.float()) + self.shift).clamp(0, 1)


def color_map(image: Tensor, reference: Tensor) -> ColorMap:
    """The linear map that gives `image` the mean and the covariance of the colors of `reference`, and moves them the least.

    It is the optimal transport between two normal distributions (Pitié & Kokaram, "The linear Monge-Kantorovitch linear colour
    mapping for example-based colour transfer", 2007).

    Args:
        image: `[B, 3, H, W]` RGB in 0..1.
        reference: `[1 or B, 3, h, w]` RGB in 0..1, of any size.

    Raises:
        InputError: when one is not a picture, or their counts do not match.
    """
    check_image(image, "image")
    check_image(reference, "reference")
    if len(reference) not in (1, len(image)):
        raise InputError(
            f"{len(reference)} references for {len(image)} pictures; pass one for all of them, or one for each"
        )
    mean, covariance = _statistics(image)
    wanted_mean, wanted = _statistics(reference)
    root, inverse = _powers(covariance)
    middle, _ = _powers(root @ wanted @ root)
    matrix = inverse @ middle @ inverse
    shift = wanted_mean - matrix @ mean
    return ColorMap(matrix.float().to(image.device), shift[..., None].float().to(image.device))


def match_colors(image: Tensor, reference: Tensor) -> Tensor:
    """Give a picture the colors of another one, without its strokes; see `color_map`.

    Args:
        image: `[B, 3, H, W]` RGB in 0..1.
        reference: `[1 or B, 3, h, w]` RGB in 0..1, of any size.

    Returns:
        `[B, 3, H, W]` in 0..1, of the image's dtype and device.

    Raises:
        InputError: as `color_map` does.
    """
    return color_map(image, reference)(image).to(image.dtype)


def preserve_color(image: Tensor, content: Tensor, amount: float) -> Tensor:
    """Give a stylized picture the colors of the content: the style's strokes in the hues of the content.

    Light and dark stay as stylized; how a color differs from gray is the content's (the luminance-only transfer of Gatys et al.,
    "Preserving Color in Neural Artistic Style Transfer", 2016, with the mean of red, green and blue for luminance).

    Args:
        image: `[B, 3, H, W]` RGB, about 0..1.
        content: `[B, 3, H, W]` RGB in 0..1, on the same device.
        amount: from 0, as stylized, to 1, the content's colors as far as there is room: near white and black there is little.

    Returns:
        `[B, 3, H, W]`, fp32.
    """
    image, content = image.float(), content.float()
    gray = image.mean(1, keepdim=True).clamp(0, 1)
    color = content - content.mean(1, keepdim=True)
    room = torch.where(color > 0, 1 - gray, gray)
    share = (room / color.abs().clamp(min=EPSILON)).amin(1, keepdim=True).clamp(max=1)
    return torch.lerp(image, torch.addcmul(gray, color, share), amount)


def _statistics(image: Tensor) -> tuple[Tensor, Tensor]:
    """Mean `[B, 3, 1]` and covariance `[B, 3, 3]` of the colors, fp64, on the CPU: not every device has fp64."""
    colors = image.float().flatten(2)
    mean = colors.mean(2, keepdim=True)
    apart = colors - mean
    covariance = (apart @ apart.transpose(1, 2) / apart.shape[2]).cpu().double()
    return mean.cpu().double(), covariance + NOISE**2 * torch.eye(3, dtype=torch.float64)


def _powers(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """The square root of positive symmetric `[B, 3, 3]` matrices, and its inverse."""
    values, vectors = torch.linalg.eigh(matrices)
    roots = values.clamp(min=NOISE**4).sqrt()[:, None]
    return (vectors * roots) @ vectors.transpose(1, 2), (vectors / roots) @ vectors.transpose(1, 2)
