"""Masks of a `stylize` run: one for all contents, or one for each, read when its content is painted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ...errors import PictureError, UsageError
from ...files.clip_file import ClipFrame, ClipReader, is_clip
from ...files.pictures.image_io import read_mask
from .options import StylizeOptions
from .plan import pictures_in

LUMINANCE = (0.299, 0.587, 0.114)
"""Of red, green and blue, as Pillow turns pictures to gray."""


class Masks(NamedTuple):
    """Those of one content, `[1, 1, H, W]` in 0..1 each, of any size."""

    mask: Tensor | None
    strength_map: Tensor | None
    regions: list[Tensor]


class MaskFiles:
    """The masks that the options of a run name.

    Raises:
        PictureError: when one for all contents cannot be read, or there are none in a folder.
    """

    def __init__(self, options: StylizeOptions) -> None:
        def series(path: Path | None, option: str) -> _Series | None:
            return None if path is None else _Series(path, option, Path(options.output))

        self._mask = series(options.mask, "--mask")
        self._strength_map = series(options.strength_map, "--strength-map")
        self._regions = [_Series(path, "--region", Path(options.output)) for path, _ in options.regions]

    def check(self, contents: int) -> None:
        """Raise `UsageError` unless there is one for all of so many contents, or one for each."""
        for each in (self._mask, self._strength_map, *self._regions):
            if each is not None:
                each.check(contents)

    def of(self, content: int) -> Masks:
        """Those of a content, counted from 0.

        Raises:
            PictureError: when one cannot be read.
        """
        mask, strength_map = (None if each is None else each.at(content) for each in (self._mask, self._strength_map))
        return Masks(mask, strength_map, [each.at(content) for each in self._regions])


class _Series:
    """What one option names. One mask is held at a time."""

    def __init__(self, path: Path, option: str, output: Path) -> None:
        self._path = path
        self._option = option
        self._clip = ClipReader(path) if is_clip(path) else None
        self._frames: Iterator[ClipFrame] = iter(())
        self._pictures = pictures_in(path, output) if path.is_dir() else [path]
        self._at = -1
        self._mask: Tensor | None = None
        if not self._clip and not path.is_dir():
            self.at(0)

    def check(self, contents: int) -> None:
        count = self._clip.count if self._clip else len(self._pictures)
        if count != contents and (self._clip or self._path.is_dir()):
            raise UsageError(
                f"{self._path} has {count} masks for {contents} {'content' if contents == 1 else 'contents'}; {self._option} takes one "
                "picture for all, or a folder or a clip with a mask for each"
            )

    def at(self, content: int) -> Tensor:
        if self._clip:
            return self._of_clip(content)
        number = content if self._path.is_dir() else 0
        if self._mask is None or number != self._at:
            self._mask, self._at = read_mask(self._pictures[number]), number
        return self._mask

    def _of_clip(self, content: int) -> Tensor:
        assert self._clip
        if content < self._at or self._mask is None:
            self._frames, self._at = self._clip.frames(), -1
        while self._at < content:
            frame = next(self._frames, None)
            if frame is None:
                raise PictureError(
                    f"{self._path}: ends after {self._at + 1} masks; there is none for content {content}"
                )
            self._at = frame.number
            self._mask = (frame.image * torch.tensor(LUMINANCE).view(3, 1, 1)).sum(1, keepdim=True)
        assert self._mask is not None
        return self._mask
