"""What is computed on, and in which number format, when nobody says."""

from __future__ import annotations

import pytest
import torch

from a2k_core import StyA2KConfig
from a2k_core.rendering.hardware.device import best_device, best_dtype

CPU = torch.device("cpu")


def test_there_is_a_device_with_a_torch_whose_mps_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of 2.3 and 2.4."""
    expected = best_device()
    monkeypatch.delattr(torch.mps, "is_available", raising=False)
    assert best_device() == expected
    torch.zeros(1, device=best_device())


@pytest.mark.parametrize("name", ["amx_bf16", "avx512_bf16"])
def test_processors_that_compute_in_bf16_do(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, name: True}, raising=False)
    assert best_dtype(StyA2KConfig.compact(), CPU) == torch.bfloat16
    assert best_dtype(StyA2KConfig.paper(), CPU) == torch.float32
    assert best_dtype(StyA2KConfig.compact(), torch.device("cuda")) == torch.float32


@pytest.mark.parametrize("capabilities", [{}, {"avx512_bw": True, "avx512_bf16": False}, {"bf16": True}])
def test_others_do_not(monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool]) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert best_dtype(StyA2KConfig.compact(), CPU) == torch.float32


def test_a_torch_that_cannot_tell_computes_in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert best_dtype(StyA2KConfig.compact(), CPU) == torch.float32
