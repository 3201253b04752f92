"""The losses of texture: what strokes, grain and screens are to a picture, without a trained network; none is in the paper."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor

from a2k_core.statistics import rising

LATTICE_PERIOD = 8
"""Pixels: upsampling can leave patterns that repeat every 2, 4 or 8."""


def lattice_loss(images: Tensor) -> Tensor:
    """How much the contrast of neighbouring pixels depends on where they lie in cells of 8, both ways.

    Sub-pixel outputs and upsampling tend to be smooth inside their cells and to step between them. No natural picture does,
    but the statistics of features do not see it. The logarithm makes flat areas count.
    """
    total = images.new_zeros((), dtype=torch.float32)
    for axis in (2, 3):
        steps = torch.log(images.float().diff(dim=axis).abs() + 0.01).mean((1, 5 - axis))
        whole = steps.shape[1] // LATTICE_PERIOD * LATTICE_PERIOD
        phases = steps[:, :whole].unflatten(1, (-1, LATTICE_PERIOD)).mean(1)
        total = total + phases.var(dim=1, correction=0).mean()
    return total


PATCH_SIDE = 5
"""Pixels at each scale: the side of the patches whose distributions are compared."""

PATCH_SCALES = 4
"""Bands of detail: about 1, 2, 4 and 8 pixels to a sample."""

PATCH_DIRECTIONS = 24
"""Random projections of the patches of a band, new ones in every step."""

PATCH_POSITIONS = 48
"""Patches compared each way of a picture."""

PATCH_FLOOR = 0.01
"""Of pictures in 0..1: contrast below which a band counts as flat."""


def patch_filters(random: torch.Generator) -> Tensor:
    """The directions of one step, `[PATCH_SCALES, PATCH_DIRECTIONS, 3, PATCH_SIDE, PATCH_SIDE]`, of norm 1 each."""
    filters = torch.randn(PATCH_SCALES, PATCH_DIRECTIONS, 3, PATCH_SIDE, PATCH_SIDE, generator=random)
    return filters / filters.flatten(2).norm(dim=2)[..., None, None, None]


def patch_loss(stylized: Tensor, style: Tensor, filters: Tensor) -> Tensor:
    """Sliced Wasserstein distance of patches, band by band, of equally large `[B, 3, H, W]` pictures in 0..1.

    Relative to the strength of the style's band, mean over the directions, summed over the bands (after Elnekave & Weiss,
    "Generating natural images with direct patch distribution matching", ECCV 2022). No trained network takes part: what it
    sees, such as whether strokes are few and long or many and faint, holds for any viewer.

    Args:
        filters: from `patch_filters`.
    """
    total = stylized.new_zeros((), dtype=torch.float32)
    with torch.autocast(style.device.type, enabled=False):
        x = torch.cat([stylized.float(), style.float()])
        for directions in filters:
            smaller = F.avg_pool2d(x, 2)
            band = x - F.interpolate(smaller, x.shape[-2:], mode="bilinear", align_corners=False)
            stride = max(x.shape[-1] // PATCH_POSITIONS, 1)
            ours, theirs = rising(F.conv2d(band, directions, stride=stride).flatten(2)).chunk(2)
            strength = theirs.abs().mean((1, 2), keepdim=True) + PATCH_FLOOR
            total = total + ((ours - theirs).abs() / strength).mean()
            x = smaller
    return total


SPECTRUM_WINDOW = 32
"""Side, in pixels, of the windows whose spectra are compared."""

SPECTRUM_FLOOR = 2e-5
"""Power, of pictures in 0..1, below which texture is invisible: about one step of 8 bits."""


def log_spectra(images: Tensor) -> Tensor:
    """Logarithmic power of windows of `[B, 3, H, W]` in 0..1, for the losses of texture below.

    `[B, 3, down, across, W, W/2+1]`: luminance and two colour differences, half-overlapping Hann windows of side W.
    """
    side = SPECTRUM_WINDOW
    with torch.autocast(images.device.type, enabled=False):
        red, green, blue = images.float().unbind(1)
        planes = torch.stack([(red + green + blue) / 3, (red - blue) / 2, (red + blue) / 4 - green / 2], dim=1)
        windows = _windows(planes)
        hann = torch.hann_window(side, device=images.device)
        hann = hann[:, None] * hann
        power = torch.fft.rfft2((windows - windows.mean((4, 5), keepdim=True)) * hann).abs().square()
        return torch.log(power / hann.square().sum() + SPECTRUM_FLOOR)


def _windows(planes: Tensor) -> Tensor:
    return planes.unfold(2, SPECTRUM_WINDOW, SPECTRUM_WINDOW // 2).unfold(3, SPECTRUM_WINDOW, SPECTRUM_WINDOW // 2)


def _waves(device: torch.device) -> Tensor:
    """`[W, W/2+1]`: how many waves of each frequency fit into a window."""
    side = SPECTRUM_WINDOW
    down = torch.fft.fftfreq(side, 1 / side, device=device)[:, None]
    return torch.hypot(down, torch.fft.rfftfreq(side, 1 / side, device=device))


def spectrum_loss(stylized: Tensor, style: Tensor) -> Tensor:
    """Mean squared distance of the averages over windows of logarithmic spectra, from `log_spectra`.

    Strokes and grain spread over frequencies; a screen or a checkerboard, which feature statistics hardly see, is a peak.
    The logarithm is averaged over windows, so that flat areas count as much as busy ones. Low frequencies weigh more.
    """
    waves = _waves(style.device)
    weight = torch.where(waves > 0, 1 / waves.clamp(min=1), 0)
    # Squared, as a screen is a large excess at few frequencies.
    difference = (stylized.mean((2, 3)) - style.mean((2, 3))).square().mean((0, 1))
    return (difference * weight).sum() / weight.sum()


BANDS = (1, 2, 4, 8, 16)
"""Waves in a window: the limits of the octaves in which the contrast of windows is compared."""


def spread_loss(stylized: Tensor, style: Tensor) -> Tensor:
    """Mean squared distance of the distributions, over windows, of log contrast in octaves, from `log_spectra`.

    Of two pictures with the same average spectrum one has flat fields between busy places, the other an even relief all
    over: painters make the former, networks the latter. The windows of each picture are put in the order of their contrast
    and compared in that order; both need the same number of windows.
    """
    waves = _waves(style.device)
    octaves = torch.stack([(waves >= low) & (waves < high) for low, high in itertools.pairwise(BANDS)])
    share = (octaves / octaves.sum((1, 2), keepdim=True)).flatten(1).T
    with torch.autocast(style.device.type, enabled=False):
        ours, theirs = (
            rising((spectra.flatten(4) @ share).flatten(2, 3).transpose(2, 3)) for spectra in (stylized, style)
        )
    return F.mse_loss(ours, theirs)


COARSEST_WAVE = 3
"""Waves in a window: coarser ones follow the content."""

FLAT = 0.05
"""Deviation of luminance, of pictures in 0..1, below which a window of the content counts as flat."""


def isotropy_loss(stylized: Tensor, content: Tensor) -> Tensor:
    """How unequal the directions of texture are where the content is flat: variance of log power over directions.

    Buildings, frames and lines of print give styles twice the power along rows and columns. Statistics pass it on, and a
    network spends it on bricks in the sky; kept from rows and columns alone, it draws a diagonal screen. Texture that the
    content does not guide has no direction of its own. Mean over frequencies, luminance and two colour differences.

    Args:
        stylized: from `log_spectra`.
        content: `[B, 3, H, W]` in 0..1.
    """
    deviation = _windows(content.float().mean(1, keepdim=True)).std((4, 5))
    flatness = torch.exp(-((deviation / FLAT) ** 2))[..., None, None]
    spectrum = ((stylized * flatness).sum((2, 3)) / (flatness.sum((2, 3)) + 1e-6)).flatten(2)
    radius = _waves(content.device).round().flatten()
    waves = torch.arange(COARSEST_WAVE, SPECTRUM_WINDOW // 2, device=content.device)
    rings = (radius == waves[:, None]).float()
    with torch.autocast(content.device.type, enabled=False):
        mean = spectrum @ (rings / rings.sum(1, keepdim=True)).T
        uneven = ((spectrum - mean @ rings).square() * rings.sum(0)).sum(2) / rings.sum()
    return (uneven * flatness.mean((2, 3, 4, 5))).mean()


COHERENCE_SCALES = (1, 2, 4)
"""Pixels: the cells in which directions are measured."""

COHERENCE_WINDOW = 8
"""Cells: the side of the windows, half of which overlap, in which directions are compared."""

COHERENCE_FLOOR = 2e-6
"""Mean squared slope, of pictures in 0..1, below which a window has no direction."""


def coherence_loss(stylized: Tensor, style: Tensor) -> Tensor:
    """Mean squared distance of the distributions of local coherence, of equally large `[B, 3, H, W]` pictures in 0..1.

    Coherence is 1 where all slopes of luminance in a window are parallel, as along strokes, and 0 where no direction is
    favoured, as in cells and grain (from the structure tensor: (l1 - l2) / (l1 + l2)). The windows of each picture are
    put in the order of their coherence and compared in that order, at each scale; which way strokes go is left open.
    """
    total = stylized.new_zeros((), dtype=torch.float32)
    with torch.autocast(style.device.type, enabled=False):
        grey = torch.stack([stylized.float(), style.float()]).mean(2)
        for cell in COHERENCE_SCALES:
            small = F.avg_pool2d(grey, cell)
            down, across = small.diff(dim=2)[..., :-1], small.diff(dim=3)[..., :-1, :]
            products = torch.stack([down**2, across**2, down * across], dim=2).flatten(0, 1)
            yy, xx, xy = F.avg_pool2d(products, COHERENCE_WINDOW, COHERENCE_WINDOW // 2).flatten(2).unbind(1)
            coherence = ((xx - yy) ** 2 + 4 * xy**2 + COHERENCE_FLOOR**2 / 100).sqrt() / (xx + yy + COHERENCE_FLOOR)
            ours, theirs = rising(coherence).chunk(2)
            total = total + F.mse_loss(ours, theirs)
    return total
