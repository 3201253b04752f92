"""The progress bar of a node that paints many pictures."""

from __future__ import annotations

import time

import comfy.utils
from comfy_api.latest import io
from PIL import Image
from torch import Tensor

PROGRESS_STEPS = 100
"""Of the progress bar, for each picture."""

PREVIEW_SIDE = 512
"""Pixels."""

PREVIEW_INTERVAL = 0.5
"""Seconds between two previews at least."""


class BatchProgress:
    """A node's progress bar over a batch. For several pictures it also has a line of text and a preview of the latest one.

    Args:
        count: of pictures.
        node: the class of the node, with the host's hidden input unique_id.
        noun: what the line calls a picture.
    """

    def __init__(self, count: int, node: type[io.ComfyNode], noun: str = "picture") -> None:
        self._bar = comfy.utils.ProgressBar(PROGRESS_STEPS * count)
        self._count = count
        self._node = getattr(node.hidden, "unique_id", None)
        self._noun = noun
        self._previewed = time.monotonic()

    def report(self, done: float) -> None:
        """`done` pictures are done. Raises when the user has cancelled."""
        self._bar.update_absolute(round(PROGRESS_STEPS * done))

    def show(self, done: int, picture: Tensor) -> None:
        """`done` pictures are done, and `picture`, `[3, H, W]` in 0..1, is the last of them."""
        if self._count == 1:
            return
        if self._node is not None:
            from server import PromptServer  # here: it loads all nodes of a host that has not been started

            PromptServer.instance.send_progress_text(f"{self._noun} {done} of {self._count}", self._node)
        if time.monotonic() - self._previewed >= PREVIEW_INTERVAL:
            step = max(1, max(picture.shape[1:]) // PREVIEW_SIDE)
            small = (picture[:, ::step, ::step].float().clamp(0, 1) * 255).round().byte().movedim(0, -1).cpu()
            self._bar.update_absolute(
                PROGRESS_STEPS * done, preview=("JPEG", Image.fromarray(small.numpy()), PREVIEW_SIDE)
            )
            self._previewed = time.monotonic()
