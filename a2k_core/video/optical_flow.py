"""Optical flow: where each pixel of a frame was in the frame before, by dense inverse search (Kroeger et al., ECCV 2016)."""

from __future__ import annotations

import functools
import logging
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .box_mean import box_mean

logger = logging.getLogger(__name__)

LONGER_SIDE = 512
"""Pixels. Larger frames are measured at this size."""

SHORTEST_SIDE = 24
"""Pixels. Smaller frames are taken to stand still."""

AGREEMENT = 0.7
"""Pixels, at the size that is measured: the way there and back misses by so much where trust falls to 1/e."""

AGREEMENT_OF_FLOW = 0.05
"""The same as a share of the way: fast motion is measured less exactly."""

SMALL_FLOW = 0.35
"""Pixels. Up to so much is taken for noise where standing still explains the frame as well."""


class Motion(NamedTuple):
    """From one frame to the frame before."""

    flow: Tensor
    """`[1, 2, H, W]`, fp32: what is at x, y was at x + flow[0, 0], y + flow[0, 1] in the frame before. Pixels."""

    trust: Tensor
    """`[1, 1, H, W]`, fp32, 0..1: how far the flow there and the flow back agree. 0 where a pixel was outside or covered."""


@functools.cache
def has_optical_flow() -> bool:
    """Whether OpenCV is installed and loads."""
    try:
        import cv2
    except ImportError as error:
        logger.debug("no optical flow: %s", error)
        return False
    return hasattr(cv2, "DISOpticalFlow")


def motion_between(frame: Tensor, previous: Tensor) -> Motion:
    """Measure the motion between two frames of one size.

    Args:
        frame, previous: `[1, 3, H, W]` RGB in 0..1, on any device.

    Returns:
        Motion on the device of the frames.

    Raises:
        ImportError: without OpenCV; see `has_optical_flow`.
    """
    height, width = frame.shape[-2:]
    scale = min(1.0, LONGER_SIDE / max(height, width))
    size = round(height * scale), round(width * scale)
    if min(size) < SHORTEST_SIDE:
        still = torch.zeros((1, 1, height, width), device=frame.device)
        return Motion(still.expand(1, 2, height, width), torch.ones_like(still))
    now, before = (_gray(image, size) for image in (frame, previous))
    flow = _still_where_equal(_flow(now, before), now, before)
    missed = flow + warped(_flow(before, now), flow)
    allowed = AGREEMENT + AGREEMENT_OF_FLOW * _length(flow)
    trust = torch.exp(-(_length(missed) / allowed).square()) * _inside(flow)
    # What is near a covered pixel is seldom measured well: the worst around counts, with a soft edge.
    trust = box_mean(-F.max_pool2d(-trust, 5, 1, 2), 5)
    if size != (height, width):
        flow, trust = (F.interpolate(each, (height, width), mode="bilinear") for each in (flow, trust))
        flow = flow * flow.new_tensor([width / size[1], height / size[0]]).view(1, 2, 1, 1)
    return Motion(flow.to(frame.device), trust.to(frame.device))


def warped(image: Tensor, flow: Tensor) -> Tensor:
    """The picture before, moved to where things are now.

    Args:
        image: `[1, C, H, W]`, fp32.
        flow: `[1, 2, H, W]`, as of `Motion`.

    Returns:
        `[1, C, H, W]`, by bicubic interpolation. Beyond the edge the nearest pixel counts.
    """
    height, width = image.shape[-2:]
    across, down = _positions(flow)
    grid = torch.stack([(across + 0.5) * (2 / width) - 1, (down + 0.5) * (2 / height) - 1], dim=-1)
    return F.grid_sample(image, grid, mode="bicubic", padding_mode="border", align_corners=False)


def _positions(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Where each pixel was, `[1, H, W]` columns and rows."""
    height, width = flow.shape[-2:]
    across = torch.arange(width, device=flow.device, dtype=flow.dtype) + flow[:, 0]
    down = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None] + flow[:, 1]
    return across, down


def _length(vectors: Tensor) -> Tensor:
    """`[1, 2, H, W]` to `[1, 1, H, W]`. On CPUs five times as fast as norm."""
    return torch.hypot(vectors[:, :1], vectors[:, 1:])


def _inside(flow: Tensor) -> Tensor:
    height, width = flow.shape[-2:]
    across, down = _positions(flow)
    inside = (across > -0.5) & (across < width - 0.5) & (down > -0.5) & (down < height - 0.5)
    return inside[:, None].to(flow.dtype)


def _gray(image: Tensor, size: tuple[int, int]) -> Tensor:
    """`[1, 1, h, w]`, fp32 of whole levels 0 to 255, on the CPU."""
    small = F.interpolate(image.float().mean(1, keepdim=True), size, mode="area")
    return small.clamp(0, 1).mul(255).round().cpu()


def _flow(now: Tensor, before: Tensor) -> Tensor:
    """`[1, 2, h, w]`, from `now` to `before`."""
    import cv2

    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    first, second = (image[0, 0].numpy().astype(np.uint8) for image in (now, before))
    start: NDArray[np.float32] = np.zeros((*first.shape, 2), np.float32)
    return torch.from_numpy(np.asarray(search.calc(first, second, start))).permute(2, 0, 1)[None].contiguous()


def _still_where_equal(flow: Tensor, now: Tensor, before: Tensor) -> Tensor:
    """No flow where it is small and the frames differ hardly more without it: noise moves nothing."""

    def difference(moved: Tensor) -> Tensor:
        return box_mean((now - moved).abs(), 9)

    equal = difference(before) <= 1.15 * difference(warped(before, flow)) + 0.3
    return flow * ~(equal & (_length(flow) < SMALL_FLOW))
