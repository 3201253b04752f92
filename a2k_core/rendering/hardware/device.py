"""The device and the number format to use when the user does not choose."""

from __future__ import annotations

import torch

from ...config import StyA2KConfig
from ...errors import InputError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""Number formats of the convolutions, by the names that users give."""


def best_device() -> torch.device:
    """CUDA, XPU or MPS where there is one, else the CPU."""
    # Not every version of torch has each of them, and `torch.mps` cannot tell in all that have it.
    for name, backend in (
        ("cuda", torch.cuda),
        ("xpu", getattr(torch, "xpu", None)),
        ("mps", torch.backends.mps),
    ):
        if backend is not None and backend.is_available():
            return torch.device(name)
    return torch.device("cpu")


def usable_device(device: torch.device | str) -> torch.device:
    """A device by its name, tried out.

    Raises:
        InputError: when torch does not know it, or it is not here.
    """
    try:
        found = torch.device(device)
        torch.zeros(1, device=found).item()
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        raise InputError(f"the device {device} cannot be used here; {best_device()} can") from error
    return found


def best_dtype(config: StyA2KConfig, device: torch.device) -> torch.dtype:
    """bf16 for the compact network on processors that compute in it, else fp32.

    With AVX512-BF16 it takes about two thirds of the time, for pictures that look the same. The paper's network stays in fp32: it has
    to give the published pictures, and rounding could route a block to another one.
    """
    compact_on_cpu = config.backbone == "compact" and device.type == "cpu"
    return torch.bfloat16 if compact_on_cpu and _computes_in_bf16() else torch.float32


def _computes_in_bf16() -> bool:
    """Whether this processor has instructions for bf16 products. Older versions of torch cannot tell; then the answer is no."""
    tell = getattr(torch.cpu, "get_capabilities", None)
    found = tell() if tell else {}
    return any(found.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
