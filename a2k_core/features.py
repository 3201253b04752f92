"""Features of the three levels, of a whole picture or of a part: cut out, and put together."""

from __future__ import annotations

import torch

from .config import STRIDES
from .encoder import Features
from .regions import Region, Regions


def cropped(features: Features, at: Regions, to: Regions) -> Features:
    """The part of the features, which lie `at`, that belongs `to`, inside; views."""
    level4, level8, level16 = (
        level[inner.within(outer, stride)]
        for level, outer, inner, stride in zip(features, at, to, STRIDES, strict=True)
    )
    return level4, level8, level16


class PutTogether:
    """Takes the features of regions of a picture.

    Args:
        bounds: of the picture; its first pixel is at 0, 0.
        features: of the whole, if that is there.
    """

    def __init__(self, bounds: Region, features: Features | None = None) -> None:
        self._bounds = bounds
        self._features = features

    def put(self, features: Features, region: Region) -> None:
        """Put a region's features where they belong."""
        if self._features is None:
            level4, level8, level16 = (
                torch.empty(
                    (*level.shape[:2], self._bounds.bottom // stride, self._bounds.right // stride),
                    dtype=level.dtype,
                    device=level.device,
                    memory_format=torch.channels_last,
                )
                for level, stride in zip(features, STRIDES, strict=True)
            )
            self._features = level4, level8, level16
        for part, piece in zip(self.part((region, region, region)), features, strict=True):
            part.copy_(piece)

    def part(self, to: Regions) -> Features:
        """The features that belong `to`; views."""
        assert self._features is not None
        return cropped(self._features, (self._bounds, self._bounds, self._bounds), to)
