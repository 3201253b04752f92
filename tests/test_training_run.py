"""Whole runs of the training command, as users start them: finishing, stopping, resuming, being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_networks import COMPACT, random_model
from training_helpers import write_pictures, write_vgg16

from a2k_core import load_model, save_model
from a2k_core.files.models.checkpoint import read_info

TRAIN = Path(__file__).resolve().parent.parent / "training" / "train.py"
# One thread and no workers: quick to start, and the same sums in every process.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "CUDA_VISIBLE_DEVICES": ""}
SMALL = "--crop 64 --encoder-steps 2 --painter-steps 3 --batch 1 --validation 1 --workers 0 --checkpoint-every 1"


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The flags that name pictures and loss network."""
    folder = tmp_path_factory.mktemp("material")
    flags = [
        "--content",
        write_pictures(folder / "photos", 4, 1),
        "--style",
        write_pictures(folder / "paintings", 4, 2),
    ]
    return [str(flag) for flag in [*flags, "--loss-network", write_vgg16(folder / "vgg16.safetensors")]]


def command(material: list[str], folder: Path, *more: str) -> list[str]:
    where = ["--run-dir", str(folder / "run"), "--out", str(folder / "out.safetensors")]
    return [sys.executable, str(TRAIN), *material, *where, *SMALL.split(), *more]


def run(material: list[str], folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(material, folder, *more), env=ENVIRONMENT, capture_output=True, text=True, timeout=600, check=False
    )


def interrupt(material: list[str], folder: Path, number: signal.Signals) -> int:
    """Start a run, send a signal once it has saved, return its exit status."""
    process = subprocess.Popen(
        command(material, folder), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    while not (folder / "run" / "checkpoint.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    return process.wait(300)


@pytest.fixture(scope="module")
def finished(material: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was left alone."""
    folder = tmp_path_factory.mktemp("whole")
    result = run(material, folder)
    assert result.returncode == 0, result.stderr
    return folder


def test_a_run_gives_weights_samples_and_curves(finished: Path) -> None:
    info = read_info(finished / "out.safetensors")
    training = json.loads(info.metadata["training"])
    assert training["preset"] == "compact"
    assert [stage["steps"] for stage in training["stages"]] == [2, 3]
    assert str(finished) not in str(info.metadata), "paths of the machine do not belong in released weights"
    assert (finished / "run" / "samples" / "0000003.png").stat().st_size > 1000
    assert list((finished / "run").glob("events.out.tfevents.*"))
    assert load_model(finished / "out.safetensors", device="cpu").config == info.config


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_resumed_run_gives_the_same_weights(
    material: list[str], finished: Path, tmp_path: Path, number: signal.Signals
) -> None:
    status = interrupt(material, tmp_path, number)
    assert status in (130, 0, -number)
    if not (tmp_path / "out.safetensors").exists():
        result = run(material, tmp_path, "--resume")
        assert result.returncode == 0, result.stderr
    whole, resumed = (load_file(folder / "out.safetensors") for folder in (finished, tmp_path))
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name


def test_nothing_is_overwritten_by_accident(material: list[str], finished: Path) -> None:
    result = run(material, finished)
    assert result.returncode == 1
    assert "--resume" in result.stderr


def test_weights_are_trained_further(material: list[str], finished: Path, tmp_path: Path) -> None:
    """The encoder stays to the bit and the painter learns on, from the file and to the same weights after a stop."""
    start = finished / "out.safetensors"
    result = run(material, tmp_path, "--weights", str(start))
    assert result.returncode == 0, result.stderr
    before, after = load_file(start), load_file(tmp_path / "out.safetensors")
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]) or not name.startswith("encoder."), name
        assert (tensor - after[name]).abs().max() < 0.1, "three steps from there, not a new beginning"
    assert not torch.equal(before["merge.weight"], after["merge.weight"])
    training = json.loads(read_info(tmp_path / "out.safetensors").metadata["training"])
    assert training["started_from"] == "out.safetensors"
    assert [stage["name"] for stage in training["stages"]] == ["painter"]
    assert [stage["name"] for stage in training["before"]["stages"]] == ["encoder", "painter"]


def test_weights_of_another_network_are_refused(material: list[str], tmp_path: Path) -> None:
    save_model(random_model(COMPACT), tmp_path / "tiny.safetensors")
    result = run(material, tmp_path, "--weights", str(tmp_path / "tiny.safetensors"))
    assert result.returncode == 1
    assert "holds another network than preset compact trains" in result.stderr


def test_another_recipe_is_not_resumed(material: list[str], finished: Path) -> None:
    result = run(material, finished, "--resume", "--seed", "1")
    assert result.returncode == 1
    assert "seed was 0, now 1" in result.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--out", "weights.pth"], "safetensors"),
        (["--crop", "100"], "multiple of 64"),
        (["--batch", "0"], "at least 1"),
        (["--loss-network", "nowhere.pth"], "nowhere.pth"),
        (["--content", "nowhere"], "nowhere"),
        (["--content", ""], "empty name"),
        (["--device", "gpu"], "the device gpu cannot be used here"),
        (["--run-dir", __file__], "is a file; --run-dir takes a folder"),
        (["--weights", __file__], "not a readable safetensors file"),
    ],
)
def test_bad_input_is_refused_in_words(material: list[str], tmp_path: Path, flags: list[str], said: str) -> None:
    result = run(material, tmp_path, *flags)
    assert result.returncode in (1, 2)
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.safetensors").exists()
