"""The network: encode a style once, apply it to any number of pictures."""

from __future__ import annotations

from types import ModuleType
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .all_to_key import AllToKey
from .blocks import pad_to_multiple
from .checks import check_picture, check_tile, check_transfer
from .config import STRIDES, StyA2KConfig
from .content import Read, reading
from .decoder import CompactDecoder, VGGDecoder
from .encoded_style import EncodedStyle
from .encoder import CompactEncoder, Features, VGGEncoder
from .layers import conv3x3
from .memory import AUTO_TILES, pictures_at_once
from .pieces import Pieces
from .progress import Progress, share_of
from .regions import Region, Regions
from .scene import Scene
from .statistics import Moments, channel_moments
from .tiling import Tile, Write, moments_of, transfer_tiled


class StyA2K(nn.Module):
    """Arbitrary style transfer with all-to-key attention (Zhu et al., ICCV 2023).

    Pictures are `[B, 3, H, W]` RGB in 0..1, any H and W from 1 up, on any device and in any floating dtype: they are moved to the
    network's. Weights are random until loaded; see `load_model`, which also makes them channels-last: features take their layout from
    them.

    Args:
        config: the shape of the network.
        operations: where `Conv2d` comes from; a host with its own weight handling passes its namespace.
    """

    def __init__(self, config: StyA2KConfig, operations: ModuleType | Any = nn) -> None:
        super().__init__()
        self.config = config
        self._device: torch.device | None = None
        vgg = config.backbone == "vgg"
        self.encoder = VGGEncoder(config, operations) if vgg else CompactEncoder(config, operations)
        self.attention = nn.ModuleList(
            AllToKey(
                channels,
                attention_channels,
                block,
                config.heads,
                scaled_logits=config.scaled_logits,
                residual=config.residual,
                overlap=config.overlap,
                operations=operations,
            )
            for channels, attention_channels, block in zip(
                config.channels, config.attention_channels, config.blocks, strict=True
            )
        )
        self.merge = conv3x3(config.channels[1], config.channels[1], operations)
        self.decoder = VGGDecoder(config, operations) if vgg else CompactDecoder(config, operations)

    @property
    def dtype(self) -> torch.dtype:
        """The dtype convolutions are computed in; statistics, region scores and softmax are fp32 in any case."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """Where pictures are computed: where the weights are, unless a host that moves them by itself has set it."""
        return self._device or next(self.parameters()).device

    @device.setter
    def device(self, device: torch.device | None) -> None:
        self._device = device

    @torch.no_grad()
    def encode_style(self, style: Tensor) -> EncodedStyle:
        """Everything that depends on the style alone.

        Args:
            style: `[S, 3, H, W]` RGB in 0..1. S is 1, or the number of contents the styles will be applied to.

        Raises:
            InputError: when it is not a picture.
        """
        return self.encode_style_features(self.features(style, "style")).compact()

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
        scene: Scene | None = None,
    ) -> Tensor:
        """Stylize pictures.

        Args:
            content: `[B, 3, H, W]` RGB in 0..1.
            encoded_style: from this model's `encode_style`; one style for all contents, or one for each.
            strength: 0 returns the content itself, 1 is the full style, up to 2 exaggerates. It mixes features; below 1 it
                also gives back, in proportion, the detail that encoding and decoding the content loses.
            tile: None computes all pictures at once, whole. A side in pixels, from `config.grid` up, computes picture by
                picture in tiles, which gives the same result in memory that depends on the tile only; 1024 is a good one.
                "auto" takes whole pictures where they fit into the memory there is, else tiles. Tiles become smaller by
                themselves when memory runs out. The same result means to 1e-3 in fp32; in half precision, and in the TF32 that
                torch has for fp32 convolutions on NVIDIA cards, roundings can send a block to another of the style's.
            progress: called after each step with how much is done, 0 to 1; what it raises ends the work.
            keep_colours: from 0, all colours are the style's, to 1, the content keeps its own and gets the style's strokes.
            scene: from `scene`, of the video that the contents are frames of.

        Returns:
            `[B, 3, H, W]` in 0..1, of the content's size, device and dtype.

        Raises:
            InputError: when the content is not a picture, the counts do not match, or strength, tile or
                keep_colours are out of range, or the scene is another model's.
        """
        check_picture(content, "content")
        count, _, height, width = content.shape
        check_transfer(self.config, count, encoded_style, strength, tile, keep_colours, scene)
        if strength == 0:
            return content.clamp(0, 1)
        size = count if tile is None else 1
        if tile == "auto":
            size = pictures_at_once(self.config, self.dtype, self.device, height, width)
        if size >= count:
            return self._transfer_at_once(content, encoded_style, strength, tile, progress, keep_colours, scene)
        result = torch.empty_like(content, memory_format=torch.contiguous_format)
        for start in range(0, count, size):
            stop = min(start + size, count)
            part, style = content[start:stop], encoded_style.part(start, stop)
            report = None if progress is None else share_of(progress, start / count, stop / count)
            result[start:stop] = self._transfer_at_once(part, style, strength, tile, report, keep_colours, scene)
        return result

    @torch.no_grad()
    def transfer_pieces(
        self,
        read: Read,
        write: Write,
        height: int,
        width: int,
        encoded_style: EncodedStyle,
        strength: float = 1.0,
        tile: Tile = "auto",
        progress: Progress | None = None,
        reserved: int = 0,
        *,
        keep_colours: float = 0.0,
        scene: Scene | None = None,
    ) -> None:
        """`transfer` of one picture that is too large to be a floating tensor: it is read and written in pieces.

        Args:
            read: gives any rectangle of the content, several times.
            write: takes the result, every pixel once, in any order.
            height, width: of the content.
            encoded_style, strength, tile, progress, keep_colours, scene: as for `transfer`.
            reserved: bytes that "auto" must leave, as what `write` fills may not count as used yet.

        Raises:
            InputError: as `transfer` does.
        """
        check_transfer(self.config, 1, encoded_style, strength, tile, keep_colours, scene)
        if strength == 0:
            for region in Region(0, 0, height, width).split(AUTO_TILES[-1], 1):
                piece = read(slice(region.top, region.bottom), slice(region.left, region.right))
                write(region.top, region.left, piece.clamp(0, 1))
            return
        style = encoded_style.to(self.device, self.dtype)
        shape = (1, height, width)
        transfer_tiled(
            self,
            read,
            write,
            shape,
            style,
            strength,
            tile,
            keep_colours=keep_colours,
            scene=scene,
            progress=progress,
            reserved=reserved,
        )

    @torch.no_grad()
    def scene(
        self,
        frames: Tensor,
        encoded_style: EncodedStyle | None = None,
        strength: float = 1.0,
        tile: Tile = "auto",
        progress: Progress | None = None,
        *,
        keep_colours: float = 0.0,
    ) -> Scene:
        """What all frames of a video are to share, so that colours and strokes do not change with what enters and leaves the picture.

        It depends on the frames alone; a style, strength and keep_colours are taken for the sake of older calls.

        Args:
            frames: `[K, 3, H, W]` RGB in 0..1, some frames of the video; see `scene.spread_over`.
            tile, progress: as for `transfer`.

        Raises:
            InputError: as `transfer` does.
        """
        check_picture(frames, "frames")
        check_tile(tile, self.config.grid)
        return Scene(moments_of(self, frames, tile, progress))

    def _transfer_at_once(
        self,
        content: Tensor,
        encoded_style: EncodedStyle,
        strength: float,
        tile: Tile,
        progress: Progress | None,
        keep_colours: float,
        scene: Scene | None,
    ) -> Tensor:
        """Some pictures of a batch, in the same tiles."""
        count, _, height, width = content.shape
        whole = Pieces(height, width)
        style = encoded_style.to(self.device, self.dtype)
        reserved = content.nbytes if content.device.type == self.device.type else 0
        transfer_tiled(
            self,
            reading(content),
            whole.put,
            (count, height, width),
            style,
            strength,
            tile,
            keep_colours=keep_colours,
            scene=scene,
            progress=progress,
            reserved=reserved,
        )
        assert whole.picture is not None
        return whole.picture

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """Stylize at full strength, unclamped and differentiable; sizes must be multiples of `config.grid`. For training."""
        encoded = self.encode_style_features(self.encoder(style))
        features = self.encoder(content)
        moments = [channel_moments(level) for level in features]
        return self.decode(self.stylize(features, moments, encoded, 1.0))

    def features(self, image: Tensor, name: str = "image") -> Features:
        """The encoder's features of a picture padded by reflection to the grid; `name` is what an error calls it."""
        check_picture(image, name)
        return self.encoder(pad_to_multiple(image.to(self.device, self.dtype), self.config.grid))

    def encode_style_features(self, features: Features) -> EncodedStyle:
        """`encode_style` from features; differentiable."""
        level4, level8, level16 = (
            cast(AllToKey, module).encode(level) for module, level in zip(self.attention, features, strict=True)
        )
        return EncodedStyle((level4, level8, level16))

    def stylize(self, features: Features, moments: list[Moments], style: EncodedStyle, strength: float) -> Features:
        """All-to-key attention at the three levels, mixed with the content's features: content + strength * (styled - content)."""
        mixed = []
        (first_share, first), *others = style.mixture()
        for index, (module, content, content_moments) in enumerate(zip(self.attention, features, moments, strict=True)):
            styled, total = module(content, content_moments, first.levels[index]), first_share
            for share, part in others:
                total += share
                styled = torch.lerp(styled, module(content, content_moments, part.levels[index]), share / total)
            mixed.append(styled if strength == 1 else torch.lerp(content, styled, strength))
        return mixed[0], mixed[1], mixed[2]

    def decode(self, features: Features, at: Regions | None = None, wanted: Region | None = None) -> Tensor:
        """Features at the three levels to `[B, 3, H, W]`, unclamped.

        Args:
            features: of one region of the picture.
            at: where each level lies instead, each inside the next coarser one.
            wanted: with `at`, the pixels that are asked for, inside the finest; not given, all of it.
        """
        level4, level8, level16 = features
        upsampled = F.interpolate(level16, scale_factor=2, mode=self._merge_upsampling)
        if at is not None:
            upsampled = upsampled[at[1].within(at[2], STRIDES[1])]
        return self.decoder(self.merge(level8 + upsampled), level4, at, wanted)

    @property
    def _merge_upsampling(self) -> str:
        return "nearest" if self.config.backbone == "vgg" else "bilinear"
