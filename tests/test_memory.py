"""Memory of the process: what it frees stays with it where that was asked for, until it is released."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import os, torch
from a2k_core.memory import keep_freed_memory, release

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
