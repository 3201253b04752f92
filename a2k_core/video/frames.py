"""The loop over the frames of a clip, or over any batch of pictures: smoothing, transfer, consistency, masks."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from ..model import StyA2K
from ..network.regions import Region
from ..network.statistics import ClipStatistics
from ..network.style.colors import ColorMap
from ..network.style.encoded_style import EncodedStyle, mix_styles
from ..network.style.region_style import RegionStyle, part_of
from ..options import MAX_STRENGTH, Progress, TransferOptions
from ..rendering.color.color_match import mean_map
from ..rendering.masks import MaskReader
from .optical_flow import has_optical_flow
from .scenes import Scene
from .schedule import Schedule
from .temporal_consistency import Carried, temporal_consistency
from .temporal_smoothing import temporal_smoothing


@dataclasses.dataclass(frozen=True)
class Setting:
    """What may change from frame to frame."""

    strength: float
    shares: tuple[float, ...] | None

    scene: int = 0
    """Its number. Nothing passes from one to the next."""

    def difference(self, other: Setting) -> float:
        """Of strengths, plus the part of the mix that is exchanged."""
        ours, theirs = self.shares or (), other.shares or ()
        exchanged = sum(abs(a / sum(ours) - b / sum(theirs)) for a, b in zip(ours, theirs, strict=True)) / 2
        return abs(self.strength - other.strength) + exchanged


class FrameStylizer:
    """Stylizes pictures in their order, a chunk at a time. Memory does not depend on how many there are.

    Args:
        model: stylizes.
        style: one style, or one for each picture. With `shares` the styles to mix.
        options: for every picture. With `options.clip` or scenes the pictures are frames of one video: still areas are smoothed over time,
            and where OpenCV is installed strokes move with what they paint.
        strength: in place of `options.strength`, for each picture: a number, one a picture, or keyframes; see `Schedule`.
        shares: of each style at each picture.
        scenes: in place of `options.clip`, what the frames of each scene share; from `find_scenes`.

    Raises:
        InputError: when a strength is out of range or the shares do not fit the styles.
    """

    def __init__(
        self,
        model: StyA2K,
        style: EncodedStyle | Sequence[EncodedStyle],
        options: TransferOptions,
        *,
        strength: float | Sequence[float] | str | Schedule | None = None,
        shares: Schedule | None = None,
        scenes: Sequence[Scene] = (),
    ) -> None:
        self.model = model
        self.options = options
        self._styles = (style,) if isinstance(style, EncodedStyle) else tuple(style)
        self._strength = Schedule.of(options.strength if strength is None else strength)
        self._strength.check("the strength", 0, MAX_STRENGTH)
        self._shares = shares
        self._scenes = scenes
        for _, values in shares.keyframes if shares else ():
            mix_styles(self._styles, values)
        self._last: tuple[Carried, Setting] | None = None
        self._maps: tuple[ClipStatistics, list[list[ColorMap]]] | None = None

    @property
    def style(self) -> EncodedStyle:
        """The style of the first picture."""
        return self._style(self._setting(0))

    def __call__(
        self,
        images: Tensor,
        start: int = 0,
        mask: Tensor | None = None,
        progress: Progress | None = None,
        *,
        strength_map: Tensor | None = None,
        region_masks: Sequence[Tensor] = (),
    ) -> Tensor:
        """Stylize the next pictures. A chunk that raises, as when memory runs out, may come again in smaller chunks.

        Args:
            images: `[B, 3, H, W]` RGB in 0..1.
            start: index of the first of them, which tells their styles, strengths and shares.
            mask: `[B or 1, 1, h, w]` in 0..1, of any size: 1 is stylized, 0 keeps the original. Not given, it is that of the options.
            progress: as of `StyA2K.transfer`.
            strength_map: shaped as the mask. Not given, it is that of the options.
            region_masks: shaped as the mask, of the last regions of a style with regions. Not given, they are those of the style.

        Returns:
            `[B, 3, H, W]` in 0..1.
        """
        mask = self.options.pictures(start, start + len(images)).mask if mask is None else mask
        if mask is not None:
            height, width = images.shape[-2:]
            mask = MaskReader(mask, height, width).read(Region(0, 0, height, width), 1, images.device)
        settings = [self._setting(start + index) for index in range(len(images))]
        changes = [index for index in range(1, len(images)) if settings[index] != settings[index - 1]]
        pieces, last = [], self._last
        for first, stop in zip([0, *changes], [*changes, len(images)], strict=True):
            options = self.options.pictures(start + first, start + stop)
            # The mask is applied to the pictures as they came, not to the smoothed ones.
            clip = self._scenes[settings[first].scene].clip if self._scenes else options.clip
            options = dataclasses.replace(
                options, strength=settings[first].strength, clip=clip, progress=progress, mask=None
            )
            options = options.part(first / len(images), stop / len(images))
            if strength_map is not None:
                options = dataclasses.replace(options, strength_map=part_of(strength_map, first, stop))
            style = self._style(settings[first]).part(start + first, start + stop)
            if region_masks and isinstance(style, RegionStyle):
                style = style.with_masks([each[first:stop] if len(each) > 1 else each for each in region_masks])
            piece, last = self._alike(images[first:stop], style, options, settings[first], last)
            pieces.append(piece)
        stylized = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
        self._last = last  # only now: a chunk that raised comes again
        return stylized if mask is None else torch.lerp(images, stylized, mask.to(stylized))

    def _alike(
        self,
        images: Tensor,
        style: EncodedStyle,
        options: TransferOptions,
        setting: Setting,
        last: tuple[Carried, Setting] | None,
    ) -> tuple[Tensor, tuple[Carried, Setting] | None]:
        """Pictures of one setting, and what they hand to the next."""
        if options.clip is None or options.strength == 0:
            return self.model.transfer_with(images, style, options), None
        if last and last[1].scene != setting.scene:
            last = None
        carried = last[0] if last else None
        change = setting.difference(last[1]) if last else 0.0
        options = dataclasses.replace(options, color_maps=self._color_maps(options.clip, setting))
        frames = temporal_smoothing(images, carried.frame if carried else None)
        stylized = self.model.transfer_with(frames, style, options)
        consistent = []
        for frame, painted in zip(frames.split(1), stylized.split(1), strict=True):
            before = carried if has_optical_flow() else None
            carried = temporal_consistency(frame, painted, before, change)
            consistent.append(carried.painting.to(images))
            change = 0.0
        assert carried is not None
        # Copies, where they are views into the whole chunk.
        kept = Carried(*(tensor.clone() if len(images) > 1 else tensor for tensor in carried))
        return torch.cat(consistent), (kept, setting)

    def _color_maps(self, clip: ClipStatistics, setting: Setting) -> list[ColorMap] | None:
        """What all frames share: of each style once, and between those of the styles while they are mixed."""
        if self._styles[0].batch > 1:
            return None
        if self._maps is None or self._maps[0] is not clip:
            self._maps = clip, [self.model.color_maps(clip, style) for style in self._styles]
        of_styles = self._maps[1]
        if setting.shares is None or not of_styles[0]:
            return of_styles[0]
        total = sum(setting.shares)
        return [mean_map([(share / total, maps[0]) for share, maps in zip(setting.shares, of_styles, strict=True)])]

    def _setting(self, index: int) -> Setting:
        scene = max(0, bisect.bisect_right(self._scenes, index, key=lambda each: each.start) - 1)
        return Setting(self._strength.at(index)[0], self._shares.at(index) if self._shares else None, scene)

    def _style(self, setting: Setting) -> EncodedStyle:
        return self._styles[0] if setting.shares is None else mix_styles(self._styles, setting.shares)
