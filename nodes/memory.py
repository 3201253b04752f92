"""The host's memory: how many pictures at once, and what happens when it runs out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comfy import model_management

from ..a2k_core.batches import run_in_chunks
from ..a2k_core.memory import MAX_AT_ONCE, is_out_of_memory


def reserve(model: Any, memory: int, count: int, styles: int = 0) -> int:
    """Have the host load a model and make room for it to work; gives how many of `count` pictures to compute at once.

    One on the CPU, which gains nothing from more.

    Args:
        model: the host's patcher.
        memory: bytes that one picture takes.
        count: of pictures.
        styles: bytes of styles on the device.
    """
    device = model.load_device
    at_once = 1 if model_management.is_device_cpu(device) else min(MAX_AT_ONCE, count)
    # For a huge picture the estimate exceeds any memory; it is then computed in tiles, in what there is.
    room = min(memory * at_once, model_management.get_total_memory(device) // 2)
    model_management.load_models_gpu([model], memory_required=room + styles)
    return at_once


def run(count: int, chunk: int, work: Callable[[int, int], None], advice: str) -> None:
    """Call `work(start, stop)` over 0..count in chunks, smaller ones when memory runs out.

    Raises:
        OOM_EXCEPTION: of the host, when memory is short even for one at a time; `advice` is what the message says to try.
    """
    try:
        run_in_chunks(count, chunk, work, _raise_other, model_management.soft_empty_cache)
    except Exception as error:
        _raise_other(error)
        # Of the host's own type: it then also frees its other models.
        raise model_management.OOM_EXCEPTION(
            f"Not enough memory for one picture at a time; try {advice}, or precision fp16 in Load StyA2K Model. ({error})"
        ) from error


def _raise_other(error: Exception) -> None:
    """Raise it unless it means lack of memory, on the CPU too."""
    if not is_out_of_memory(error):
        model_management.raise_non_oom(error)
