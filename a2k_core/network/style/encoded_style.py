"""An encoded style: what `StyA2K.encode_style` returns and any number of `StyA2K.transfer` calls use."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...errors import InputError
from ..attention.all_to_key import LevelStyle
from .colors import ColorMoments

_FIELDS = tuple(field.name for field in dataclasses.fields(LevelStyle))
_FP32 = ("mean", "std", "covariance")
"""Tensors that stay fp32 in every dtype of the network."""


@dataclasses.dataclass(frozen=True)
class EncodedStyle:
    """Everything that depends on the style alone. Immutable. Made by one model and meaningful to that model only."""

    levels: tuple[LevelStyle, LevelStyle, LevelStyle]
    """One for each stylized level: strides 4, 8 and 16."""

    colors: ColorMoments | None = dataclasses.field(default=None, kw_only=True)
    """Of the style pictures. None for a style that was made of features alone."""

    @property
    def batch(self) -> int:
        """Number of style pictures."""
        return self.levels[0].mean.shape[0]

    def parts(self) -> list[tuple[float, EncodedStyle]]:
        """The styles this one is mixed of, with shares that add up to 1: itself alone, except for a `MixedStyle`."""
        return [(1.0, self)]

    def tensors(self) -> list[Tensor]:
        """All tensors, in a fixed order: for measuring, moving and storing."""
        return [*(getattr(level, name) for level in self.levels for name in _FIELDS), *(self.colors or ())]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> EncodedStyle:
        """The same style on another device and, its moments apart, in another dtype. Copies only what has to change."""
        device = torch.device(device)
        same_dtype = dtype is None or self.levels[0].block_key.dtype == dtype
        if same_dtype and all(tensor.device == device for tensor in self.tensors()):
            return self
        return _each(lambda name, tensors: tensors[0].to(device, None if name in _FP32 else dtype), [self])

    def part(self, start: int, stop: int) -> EncodedStyle:
        """The styles `start` to `stop` of a batch. A single style, which serves any number of pictures, stays whole."""
        return self if self.batch == 1 else _each(lambda _, tensors: tensors[0][start:stop], [self])

    @staticmethod
    def stack(styles: Sequence[EncodedStyle]) -> EncodedStyle:
        """Styles of equally large pictures as one batch."""
        return styles[0] if len(styles) == 1 else _each(lambda _, tensors: torch.cat(tensors), styles)

    def compact(self) -> EncodedStyle:
        """The same style in tensors that hold no more memory than they show."""
        return _each(lambda _, tensors: _own(tensors[0]), [self])


@dataclasses.dataclass(frozen=True)
class MixedStyle(EncodedStyle):
    """Several encoded styles as one: the network attends to each and mixes the results. Made by `mix_styles`.

    `levels` are those of the first style.
    """

    styles: tuple[EncodedStyle, ...]

    shares: tuple[float, ...]
    """Of each style, above 0. They add up to 1."""

    @property
    def batch(self) -> int:
        """Number of style pictures of the largest part."""
        return max(style.batch for style in self.styles)

    def parts(self) -> list[tuple[float, EncodedStyle]]:
        """See `EncodedStyle.parts`."""
        return list(zip(self.shares, self.styles, strict=True))

    def tensors(self) -> list[Tensor]:
        """See `EncodedStyle.tensors`."""
        return [tensor for style in self.styles for tensor in style.tensors()]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> EncodedStyle:
        """See `EncodedStyle.to`."""
        return self._of([style.to(device, dtype) for style in self.styles])

    def part(self, start: int, stop: int) -> EncodedStyle:
        """See `EncodedStyle.part`."""
        return self._of([style.part(start, stop) for style in self.styles])

    def compact(self) -> EncodedStyle:
        """See `EncodedStyle.compact`."""
        return self._of([style.compact() for style in self.styles])

    def _of(self, styles: list[EncodedStyle]) -> EncodedStyle:
        same = all(style is own for style, own in zip(styles, self.styles, strict=True))
        return self if same else MixedStyle(styles[0].levels, tuple(styles), self.shares)


def mix_styles(styles: Sequence[EncodedStyle], shares: Sequence[float]) -> EncodedStyle:
    """Mix several styles into one for `StyA2K.transfer`. Each adds the time of one attention.

    Args:
        styles: encoded by one model; each of one picture, or of as many as the largest.
        shares: how much of each, in any unit, 0 or more.

    Raises:
        InputError: when the counts do not match or there is nothing to mix.
    """
    check_shares(len(styles), shares)
    total = sum(shares)
    merged: dict[int, tuple[float, EncodedStyle]] = {}  # a style that comes twice is attended to once
    for style, share in zip(styles, shares, strict=True):
        for inner, part in style.parts() if share else ():
            before, _ = merged.get(id(part), (0.0, part))
            merged[id(part)] = before + share / total * inner, part
    parts = list(merged.values())
    batches = {part.batch for _, part in parts} - {1}
    if len(batches) > 1:
        raise InputError(f"styles of {sorted(batches)} pictures; mix styles of one picture, or of equally many")
    if len(parts) == 1:
        return parts[0][1]
    return MixedStyle(parts[0][1].levels, tuple(part for _, part in parts), tuple(share for share, _ in parts))


def check_shares(styles: int, shares: Sequence[float]) -> None:
    """Raise `InputError` unless there is one share for each style and at least one above 0."""
    if len(shares) != styles:
        raise InputError(f"{len(shares)} shares for {styles} styles; give one for each style")
    if not all(0 <= share < float("inf") for share in shares) or sum(shares) <= 0:
        given = ", ".join(f"{share:g}" for share in shares)
        raise InputError(f"{given} for shares; shares are 0 or more, and one above 0")


def _each(make: Callable[[str, list[Tensor]], Tensor], styles: Sequence[EncodedStyle]) -> EncodedStyle:
    """A style whose every tensor is made of its name and the corresponding tensors of `styles`."""
    fine, middle, coarse = (
        LevelStyle(**{name: make(name, [getattr(level, name) for level in levels]) for name in _FIELDS})
        for levels in zip(*(style.levels for style in styles), strict=True)
    )
    known = [style.colors for style in styles if style.colors]
    colors = ColorMoments(*map(make, ColorMoments._fields, map(list, zip(*known, strict=True)))) if known else None
    return EncodedStyle((fine, middle, coarse), colors=colors)


def _own(tensor: Tensor) -> Tensor:
    """Detached and contiguous; a copy where it is a view into something larger."""
    tensor = tensor.detach()
    if tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size():
        return tensor
    return tensor.clone(memory_format=torch.contiguous_format)
