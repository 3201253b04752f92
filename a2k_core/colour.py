"""Colour match: a picture's colours are moved to the style's, by a tone curve, one linear map and a shoulder.

The network places strokes and light; that all its colours together are the style's, of any style, is then no matter of what
it has seen in training. The curve gives greys the style's distribution, the map gives colours its mean and covariance,
the shoulder keeps them from clipping, and what it takes of mean and purity the map gives beforehand. All are the same for the whole
picture, so they draw no edges and no halos.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from . import tones
from .contrast import contrasts, octaves, shown_greys
from .devices import double, kept
from .shoulder import Shoulder, shoulder
from .tones import ToneCurve, grey_levels, tone_curve

FLOOR = 3 * tones.FLOOR
"""Variance along each axis, added to both sides: what hardly varies in a picture is not blown up to a style's contrast. Along
the grey axis variances are three times those of greys."""

HOLD = 0.4
"""Share of a picture's own contrast that is left wherever its greys are pressed together: a face against nearly blank
paper stays drawn. There greys end with more contrast than the style's."""

PUREST = 1.5
"""Times by which colours become purer, or paler, at most, to make up for what bending and clipping do to them."""

SAMPLES = 2**14
"""Pixels, about, that stand for all of a picture that has many more: a mean is then off by half an 8-bit level at most, about."""


class Colours(NamedTuple):
    """What a match has to know of the colours of each picture of a batch, all fp32."""

    mean: Tensor
    """`[B, 3]`."""

    covariance: Tensor
    """`[B, 3, 3]`."""

    levels: Tensor
    """`[B, LEVELS]`, see `grey_levels`."""

    contrasts: Tensor
    """`[B, BANDS]`, see `contrast.py`; NaN if not known."""


class ColourMatch(NamedTuple):
    """A tone curve, matrix @ colour + offset, a shoulder, for each picture of a batch; that of one picture serves any batch."""

    curve: ToneCurve

    matrix: Tensor
    """`[B, 3, 3]`, fp32."""

    offset: Tensor
    """`[B, 3]`, fp32."""

    shoulder: Shoulder

    def apply(self, image: Tensor) -> Tensor:
        """`[B, 3, H, W]` RGB, any part of the picture that the match was made for, matched, in fp32."""
        return self.shoulder.apply(_mapped(self.curve.apply(image), self.matrix, self.offset))


def colours_of(image: Tensor) -> Colours:
    """Of whole pictures, `[B, 3, H, W]` RGB."""
    with torch.autocast(image.device.type, enabled=False):
        some = sampled(image)
        return Colours(*_moments(some), grey_levels(some), contrasts(octaves(shown_greys(image))))


def colours_aimed_at(content: Colours | None, style: Colours, strength: float, keep: float = 0.0) -> Colours:
    """Below full strength a place between the content's and the style's, beyond it more contrast than the style's.

    Of one picture each or of a batch.

    Args:
        content: not asked for, and may be None, from full strength on, unless something of it is kept.
        style: as encoded.
        strength: from 0 to 2.
        keep: how much of the content's own brightness and its range, from 0 to 1. Colours are kept place by place, see
            `own_colours.py`; the contrasts are those of strokes.
    """
    if strength < 1 and content is not None:
        aim = _between(content, style, strength)
    else:
        # Exaggerated features alone would be moved back to the style's own contrast.
        aim = style._replace(covariance=strength * style.covariance, contrasts=math.sqrt(strength) * style.contrasts)
    if keep and content is not None:
        aim = _in_the_brightness_of(_between(content, aim, 1 - keep), aim)
    return aim


def _in_the_brightness_of(bright: Colours, colours: Colours) -> Colours:
    """Colours whose greys have the mean, the deviation and the levels of others' greys."""
    grey = torch.full_like(colours.mean[0], 3**-0.5)
    ratio = (bright.covariance @ grey @ grey + FLOOR) / (colours.covariance @ grey @ grey + FLOOR)
    scale = torch.eye(3, device=grey.device) + (ratio.sqrt() - 1)[:, None, None] * torch.outer(grey, grey)
    mean = colours.mean + (bright.mean - colours.mean).mean(1, keepdim=True)
    return colours._replace(mean=mean, covariance=scale @ colours.covariance @ scale, levels=bright.levels)


def _between(content: Colours, style: Colours, strength: float) -> Colours:
    return Colours(*(torch.lerp(a.to(b), b, strength) for a, b in zip(content, style, strict=True)))


