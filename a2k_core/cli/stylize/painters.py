"""What paints the pictures and frames of a `stylize` run: the network, in every variant of style and strength."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from ...files.image_buffer import StoredPicture, to_tensor
from ...files.image_io import read_mask
from ...model import StyA2K
from ...network.encoded_style import EncodedStyle, mix_styles
from ...network.region_style import region_style
from ...options import Progress, TransferOptions
from ...rendering.buffers import Write
from ...video.frames import FrameStylizer
from ...video.scenes import Scene
from ...video.schedule import Schedule
from ..console import Console
from ..styles import StyleFiles
from .color import small_picture
from .options import StylizeOptions
from .plan import Paint, Variant


class Masks(NamedTuple):
    """The masks of a run, read."""

    mask: Tensor | None
    strength_map: Tensor | None
    regions: list[Tensor]

    @classmethod
    def read(cls, options: StylizeOptions) -> Masks:
        """Raises `PictureError` when one cannot be read."""
        where, how_strongly = (
            None if path is None else read_mask(path) for path in (options.mask, options.strength_map)
        )
        return cls(where, how_strongly, [read_mask(path) for path, _ in options.regions])


class Painters:
    """Paints in every variant of a run.

    Args:
        options: of the run.
        variants: of style and strength.
        styles: those of `options.styles`, then those of its regions.
        masks: from `Masks.read`.
        schedules: of the strength and of the shares of the styles.
        model: paints.
        console: says what is being encoded.
    """

    def __init__(
        self,
        options: StylizeOptions,
        variants: Sequence[Variant],
        styles: StyleFiles,
        masks: Masks,
        schedules: tuple[Schedule | None, Schedule | None],
        model: StyA2K,
        console: Console,
    ) -> None:
        self._options = options
        self._variants = variants
        self._styles = styles
        self._strength, self._shares = schedules
        self._model = model
        self._console = console
        self._masks = masks

    def encode(self, styles: StyleFiles | None = None) -> list[EncodedStyle]:
        """The styles that contents are painted in: mixed, and with their regions. `styles` takes the place of the run's."""
        encoded = (styles or self._styles).encode(self._model, self._console)
        count = len(self._options.styles)
        encoded, in_regions = encoded[:count], encoded[count:]
        if self._options.mix is not None:
            encoded = [mix_styles(encoded, self._options.mix)]
        if not self._options.regions:
            return encoded
        rests: list[EncodedStyle | None] = [*encoded] or [None]
        return [region_style(list(zip(in_regions, self._masks.regions, strict=True)), rest) for rest in rests]

    def stylizer(self, encoded: Sequence[EncodedStyle], scenes: Sequence[Scene], variant: Variant) -> FrameStylizer:
        """What stylizes in one variant; with scenes, the frames of a video."""
        options = TransferOptions(
            variant.strength,
            self._options.preserve_color,
            self._options.tile,
            mask=self._masks.mask,
            strength_map=self._masks.strength_map,
        )
        style = encoded if self._shares else encoded[variant.style]
        return FrameStylizer(self._model, style, options, strength=self._strength, shares=self._shares, scenes=scenes)

    def of_pictures(self, scenes: Sequence[Scene] = ()) -> Callable[[StoredPicture], list[Paint]]:
        """A content to what paints it in each variant; with scenes, contents are the frames of a video."""
        if self._options.color == "matched":
            return lambda content: self._paints(self.encode(self._styles.recolored(small_picture(content))), scenes)
        paints = self._paints(self.encode(), scenes)
        return lambda content: paints

    def _paints(self, encoded: Sequence[EncodedStyle], scenes: Sequence[Scene]) -> list[Paint]:
        stylizers = [self.stylizer(encoded, scenes, variant) for variant in self._variants]
        return [paint_frame(stylizer) if scenes else paint_picture(stylizer) for stylizer in stylizers]


def paint_picture(stylizer: FrameStylizer) -> Paint:
    """Paints pictures that have nothing to do with each other, streamed, so that huge ones fit."""

    def paint(content: StoredPicture, _: int, write: Write, held: int, progress: Progress) -> None:
        options = dataclasses.replace(stylizer.options, progress=progress)
        size = content.height, content.width
        stylizer.model.transfer_streamed(content.read, write, size, stylizer.style, options, reserved=held)

    return paint


def paint_frame(stylizer: FrameStylizer) -> Paint:
    """Paints pictures that are frames of one video, in their order."""

    def paint(content: StoredPicture, index: int, write: Write, _: int, progress: Progress) -> None:
        write(0, 0, stylizer(to_tensor(content.rgb), index, progress=progress))

    return paint
