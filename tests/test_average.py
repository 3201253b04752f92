"""The average of two runs' weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tiny_networks import COMPACT, PAPER, random_model

import average
from a2k_core import load_model, save_model
from a2k_core.checkpoint import read_info


def write(folder: Path, name: str, seed: int) -> Path:
    path = folder / f"{name}.safetensors"
    save_model(random_model(COMPACT, seed), path, {"training": {"steps": seed}, "licence": "MIT"})
    return path


def test_every_tensor_lies_between_and_the_file_names_both(tmp_path: Path) -> None:
    first, second, out = write(tmp_path, "a", 1), write(tmp_path, "b", 2), tmp_path / "out.safetensors"
    assert average.main([str(first), str(second), "--share", "0.75", "--out", str(out)]) == 0
    one, other, result = (load_model(path, device="cpu").state_dict() for path in (first, second, out))
    for name, tensor in result.items():
        torch.testing.assert_close(tensor, 0.25 * one[name] + 0.75 * other[name])
    info = read_info(out)
    training = json.loads(info.metadata["training"])
    assert training["shares"] == [0.25, 0.75]
    assert training["averaged"] == [{"steps": 1}, {"steps": 2}]
    assert info.metadata["licence"] == "MIT"


def test_other_shapes_and_shares_are_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, paper, out = write(tmp_path, "a", 1), tmp_path / "paper.safetensors", tmp_path / "out.safetensors"
    save_model(random_model(PAPER), paper)
    assert average.main([str(first), str(paper), "--out", str(out)]) == 1
    assert "different shapes" in caplog.text
    assert average.main([str(first), str(tmp_path / "missing.safetensors"), "--out", str(out)]) == 1
    with pytest.raises(SystemExit):
        average.main([str(first), str(first), "--share", "2", "--out", str(out)])
    assert not out.exists()
