"""The configuration of a network: one dataclass, two presets."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from .errors import ConfigError

MAX_SIZE = 8192
"""The largest accepted width, channel count or block side: a damaged or hostile file must not ask for the impossible."""

STRIDES = (4, 8, 16)
"""Pixels per feature of the three stylized levels (relu3_1, relu4_1, relu5_1 of VGG-19)."""

REMOVED: dict[str, Any] = {
    "least_gain": 0.0,
    "least_channel_gain": 0.0,
    "style_side": None,
    "grain": 0.0,
    "broad_strokes": 0.0,
    "mend_rims": False,
    "colour_match": False,
    "contrast_match": False,
}
"""Fields that files of older versions may hold, with the values that switched them off."""

REFUSE_REMOVED = False  # TODO(weights): True, once the bundled file has none of them switched on


@dataclasses.dataclass(frozen=True)
class StyA2KConfig:
    """The shape of a StyA2K network. Immutable; stored in every checkpoint.

    Raises:
        ConfigError: when a field has an impossible value.
    """

    backbone: Literal["vgg", "compact"]
    """Encoder and decoder pair: VGG-19 with the paper's decoder, or the small pair made for speed."""

    encoder_widths: tuple[int, ...]
    """Channels of the encoder's stages. `vgg`: five stages at strides 1, 2, 4, 8, 16. `compact`: four at strides 2, 4, 8, 16."""

    channels: tuple[int, int, int]
    """Channels of the features at strides 4, 8 and 16 that are stylized. A narrower `vgg` encoder is widened to them."""

    blocks: tuple[int, int, int] = (8, 8, 4)
    """Side of a block, in features, at each level. With the strides it gives the grid that pictures are padded to."""

    attention_channels: tuple[int, ...] = ()
    """Channels of the queries, keys and values of either attention at each level. Not given: as many as `channels`, like the paper."""

    heads: int = 8
    """Attention heads; a head is a contiguous group of channels."""

    scaled_logits: bool = False
    """Divide the attention logits by sqrt(channels per head). The paper does not."""

    residual: Literal["raw", "adain"] = "raw"
    """What is added to the attention: the content features (paper), or the same moved to the style's mean and standard deviation."""

    overlap: bool = False
    """Route the content on four block grids, each half a block apart, and blend: no block edges. The paper uses one grid."""

    def __post_init__(self) -> None:
        # JSON has lists only; tuples keep the dataclass hashable.
        for name in ("encoder_widths", "channels", "attention_channels", "blocks"):
            value = getattr(self, name)
            _require(isinstance(value, (list, tuple)), name, value, "a sequence of whole numbers")
            object.__setattr__(self, name, tuple(value))
        if not self.attention_channels:
            object.__setattr__(self, "attention_channels", self.channels)
        _require(self.backbone in ("vgg", "compact"), "backbone", self.backbone, "'vgg' or 'compact'")
        stages = 5 if self.backbone == "vgg" else 4
        for name, length in (
            ("encoder_widths", stages),
            ("channels", 3),
            ("attention_channels", 3),
            ("blocks", 3),
        ):
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
        _require(isinstance(self.scaled_logits, bool), "scaled_logits", self.scaled_logits, "true or false")
        _require(isinstance(self.overlap, bool), "overlap", self.overlap, "true or false")
        if self.overlap:
            _require(all(b % 2 == 0 for b in self.blocks), "blocks", self.blocks, "even sides when overlap is on")
        if self.backbone == "compact":
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
        """The small network of the bundled weights: a trained encoder, AdaIN residual."""
        return cls(
            backbone="compact",
            encoder_widths=(32, 64, 128, 128),
            channels=(64, 128, 128),
            attention_channels=(32, 64, 64),
            heads=1,
            scaled_logits=True,
            residual="adain",
        )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict, the inverse of `from_dict`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> StyA2KConfig:
        """Build a configuration from parsed JSON.

        Raises:
            ConfigError: when it is not an object with exactly the fields of this class, or a value is impossible; or when it
                describes a network of an older version, see `_without_removed`.
        """
        if not isinstance(values, dict):
            raise ConfigError(
                f"the configuration is a JSON {type(values).__name__}, not an object with the fields of StyA2KConfig"
            )
        values = _without_removed(values)
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


def _without_removed(values: dict[Any, Any]) -> dict[Any, Any]:
    """A configuration as older versions wrote it, without the fields of `REMOVED`.

    Raises:
        ConfigError: when one of them is switched on: the network was trained with what this version does not do.
    """
    on = [name for name, off in REMOVED.items() if values.get(name, off) != off]
    if on and REFUSE_REMOVED:
        raise ConfigError(
            f"the file was made for the network of an older version of this package ({', '.join(on)}), which this version does not "
            "paint with; train it anew, or use the older version"
        )
    return {name: value for name, value in values.items() if name not in REMOVED}


def _is_positive_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_SIZE


def _require(good: bool, field: str, value: object, accepted: str) -> None:
    if not good:
        raise ConfigError(f"configuration field {field} is {value!r}; accepted: {accepted}")
