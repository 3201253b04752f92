"""Files whose writing is cut short: by a kill, a full disk, or a folder that is read only. The file before them stays as it was.

`KILL_MOMENTS=200 python -m pytest tests/test_kill.py` kills at more moments.
"""

from __future__ import annotations

import dataclasses
import os
import random
import select
import signal
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny_networks import picture

from a2k_core import CheckpointError, PictureError, StyA2K, load_model, read_picture, save_model, write_picture
from a2k_core.cli.main import main
from a2k_core.files.models.checkpoint import read_info
from a2k_core.files.style_file import fingerprint, load_style, save_style
from training.options import Stage
from training.state import Progress, StageState, load_checkpoint, save_checkpoint

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

MOMENTS = int(os.environ.get("KILL_MOMENTS", "5"))
RECIPE = {"preset": "a test"}


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of file: how it is written, and what is read of it. Reading raises when it is damaged."""

    name: str
    write: Callable[[Path, int], None]
    """Takes a number that the file then tells."""
    read: Callable[[Path], int]


@pytest.fixture(params=["checkpoint.pt", "weights.safetensors", "style.safetensors", "picture.png", "picture.webp"])
def kind(request: pytest.FixtureRequest, compact_model: StyA2K) -> Kind:
    name: str = request.param
    if name == "checkpoint.pt":
        state = StageState(Stage("painter", 1, 1, 1e-3), compact_model, torch.nn.Linear(200, 200))
        return Kind(
            name,
            lambda path, number: save_checkpoint(path, RECIPE, Progress(step=number), state),
            lambda path: int(load_checkpoint(path, RECIPE)["progress"]["step"]),
        )
    if name == "weights.safetensors":
        return Kind(
            name,
            lambda path, number: save_model(compact_model, path, {"number": number}),
            lambda path: int(load_info(path)["number"]),
        )
    if name == "style.safetensors":
        known = fingerprint(compact_model)
        styles = [compact_model.encode_style(picture(64, 64 + 64 * number)) for number in range(2)]
        return Kind(
            name,
            lambda path, number: save_style(styles[number % 2], path, known),
            lambda path: load_style(path, known).levels[0].region_key.shape[2] // 4 - 1,
        )
    pictures = [torch.full((1, 3, 300, 400), float(number)) + 0.2 * torch.rand(1, 3, 300, 400) for number in range(2)]
    return Kind(
        name,
        lambda path, number: write_picture(path, pictures[number % 2]),
        lambda path: int(float(read_picture(path).image.mean()) > 0.5),
    )


def load_info(path: Path) -> dict[str, str]:
    load_model(path, "cpu")
    return read_info(path).metadata


def forked(work: Callable[[Callable[[], None]], None]) -> tuple[int, int]:
    """Run `work(tell)` in a process of its own. Returns its number and a pipe with a byte for every call of `tell`."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    status = 1
    try:
        torch.set_num_threads(1)  # the others were not forked with it
        work(lambda: (os.write(writing, b"."), None)[1])
        status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)


def kill_at_some_moment(work: Callable[[Callable[[], None]], None], chance: random.Random) -> None:
    """Kill it some time after it told for the second time, up to as long as it took from the first to the second."""
    process, pipe = forked(work)
    try:
        times = []
        for _ in range(2):
            ready, _, _ = select.select([pipe], [], [], 120)
            assert ready, "the process wrote nothing"
            assert os.read(pipe, 1), "the process ended"
            times.append(time.monotonic())
        time.sleep(chance.random() * 1.5 * (times[1] - times[0]))
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(pipe)


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_kill_leaves_the_file_before_or_the_one_after(kind: Kind, tmp_path: Path) -> None:
    target = tmp_path / kind.name

    def write_on(tell: Callable[[], None]) -> None:
        for number in range(1_000_000):
            kind.write(target, number % 2)
            tell()

    chance = random.Random(kind.name)
    for _ in range(MOMENTS):
        kill_at_some_moment(write_on, chance)
        assert visible(tmp_path) == [kind.name]
        assert kind.read(target) in (0, 1)
    kind.write(target, 1)  # what was left behind is in nobody's way
    assert kind.read(target) == 1


def test_a_killed_run_over_a_folder_leaves_whole_pictures_and_can_be_run_again(
    compact_model: StyA2K, tmp_path: Path
) -> None:
    save_model(compact_model, tmp_path / "model.safetensors")
    (tmp_path / "in").mkdir()
    for index in range(6):
        write_picture(tmp_path / "in" / f"{index}.png", picture(64, 64, seed=index))
    out = tmp_path / "out"
    arguments = ["stylize", str(tmp_path / "in"), str(tmp_path / "in" / "0.png"), "-o", str(out), "--device", "cpu"]
    arguments += ["--weights", str(tmp_path / "model.safetensors"), "--dtype", "fp32"]

    def paint_on(tell: Callable[[], None]) -> None:
        while True:
            assert main(arguments) == 0
            tell()

    chance = random.Random(0)
    for _ in range(max(1, MOMENTS // 5)):
        kill_at_some_moment(paint_on, chance)
        for name in visible(out):
            assert read_picture(out / name).image.shape == (1, 3, 64, 64)

    def paint(_: Callable[[], None]) -> None:
        assert main(arguments) == 0

    process, pipe = forked(paint)
    os.close(pipe)
    assert os.waitpid(process, 0)[1] == 0
    assert visible(out) == [f"{index}.png" for index in range(6)]


# --- no room, and no permission -----------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own. It takes root to make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1200k", "none", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no file system could be mounted; root can")
    yield folder
    subprocess.run(["umount", folder], check=True)


def refused(kind: Kind, target: Path) -> None:
    """Writing is refused with an error that names the file, in a process of its own: a crash there fails the test here."""

    def write(_: Callable[[], None]) -> None:
        try:
            kind.write(target, 1)
        except (CheckpointError, PictureError, OSError) as error:
            assert str(target) in str(error)
            return
        raise AssertionError("it was written")

    process, pipe = forked(write)
    os.close(pipe)
    assert os.waitpid(process, 0)[1] == 0


def test_a_full_disk_leaves_the_file_before(kind: Kind, small_disk: Path) -> None:
    target = small_disk / kind.name
    kind.write(target, 0)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(4096))
    refused(kind, target)
    assert sorted(path.name for path in small_disk.iterdir()) == sorted(["filler", kind.name])
    assert kind.read(target) == 0
    filler.unlink()
    kind.write(target, 1)
    assert kind.read(target) == 1


def test_a_folder_that_is_read_only(kind: Kind, small_disk: Path) -> None:
    target = small_disk / kind.name
    kind.write(target, 0)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    refused(kind, target)
    assert [path.name for path in small_disk.iterdir()] == [kind.name]
    assert kind.read(target) == 0


def test_a_picture_that_is_half_in_the_file_is_not_one(tmp_path: Path) -> None:
    """What the tests above rely on: reading finds what is cut short."""
    write_picture(tmp_path / "a.png", picture(64, 64))
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(PictureError, match="truncated"):
        read_picture(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").size == (64, 64)
