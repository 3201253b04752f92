"""The weights that come with the package make pictures: the style's colors, the content's shapes, no seams."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F
from example_pictures import examples
from torch import Tensor

from a2k_core import StyA2K, StyA2KConfig, load_model
from a2k_core.files.models.checkpoint import bundled_weights, read_info
from a2k_core.network.statistics import channel_moments

Triple = tuple[Tensor, Tensor, Tensor]
"""Content, style, and the content in that style."""


@pytest.fixture(scope="module")
def contents() -> list[Tensor]:
    return examples("content", 256)


@pytest.fixture(scope="module")
def styles() -> list[Tensor]:
    return examples("style", 256)


@pytest.fixture(scope="module")
def triples(bundled_model: StyA2K, contents: list[Tensor], styles: list[Tensor]) -> list[Triple]:
    """Every content in every style."""
    encoded = [bundled_model.encode_style(style) for style in styles]
    return [
        (content, style, bundled_model.transfer(content, known))
        for content in contents
        for style, known in zip(styles, encoded, strict=True)
    ]


def luminance(image: Tensor) -> Tensor:
    return (image * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)


def color_distance(a: Tensor, b: Tensor) -> float:
    """Sum of the absolute differences of the channels' sorted values: how far two palettes are apart."""
    return float((a.flatten(2).sort().values - b.flatten(2).sort().values).abs().mean())


def test_they_say_what_they_are() -> None:
    info = read_info(bundled_weights())
    assert info.config == StyA2KConfig.compact()
    assert "licence" in info.metadata and "training" in info.metadata
    assert bundled_weights().stat().st_size < 16_000_000
    assert (bundled_weights().parent / "README.md").exists()


def test_a_picture_takes_the_colors_of_the_style_and_keeps_its_shapes(triples: list[Triple]) -> None:
    nearer, kept = [], []
    for content, style, picture in triples:
        nearer.append(color_distance(picture, style) / color_distance(content, style))
        # Structure after a blur, so that strokes do not count against it.
        a, b = (F.avg_pool2d(luminance(image), 8).flatten() for image in (picture, content))
        kept.append(float(torch.corrcoef(torch.stack([a, b]))[0, 1]))
    assert sum(nearer) / len(nearer) < 0.6
    assert sum(ratio < 1 for ratio in nearer) >= 0.9 * len(nearer)
    assert sum(kept) / len(kept) > 0.6


def test_block_edges_do_not_show(triples: list[Triple]) -> None:
    ratios = []
    for _, _, picture in triples:
        light = luminance(picture)
        steps = (light[..., 1:] - light[..., :-1]).abs().mean((0, 1, 2))
        # Column 31 is the step from pixel 31 to 32, the edge of a block at the finest level.
        edges = steps[31::32].mean()
        ratios.append(float(edges / steps.mean()))
    assert sum(ratios) / len(ratios) < 1.1


def test_every_level_of_features_has_a_say(bundled_model: StyA2K, contents: list[Tensor], styles: list[Tensor]) -> None:
    """Training can lose a part of the network for good; the picture only gets duller."""
    with torch.no_grad():
        features = bundled_model.features(contents[0])
        moments = [channel_moments(level) for level in features]
        stylized = bundled_model.stylize(features, moments, bundled_model.encode_style(styles[0]), 1.0)
        picture = bundled_model.decode(stylized)
        for level in range(3):
            without = [torch.zeros_like(x) if i == level else x for i, x in enumerate(stylized)]
            assert float((bundled_model.decode((without[0], without[1], without[2])) - picture).abs().mean()) > 2e-3


def test_strength_is_a_smooth_path_from_the_content(
    bundled_model: StyA2K, contents: list[Tensor], styles: list[Tensor]
) -> None:
    style = bundled_model.encode_style(styles[0])
    path = [bundled_model.transfer(contents[0], style, strength) for strength in (0, 0.25, 0.5, 0.75, 1)]
    away = [float((picture - contents[0]).abs().mean()) for picture in path]
    assert away == sorted(away) and away[0] == 0
    steps = [float((b - a).abs().mean()) for a, b in itertools.pairwise(path)]
    assert max(steps) < 3 * min(steps)


def test_half_precision_gives_the_same_picture(
    bundled_model: StyA2K, contents: list[Tensor], styles: list[Tensor]
) -> None:
    half = load_model(device="cpu", dtype=torch.bfloat16)
    full = bundled_model.transfer(contents[0], bundled_model.encode_style(styles[0]))
    assert float((half.transfer(contents[0], half.encode_style(styles[0])) - full).abs().mean()) < 0.02
