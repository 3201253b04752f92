"""Memory: how much is free, how much a picture takes, and what to do when it runs out."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch

from ...config import STRIDES, StyA2KConfig

UNKNOWN_SYSTEM = 4 * 2**30
"""Bytes that count as free where the system does not say: on Windows, and with drivers that do not tell."""

AUTO_TILES = (2048, 1536, 1024, 896, 768, 512, 384, 256)
"""Sides of tiles to choose from, in pixels. Larger tiles waste less on their margins; beyond these little is gained."""

FEATURES_WORTH = 768
"""Pixels. Caching the features of the first pass saves more time than tiles larger than this."""

CPU_WHOLE = 3 * 2**19
"""Pixels of the largest picture that a CPU computes whole with the compact network. Larger layers leave the caches:
2048x2048 took twice as long whole as in tiles."""

CPU_TILE = 1024
"""Side of the fastest tiles on a CPU, in pixels."""

MAX_AT_ONCE = 8
"""Pictures of a batch that are computed together. More gain nothing and delay the progress bar."""

MEMORY_SHARE = 0.6
"""Share of the free memory that is used: other programs need some too, and estimates err."""

_OUT_OF_MEMORY = re.compile("out of memory|not enough memory|can't allocate memory|bad_alloc", re.IGNORECASE)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out. On most devices torch has no type of its own for it."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error)) is not None


def release(device: torch.device) -> None:
    """Give memory that torch, or this process, keeps for later back to the device."""
    if device.type in ("cuda", "xpu", "mps"):
        getattr(torch, device.type).empty_cache()
    elif trim := _of_glibc("malloc_trim"):
        trim(0)


def keep_freed_memory() -> None:
    """Let this process keep what it frees, until `release`, instead of giving it back to the system and fetching it again.

    A picture's layers take and free the same megabytes over and over; with glibc's defaults the kernel clears them anew each
    time. This changes the whole process, so it is for programs of our own. Without glibc nothing happens.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h
    if mallopt := _of_glibc("mallopt"):
        mallopt(mmap_threshold, 32 * 2**20)  # the largest that is accepted
        mallopt(trim_threshold, 2**30)


def _of_glibc(function: str) -> Callable[..., int] | None:
    """A function of glibc's; None without glibc."""
    if sys.platform != "linux":
        return None
    try:
        return cast(Callable[..., int], getattr(ctypes.CDLL(None), function))
    except (OSError, AttributeError):
        return None


