"""Grain: a faint noise under the content, so that flat areas have something to grow strokes from.

A network without noise can only amplify what is there: in a clear sky that is the camera's or the file format's own pattern,
and the result is a screen. The noise has the power spectrum of the style's greys, so what grows is as coarse as the style's strokes
and goes their way. Its phases are fixed, so results stay deterministic.

Training has it stronger than the finished network: what was learned to become strokes from strong noise makes a calm
surface of weak noise, and its strokes follow the clouds and folds of the content instead.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from .blocks import pad_to_multiple
from .devices import kept

GRAIN_PERIOD = 512
"""Side in pixels of the noise, which repeats: at 256 the eye found it in large smooth pictures."""

WINDOW = 128
"""Side in pixels of the parts of a style whose mean spectrum is taken."""

MOST_WINDOWS = 5
"""Of a style, down and across, evenly spread: a large style takes no longer than one of 512 px."""

COARSEST = 64
"""Pixels. Slower waves of a style, which are its composition and no strokes, are weakened, the slower the more."""

FAINTEST = 0.005
"""Deviation of a style's texture, of pictures in 0..1, below which it is not blown up to the full: that is no texture but what a
file format leaves of a flat area."""


def grain_of(style: Tensor) -> Tensor:
    """The grain of `[S, 3, H, W]` styles in 0..1, `[S, 1, P, P]` with P = `GRAIN_PERIOD`, see `style_grain`. Always the same."""
    # Fourier transforms are not to be had on every device.
    at = style.device if style.device.type in ("cpu", "cuda") else torch.device("cpu")
    return style_grain(style.to(at), kept(white_noise, at, GRAIN_PERIOD)).to(style.device)


@torch.no_grad()
def style_grain(style: Tensor, white: Tensor) -> Tensor:
    """White noise `[P, P]` with the power spectra of `[S, 3, H, W]` styles.

    Returns:
        `[S, 1, P, P]`, fp32: mean 0, deviation 1 or, of styles all but flat, less; repeating without a seam.
    """
    side = min(WINDOW, white.shape[-1])
    grey = pad_to_multiple(style.float().mean(dim=1, keepdim=True), side)[:, 0]
    windows = grey.unfold(1, side, side // 2).unfold(2, side, side // 2)
    rows, columns = (-(-count // MOST_WINDOWS) for count in windows.shape[1:3])
    windows = windows[:, ::rows, ::columns].flatten(1, 2)
    bell = torch.hann_window(side, device=grey.device)
    bell = bell[:, None] * bell
    mean = (windows * bell).sum(dim=(2, 3), keepdim=True) / bell.sum()
    power = torch.fft.rfft2((windows - mean) * bell).abs().square().mean(dim=1) / bell.square().sum()
    radius = torch.hypot(
        torch.fft.fftfreq(side, device=grey.device)[:, None], torch.fft.rfftfreq(side, device=grey.device)
    )
    amplitude = power.sqrt() * (COARSEST * radius).clamp(max=1)
    # In the middle of a window, so that it ends in all directions at the same distance.
    kernel = torch.fft.fftshift(torch.fft.irfft2(amplitude, s=(side, side)), dim=(1, 2))
    noise = torch.fft.irfft2(torch.fft.rfft2(kernel, s=white.shape) * torch.fft.rfft2(white), s=white.shape)
    return (noise / noise.std(dim=(1, 2), keepdim=True).clamp(min=FAINTEST))[:, None]


def add_grain(image: Tensor, grain: Tensor, top: int = 0, left: int = 0) -> Tensor:
    """`[B, 3, H, W]` plus the grain `[S, 1, P, P]`, of one style or of B.

    The first pixel is at row `top` and column `left` of the whole picture.
    """
    grained = image.clone()
    # Run by run of rows and columns, which is several times quicker than picking every pixel by its index.
    for y, row, height in _runs(top, image.shape[-2], grain.shape[-2]):
        for x, column, width in _runs(left, image.shape[-1], grain.shape[-1]):
            part = grain[..., row : row + height, column : column + width]
            grained[..., y : y + height, x : x + width] += part.to(image)
    return grained


def white_noise(side: int) -> Tensor:
    """`[side, side]`, fp32: mean 0, deviation 1, about. Always the same."""
    return torch.randn(side, side, generator=torch.Generator().manual_seed(0), device="cpu")


def _runs(first: int, length: int, period: int) -> Iterator[tuple[int, int, int]]:
    """Where `length` places from `first` on lie in what repeats: place, place in the period, how many in a row."""
    done = 0
    while done < length:
        start = (first + done) % period
        run = min(period - start, length - done)
        yield done, start, run
        done += run
