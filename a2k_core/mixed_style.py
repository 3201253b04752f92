"""Several encoded styles as one: each is attended to, and what they give is mixed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from .encoded_style import EncodedStyle
from .errors import InputError


@dataclasses.dataclass(frozen=True)
class MixedStyle(EncodedStyle):
    """Made by `mix_styles`. `levels` are those of the first part."""

    parts: tuple[EncodedStyle, ...]
    shares: tuple[float, ...]
    """Of each part, above 0; together 1."""

    @property
    def batch(self) -> int:
        """Number of style pictures of the largest part."""
        return max(part.batch for part in self.parts)

    def mixture(self) -> list[tuple[float, EncodedStyle]]:
        """See `EncodedStyle.mixture`."""
        return list(zip(self.shares, self.parts, strict=True))

    def tensors(self) -> list[Tensor]:
        """All tensors, part by part."""
        return [tensor for part in self.parts for tensor in part.tensors()]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> EncodedStyle:
        """See `EncodedStyle.to`."""
        return self._of([part.to(device, dtype) for part in self.parts])

    def part(self, start: int, stop: int) -> EncodedStyle:
        """See `EncodedStyle.part`."""
        return self._of([part.part(start, stop) for part in self.parts])

    def compact(self) -> EncodedStyle:
        """See `EncodedStyle.compact`."""
        return self._of([part.compact() for part in self.parts])

    def _of(self, parts: list[EncodedStyle]) -> EncodedStyle:
        same = all(part is own for part, own in zip(parts, self.parts, strict=True))
        return self if same else _mixed(parts, self.shares)


def mix_styles(styles: Sequence[EncodedStyle], shares: Sequence[float]) -> EncodedStyle:
    """One style of several, for `StyA2K.transfer`. It takes the time of that many attentions.

    Args:
        styles: encoded by one model; each of one picture, or of as many as the largest.
        shares: how much there is of each, in any unit, 0 or more.

    Raises:
        InputError: when the counts do not match or there is nothing to mix.
    """
    check_shares(len(styles), shares)
    total = sum(shares)
    parts = [
        (share / total * inner, part)
        for style, share in zip(styles, shares, strict=True)
        if share
        for inner, part in style.mixture()
    ]
    batches = {part.batch for _, part in parts} - {1}
    if len(batches) > 1:
        raise InputError(f"styles of {sorted(batches)} pictures; mix styles of one picture, or of equally many")
    if len(parts) == 1:
        return parts[0][1]
    return _mixed([part for _, part in parts], tuple(share for share, _ in parts))


def check_shares(styles: int, shares: Sequence[float]) -> None:
    """Raise `InputError` unless the shares say how much there is of each of so many styles."""
    if len(shares) != styles:
        raise InputError(f"{len(shares)} shares for {styles} styles; give one for each style")
    if not all(0 <= share < float("inf") for share in shares) or sum(shares) <= 0:
        given = ", ".join(f"{share:g}" for share in shares)
        raise InputError(f"{given} for shares; shares are 0 or more, and one above 0")


def _mixed(parts: Sequence[EncodedStyle], shares: Sequence[float]) -> MixedStyle:
    return MixedStyle(parts[0].levels, tuple(parts), tuple(shares))
