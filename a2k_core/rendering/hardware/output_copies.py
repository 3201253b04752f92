"""Finished pictures on their way from a GPU to the CPU's memory, while the GPU computes the next ones."""

from __future__ import annotations

import torch
from torch import Tensor

PINNED = 2**28
"""Bytes of the largest piece that goes through pinned memory, which torch keeps for the next ones and no other program can use."""


class OutputCopies:
    """Fills a tensor with pieces that are computed one after the other.

    A plain copy from a GPU waits until the piece is computed, and the GPU then waits for the next to be asked for. Here a piece goes
    to pinned memory when the GPU gets there, and from there to its place once the next piece has been asked for.

    Args:
        result: what is filled, on any device.
    """

    def __init__(self, result: Tensor) -> None:
        self._result = result
        self._pending: tuple[slice, Tensor, torch.cuda.Event] | None = None

    def put(self, start: int, stop: int, piece: Tensor) -> None:
        """Have `result[start:stop]` filled with a piece of its shape, at once or later."""
        if piece.device.type != "cuda" or self._result.device.type != "cpu" or piece.nbytes > PINNED:
            self._result[start:stop] = piece
            return
        pinned = torch.empty(piece.shape, dtype=self._result.dtype, pin_memory=True)
        pinned.copy_(piece, non_blocking=True)
        copied = torch.cuda.Event()
        copied.record(torch.cuda.current_stream(piece.device))
        self.finish()
        self._pending = slice(start, stop), pinned, copied

    def finish(self) -> None:
        """Fill in what is left; to be called at the end."""
        if self._pending is not None:
            places, pinned, copied = self._pending
            self._pending = None
            copied.synchronize()
            self._result[places] = pinned
