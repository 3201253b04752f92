"""Small tensors between the CPU and a device, without making the device wait where that can be helped."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

MOST_KEPT = 32
"""Tensors, of a megabyte at most as things are."""

_kept: dict[tuple[Callable[..., Tensor], torch.device, tuple[int, ...]], Tensor] = {}


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """A tensor made on the CPU, on a device; a CUDA device need not finish its work first, as it must for `Tensor.to`.

    On MPS a copy that nobody waits for may read memory that has been freed.
    """
    return values.to(device, non_blocking=device.type == "cuda")


def kept(make: Callable[..., Tensor], device: torch.device, *arguments: int) -> Tensor:
    """What a function makes on the CPU of whole numbers, always the same, on a device; kept for the next time.

    So a transfer that is repeated sends nothing to its device but the picture.
    """
    key = make, device, arguments
    found = _kept.get(key)
    if found is None:
        with torch.inference_mode(False):  # what is made in that mode could not be used outside
            found = to_device(make(*arguments), device)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = found
    return found


def all_kept() -> list[Tensor]:
    """What is kept now, for those who must have it stay where it is."""
    return list(_kept.values())


def double(values: Tensor) -> Tensor:
    """As fp64, where the values are; on the CPU where their device has no fp64. A GPU that has it need not wait for the CPU."""
    return (values if values.device.type in ("cpu", "cuda") else values.cpu()).double()
