"""The network of the paper (section 3): encoder, all-to-key attention at three levels, decoder."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import STRIDES, StyA2KConfig
from .attention.all_to_key import AllToKey
from .attention.blocks import blocks_inside
from .decoder import CompactDecoder, VGGDecoder
from .encoder import CompactEncoder, Features, VGGEncoder
from .layers import conv3x3
from .noise import noise
from .regions import Region, Regions
from .statistics import Moments, channel_moments
from .style.encoded_style import EncodedStyle
from .style.region_style import RegionStyle


class StyleNetwork(nn.Module):
    """Features in, features out: what can be computed of a picture, or of a part of it, that is padded to the grid.

    Weights are random until loaded.

    Args:
        config: the shape of the network.
        operations: where `Conv2d` comes from. A host with its own weight handling passes its namespace.
    """

    def __init__(self, config: StyA2KConfig, operations: ModuleType | Any = nn) -> None:
        super().__init__()
        self.config = config
        vgg = config.backbone == "vgg"
        _, channels8, channels16 = config.channels
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
        self.narrow = nn.Identity() if channels16 == channels8 else operations.Conv2d(channels16, channels8, 1)
        self.merge = conv3x3(channels8, channels8 if vgg else config.decoder_widths[0], operations)
        self.decoder = VGGDecoder(config, operations) if vgg else CompactDecoder(config, operations)

    def encode_content(self, image: Tensor, top: int = 0, left: int = 0) -> Features:
        """Features of a content, `[B, 3, H, W]` RGB in 0..1 with sides divisible by 16, with the noise of the configuration.

        Args:
            image: the content, or a part of it.
            top, left: where the part lies in the whole, in pixels.
        """
        if self.config.noise:
            image = image + self.config.noise * noise(image, top, left)
        return self.encoder(image)

    def encode_style_features(self, features: Features, mask: Tensor | None = None) -> EncodedStyle:
        """Everything that depends on the style alone, from its features. Differentiable.

        Args:
            features: of the style pictures.
            mask: `[1, 1, H, W]` of the pictures' padded size; only blocks inside it count as the style.
        """
        fine, middle, coarse = (
            cast(AllToKey, module).encode(
                level, None if mask is None else blocks_inside(mask, stride * cast(AllToKey, module).block)
            )
            for module, level, stride in zip(self.attention, features, STRIDES, strict=True)
        )
        return EncodedStyle((fine, middle, coarse))

    def stylize(
        self,
        features: Features,
        moments: list[Moments],
        style: EncodedStyle,
        strength: float | Features,
        shares: Sequence[Sequence[Tensor]] = (),
    ) -> Features:
        """All-to-key attention at the three levels, mixed with the content: content + strength * (stylized - content).

        Args:
            features: of the content, or of a part of it.
            moments: of the whole content at each level.
            style: one for all contents or one for each.
            strength: 1 is the full style. A number, or a map `[1 or B, 1, h, w]` for each level.
            shares: with a `RegionStyle`, for each level the map of each of its styles.
        """
        mixed = []
        for index, (content, content_moments) in enumerate(zip(features, moments, strict=True)):
            if isinstance(style, RegionStyle):
                stylized = torch.zeros_like(content)
                for share, part in zip(shares[index], style.styles, strict=True):
                    attended = self._attended(index, content, content_moments, part)
                    stylized.addcmul_(attended, share.to(attended.dtype))
            else:
                stylized = self._attended(index, content, content_moments, style)
            if isinstance(strength, tuple):
                stylized = torch.lerp(content, stylized, strength[index].to(stylized.dtype))
            elif strength != 1:
                stylized = torch.lerp(content, stylized, strength)
            mixed.append(stylized)
        return mixed[0], mixed[1], mixed[2]

    def _attended(self, index: int, content: Tensor, moments: Moments, style: EncodedStyle) -> Tensor:
        """The features of one level in a style, or in a mixture of styles."""
        module = self.attention[index]
        (total, first), *others = style.parts()
        stylized: Tensor = module(content, moments, first.levels[index])
        for share, part in others:
            total += share
            stylized = torch.lerp(stylized, module(content, moments, part.levels[index]), share / total)
        return stylized

    def decode(self, features: Features, at: Regions | None = None, wanted: Region | None = None) -> Tensor:
        """Features at the three levels to `[B, 3, H, W]`, unclamped.

        Args:
            features: of one region of the picture.
            at: where each level lies instead, each inside the next coarser one.
            wanted: with `at`, the pixels that are asked for, inside the finest. Without it, all of it.
        """
        level4, level8, level16 = features
        mode = "nearest" if self.config.backbone == "vgg" else "bilinear"
        upsampled = F.interpolate(self.narrow(level16), scale_factor=2, mode=mode)
        if at is not None:
            upsampled = upsampled[at[1].within(at[2], STRIDES[1])]
        return self.decoder(self.merge(level8 + upsampled), level4, at, wanted)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """Stylize at full strength, unclamped and differentiable. Sizes must be multiples of `config.grid`."""
        features = self.encode_content(content)
        moments = [channel_moments(level) for level in features]
        encoded = self.encode_style_features(self.encoder(style))
        return self.decode(self.stylize(features, moments, encoded, 1.0))
