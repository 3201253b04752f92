"""Small tensors between the CPU and a device, without making the device wait where that can be helped."""

from __future__ import annotations

import torch
from torch import Tensor


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """A tensor made on the CPU, on a device; a CUDA device need not finish its work first, as it must for `Tensor.to`.

    On MPS a copy that nobody waits for may read memory that has been freed.
    """
    return values.to(device, non_blocking=device.type == "cuda")


def double(values: Tensor) -> Tensor:
    """As fp64, where the values are; on the CPU where their device has no fp64. A GPU that has it need not wait for the CPU."""
    return (values if values.device.type in ("cpu", "cuda") else values.cpu()).double()
