"""The host's memory: how many pictures at once, and what happens when it runs out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from comfy import model_management

from ..a2k_core.batches import run_in_chunks

CHUNK = 8
"""Pictures computed at once where memory allows; more gain nothing and delay the progress bar."""


def chunk_size(memory: int, count: int, device: torch.device) -> int:
    """How many of `count` pictures of `memory` bytes each to compute at once.

    One on the CPU, which gains nothing from more; elsewhere what fits into half of the device's memory.
    """
    if model_management.is_device_cpu(device):
        return 1
    return max(1, min(CHUNK, count, int(model_management.get_total_memory(device) * 0.5) // memory))


def run(count: int, chunk: int, work: Callable[[int, int], None], advice: str) -> None:
    """Call `work(start, stop)` over 0..count in chunks, smaller ones when memory runs out.

    Raises:
        OOM_EXCEPTION: of the host, when memory is short even for one at a time; `advice` is what the message says to try.
    """
    try:
        run_in_chunks(count, chunk, work, model_management.raise_non_oom, model_management.soft_empty_cache)
    except Exception as error:
        model_management.raise_non_oom(error)
        # Of the host's own type: it then also frees its other models.
        raise model_management.OOM_EXCEPTION(
            f"Not enough memory for one picture at a time; try {advice}, or precision fp16 in Load StyA2K Model. ({error})"
        ) from error
