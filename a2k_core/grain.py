"""Grain: a faint fixed noise under the content, so that flat areas have something to grow strokes from.

A network without noise can only amplify what is there: in a clear sky that is the camera's or the file format's own pattern,
and the result is a screen. The grain is the same for every picture, so results stay deterministic.

Training has it stronger than the finished network: what was learned to become strokes from strong noise makes a calm
surface of weak noise, and its strokes follow the clouds and folds of the content instead.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

GRAIN_PERIOD = 1024
"""Side in pixels of the noise, which repeats: at 256 the eye found it in large smooth pictures."""

COARSEST = 32
"""Pixels. Down to frequencies of one wave in so many pixels, each octave of the noise is equally strong."""


def make_grain() -> Tensor:
    """The noise, `[3, P, P]` with P = `GRAIN_PERIOD`, fp32: mean 0, deviation 1, repeating without a seam. Always the same."""
    # On the CPU also where a model is laid out without memory, on the meta device.
    white = torch.randn(3, GRAIN_PERIOD, GRAIN_PERIOD, generator=torch.Generator().manual_seed(0), device="cpu")
    rows = torch.fft.fftfreq(GRAIN_PERIOD, device="cpu")
    radius = torch.hypot(rows[:, None], torch.fft.rfftfreq(GRAIN_PERIOD, device="cpu"))
    spectrum = torch.fft.rfft2(white) / radius.clamp(min=1 / COARSEST)
    spectrum[:, 0, 0] = 0
    noise = torch.fft.irfft2(spectrum, s=white.shape[-2:])
    return noise / noise.std()


def add_grain(image: Tensor, grain: Tensor, top: int = 0, left: int = 0) -> Tensor:
    """`[B, 3, H, W]` plus the grain `[3, P, P]`; the first pixel is at row `top` and column `left` of the whole picture."""
    grained = image.clone()
    # Run by run of rows and columns, which is several times quicker than picking every pixel by its index.
    for y, row, height in _runs(top, image.shape[-2], grain.shape[-2]):
        for x, column, width in _runs(left, image.shape[-1], grain.shape[-1]):
            part = grain[:, row : row + height, column : column + width]
            grained[..., y : y + height, x : x + width] += part.to(image)
    return grained


def _runs(first: int, length: int, period: int) -> Iterator[tuple[int, int, int]]:
    """Where `length` places from `first` on lie in what repeats: place, place in the period, how many in a row."""
    done = 0
    while done < length:
        start = (first + done) % period
        run = min(period - start, length - done)
        yield done, start, run
        done += run
