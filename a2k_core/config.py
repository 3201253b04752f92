"""The shape of a network: one dataclass, two presets."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from .errors import ConfigError

MAX_SIZE = 8192
"""The largest accepted width, channel count or block side: a damaged or hostile file must not ask for the impossible."""

STRIDES = (4, 8, 16)
"""Pixels per feature of the three stylized levels (relu3_1, relu4_1, relu5_1 of VGG-19)."""

REMOVED_FIELDS: dict[str, object] = {
    "style_side": None,
    "least_gain": 0.0,
    "least_channel_gain": 0.0,
    "grain": 0.0,
    "broad_strokes": 0.0,
    "mend_rims": False,
    "colour_match": False,
    "contrast_match": False,
}
"""Fields of version 0.1 that are gone, with the value that switched them off."""


@dataclasses.dataclass(frozen=True)
class StyA2KConfig:
    """The shape of a StyA2K network. Immutable. Every checkpoint stores it.

    Raises:
        ConfigError: when a field has an impossible value.
    """

    backbone: Literal["vgg", "compact"]
    """Encoder and decoder: VGG-19 with the paper's decoder, or the small pair made for speed."""

    encoder_widths: tuple[int, ...]
    """Channels of the encoder's stages. `vgg`: five stages at strides 1, 2, 4, 8, 16. `compact`: four at strides 2, 4, 8, 16."""

    channels: tuple[int, int, int]
    """Channels of the stylized features at strides 4, 8 and 16. A narrower `vgg` encoder is widened to them."""

    blocks: tuple[int, int, int] = (8, 8, 4)
    """Side of a block, in features, at each level. With the strides it gives the grid that pictures are padded to."""

    attention_channels: tuple[int, ...] = ()
    """Channels of queries, keys and values at each level. Without them as many as `channels`, as in the paper."""

    decoder_widths: tuple[int, ...] = ()
    """`compact` only: channels of the decoder at strides 8, 4 and 2. The `vgg` decoder mirrors its encoder."""

    heads: int = 8
    """Attention heads. A head is a contiguous group of channels."""

    scaled_logits: bool = False
    """Divide the attention logits by sqrt(channels per head). The paper does not."""

    residual: Literal["raw", "adain"] = "raw"
    """What is added to the attention: the content features (paper), or the same moved to the style's mean and deviation."""

    overlap: bool = False
    """Route the content on four block grids, each half a block apart, and blend them: softer block edges. The paper uses one grid."""

    noise: float = 0.0
    """Deviation of the fixed noise that is added to contents in 0..1 before they are encoded, see `network/noise.py`. The paper has
    none."""

    color_match: bool = False
    """Give the painting the contrast and the range of colors of the style picture, see `rendering/color/color_match.py`. The paper does
    not."""

    def __post_init__(self) -> None:
        # JSON has lists only; tuples keep the dataclass hashable.
        for name in ("encoder_widths", "channels", "attention_channels", "decoder_widths", "blocks"):
            value = getattr(self, name)
            _require(isinstance(value, (list, tuple)), name, value, "a sequence of whole numbers")
            object.__setattr__(self, name, tuple(value))
        if not self.attention_channels:
            object.__setattr__(self, "attention_channels", self.channels)
        _require(self.backbone in ("vgg", "compact"), "backbone", self.backbone, "'vgg' or 'compact'")
        compact = self.backbone == "compact"
        lengths = {"encoder_widths": 4 if compact else 5, "channels": 3, "attention_channels": 3, "blocks": 3}
        for name, length in {**lengths, "decoder_widths": 3 if compact else 0}.items():
            value = getattr(self, name)
            good = len(value) == length and all(_is_positive_int(v) for v in value)
            _require(good, name, value, f"{length} whole numbers from 1 to {MAX_SIZE}")
        _require(_is_positive_int(self.heads), "heads", self.heads, f"a whole number from 1 to {MAX_SIZE}")
        _require(
            all(c % self.heads == 0 for c in self.attention_channels),
            "attention_channels",
            self.attention_channels,
            f"multiples of heads={self.heads}",
        )
        _require(self.residual in ("raw", "adain"), "residual", self.residual, "'raw' or 'adain'")
        for name in ("scaled_logits", "overlap", "color_match"):
            _require(isinstance(getattr(self, name), bool), name, getattr(self, name), "true or false")
        if self.overlap:
            _require(all(b % 2 == 0 for b in self.blocks), "blocks", self.blocks, "even sides when overlap is on")
        number = isinstance(self.noise, (int, float)) and not isinstance(self.noise, bool)
        _require(number and 0 <= self.noise <= 1, "noise", self.noise, "a number from 0 to 1")
        if compact:
            good = self.encoder_widths[1:] == self.channels
            _require(good, "encoder_widths", self.encoder_widths, f"a first width followed by channels={self.channels}")
        sides = {stride * block for stride, block in zip(STRIDES, self.blocks, strict=True)}
        _require(
            all(self.grid % side == 0 for side in sides), "blocks", self.blocks, "block sides that divide one grid"
        )
        # Moments and reflect padding need two features each way at the deepest level, however small the picture.
        _require(self.grid >= 2 * STRIDES[-1], "blocks", self.blocks, f"a grid of at least {2 * STRIDES[-1]} pixels")

    @property
    def grid(self) -> int:
        """Pixels. Pictures are padded to a multiple of it, so that whole blocks cover them at every level."""
        return max(stride * block for stride, block in zip(STRIDES, self.blocks, strict=True))

    @classmethod
    def paper(cls) -> StyA2KConfig:
        """The published network: a frozen VGG-19 encoder, 256, 512 and 512 channels, no changes."""
        return cls(backbone="vgg", encoder_widths=(64, 128, 256, 512, 512), channels=(256, 512, 512))

    @classmethod
    def compact(cls) -> StyA2KConfig:
        """The small network of the bundled weights: an encoder distilled from VGG-16, an AdaIN residual, noise to paint from, the
        colors of the style."""
        return cls(
            backbone="compact",
            encoder_widths=(32, 64, 128, 256),
            channels=(64, 128, 256),
            attention_channels=(64, 64, 128),
            decoder_widths=(160, 80, 40),
            heads=1,
            scaled_logits=True,
            residual="adain",
            overlap=True,
            noise=0.004,
            color_match=True,
        )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict, the inverse of `from_dict`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> StyA2KConfig:
        """Build a configuration from parsed JSON, of this version or an older one.

        Raises:
            ConfigError: when it is not an object with exactly the fields of this class, or a value is impossible.
        """
        if not isinstance(values, dict):
            raise ConfigError(
                f"the configuration is a JSON {type(values).__name__}, not an object with the fields of StyA2KConfig"
            )
        values = migrated(values)
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ConfigError(
                f"unknown configuration fields {unknown}; this version knows {sorted(known)}. A newer version of this package may read it"
            )
        if missing := sorted(known - set(values)):
            raise ConfigError(f"the configuration lacks {missing}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError(f"the configuration cannot be read: {error}") from error


def migrated(values: dict[str, Any]) -> dict[str, Any]:
    """A configuration of version 0.1 as one of this version. One of this version is returned as it is.

    Raises:
        ConfigError: when the network has parts that this version does not have.
    """
    if "decoder_widths" in values:
        if "color_match" in values:
            return values
        return values | {"color_match": values.get("backbone") == "compact"}  # a file from before there was a choice
    if values.get("backbone") == "compact" or any(values.get(name, off) != off for name, off in REMOVED_FIELDS.items()):
        raise ConfigError(
            "the network has parts that only version 0.1 of this package has; use that version, or train the network anew"
        )
    return {
        **{name: value for name, value in values.items() if name not in REMOVED_FIELDS},
        "decoder_widths": (),
        "noise": 0.0,
        "color_match": False,
    }


def _is_positive_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_SIZE


def _require(good: bool, field: str, value: object, accepted: str) -> None:
    if not good:
        raise ConfigError(f"configuration field {field} is {value!r}; accepted: {accepted}")