def available(device: torch.device) -> int:
    """Bytes that a computation on this device can still get without anything being swapped or killed."""
    try:
        if device.type in ("cuda", "xpu"):
            backend = getattr(torch, device.type)
            free, _ = backend.mem_get_info(device)
            return int(free + backend.memory_reserved(device) - backend.memory_allocated(device))
        if device.type == "mps":
            return max(1, torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    except (AttributeError, RuntimeError):  # older torch, older drivers
        return UNKNOWN_SYSTEM
    limits = [limit for limit in (_system_available(), *_control_group_available()) if limit is not None]
    return min(limits, default=UNKNOWN_SYSTEM)


def working_memory(config: StyA2KConfig, height: int, width: int, dtype: torch.dtype) -> int:
    """Bytes of activations that one picture, or one piece of it, takes at the peak, weights and style left out.

    Errs on the high side: the compact network's 1024x1024 took 0.29 GB in fp32 where this says 0.47.
    """
    strides = (1, 2, 4, 8, 16) if config.backbone == "vgg" else (2, 4, 8, 16)
    # Input, padded copy and output of the widest convolution, and one more; the decoder mirrors it.
    widths = [*zip(config.encoder_widths, strides, strict=True), *zip(config.decoder_widths, (8, 4, 2), strict=False)]
    widest = max(width / stride**2 for width, stride in widths)
    convolution = 4 * max(widest, 16) * dtype.itemsize
    # Query, the two results, what was gathered for them, and fp32 copies.
    attention = max(c / stride**2 for c, stride in zip(config.channels, STRIDES, strict=True))
    attention *= 8 * dtype.itemsize + 24
    # Attention and decoding follow each other; the features before and after attention and the picture are there throughout.
    picture = 3 * 4 * 4
    features = 2 * features_memory(config, height, width, dtype)
    return int(height * width * (max(convolution, attention) + picture)) + features + 96 * 2**20


def features_memory(config: StyA2KConfig, height: int, width: int, dtype: torch.dtype) -> int:
    """Bytes of the three levels of features of a picture."""
    per_pixel = sum(channels / stride**2 for channels, stride in zip(config.channels, STRIDES, strict=True))
    return int(height * width * per_pixel * dtype.itemsize)


def choose_tile(
    config: StyA2KConfig,
    dtype: torch.dtype,
    device: torch.device,
    batch: int,
    size: tuple[int, int],
    margin: int,
    memory: int,
) -> tuple[int, bool]:
    """The side of the tiles of pictures for which `memory` bytes are available, and whether features are kept between the passes.

    Args:
        margin: pixels that a tile needs on each side.
        size: height and width of the pictures, multiples of the grid. A side that covers both means the whole.
    """
    height, width = size
    budget = int(memory * MEMORY_SHARE)

    def need(side: int) -> int:
        seen = min(side + 2 * margin, height), min(side + 2 * margin, width)
        return batch * working_memory(config, *seen, dtype)

    whole = max(height, width)
    # The paper's network computes so much for each pixel that a margin costs more than memory does.
    small_is_quick = device.type == "cpu" and config.backbone == "compact"
    fits = batch * working_memory(config, height, width, dtype) <= budget
    if fits and not (small_is_quick and height * width > CPU_WHOLE):
        return whole, True
    largest = min(CPU_TILE, whole - 1) if small_is_quick else whole - 1
    sides = [side for side in AUTO_TILES if side <= largest] or [config.grid]
    features = batch * features_memory(config, height, width, dtype)
    for side in sides:
        if side >= FEATURES_WORTH and need(side) + features <= budget:
            return side, True
    for side in sides:
        if need(side) <= budget:
            return side, False
    return sides[-1], False


def images_at_once(config: StyA2KConfig, dtype: torch.dtype, device: torch.device, height: int, width: int) -> int:
    """How many whole pictures, sides in pixels, are computed together: one on a CPU, which gains nothing from more."""
    if device.type == "cpu":
        return 1
    each = working_memory(config, height + config.grid, width + config.grid, dtype)
    return max(1, min(MAX_AT_ONCE, int(available(device) * MEMORY_SHARE) // each))


def _system_available() -> int | None:
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return _half_of_physical()
    found = re.search(r"^MemAvailable:\s*(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _half_of_physical() -> int | None:
    """macOS and the BSDs do not tell what is free in a file."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):
        return None


def _control_group_available() -> list[int]:
    """What containers leave to this process: the limits of its control group and of those it is in, versions 2 and 1."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, names = Path("/sys/fs/cgroup"), ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = Path("/sys/fs/cgroup/memory")
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        here = root / path.lstrip("/")
        # Inside a container the path may be the host's; its own group is then the root.
        folders = [here, *here.parents]
        found += [left for folder in folders if folder.is_relative_to(root) and (left := _group_left(folder, *names))]
    return found


def _group_left(folder: Path, limit_name: str, usage_name: str, cache_name: str) -> int | None:
    """Limit less use, the file cache that can be dropped not counted; None where there is no limit."""
    try:
        limit = int((folder / limit_name).read_text())  # "max" is no number
        usage = int((folder / usage_name).read_text())
        statistics = (folder / "memory.stat").read_text()
    except (OSError, ValueError):
        return None
    cache = re.search(rf"^{cache_name} (\d+)", statistics, re.MULTILINE)
    return max(1, limit - usage + (int(cache[1]) if cache else 0))


def run_in_chunks(
    count: int,
    size: int,
    work: Callable[[int, int], None],
    raise_other: Callable[[Exception], None],
    release: Callable[[], None],
) -> None:
    """Call `work(start, stop)` over 0..count in chunks, halved and tried again when memory runs out.

    Args:
        count: how many there are.
        size: of the first chunks.
        work: does one chunk; may run again for a part of it.
        raise_other: raises its argument unless that means lack of memory.
        release: gives cached memory back.

    Raises:
        Exception: what `work` raised, when it is something else, or memory is short even for a chunk of one.
    """
    start = 0
    while start < count:
        stop = min(start + max(size, 1), count)
        try:
            work(start, stop)
        except Exception as error:
            raise_other(error)
            if stop - start == 1:
                raise
            size = (stop - start) // 2
        else:
            start = stop
            continue
        release()  # only now: until the except clause ends, the error's traceback keeps the tensors alive
