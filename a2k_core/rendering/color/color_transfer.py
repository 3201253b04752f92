"""Colors: the content's own under the style's strokes, and the color statistics of one picture moved to those of another."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import InputError
from ...network.statistics import EPSILON
from ...network.style.colors import ColorMap, ColorMoments, color_moments
from ...options import check_image

COLORS = ("style", "content", "matched", "only")
"""Where colors come from: the style; the content, luminance apart; the content, to which the style picture is matched before it is
encoded; the style, by moving the content's colors, without strokes."""

NOISE = 2 / 255
"""Deviation that counts as noise: colors that vary less than this are not spread further."""


MAX_GAIN = 2.5
"""By which `widening_map` widens at most: a clear sky does not become a sunset."""

ITERATIONS = 30
"""For the root of a matrix: enough for colors that vary a thousand times more in one direction than in another."""


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
    own, wanted = (_with_noise(color_moments(each)) for each in (image, reference))
    matrix = _transport(own.covariance, wanted.covariance)
    return _color_map(matrix, wanted.mean - matrix @ own.mean, image.device)


def widening_map(own: ColorMoments, wanted: ColorMoments) -> ColorMap:
    """The same map where it makes colors vary more, and none where it would make them vary less.

    In the directions in which colors already vary more than wanted, they keep their contrast, and their mean moves only as far as the
    contrast would shrink: a sheet of white paper with one blot has little to say about the light and dark of a forest.

    Args:
        own, wanted: of `[1 or B]` pictures each.
    """
    device = own.mean.device
    own, wanted = _with_noise(own), _with_noise(wanted)
    matrix = _transport(own.covariance, wanted.covariance)
    one = torch.eye(3, dtype=matrix.dtype, device=matrix.device).expand_as(matrix)
    smaller = _smaller(matrix, one)
    larger = _smaller(matrix + one - smaller, MAX_GAIN * one)
    return _color_map(larger, own.mean + smaller @ (wanted.mean - own.mean) - larger @ own.mean, device)


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
    return color_map(image, reference)(image).clamp(0, 1).to(image.dtype)


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


def _with_noise(moments: ColorMoments) -> ColorMoments:
    """In fp64, on the CPU where the device has none; a flat picture varies by `NOISE`."""
    mean, covariance = (value.cpu().double() if value.device.type == "mps" else value.double() for value in moments)
    return ColorMoments(mean, covariance + NOISE**2 * torch.eye(3, dtype=torch.float64, device=covariance.device))


def _transport(own: Tensor, wanted: Tensor) -> Tensor:
    """The positive symmetric `[B, 3, 3]` that turns colors of covariance `own` into colors of covariance `wanted`."""
    root, inverse = _roots(own)
    middle, _ = _roots(root @ wanted @ root)
    return inverse @ middle @ inverse


def _roots(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """The square root of positive symmetric `[B, 3, 3]` matrices, and its inverse, by the coupled Newton-Schulz iteration.

    Of products alone, so that a GPU has nothing to wait for, and a CUDA graph can hold it.
    """
    scale = matrices.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    root, one = matrices / scale, torch.eye(3, dtype=matrices.dtype, device=matrices.device)
    inverse = one.expand_as(root)
    for _ in range(ITERATIONS):
        step = (3 * one - inverse @ root) / 2
        root, inverse = root @ step, step @ inverse
    return root * scale.sqrt(), inverse / scale.sqrt()


def _smaller(matrix: Tensor, multiple: Tensor) -> Tensor:
    """In each direction the smaller one of a symmetric matrix and a multiple of the identity: (a + b - |a - b|) / 2."""
    apart = matrix - multiple
    size, _ = _roots(apart @ apart + NOISE**4 * torch.eye(3, dtype=matrix.dtype, device=matrix.device))
    return (matrix + multiple - size) / 2


def _color_map(matrix: Tensor, shift: Tensor, device: torch.device) -> ColorMap:
    return ColorMap(matrix.float().to(device), shift[..., None].float().to(device))
