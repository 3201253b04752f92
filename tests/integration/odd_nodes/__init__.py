"""Nodes for the tests alone: pictures that no file gives, and a model that runs out of memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def soft(count: int, height: int, width: int, channels: int) -> Tensor:
    """The same soft shapes at every call, `[B, H, W, C]` in 0..1."""
    coarse = torch.rand((count, channels, 6, 6), generator=torch.Generator().manual_seed(3))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear").movedim(1, -1).contiguous()


def with_value(image: Tensor, value: float) -> Tensor:
    """The same pictures with one value changed in the last one."""
    image[-1, 1, 2, 0] = value
    return image


def scene(seed: int, *lights: float) -> Tensor:
    """One picture in several lights, `[B, 64, 64, 3]`."""
    return torch.cat([light * soft(seed, 64, 64, 3)[-1:] for light in lights])


PICTURES = {
    "rgb": lambda: soft(1, 96, 128, 3),
    "rgba": lambda: soft(1, 96, 128, 4),
    "half": lambda: soft(1, 96, 128, 3).half(),
    "gray": lambda: soft(1, 96, 128, 1),
    "dot": lambda: soft(1, 1, 1, 3),
    "strip": lambda: soft(1, 100, 8000, 3),
    "three": lambda: soft(3, 64, 64, 3),
    "scene": lambda: scene(1, 1.0, 0.8, 0.6),
    "dark scene": lambda: scene(2, 0.3, 0.2),
    "two": lambda: soft(2, 64, 64, 3),
    "none": lambda: soft(1, 64, 64, 3)[:0],
    "nan": lambda: with_value(soft(3, 64, 64, 3), float("nan")),
    "infinite": lambda: with_value(soft(1, 64, 64, 3), float("inf")),
    "beyond": lambda: with_value(soft(1, 64, 64, 3), 7.0),
    "two channels": lambda: soft(1, 64, 64, 2),
}


class OddPicture:
    """One of `PICTURES`."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "give"
    CATEGORY = "tests"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - the host's name
        return {"required": {"kind": (list(PICTURES),)}}

    def give(self, kind: str) -> tuple[Tensor]:
        return (PICTURES[kind](),)


class ShortOfMemory:
    """A model that finds no memory for any picture."""

    RETURN_TYPES = ("A2K_MODEL",)
    FUNCTION = "give"
    CATEGORY = "tests"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - the host's name
        return {"required": {"model": ("A2K_MODEL",)}}

    def give(self, model: Any) -> tuple[Any]:
        def transfer(*_: Any, **__: Any) -> None:
            raise torch.OutOfMemoryError("Tried to allocate 99.00 GiB")

        model.model.transfer_with = transfer
        return (model,)


NODE_CLASS_MAPPINGS = {"OddPicture": OddPicture, "ShortOfMemory": ShortOfMemory}
