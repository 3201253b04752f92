"""All measures of one picture of a pair, with everything that depends on the content or the style alone computed once."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from evaluation.distances import FeatureDistances, StyleStatistics
from evaluation.grid import flat_blocks, grid_amplitude
from evaluation.halo import halo, seen_from_afar
from evaluation.luminance import clipped_share, luminance, ssim
from evaluation.palette import palette, palette_distance
from evaluation.pictures import Pair
from evaluation.screen import Screen, flat_windows, screen, screen_excess
from evaluation.seams import seam_excess, seam_profile


class Measure(NamedTuple):
    """What a number means."""

    better: Literal["lower", "higher", ""]
    """Which way is better; empty for a number that only explains another."""

    what: str
    """One line for the reader of the table."""


def measures(networks: list[str]) -> dict[str, Measure]:
    """The measures by name, in the order of the table; three for each feature network."""
    found: dict[str, Measure] = {}
    for name in networks:
        found[f"{name}.style"] = Measure("lower", "distance to the style: mean and deviation of features, all levels")
        found[f"{name}.gram"] = Measure("lower", "distance to the style: Gram matrices of features, all levels")
        found[f"{name}.content"] = Measure(
            "lower", "distance to the content: normalised features, the deepest two levels"
        )
    return found | {
        "ssim": Measure("higher", "structural similarity of luminance to the content"),
        "palette": Measure("lower", "sliced Wasserstein distance of colours to the style's, Oklab units"),
        "seam": Measure("lower", "gradient at edges of 32- and 64-px blocks over elsewhere, less the content's own"),
        "grid": Measure("lower", "texture tied to the pixel grid where the content is flat, 8-bit levels"),
        "screen": Measure("lower", "texture with a period of 2-12 px where the content is flat, 8-bit levels"),
        "screen_excess": Measure("lower", "the same beyond what the content and the style have themselves"),
        "screen_peak": Measure("lower", "strongest line of the spectrum over its neighbours, there"),
        "screen_period": Measure("", "period of that line, pixels"),
        "halo": Measure(
            "lower", "colours that differ where the content's do not, as glows beside edges do, 8-bit levels"
        ),
        "clipped": Measure("lower", "share of pixels with a channel at 0 or 255, beyond the style's share"),
    }


class _Content(NamedTuple):
    features: dict[str, list[Tensor]]
    grey: Tensor
    seams: list[float]
    windows: Tensor
    blocks: Tensor
    screen: Screen
    from_afar: Tensor


class _Style(NamedTuple):
    features: dict[str, StyleStatistics]
    palette: Tensor
    screen: Screen
    clipped: float


class Scorer:
    """Scores pictures of pairs of these contents and styles, all of one size.

    Args:
        networks: feature networks by name; their scales are taken from these styles.
        contents, styles: `[1, 3, H, W]` in 0..1 by stem, on the device that is to compute.
    """

    def __init__(
        self, networks: dict[str, FeatureDistances], contents: dict[str, Tensor], styles: dict[str, Tensor]
    ) -> None:
        self.networks = networks
        self.contents = {stem: self._content(image) for stem, image in contents.items()}
        self.styles = {stem: self._style(image) for stem, image in styles.items()}
        for name, network in networks.items():
            network.calibrate([style.features[name] for style in self.styles.values()])

    @torch.no_grad()
    def score(self, pair: Pair, image: Tensor) -> dict[str, float]:
        """The values of `measures` for a picture `[1, 3, H, W]` in 0..1 of the content's size."""
        content, style = self.contents[pair.content], self.styles[pair.style]
        values: dict[str, float] = {}
        for name, network in self.networks.items():
            seen = network.describe(image)
            values[f"{name}.style"] = network.moments_distance(seen.style, style.features[name])
            values[f"{name}.gram"] = network.gram_distance(seen.style, style.features[name])
            values[f"{name}.content"] = network.content_distance(seen.content, content.features[name])
        grey = luminance(image)
        lines = screen(grey, content.windows)
        return values | {
            "ssim": ssim(grey, content.grey),
            "palette": palette_distance(palette(image), style.palette),
            "seam": seam_excess(seam_profile(grey), content.seams),
            "grid": grid_amplitude(grey, content.blocks),
            "screen": lines.amplitude,
            "screen_excess": screen_excess(lines, content.screen, style.screen),
            "screen_peak": lines.peak,
            "screen_period": lines.period,
            "halo": halo(seen_from_afar(image), content.from_afar),
            "clipped": max(0.0, clipped_share(image) - style.clipped),
        }

    def _content(self, image: Tensor) -> _Content:
        grey = luminance(image)
        windows = flat_windows(grey)
        features = {name: network.describe(image).content for name, network in self.networks.items()}
        seams, blocks, lines = seam_profile(grey), flat_blocks(grey), screen(grey, windows)
        return _Content(features, grey, seams, windows, blocks, lines, seen_from_afar(image))

    def _style(self, image: Tensor) -> _Style:
        grey = luminance(image)
        features = {name: network.describe(image).style for name, network in self.networks.items()}
        return _Style(features, palette(image), screen(grey, flat_windows(grey)), clipped_share(image))
