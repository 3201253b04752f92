"""StyA2K: encode a style once, apply it to any number of pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from .errors import InputError
from .network.attention.blocks import pad_to_multiple
from .network.encoder import Features
from .network.network import StyleNetwork
from .network.regions import Region
from .network.statistics import ClipStatistics
from .network.style.colors import ColorMap, color_moments
from .network.style.encoded_style import EncodedStyle
from .network.style.region_style import RegionStyle, region_style
from .options import Progress, Tile, TransferOptions, check_image, check_pixels, check_tile
from .rendering.buffers import ImageBuffer, PaddedSource, Read, Write, reader
from .rendering.color.color_match import color_maps
from .rendering.hardware.memory import AUTO_TILES, images_at_once
from .rendering.masks import MaskReader, check_mask
from .rendering.stroke_size import StrokeSizedTransfer, computed_size
from .rendering.tiling.tiled_transfer import TiledTransfer, clip_statistics


class StyA2K(StyleNetwork):
    """Arbitrary style transfer with all-to-key attention (Zhu et al., ICCV 2023).

    Pictures are `[B, 3, H, W]` RGB in 0..1, any H and W from 1 up, on any device and in any floating dtype. They are moved to the
    network's. Weights are random until loaded; see `load_model`.
    """

    _device: torch.device | None = None

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the convolutions. Statistics, region scores and softmax are fp32 in any case."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """Where pictures are computed: where the weights are, unless a host that moves them by itself has set it."""
        return self._device or next(self.parameters()).device

    @device.setter
    def device(self, device: torch.device | None) -> None:
        self._device = device

    @torch.no_grad()
    def encode_style(self, style: Tensor, mask: Tensor | None = None) -> EncodedStyle:
        """Compute everything that depends on the style alone.

        Args:
            style: `[S, 3, H, W]` RGB in 0..1. S is 1, or the number of contents the styles will be applied to.
            mask: which part of the pictures to take the style from, one for all of them: `[H, W]`, `[1, H, W]` or `[1, 1, H, W]`
                in 0..1, of any size. Blocks of features that lie half or more in black are left out, as if the style had no
                others. None takes all.

        Raises:
            InputError: when it is not a picture, the mask is none or black, or what is computed is not finite.
        """
        check_pixels(style, "style")
        features = self.features(style, "style")
        visible = None if mask is None else self._style_mask(mask, *style.shape[-2:])
        height, width = style.shape[-2:]
        seen = None if visible is None else visible[..., :height, :width]
        colors = color_moments(style.to(self.device), seen)
        encoded = dataclasses.replace(self.encode_style_features(features, visible), colors=colors).compact()
        if not all(bool(tensor.isfinite().all()) for tensor in encoded.tensors()):
            raise InputError(f"the encoded style has NaN or infinite values; {self._causes_of_nan()}")
        return encoded

    def _style_mask(self, mask: Tensor, height: int, width: int) -> Tensor:
        """A style mask in the padded size of a style of so many pixels."""
        check_mask(mask, 1, "style mask")
        if not bool((mask > 0).any()):
            raise InputError("the style mask is black; it must be white where the style is taken from")
        padded = Region(0, 0, *(-(-side // self.config.grid) * self.config.grid for side in (height, width)))
        return MaskReader(mask, height, width).read(padded, 1, self.device)

    @torch.no_grad()
    def transfer(
        self,
        content: Tensor,
        encoded_style: EncodedStyle,
        strength: float = 1.0,
        tile: Tile = None,
        progress: Progress | None = None,
        *,
        keep_colours: float = 0.0,
        clip: ClipStatistics | None = None,
        scene: ClipStatistics | None = None,
        mask: Tensor | None = None,
        strength_map: Tensor | None = None,
        stroke_size: float = 0.0,
    ) -> Tensor:
        """Stylize pictures.

        Args:
            content: `[B, 3, H, W]` RGB in 0..1.
            encoded_style: from this model's `encode_style`; one style for all contents, or one for each.
            strength: 0 returns the content, 1 is the full style, up to 2 exaggerates. It mixes features.
            tile: None computes all pictures at once, whole. A side in pixels, from `config.grid` up, computes picture by picture in
                tiles: the same result, in memory that depends on the tile only. "auto" takes whole pictures where they fit into
                memory, else tiles. Tiles become smaller by themselves when memory runs out. The same result means to 1e-3 in
                fp32; in half precision, and in TF32, roundings can route a block to another block of the style.
            progress: called after each step with the share that is done, 0 to 1. What it raises ends the work.
            keep_colours: from 0, all colors are the style's, to 1, the content keeps its own and takes the style's strokes.
            clip: from `clip_statistics`, of the video that the contents are frames of.
            scene: an older name of `clip`.
            mask: where to paint, `[H, W]`, `[B, H, W]` or `[B, 1, H, W]` in 0..1, of any size, one for all contents or one for each.
                0 keeps the content's pixels exactly; in between, both pictures are blended.
            strength_map: what `strength` is multiplied by at each place; shaped as `mask`. It mixes features, so that a lower
                strength has fainter strokes where a mask would show the photo through them.
            stroke_size: 0 paints strokes of a fixed size in pixels. Above, it is their size relative to the picture, so that a photo looks
                alike in all sizes: 1 as in a picture whose longer side has 512 pixels, 0.25 is finest, 4 broadest. Not with `clip`.

        Returns:
            `[B, 3, H, W]` in 0..1, of the content's size, device and dtype.

        Raises:
            InputError: when the content is not a picture, the counts do not match, an option is out of range, or a result
                on the CPU is NaN; on other devices a look at it would make the CPU wait.
        """
        options = TransferOptions(strength, keep_colours, tile, clip or scene, progress, mask, strength_map)
        options = dataclasses.replace(options, stroke_size=stroke_size)
        return self.transfer_with(content, encoded_style, options)

    def transfer_regions(
        self,
        content: Tensor,
        regions: Sequence[tuple[EncodedStyle, Tensor]],
        rest: EncodedStyle | None = None,
        options: TransferOptions | None = None,
    ) -> Tensor:
        """`transfer` with several styles, each in a region of its own, in one pass; see `region_style` for the arguments.

        Raises:
            InputError: as `transfer` and `region_style` do.
        """
        return self.transfer_with(content, region_style(regions, rest), options or TransferOptions())

    @torch.no_grad()
    def transfer_with(self, content: Tensor, encoded_style: EncodedStyle, options: TransferOptions) -> Tensor:
        """`transfer` with its options in one object."""
        check_pixels(content, "content")
        self._check(len(content), encoded_style, options)
        if options.strength == 0:
            return content.clamp(0, 1)
        result = self._transfer_all(content, encoded_style, options)
        if result.device.type == "cpu" and bool(result.isnan().any()):
            raise InputError(f"the result has NaN values; the style may have them, or {self._causes_of_nan()}")
        return result

    def _transfer_all(self, content: Tensor, encoded_style: EncodedStyle, options: TransferOptions) -> Tensor:
        """A batch, in as many pieces as `options.tile` asks for."""
        count, _, height, width = content.shape
        at_once = count if options.tile is None else 1
        if options.tile == "auto":
            size = computed_size(height, width, options.stroke_size)
            at_once = images_at_once(self.config, self.dtype, self.device, *size)
        if at_once >= count:
            return self._transfer(content, encoded_style, options)
        result = torch.empty_like(content, memory_format=torch.contiguous_format)
        for start in range(0, count, at_once):
            stop = min(start + at_once, count)
            part = encoded_style.part(start, stop)
            share = options.pictures(start, stop).part(start / count, stop / count)
            result[start:stop] = self._transfer(content[start:stop], part, share)
        return result

    @torch.no_grad()
    def transfer_streamed(
        self,
        read: Read,
        write: Write,
        size: tuple[int, int],
        encoded_style: EncodedStyle,
        options: TransferOptions,
        reserved: int = 0,
    ) -> None:
        """`transfer` of one picture that is too large to be a floating tensor: it is read and written region by region.

        Args:
            read: gives any rectangle of the content, several times.
            write: takes the result.
            size: height and width of the content.
            encoded_style: one style.
            options: of the transfer.
            reserved: bytes that a tile of "auto" must leave, as what `write` fills may not count as used yet.

        Raises:
            InputError: as `transfer` does.
        """
        self._check(1, encoded_style, options)
        if options.strength == 0:
            for region in Region(0, 0, *size).split(AUTO_TILES[-1], 1):
                piece = read(slice(region.top, region.bottom), slice(region.left, region.right))
                write(region.top, region.left, piece.clamp(0, 1))
            return
        source = PaddedSource(read, (1, *size), self.config.grid)
        style = encoded_style.to(self.device, self.dtype)
        self._run(source, options).stylize(style, write, reserved)

    @torch.no_grad()
    def clip_statistics(self, frames: Tensor, tile: Tile = "auto", progress: Progress | None = None) -> ClipStatistics:
        """What all frames of a video share, so that colors and strokes do not change with what enters and leaves the picture.

        Args:
            frames: `[K, 3, H, W]` RGB in 0..1, some frames of the video; see `video.scenes.representative_frames`.
            tile, progress: as for `transfer`.

        Raises:
            InputError: when they are not pictures, or the tile is out of range.
        """
        check_pixels(frames, "frames")
        options = TransferOptions(tile=tile, progress=progress)
        check_tile(tile, self.config.grid)
        _, _, height, width = frames.shape
        sources = [PaddedSource(reader(frame), (1, height, width), self.config.grid) for frame in frames.split(1)]
        return clip_statistics(self, self.device, sources, options)

    @torch.no_grad()
    def color_maps(self, clip: ClipStatistics, encoded_style: EncodedStyle) -> list[ColorMap]:
        """For `TransferOptions.color_maps`: what all frames of a video share beside `clip`. Without it each frame measures it anew.

        Args:
            clip: from `clip_statistics`.
            encoded_style: from this model's `encode_style`.
        """
        return color_maps(self, clip.small.to(self.device), encoded_style.to(self.device, self.dtype), together=True)

    def scene(self, frames: Tensor, *_: object, **__: object) -> ClipStatistics:
        """An older name of `clip_statistics`. Style and strength, which it took, no longer matter."""
        return self.clip_statistics(frames)

    def _transfer(self, content: Tensor, encoded_style: EncodedStyle, options: TransferOptions) -> Tensor:
        """Some pictures of a batch, in the same tiles."""
        count, _, height, width = content.shape
        source = PaddedSource(reader(content), (count, height, width), self.config.grid)
        result = ImageBuffer(height, width)
        style = encoded_style.to(self.device, self.dtype)
        reserved = content.nbytes if content.device.type == self.device.type else 0
        self._run(source, options).stylize(style, result.write, reserved)
        assert result.image is not None
        return result.image

    def _run(self, source: PaddedSource, options: TransferOptions) -> TiledTransfer | StrokeSizedTransfer:
        """What paints a source."""
        run = StrokeSizedTransfer if options.stroke_size else TiledTransfer
        return run(self, self.device, source, options)

    def features(self, image: Tensor, name: str = "image") -> Features:
        """The encoder's features of a picture, padded by reflection to the grid. `name` is what an error calls the picture."""
        check_image(image, name)
        return self.encoder(pad_to_multiple(image.to(self.device, self.dtype), self.config.grid))

    def _check(self, count: int, style: EncodedStyle, options: TransferOptions) -> None:
        """Raise `InputError` unless this model can apply the style to `count` contents."""
        if not isinstance(style, EncodedStyle):
            raise InputError(f"the style is a {type(style).__name__}; pass what this model's encode_style returns")
        if style.batch not in (1, count):
            raise InputError(f"{style.batch} styles for {count} contents; pass one style, or one for each content")
        if tuple(level.mean.shape[1] for level in style.levels) != self.config.channels:
            raise InputError(
                "the style was encoded by a model of another shape; encode it with the model that applies it"
            )
        if options.clip and tuple(level.mean.shape[1] for level in options.clip.moments) != self.config.channels:
            raise InputError(
                "the clip statistics are of a model of another shape; estimate them with the model that stylizes the frames"
            )
        masks = {"mask": [options.mask], "strength map": [options.strength_map]}
        masks["region mask"] = list(style.masks) if isinstance(style, RegionStyle) else []
        for name, given in masks.items():
            for mask in given:
                if mask is not None:
                    check_mask(mask, count, name)
        check_tile(options.tile, self.config.grid)

    def _causes_of_nan(self) -> str:
        """What an error says of values that are not finite."""
        overflow = ", or the computation overflows in float16: use bfloat16 or float32"
        return "the model's weights have" + (overflow if self.dtype == torch.float16 else "")
