"""The configuration of a network: one dataclass, two presets."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from .errors import ConfigError

MAX_SIZE = 8192
"""The largest accepted width, channel count or block side: a damaged or hostile file must not ask for the impossible."""

STRIDES = (4, 8, 16)
"""Pixels per feature of the three stylized levels (relu3_1, relu4_1, relu5_1 of VGG-19)."""

ADDED = frozenset(
    {"colour_match", "style_side", "least_gain", "least_channel_gain", "mend_rims", "broad_strokes", "contrast_match"}
)
"""Fields that the first files do not have: there they are off, their default."""


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

    least_gain: float = 0.0
    """`adain` only: a style with less variation than this share of the content's (deviations, mean ratio of the channels) is treated as
    if it had so much, in the residual. Soft styles then blur the drawing less. 0 leaves every style as it is."""

    least_channel_gain: float = 0.0
    """`adain` only: the same for each channel by itself, as a style may have a lot of one feature and nothing of another."""

    overlap: bool = False
    """Route the content on four block grids, each half a block apart, and blend: no block edges. The paper uses one grid."""

    style_side: int | None = None
    """Side, in pixels, of the square style picture that has blocks enough. Of a larger one region keys are averaged to as many as
    that has, and only as many blocks, evenly spaced, are routed to. None takes all, like the paper."""

    grain: float = 0.0
    """Deviation of the noise under the content, of pictures in 0..1; see `grain.py`. The paper has none."""

    broad_strokes: float = 0.0
    """How much of the strokes of a smaller painted copy flat areas of a large content get; see `broad_strokes.py`. The paper has none."""

    mend_rims: bool = False
    """Take away the rims beside edges that the content does not have, and coloured fringes; see `rims.py` and `fringes.py`. The paper
    does not."""

    colour_match: bool = False
    """Move the colours of the result to the style's; see `colour.py`. The paper does not."""

    contrast_match: bool = False
    """`colour_match` only: make the greys of the result vary at each scale as the style's do; see `contrast.py`. The paper does not."""

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
        for name in ("mend_rims", "colour_match", "contrast_match"):
            _require(isinstance(getattr(self, name), bool), name, getattr(self, name), "true or false")
        if self.style_side is not None:
            good = _is_positive_int(self.style_side) and self.style_side >= self.grid
            _require(good, "style_side", self.style_side, f"null, or a whole number from {self.grid} to {MAX_SIZE}")
        for name in ("least_gain", "least_channel_gain", "grain", "broad_strokes"):
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            _require(number and 0 <= value <= 1, name, value, "a number from 0 to 1")
        if self.contrast_match:
            _require(self.colour_match, "contrast_match", True, "false where colour_match is off")
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

    @property
    def style_blocks(self) -> tuple[int | None, ...]:
        """The most blocks of a style that a level attends to, by `style_side`; None: all."""
        if self.style_side is None:
            return (None, None, None)
        return tuple((self.style_side // (s * b)) ** 2 for s, b in zip(STRIDES, self.blocks, strict=True))

    @classmethod
    def paper(cls) -> StyA2KConfig:
        """The published network: a frozen VGG-19 encoder, 256, 512 and 512 channels, no changes."""
        return cls(backbone="vgg", encoder_widths=(64, 128, 256, 512, 512), channels=(256, 512, 512))

    @classmethod
    def compact(cls) -> StyA2KConfig:
        """The small network of the bundled weights: a trained encoder, AdaIN residual, matched colours."""
        return cls(
            backbone="compact",
            encoder_widths=(32, 64, 128, 128),
            channels=(64, 128, 128),
            attention_channels=(32, 64, 64),
            heads=1,
            scaled_logits=True,
            residual="adain",
            least_gain=0.7,
            least_channel_gain=0.3,
            style_side=320,
            grain=0.005,
            broad_strokes=0.5,
            mend_rims=True,
            colour_match=True,
            contrast_match=True,
        )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict, the inverse of `from_dict`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> StyA2KConfig:
        """Build a configuration from parsed JSON.

        Raises:
            ConfigError: when it is not an object with exactly the fields of this class (those of `ADDED` may lack), or a value is
                impossible.
        """
        if not isinstance(values, dict):
            raise ConfigError(
                f"the configuration is a JSON {type(values).__name__}, not an object with the fields of StyA2KConfig"
            )
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ConfigError(
                f"unknown configuration fields {unknown}; this version knows {sorted(known)}. A newer version of this package may read it"
            )
        if missing := sorted(known - set(values) - ADDED):
            raise ConfigError(f"the configuration lacks {missing}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError(f"the configuration cannot be read: {error}") from error


def _is_positive_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_SIZE


def _require(good: bool, field: str, value: object, accepted: str) -> None:
    if not good:
        raise ConfigError(f"configuration field {field} is {value!r}; accepted: {accepted}")
