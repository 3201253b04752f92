"""The loop over the frames of a clip, or over any batch of pictures: smoothing, transfer, masks."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from ..model import StyA2K
from ..network.encoded_style import EncodedStyle
from ..network.regions import Region
from ..options import Progress, TransferOptions
from ..rendering.masks import MaskReader
from .temporal_smoothing import temporal_smoothing

MAX_FRAMES = 8
"""Clip statistics are estimated from so many frames at most; from fewer large ones, down to one."""

MAX_PIXELS = 9 * 2**20
"""Pixels of those frames together."""


def representative_frames(count: int, height: int, width: int) -> list[int]:
    """Which of `count` frames the clip statistics are estimated from: evenly spaced, as many as may be held together."""
    several = max(1, min(MAX_FRAMES, count, MAX_PIXELS // (height * width)))
    return [(2 * index + 1) * count // (2 * several) for index in range(several)]


class FrameStylizer:
    """Stylizes pictures in their order, a chunk at a time.

    Args:
        model: stylizes.
        style: one style, or one for each picture.
        options: for every picture. With `options.clip` the pictures are frames of one video: they are smoothed over time.
    """

    def __init__(self, model: StyA2K, style: EncodedStyle, options: TransferOptions) -> None:
        self.model = model
        self.style = style
        self.options = options
        self._previous: Tensor | None = None

    def __call__(
        self, images: Tensor, start: int = 0, mask: Tensor | None = None, progress: Progress | None = None
    ) -> Tensor:
        """Stylize the next pictures. A chunk that raises, as when memory runs out, may come again in smaller chunks.

        Args:
            images: `[B, 3, H, W]` RGB in 0..1.
            start: index of the first of them, which tells their styles.
            mask: `[B or 1, 1, H, W]` in 0..1: 1 is stylized, 0 keeps the original. Not given, it is that of the options.
            progress: as of `StyA2K.transfer`.

        Returns:
            `[B, 3, H, W]` in 0..1.
        """
        options = self.options
        smooth = options.clip is not None and options.strength > 0
        frames = temporal_smoothing(images, self._previous) if smooth else images
        style = self.style.part(start, start + len(images))
        options = options.pictures(start, start + len(images))
        if mask is None and options.mask is not None:
            height, width = images.shape[-2:]
            mask = MaskReader(options.mask, height, width).read(Region(0, 0, height, width), 1, images.device)
        # The mask is applied to the pictures as they came, not to the smoothed ones.
        options = dataclasses.replace(options, progress=progress, mask=None)
        stylized = self.model.transfer_with(frames, style, options)
        if smooth:
            self._previous = frames[-1:].clone()  # only now: a chunk that raised comes again
        return stylized if mask is None else torch.lerp(images, stylized, mask.to(stylized))
