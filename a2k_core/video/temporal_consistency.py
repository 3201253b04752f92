"""Temporal consistency: strokes move with what they paint, after Ruder et al., "Artistic Style Transfer for Videos", 2016.

The last painted frame is moved along the optical flow and takes the place of the new one where the flow can be trusted and where the
content, moved in the same way, still looks like the frame. So errors of the flow, changes of light and what was uncovered end the
carrying by themselves. Paint is not averaged over frames, which would blur strokes: it is carried whole for a limited time, and
then painted afresh bit by bit, each place at a time of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .box_mean import box_mean
from .optical_flow import motion_between, warped

LIFE = 14
"""Frames that paint is carried, at most. Longer carrying changes less from frame to frame and repeats more interpolation."""

PATCH = 16
"""Pixels between places whose ages are independent, about the size of strokes."""

CHANGE_SCALE = 6 / 255
"""Difference between the carried content and the frame at which their likeness falls to 1/e."""

WINDOW = 5
"""Pixels: side of the squares over which the difference is averaged, so that noise counts little."""

LIKENESS = (0.35, 0.65)
"""Below the first nothing is carried, above the second everything; in between the two paintings are blended."""

CUT = 0.3
"""Where less of the picture than this can be carried, on average, the scene has changed: all is painted afresh."""

DETAIL_GAIN = 1.5
"""How many times the difference of fine detail is given back, as the filter that finds detail passes a part of it only."""

LAG = 0.08
"""So much strength, or share of a mix, paint may lag behind what is asked for: while they change it is carried for a shorter time."""


class Carried(NamedTuple):
    """What one frame hands to the next, fp32."""

    frame: Tensor
    """The content, `[1, 3, H, W]`."""

    trail: Tensor
    """The content, carried as the painting was, `[1, 3, H, W]`."""

    painting: Tensor
    """`[1, 3, H, W]` in 0..1."""

    age: Tensor
    """For how many frames each pixel was carried, `[1, 1, H, W]`. It starts between 0 and half of `LIFE`, by place."""


def painted_afresh(frame: Tensor, painted: Tensor) -> Carried:
    """The first frame of a scene: content and painting, `[1, 3, H, W]`."""
    frame = frame.float()
    # At the start ages spread over all of the life, or nothing would be due for long and then much at once.
    return Carried(frame, frame, painted.float(), 2 * _first_age(frame))


def temporal_consistency(
    frame: Tensor, painted: Tensor, carried: Carried | None, setting_change: float = 0.0
) -> Carried:
    """Carry the painting of the frame before along.

    Args:
        frame: the content, `[1, 3, H, W]` RGB in 0..1.
        painted: the same, stylized by itself, of the same shape.
        carried: from the frame before. None at the beginning.
        setting_change: how much the strength, or the shares of a mix, differ from those of the frame before.

    Returns:
        `painting` is the result. Where the frame before cannot be used, as at a cut or after a change of size, it is `painted`
        itself.

    Raises:
        ImportError: without OpenCV; see `has_optical_flow`.
    """
    if carried is None or carried.frame.shape != frame.shape or setting_change >= LAG:
        return painted_afresh(frame, painted)
    frame, painted = frame.float(), painted.float()
    flow, trust = motion_between(frame, carried.frame)
    trail = warped(carried.trail, flow)
    change = box_mean(frame - trail, WINDOW).abs().mean(1, keepdim=True)
    likeness = trust * torch.exp(-(change / CHANGE_SCALE).square())
    if likeness.mean() < CUT:
        return painted_afresh(frame, painted)
    share = ((likeness - LIKENESS[0]) / (LIKENESS[1] - LIKENESS[0])).clamp(0, 1)
    age = warped(carried.age, flow) + 1
    life = min(LIFE, LAG / setting_change) if setting_change else LIFE
    share = share * box_mean((age < life).float(), WINDOW)
    blended = with_detail_of(painted, torch.lerp(painted, warped(carried.painting, flow), share))
    age = torch.where(share < 0.5, _first_age(frame), age)
    return Carried(frame, torch.lerp(frame, trail, share), blended.clamp(0, 1), age)


def with_detail_of(painted: Tensor, blended: Tensor) -> Tensor:
    """Give back the contrast of fine detail that moving a picture takes.

    Args:
        painted: `[1, 3, H, W]`, has the contrast.
        blended: of the same shape.

    Returns:
        `blended` with its detail raised where `painted` has more of it, and lowered where it has less. Were it only raised, it would
        gather from frame to frame.
    """
    detail = _detail(blended)
    wanted, found = (box_mean(each.square().mean(1, keepdim=True), 15) for each in (_detail(painted), detail))
    gain = DETAIL_GAIN * ((wanted / found.clamp(min=1e-8)).sqrt().clamp(0.5, 2) - 1)
    return torch.addcmul(blended, gain, detail)


def _detail(image: Tensor) -> Tensor:
    """What is finer than 3 pixels."""
    return image - box_mean(image, 3)


def _first_age(frame: Tensor) -> Tensor:
    """From 0 to half of `LIFE`, smooth over `PATCH`, the same every time. `[1, 1, H, W]`"""
    height, width = frame.shape[-2:]
    generator = torch.Generator().manual_seed(0)
    share = torch.rand((1, 1, height // PATCH + 2, width // PATCH + 2), generator=generator).to(frame.device)
    smooth = F.interpolate(share, scale_factor=PATCH, mode="bilinear")[..., :height, :width]
    return LIFE / 2 * smooth
