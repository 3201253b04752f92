"""Transfers captured as CUDA graphs. What needs a GPU is skipped without one."""

from __future__ import annotations

import pytest
import torch
from tiny_networks import random_model
from torch import Tensor

from a2k_core import CapturedTransfer, InputError, StyA2K, StyA2KConfig

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")


def test_a_model_elsewhere_is_told_apart(compact_model: StyA2K) -> None:
    style = compact_model.encode_style(torch.rand(1, 3, 64, 64))
    with pytest.raises(InputError, match="the model is on cpu; CUDA graphs need it on a CUDA device"):
        CapturedTransfer(compact_model, style, 64, 64)


@needs_gpu
@pytest.mark.parametrize(("height", "width", "batch", "strength"), [(256, 320, 1, 1.0), (100, 333, 2, 0.5)])
def test_every_picture_is_what_transfer_gives(height: int, width: int, batch: int, strength: float) -> None:
    model = random_model(StyA2KConfig.compact()).to("cuda", torch.float16)
    style = model.encode_style(_picture(1, 200, 300))
    captured = CapturedTransfer(model, style, height, width, batch, strength)
    contents = [_picture(batch, height, width) for _ in range(3)]
    results = [captured(content) for content in contents]
    for content, result in zip(contents, results, strict=True):
        assert torch.equal(result.cpu(), model.transfer(content.cuda(), style, strength).cpu())
    assert not torch.equal(results[0], results[1])


@needs_gpu
def test_another_size_is_refused() -> None:
    model = random_model(StyA2KConfig.compact()).to("cuda")
    captured = CapturedTransfer(model, model.encode_style(_picture(1, 64, 64)), 64, 128)
    with pytest.raises(
        InputError, match=r"content has shape \[1, 3, 64, 64\]; this transfer was captured for \[1, 3, 64, 128\]"
    ):
        captured(_picture(1, 64, 64))


def _picture(batch: int, height: int, width: int) -> Tensor:
    return torch.rand(batch, 3, height, width)
