"""What paints the pictures and frames of a `stylize` run: the network, in every variant of style and strength."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...files.pictures.image_buffer import StoredPicture, to_tensor
from ...model import StyA2K
from ...network.style.encoded_style import EncodedStyle, mix_styles
from ...network.style.region_style import RegionStyle, region_style
from ...options import Progress, TransferOptions
from ...rendering.buffers import Write
from ...video.frames import FrameStylizer
from ...video.scenes import Scene
from ...video.schedule import Schedule
from ..console import Console
from ..styles import StyleFiles
from .color import small_picture
from .masks import MaskFiles, Masks
from .options import StylizeOptions
from .plan import Paint, Variant


class Painters:
    """Paints in every variant of a run.

    Args:
        options: of the run.
        variants: of style and strength.
        styles: those of `options.styles`, then those of its regions.
        masks: of the contents.
        schedules: of the strength and of the shares of the styles.
        model: paints.
        console: says what is being encoded.
    """

    def __init__(
        self,
        options: StylizeOptions,
        variants: Sequence[Variant],
        styles: StyleFiles,
        masks: MaskFiles,
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
        everywhere = torch.ones(1, 1)  # until the masks of a content take its place
        return [region_style([(style, everywhere) for style in in_regions], rest) for rest in rests]

    def stylizer(self, encoded: Sequence[EncodedStyle], scenes: Sequence[Scene], variant: Variant) -> FrameStylizer:
        """What stylizes in one variant; with scenes, the frames of a video."""
        options = TransferOptions(
            variant.strength,
            self._options.preserve_color,
            self._options.tile,
            stroke_size=self._options.stroke_size,
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
        def paint_with(stylizer: FrameStylizer) -> Paint:
            def paint(content: StoredPicture, number: int, write: Write, held: int, progress: Progress) -> None:
                masks = self._masks.of(number)
                if scenes:
                    write(0, 0, paint_frame(stylizer, to_tensor(content.rgb), number, masks, progress))
                else:
                    paint_picture(stylizer, content, masks, write, held, progress)

            return paint

        return [paint_with(self.stylizer(encoded, scenes, variant)) for variant in self._variants]


def paint_picture(
    stylizer: FrameStylizer, content: StoredPicture, masks: Masks, write: Write, held: int, progress: Progress
) -> None:
    """Paint a picture that has nothing to do with others, streamed, so that a huge one fits; see `Paint`."""
    options = dataclasses.replace(stylizer.options, mask=masks.mask, strength_map=masks.strength_map, progress=progress)
    style = stylizer.style
    if isinstance(style, RegionStyle):
        style = style.with_masks(masks.regions)
    size = content.height, content.width
    stylizer.model.transfer_streamed(content.read, write, size, style, options, reserved=held)


def paint_frame(
    stylizer: FrameStylizer, image: Tensor, index: int, masks: Masks, progress: Progress | None = None
) -> Tensor:
    """Paint the next frame of a video, `[1, 3, H, W]`."""
    return stylizer(image, index, masks.mask, progress, strength_map=masks.strength_map, region_masks=masks.regions)
