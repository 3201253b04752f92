"""A fine regular screen or weave in areas that should be flat, as upsampling and attention can leave it."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW = 48
STEP = 24
LONGEST = 12
"""Periods from 2 px (the shortest there is; 1.4 along diagonals) to this many count."""

FLAT_SHARE = 0.25
"""Of a picture's windows, the flattest so many count as flat, however flat they are."""

MOST_WINDOWS = 48
"""More flat windows than these are thinned out evenly, for speed."""

THRESHOLD = 20.0
"""A line stands out when it has this many times the median power of its neighbours: noise alone reaches 12 or so."""

NEIGHBOURS = 5
"""Bins to each side that a line is compared with."""


class Screen(NamedTuple):
    """How regular the fine texture of flat windows is."""

    amplitude: float
    """Deviation of the luminance in the lines that stand out of the spectrum, 8-bit levels, mean over windows."""

    peak: float
    """The strongest line over the median of its neighbours, median over windows: 10 to 20 for texture without order."""

    period: float
    """The period of the strongest line, pixels, median over windows."""


def flat_windows(grey: Tensor) -> Tensor:
    """The indices of the windows where a luminance `[1, 1, H, W]` has the least fine texture."""
    pieces = _windows(grey)
    texture = pieces.diff(dim=1).square().mean(dim=(1, 2)) + pieces.diff(dim=2).square().mean(dim=(1, 2))
    flat = texture.argsort(stable=True)[: math.ceil(FLAT_SHARE * len(pieces))]
    return flat[:: -(-len(flat) // MOST_WINDOWS)]


def screen(grey: Tensor, flat: Tensor) -> Screen:
    """Measure the screen of a luminance `[1, 1, H, W]` in 0..1 in the given windows.

    Each window's power spectrum (Hann) is compared with its own median around each bin. A texture with a period, even one
    that bends from window to window, gives bins far above it; strokes and grain spread over many.

    Args:
        flat: from `flat_windows` of the content, of the same size.
    """
    pieces = _windows(grey)[flat]
    side = pieces.shape[-1]
    hann = torch.hann_window(side, device=grey.device)
    taper = hann[:, None] * hann
    pieces = (pieces - pieces.mean(dim=(1, 2), keepdim=True)) * 255
    # Scaled so that the sum over all bins is the variance (Parseval).
    power = torch.fft.fft2(pieces * taper).abs() ** 2 / (side**2 * taper.square().sum())
    around = F.pad(power[:, None], (NEIGHBOURS,) * 4, mode="circular")
    across = 2 * NEIGHBOURS + 1
    # Half of the spectrum: that of a real picture is symmetric.
    half = side // 2 + 1
    around = around[..., : half + 2 * NEIGHBOURS].unfold(2, across, 1).unfold(3, across, 1)
    # At least white noise of one level: nobody sees lines that stand out of less, and harmonics far down would win.
    usual = around.flatten(-2)[:, 0].median(dim=-1).values.clamp_min(1 / side**2)
    power = power[..., :half]
    frequency = torch.fft.fftfreq(side, device=grey.device)
    radius = (frequency[:, None] ** 2 + frequency[:half] ** 2).sqrt()
    fine = radius >= 1 / LONGEST - 1e-6
    twice = torch.full((half,), 2.0, device=grey.device)
    twice[0] = 1.0
    if side % 2 == 0:
        twice[-1] = 1.0
    lines = ((power - THRESHOLD * usual).clamp_min(0) * fine * twice).sum(dim=(1, 2)).sqrt()
    peaks = (power / usual * fine).flatten(1).max(dim=1)
    periods = 1 / radius.flatten()[peaks.indices].clamp_min(1 / side)
    return Screen(lines.mean().item(), peaks.values.median().item(), periods.median().item())


def screen_excess(ours: Screen, content: Screen, style: Screen) -> float:
    """Amplitude beyond what the content and the style have in flat windows themselves, 8-bit levels; 0 is none."""
    return max(0.0, ours.amplitude - max(content.amplitude, style.amplitude))


def _windows(grey: Tensor) -> Tensor:
    """Overlapping windows, `[N, side, side]`; a small picture gives smaller ones, one at least."""
    side = min(WINDOW, *grey.shape[-2:])
    return grey[0, 0].unfold(0, side, STEP).unfold(1, side, STEP).flatten(0, 1)
