"""Memory: how much there is, what running out of it looks like, and what the process keeps."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from a2k_core import StyA2KConfig
from a2k_core.rendering.hardware import memory
from a2k_core.rendering.hardware.memory import choose_tile, is_out_of_memory, run_in_chunks

CPU = torch.device("cpu")

PROGRAM = """
import os, torch
from a2k_core.rendering.hardware.memory import keep_freed_memory, release

def resident():
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20

keep_freed_memory()
layers = [torch.ones(2**20) for _ in range(64)]  # of 4 MB
used = resident()
del layers
kept = resident()
release(torch.device("cpu"))
print(used, kept, resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep what is freed")
def test_what_is_freed_is_kept_until_it_is_released() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    used, kept, left = map(int, done.stdout.split())
    assert used - kept < 32
    assert kept - left > 200


def test_the_whole_is_chosen_while_it_fits_and_tiles_shrink_with_memory() -> None:
    config = StyA2KConfig.compact()

    def choose(gigabytes: float, side: int = 4096, device: str = "cuda") -> tuple[int, bool]:
        return choose_tile(config, torch.float32, torch.device(device), 1, (side, side), 200, int(gigabytes * 2**30))

    assert choose(1000) == (4096, True)
    choices = [choose(gigabytes) for gigabytes in (8, 6, 4, 2, 1, 0.5, 0.1)]
    sides = [side for side, _ in choices]
    assert all(side < 4096 for side in sides)
    assert sides == sorted(sides, reverse=True)
    assert choices[0][1]
    assert not choices[-1][1]
    # What does not depend on the picture: the tiles of one too large for its features to be kept.
    assert choose(4, 16384) == choose(4, 65536)
    # A CPU is quicker with pieces that stay in its caches, however much memory there is.
    assert choose(1000, 1024, "cpu") == (1024, True)
    side, keep = choose(1000, 4096, "cpu")
    assert side == memory.CPU_TILE and keep
    assert choose(0.1, 1024, "cpu")[0] < side


def test_memory_is_what_the_system_and_the_control_groups_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = memory.available(CPU)
    assert 2**20 < free < 2**50
    monkeypatch.setattr(memory, "_control_group_available", lambda: [12345])
    assert memory.available(CPU) == 12345
    group = tmp_path / "group"
    group.mkdir()
    for name, text in (
        ("memory.max", "1000\n"),
        ("memory.current", "700\n"),
        ("memory.stat", "anon 1\ninactive_file 50\n"),
    ):
        (group / name).write_text(text)
    names = ("memory.max", "memory.current", "inactive_file")
    assert memory._group_left(group, *names) == 350
    (group / "memory.max").write_text("max\n")
    assert memory._group_left(group, *names) is None
    assert memory._group_left(tmp_path, *names) is None


def test_a_system_that_says_nothing_has_a_stated_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_system_available", lambda: None)
    monkeypatch.setattr(memory, "_control_group_available", list)
    assert memory.available(CPU) == memory.UNKNOWN_SYSTEM


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.cuda.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("std::bad_alloc"), True),
        (MemoryError(), True),
        (RuntimeError("a bug"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_running_out_of_memory(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


def test_chunks_are_halved_until_they_fit_and_every_picture_is_done_once() -> None:
    done: list[int] = []
    released = []

    def work(start: int, stop: int) -> None:
        if stop - start > 2:
            raise MemoryError
        done.extend(range(start, stop))

    run_in_chunks(11, 8, work, _raise_non_memory, lambda: released.append(1))
    assert done == list(range(11))
    assert len(released) == 2


def test_short_memory_for_one_picture_and_other_errors_are_raised() -> None:
    def work(start: int, stop: int) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        run_in_chunks(4, 4, work, _raise_non_memory, lambda: None)

    def fail(start: int, stop: int) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_in_chunks(4, 4, fail, _raise_non_memory, lambda: None)


def _raise_non_memory(error: Exception) -> None:
    if not isinstance(error, MemoryError):
        raise error
