"""An encoded style: what `StyA2K.encode_style` returns and any number of `StyA2K.transfer` calls use."""

from __future__ import annotations

import dataclasses

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

    def tensors(self) -> list[Tensor]:
        """All tensors, in a fixed order: for measuring, moving and storing."""
        return [getattr(level, field.name) for level in self.levels for field in dataclasses.fields(level)]

    def to(self, device: torch.device | str) -> EncodedStyle:
        """The same style on another device; itself when it is there already."""
        device = torch.device(device)
        if all(tensor.device == device for tensor in self.tensors()):
            return self
        moved = [
            LevelStyle(**{field.name: getattr(level, field.name).to(device) for field in dataclasses.fields(level)})
            for level in self.levels
        ]
        return EncodedStyle((moved[0], moved[1], moved[2]))
