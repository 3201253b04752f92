"""Whole runs of the training script, as users start them: finishing, stopping, being killed, several processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from training_helpers import write_distilled, write_pictures

from a2k_core import load_model
from a2k_core.checkpoint import read_info

ROOT = Path(__file__).resolve().parent.parent
TRAIN = ROOT / "training" / "train.py"
# One thread and no workers: quick to start, and the same sums in every process.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "CUDA_VISIBLE_DEVICES": ""}
SMALL = (
    "--crop 64 --large-crop 128 --large-share 0.5 --pretrain-steps 2 --steps 4 --batch 2 --pretrain-batch 2 "
    "--validation 2 --workers 0 --checkpoint-every 1 --log-every 2"
)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The flags that name pictures and feature network."""
    folder = tmp_path_factory.mktemp("material")
    contents, styles = write_pictures(folder / "photos", 6, 1), write_pictures(folder / "paintings", 6, 2)
    weights = write_distilled(folder / "vgg.safetensors")
    return [
        "--content",
        str(contents),
        "--style",
        str(styles),
        "--features",
        "distilled",
        "--feature-weights",
        str(weights),
    ]


def command(material: list[str], folder: Path, *more: str) -> list[str]:
    return [
        str(TRAIN),
        *material,
        "--run-dir",
        str(folder / "run"),
        "--out",
        str(folder / "out.safetensors"),
        *SMALL.split(),
        *more,
    ]


def run(material: list[str], folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command(material, folder, *more)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def launch_two(
    material: list[str], folder: Path, *more: str, within: Sequence[Path] = ()
) -> subprocess.CompletedProcess[str]:
    """What `torchrun --nproc-per-node 2` does, with the script itself or within one that runs it."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*launcher, *map(str, within), *command(material, folder, *more)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def interrupt(material: list[str], folder: Path, number: signal.Signals, *more: str) -> int:
    """Start a run, send a signal once it has saved, return its exit status."""
    process = subprocess.Popen(
        [sys.executable, *command(material, folder, *more)],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (folder / "run" / "checkpoint.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    return process.wait(60)


@pytest.fixture(scope="module")
def finished(material: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was left alone."""
    folder = tmp_path_factory.mktemp("whole")
    result = run(material, folder)
    assert result.returncode == 0, result.stderr
    return folder


def test_a_run_gives_weights_samples_and_curves(finished: Path) -> None:
    info = read_info(finished / "out.safetensors")
    assert info.config.backbone == "compact"
    assert '"steps": 6' in info.metadata["training"]
    assert str(finished) not in str(info.metadata), "paths of the machine do not belong in released weights"
    assert (finished / "run" / "samples" / "0000006.png").stat().st_size > 1000
    assert list((finished / "run").glob("events.out.tfevents.*"))
    model = load_model(finished / "out.safetensors", device="cpu")
    picture = model.transfer(torch.rand(1, 3, 50, 70), model.encode_style(torch.rand(1, 3, 64, 64)))
    assert picture.shape == (1, 3, 50, 70) and bool(picture.isfinite().all())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_goes_on_to_the_same_weights(
    material: list[str], finished: Path, tmp_path: Path, number: signal.Signals
) -> None:
    status = interrupt(material, tmp_path, number)
    assert status == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert not (tmp_path / "out.safetensors").exists(), "the signal came too late to interrupt anything"
    result = run(material, tmp_path, "--resume")
    assert result.returncode == 0, result.stderr
    whole, resumed = load_file(finished / "out.safetensors"), load_file(tmp_path / "out.safetensors")
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_two_processes_train_like_one_with_their_batches_together(material: list[str], tmp_path: Path) -> None:
    # fp32 and no picture twice (each process takes at least one): the two halves add up exactly but for rounding.
    exact = ["--precision", "fp32", "--identity-weight", "0", "--recompression-weight", "0", "--pretrain-steps", "0"]
    # Few steps: each enlarges the roundings of the one before, so that after four six to ten of ten weights are still alike.
    exact += ["--large-share", "0", "--warmup", "0", "--steps", "2"]
    for name in ("one", "two", "half"):
        (tmp_path / name).mkdir()
    one = run(material, tmp_path / "one", *exact)
    assert one.returncode == 0, one.stderr
    two = launch_two(material, tmp_path / "two", *exact, "--batch", "1")
    assert two.returncode == 0, two.stderr
    half = run(material, tmp_path / "half", *exact, "--batch", "1")
    assert half.returncode == 0, half.stderr
    whole, both, alone = (load_file(tmp_path / name / "out.safetensors") for name in ("one", "two", "half"))

    def alike(weights: dict[str, Tensor]) -> float:
        return float(torch.cat([(weights[name] - whole[name]).abs().flatten() < 1e-5 for name in whole]).float().mean())

    # Weights move by a few 1e-4. A process that sees but its own half leaves a tenth alike.
    assert alike(alone) < 0.15
    assert alike(both) > 0.98


def test_two_processes_train_the_autoencoder_too(material: list[str], tmp_path: Path) -> None:
    result = launch_two(material, tmp_path, "--steps", "1")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.safetensors").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="threads are named and listed in /proc only")
def test_no_thread_outlives_the_process_group(material: list[str], tmp_path: Path) -> None:
    """One that does may abort a process that has finished."""
    script = tmp_path / "threads.py"
    script.write_text(
        "import pathlib, sys\n"
        "sys.argv.pop(0)\n"
        "sys.path.insert(0, str(pathlib.Path(sys.argv[0]).parent))\n"
        "import train\n"
        "status = train.main(sys.argv[1:])\n"
        "names = [thread.read_text() for thread in pathlib.Path('/proc/self/task').glob('*/comm')]\n"
        "print('finished', status, 'gloo' in ''.join(names), flush=True)\n"
    )
    result = launch_two(material, tmp_path, "--pretrain-steps", "0", "--steps", "1", within=[script])
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("finished 0 False") == 2


def test_the_paper_preset_trains_with_a_distilled_encoder(material: list[str], tmp_path: Path) -> None:
    result = run(material, tmp_path, "--preset", "paper", "--pretrain-steps", "0", "--steps", "1", "--batch", "1")
    assert result.returncode == 0, result.stderr
    info = read_info(tmp_path / "out.safetensors")
    assert (info.config.backbone, info.config.residual, info.config.channels) == ("vgg", "raw", (256, 512, 512))
    assert '"optimizer": "adam"' in info.metadata["training"], "as published"


def test_bad_input_is_one_clear_line(material: list[str], finished: Path, tmp_path: Path) -> None:
    again = run(material, finished)
    assert again.returncode == 1 and "--resume" in again.stderr and "Traceback" not in again.stderr
    other = run(material, finished, "--resume", "--lr", "0.5")
    assert other.returncode == 1 and "--lr 0.001" in other.stderr and "Traceback" not in other.stderr
    nothing = run(material, tmp_path, "--resume")
    assert nothing.returncode == 1 and "no checkpoint" in nothing.stderr
    empty = run(["--content", str(tmp_path), *material[2:]], tmp_path)
    assert empty.returncode == 1 and "no usable picture" in empty.stderr and "Traceback" not in empty.stderr
    usage = run(material, tmp_path, "--crop", "100")
    assert usage.returncode == 2 and "multiple of 64" in usage.stderr
    share = run(material, tmp_path, "--views", "2")
    assert share.returncode == 2 and "--views is 2.0; it must lie between 0 and 1" in share.stderr
