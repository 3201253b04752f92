"""The painting in the colors of the style: one map for whole pictures, tiles and frames."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from example_pictures import examples
from tiny_networks import COMPACT, picture, random_model
from torch import Tensor

from a2k_core import StyA2K, StyA2KConfig, TransferOptions, mix_styles, region_style
from a2k_core.network.style.colors import color_moments
from a2k_core.rendering.color.color_match import small_copy
from a2k_core.rendering.color.color_transfer import widening_map
from a2k_core.video.frames import FrameStylizer
from a2k_core.video.schedule import Schedule


def plain(model: StyA2K) -> StyA2K:
    """The same weights without the match."""
    other = StyA2K(dataclasses.replace(model.config, color_match=False))
    other.load_state_dict(model.state_dict())
    return other.requires_grad_(False).eval()


def spread(image: Tensor) -> Tensor:
    """`[3]`, how much each color varies."""
    return image.flatten(2).std(2)[0]


def test_the_bundled_weights_paint_in_the_range_of_the_style(bundled_model: StyA2K) -> None:
    without = plain(bundled_model)
    nearer = []
    for content in examples("content", 192)[:2]:
        for style in examples("style", 192):
            wanted = spread(style)
            gaps = [
                float((spread(model.transfer(content, model.encode_style(style))) - wanted).abs().sum())
                for model in (bundled_model, without)
            ]
            nearer.append(gaps[0] / gaps[1])
    assert sum(ratio < 1 for ratio in nearer) > 0.7 * len(nearer)
    assert sorted(nearer)[len(nearer) // 2] < 0.8


def test_colors_that_vary_more_than_the_styles_keep_their_contrast() -> None:
    wide, narrow = picture(40, 50, seed=1), 0.3 + 0.5 * picture(40, 50, seed=2)
    kept = widening_map(color_moments(wide), color_moments(narrow))
    torch.testing.assert_close(kept.matrix[0], torch.eye(3), atol=0.02, rtol=0)
    widened = widening_map(color_moments(narrow), color_moments(wide))(narrow)
    assert (spread(widened) - spread(wide)).abs().max() < 0.02
    assert (widened.mean((2, 3)) - wide.mean((2, 3))).abs().max() < 0.02


def test_a_flat_picture_has_a_map_without_surprises() -> None:
    flat = torch.full((2, 3, 20, 20), 0.5)
    mapped = widening_map(color_moments(flat), color_moments(picture(30, 30)))(flat)
    assert mapped.isfinite().all()
    assert spread(mapped).max() < 1e-4


@pytest.mark.parametrize("size", [(1, 1), (5, 700), (300, 301), (600, 513)], ids=str)
def test_a_small_copy_is_the_same_however_it_is_read(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    image = picture(*size)
    whole = small_copy(lambda rows, columns: image[..., rows, columns], *size)
    assert max(whole.shape[2:]) <= 512
    monkeypatch.setattr("a2k_core.rendering.color.color_match.ROWS", 1)
    assert torch.equal(small_copy(lambda rows, columns: image[..., rows, columns], *size), whole)
    assert (whole.mean() - image.mean()).abs() < 0.02


def test_strength_leads_to_the_match_evenly_and_none_is_none(compact_model: StyA2K) -> None:
    content, style = picture(64, 64, seed=1), compact_model.encode_style(picture(64, 64, seed=2))
    other = plain(compact_model)
    matched = [
        float((compact_model.transfer(content, style, s) - other.transfer(content, style, s)).abs().mean())
        for s in (0, 0.3, 1)
    ]
    assert matched[0] == 0 < matched[1] < matched[2]


def test_each_region_gets_the_colors_of_its_style(compact_model: StyA2K) -> None:
    content = picture(64, 128, seed=1)
    styles = [compact_model.encode_style(0.2 * picture(64, 64, seed=2) + offset) for offset in (0.0, 0.7)]
    mask = torch.zeros(64, 128)
    mask[:, 64:] = 1
    both = compact_model.transfer(content, region_style([(styles[1], mask)], styles[0]))
    gap = both[..., 80:].mean() - both[..., :48].mean()
    without = plain(compact_model).transfer(content, region_style([(styles[1], mask)], styles[0]))
    assert gap > without[..., 80:].mean() - without[..., :48].mean()


def test_frames_share_one_map_also_between_two_styles(compact_model: StyA2K) -> None:
    frames = torch.cat([picture(64, 64, seed=seed) for seed in (1, 2)])
    styles = [compact_model.encode_style(picture(64, 64, seed=seed)) for seed in (3, 4)]
    clip = compact_model.clip_statistics(frames)
    maps = compact_model.color_maps(clip, styles[0])
    alone = compact_model.transfer(frames[:1], styles[0], clip=clip)
    shared = compact_model.transfer_with(frames[:1], styles[0], TransferOptions(clip=clip, color_maps=maps))
    assert torch.equal(alone, shared)
    ends = FrameStylizer(compact_model, styles, TransferOptions(clip=clip), shares=Schedule.parse("0: 1 0, 2: 0 1"))
    first = FrameStylizer(compact_model, styles[0], TransferOptions(clip=clip))
    torch.testing.assert_close(ends(frames[:1], 0), first(frames[:1], 0))


def test_a_mixture_has_colors_between_those_of_its_styles(compact_model: StyA2K) -> None:
    content = picture(64, 64, seed=1)
    dark, light = (compact_model.encode_style(0.3 * picture(64, 64, seed=2) + offset) for offset in (0.0, 0.6))
    means = [
        float(compact_model.transfer(content, style).mean())
        for style in (dark, mix_styles([dark, light], [1, 1]), light)
    ]
    assert means == sorted(means)


def test_the_paper_network_matches_no_colors(paper_model: StyA2K) -> None:
    assert not StyA2KConfig.paper().color_match
    clip = paper_model.clip_statistics(picture(64, 64))
    assert paper_model.color_maps(clip, paper_model.encode_style(picture(64, 64))) == []
    assert random_model(COMPACT).config.color_match