def colour_match(image: Tensor, target: Colours) -> ColourMatch:
    """What gives whole pictures, `[B, 3, H, W]` RGB, the colours of the target. Differentiable.

    The linear map is triangular in axes of grey and colour (Cholesky factors): the grey of the result depends on the grey of the
    source alone, so light and shade stay where they are, and only what would clip is bent. The map is computed
    in fp64 and given in fp32 on the target's device. Where curve and map together would leave less than `HOLD` of the
    contrast, the curve is made steeper. What is bent and clips is paler and has another mean, so the map goes beyond the target.
    """
    with torch.autocast(image.device.type, enabled=False):
        image = sampled(image)
        curve = tone_curve(grey_levels(image), target.levels)
        _, covariance = _moments(curve.apply(image))
    covariances = [double(of) for of in (covariance, target.covariance)]
    axes = kept(_axes, covariances[0].device)
    least = FLOOR * torch.eye(3, dtype=torch.float64, device=axes.device)
    # `cholesky` itself would wait for a GPU to say that all went well, as the floor sees to.
    have, want = (torch.linalg.cholesky_ex(axes @ of @ axes.T + least).L for of in covariances)
    # want @ have^-1, between the axes and back.
    matrix = (axes.T @ torch.linalg.solve_triangular(have, want, upper=False, left=False) @ axes).to(target.mean)
    # How much the map does to the contrast of greys: its corner, as it is triangular.
    contrast = (want[:, :1, 0] / have[:, :1, 0]).detach()
    curve = curve.at_least((HOLD / contrast).clamp(max=1).to(curve.values))
    toned = curve.apply(image)
    offset = target.mean - (matrix * toned.mean((2, 3))[:, None]).sum(2)
    mapped = _mapped(toned[..., ::2, ::2], matrix, offset).detach()  # a quarter of the pixels is enough here
    shown = shoulder(mapped, target.levels).apply(mapped).clamp(0, 1)
    purer, lost = _purer(_purity(mapped) / _purity(shown)), (mapped - shown).mean((2, 3))
    offset = target.mean + (purer * (offset - target.mean + lost)[:, None]).sum(2)
    with torch.autocast(image.device.type, enabled=False):
        matrix = purer @ matrix
    return ColourMatch(curve, matrix, offset, shoulder(_mapped(toned, matrix, offset), target.levels))


def _purer(ratio: Tensor) -> Tensor:
    """`[B, 3, 3]` that change the purity of colours, but not their greys, by these ratios `[B]`, as far as `PUREST` lets them."""
    gain = ratio.sqrt().clamp(1 / PUREST, PUREST)[:, None, None]
    identity = torch.eye(3, device=gain.device)
    return torch.lerp(torch.full_like(identity, 1 / 3), identity, gain)


def _purity(image: Tensor) -> Tensor:
    """`[B]`: how far the colours of `[B, 3, H, W]` are from grey, the mean of its square; at least a floor, as all but grey is grey."""
    return (image - image.mean(1, keepdim=True)).square().sum(1).mean((1, 2)) + tones.FLOOR


def _mapped(image: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """matrix @ colour + offset, `[B, 3, 3]` and `[B, 3]`, of `[B, 3, H, W]`."""
    red, green, blue = image.split(1, dim=1)
    of_red, of_green, of_blue = matrix[..., None, None].unbind(2)
    mapped = torch.addcmul(offset[..., None, None], of_red, red)
    return torch.addcmul(torch.addcmul(mapped, of_green, green), of_blue, blue)


def sampled(image: Tensor) -> Tensor:
    """Of `[B, 3, H, W]` with many more pixels than `SAMPLES`, one at random of each small square, always the same.

    At random, so that no screen, weave or sub-pixel pattern falls in step with them.
    """
    height, width = image.shape[-2:]
    side = math.isqrt(height * width // SAMPLES)
    if side < 2:
        return image
    rows, columns = kept(_one_of_each, image.device, height, width, side)
    return image[..., rows, columns]


def _one_of_each(height: int, width: int, side: int) -> Tensor:
    """Rows and columns, `[2, height // side, width // side]`, of a pixel at random of each square of that side."""
    tops, lefts = torch.arange(0, height - side + 1, side), torch.arange(0, width - side + 1, side)
    random = torch.randint(side, (2, len(tops), len(lefts)), generator=torch.Generator().manual_seed(0))
    return random + torch.stack(torch.meshgrid(tops, lefts, indexing="ij"))


def _axes() -> Tensor:
    """`[3, 3]`, fp64: orthonormal axes, grey first, then two of colour."""
    axes = ((1, 1, 1), (1, 0, -1), (1, -2, 1))
    return F.normalize(torch.tensor(axes, dtype=torch.float64))


def _moments(image: Tensor) -> tuple[Tensor, Tensor]:
    """Mean `[B, 3]` and covariance `[B, 3, 3]` of all pixels, in fp32, row by row: one long sum would lose digits."""
    rows = image.float().transpose(1, 2)
    mean = rows.mean(3, keepdim=True).mean(1, keepdim=True)
    centred = rows - mean
    return mean[:, 0, :, 0], (centred @ centred.transpose(2, 3)).mean(1) / image.shape[3]
