"""Whether long runs stay as they begin: `python benchmarks/steadiness.py` prints memory, open files and threads as work goes on.

2,000 frames of a video are painted, and 500 steps trained, with a small network. What is printed for the second half should be that of
the first: memory within a few megabytes, files and threads the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from tiny_networks import COMPACT, picture, random_model  # noqa: E402

from a2k_core import TransferOptions, read_picture, write_picture  # noqa: E402
from a2k_core.video.frames import FrameStylizer  # noqa: E402
from training.options import Stage  # noqa: E402
from training.state import Progress, StageState, save_checkpoint  # noqa: E402


def used() -> str:
    """Memory, open files and threads of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return (
        f"{memory:8.1f} MB {len(list(Path('/proc/self/fd').iterdir())):4d} files {threading.active_count():3d} threads"
    )


def repeat(name: str, count: int, work: Callable[[int], None]) -> None:
    """Do it `count` times and print ten times what is used."""
    for number in range(count):
        work(number)
        if (number + 1) % max(1, count // 10) == 0:
            print(f"{name:8s} {number + 1:6d} {used()}", flush=True)


def frames(count: int, folder: Path) -> None:
    """Read a frame, paint it with temporal smoothing, write it."""
    model = random_model(COMPACT)
    style = model.encode_style(picture(64, 64, seed=2))
    clip = model.clip_statistics(picture(96, 128, seed=1, batch=2))
    stylizer = FrameStylizer(model, style, TransferOptions(tile="auto", clip=clip))
    for number in range(4):
        write_picture(folder / f"{number}.png", picture(96, 128, seed=number))

    def paint(number: int) -> None:
        painted = stylizer(read_picture(folder / f"{number % 4}.png").image, number)
        write_picture(folder / "painted.png", painted)

    repeat("frames", count, paint)


def steps(count: int, folder: Path) -> None:
    """Forward, backward, optimizer, average, and a checkpoint every ten steps."""
    model = random_model(COMPACT).train().requires_grad_(True)
    stage = Stage("painter", count, 1, 1e-4)
    state = StageState(stage, model, model)
    content, style = picture(64, 64, seed=1, batch=2), picture(64, 64, seed=2, batch=2)

    def train(number: int) -> None:
        state.optimizer.zero_grad()
        (model(content, style) - content).square().mean().backward()
        state.optimizer.step()
        state.update_average(0.99, number)
        if number % 10 == 0:
            save_checkpoint(folder / "checkpoint.pt", {}, Progress(step=number), state)

    repeat("steps", count, train)


def main() -> None:
    """Read the options and run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=500)
    options = parser.parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        frames(options.frames, Path(folder))
        steps(options.steps, Path(folder))


if __name__ == "__main__":
    main()
