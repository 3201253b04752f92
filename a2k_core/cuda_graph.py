"""Transfers of one size in one style as a CUDA graph, for streams of single pictures: a camera, a game, a player.

A GPU is done with a small picture long before its kernels have been asked for one by one. A graph asks for all of them at once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .errors import InputError
from .model import StyA2K
from .network.style.encoded_style import EncodedStyle


class CapturedTransfer:
    """`StyA2K.transfer` of whole pictures, the same to the bit, with its kernels captured once and replayed for each call.

    It holds the GPU memory that such a transfer takes at its peak. The model's weights must stay where they are: a
    host that moves them needs a new one. Not for several threads at once.

    Args:
        model: on a CUDA device.
        encoded_style: from this model's `encode_style`; one style for all contents, or one for each.
        height, width: of the contents, pixels.
        batch: how many contents a call takes.
        strength: as for `StyA2K.transfer`.

    Raises:
        InputError: when the model is elsewhere, or as `StyA2K.transfer` does.
    """

    def __init__(
        self,
        model: StyA2K,
        encoded_style: EncodedStyle,
        height: int,
        width: int,
        batch: int = 1,
        strength: float = 1.0,
    ) -> None:
        if model.device.type != "cuda":
            raise InputError(
                f"the model is on {model.device}; CUDA graphs need it on a CUDA device, or call its transfer"
            )
        self._content = torch.zeros((batch, 3, height, width), dtype=torch.float32, device=model.device)
        style = encoded_style.to(model.device, model.dtype)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(model.device):
            # Twice beforehand: libraries choose and set up what a capture must find ready.
            warm_up = torch.cuda.Stream()
            warm_up.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(warm_up):
                for _ in range(2):
                    model.transfer(self._content, style, strength)
            torch.cuda.current_stream().wait_stream(warm_up)
            with torch.cuda.graph(self._graph):
                self._result = model.transfer(self._content, style, strength)
        self._style = style  # where the graph will look for it

    def __call__(self, content: Tensor) -> Tensor:
        """Stylize `[B, 3, H, W]` RGB in 0..1 of the size that was captured; gives as much in 0..1, in fp32 on the model's device.

        Raises:
            InputError: when it is of another size.
        """
        if content.shape != self._content.shape:
            raise InputError(
                f"content has shape {list(content.shape)}; this transfer was captured for {list(self._content.shape)}"
            )
        self._content.copy_(content)
        self._graph.replay()
        return self._result.clone()
