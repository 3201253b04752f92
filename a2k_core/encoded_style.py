"""An encoded style: what `StyA2K.encode_style` returns and any number of `StyA2K.transfer` calls use."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .all_to_key import LevelStyle


@dataclasses.dataclass(frozen=True)
class EncodedStyle:
    """Everything that depends on the style alone. Immutable; made by one model and meaningful to that model only."""

    levels: tuple[LevelStyle, LevelStyle, LevelStyle]
    """One for each stylized level: strides 4, 8 and 16."""

    @property
    def batch(self) -> int:
        """Number of style pictures."""
        return self.levels[0].mean.shape[0]

    def mixture(self) -> list[tuple[float, EncodedStyle]]:
        """What it is mixed of, with shares that are 1 together: itself alone, but for a `MixedStyle`."""
        return [(1.0, self)]

    def tensors(self) -> list[Tensor]:
        """All tensors, in a fixed order: for measuring, moving and storing."""
        return [getattr(level, field.name) for level in self.levels for field in dataclasses.fields(level)]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> EncodedStyle:
        """The same style on another device and, its moments apart, in another dtype. Copies only what has to change."""
        device = torch.device(device)
        same_dtype = dtype is None or self.levels[0].block_key.dtype == dtype
        if same_dtype and all(tensor.device == device for tensor in self.tensors()):
            return self
        levels = []
        for level in self.levels:
            values = {field.name: getattr(level, field.name) for field in dataclasses.fields(level)}
            moved = {
                name: value.to(device, None if name in ("mean", "std") else dtype) for name, value in values.items()
            }
            levels.append(LevelStyle(**moved))
        return EncodedStyle((levels[0], levels[1], levels[2]))

    def part(self, start: int, stop: int) -> EncodedStyle:
        """The styles `start` to `stop` of a batch; a single style, which serves any number of pictures, stays whole."""
        if self.batch == 1:
            return self
        return _each(lambda tensors: tensors[0][start:stop], [self])

    @staticmethod
    def stack(styles: Sequence[EncodedStyle]) -> EncodedStyle:
        """Styles of equally large pictures as one batch."""
        return styles[0] if len(styles) == 1 else _each(torch.cat, styles)

    def compact(self) -> EncodedStyle:
        """The same style in tensors that hold no more memory than they show."""
        return _each(lambda tensors: _own(tensors[0]), [self])


def _each(make: Callable[[list[Tensor]], Tensor], styles: Sequence[EncodedStyle]) -> EncodedStyle:
    """A style whose every tensor is made of the corresponding tensors of `styles`."""
    level4, level8, level16 = (
        LevelStyle(
            **{
                field.name: make([getattr(level, field.name) for level in levels])
                for field in dataclasses.fields(LevelStyle)
            }
        )
        for levels in zip(*(style.levels for style in styles), strict=True)
    )
    return EncodedStyle((level4, level8, level16))


def _own(tensor: Tensor) -> Tensor:
    """Detached and contiguous; a copy where it is a view into something larger."""
    tensor = tensor.detach()
    if tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size():
        return tensor
    return tensor.clone(memory_format=torch.contiguous_format)
