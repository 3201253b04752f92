"""Contrast match: every scale of a picture varies as the style's does, within limits; in pieces as in the whole."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from example_pictures import examples, with_and_without
from tiny_networks import COMPACT, assert_pictures_of_a_batch_are_alone, picture, random_model
from torch import Tensor

from a2k_core import EncodedStyle, StyA2K, finishing, tiling
from a2k_core.config import StyA2KConfig
from a2k_core.contrast import (
    BANDS,
    FAINT,
    FINE,
    FINEST,
    MOST,
    REACH,
    SQUARE,
    added,
    contrast_change,
    contrasts,
    gains,
    match_contrast,
    octaves,
    shown_greys,
)
from a2k_core.errors import ConfigError


@pytest.fixture(scope="module")
def matching_model() -> StyA2K:
    return random_model(dataclasses.replace(COMPACT, contrast_match=True))


@pytest.fixture(scope="module")
def style(matching_model: StyA2K) -> EncodedStyle:
    return matching_model.encode_style(picture(90, 110, seed=2))


def contrasts_of(image: Tensor) -> Tensor:
    return contrasts(octaves(shown_greys(image)))


def waves(period: int, amplitude: float = 0.1) -> Tensor:
    """`[1, 3, 128, 128]` of greys that vary from left to right."""
    return 0.5 + amplitude * torch.sin(torch.arange(128) * (2 * torch.pi / period)).expand(1, 3, 128, 128)


def test_waves_are_in_the_band_of_their_width() -> None:
    for band, period in enumerate((3, 6, 12, 24, 48)):
        found = contrasts_of(waves(period))[0]
        assert int(found.argmax()) == band
        assert found[band] > 0.25 * 0.1
    assert contrasts_of(waves(1)) == pytest.approx(FAINT, rel=1e-3)


def test_bands_and_what_is_coarser_are_the_picture() -> None:
    """With the gains that take all bands away only the coarsest greys are left."""
    image = picture(70, 100, seed=1)
    greys = octaves(shown_greys(image))
    left = greys[0] + contrast_change(greys, torch.zeros(1, BANDS))
    coarse = greys[-1]
    for finer in greys[-2::-1]:
        coarse = F.interpolate(coarse, scale_factor=2, mode="bilinear")[..., : finer.shape[-2], : finer.shape[-1]]
    torch.testing.assert_close(left, coarse, rtol=0, atol=1e-6)
    assert not contrast_change(greys, torch.ones(1, BANDS)).any()


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_contrasts_become_the_wanted(factor: float) -> None:
    """But the finest, which goes a part of the way, and coarse ones that would become weaker."""
    image = 0.25 + 0.5 * picture(200, 300, seed=1)
    before = contrasts_of(image)
    changed = contrasts_of(match_contrast(image, factor * before)) / before
    wanted = torch.tensor([factor**FINEST, factor, factor, *[max(factor, 1)] * 2])
    # Neighbouring bands share a little.
    torch.testing.assert_close(changed[0], wanted, rtol=0, atol=0.06)


def test_nothing_new_clips() -> None:
    image = picture(96, 128, seed=3)
    change = 0.5 * torch.randn(1, 1, 96, 128, generator=torch.Generator().manual_seed(0))
    result = added(change, image)
    assert ((result >= 0) & (result <= 1)).all()
    colour = torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1)
    up, down = (added(torch.full((1, 1, 1, 1), sign * 0.01), colour).flatten() for sign in (1, -1))
    torch.testing.assert_close(up, torch.tensor([0.01, 0.51, 1]), rtol=0, atol=1e-5)
    torch.testing.assert_close(down, torch.tensor([0, 0.49, 0.99]), rtol=0, atol=1e-5)
    assert torch.equal(added(torch.zeros(1, 1, 96, 128), image), image)


def test_colours_and_tones_stay() -> None:
    image = 0.4 + 0.2 * picture(96, 128, seed=3)
    changed = match_contrast(image, 2 * contrasts_of(image)) - image
    # Where there is room all three change alike.
    torch.testing.assert_close(changed[:, 0], changed[:, 2], rtol=0, atol=1e-5)
    assert F.avg_pool2d(changed, 64).abs().max() < 0.05 * changed.abs().max()
    assert changed.abs().max() > 0.01


def test_gains_have_limits() -> None:
    own = torch.full((1, BANDS), 0.1)
    assert torch.allclose(gains(own, 10 * own), torch.tensor(MOST))
    assert torch.allclose(gains(own, 0.01 * own), torch.tensor([1 / MOST] * FINE + [1] * (BANDS - FINE)))
    # What is flat is not blown up, nor does a flat style wipe out more than the limit.
    flat = torch.full((1, 3, 64, 64), 0.4)
    assert torch.equal(match_contrast(flat, own), flat)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (33, 2), (31, 63)], ids=str)
def test_any_size(size: tuple[int, int]) -> None:
    image = picture(*size, seed=4)
    assert match_contrast(image, contrasts_of(picture(64, 64, seed=5))).shape == image.shape
    torch.testing.assert_close(match_contrast(image, contrasts_of(image)), image)


def test_nothing_farther_than_its_reach_matters() -> None:
    greys = 0.1 * picture(64, 640, seed=5)
    wanted = torch.tensor([[1.3, 0.8, 1.2, 0.8, 1.3]])
    here = slice(320, 352)

    def change(image: Tensor) -> Tensor:
        return contrast_change(octaves(shown_greys(image)), wanted)[..., here]

    whole = change(greys)
    first, last = (here.start - REACH) // SQUARE * SQUARE, -(-(here.stop + REACH) // SQUARE) * SQUARE
    for nearest, farther in ((first, first - SQUARE), (last - SQUARE, last)):
        changed = greys.clone()
        changed[..., farther : farther + SQUARE] += 0.8
        assert torch.allclose(change(changed), whole, atol=1e-6)
        changed[..., nearest : nearest + SQUARE] += 0.1
        assert not torch.allclose(change(changed), whole, atol=1e-5)


def test_gradients_flow_even_of_a_flat_picture() -> None:
    for image in (picture(64, 64, seed=6), torch.full((1, 3, 64, 64), 0.5)):
        image.requires_grad_()
        match_contrast(image, contrasts_of(picture(64, 64, seed=7))).square().mean().backward()
        assert image.grad is not None and image.grad.isfinite().all() and image.grad.any()


@pytest.fixture(scope="module")
def pale(matching_model: StyA2K) -> EncodedStyle:
    """A style with nothing that clips."""
    return matching_model.encode_style(0.35 + 0.3 * picture(90, 110, seed=2))


def test_results_are_matched_after_their_colours(matching_model: StyA2K, pale: EncodedStyle) -> None:
    content, without = picture(150, 170, seed=1), random_model(COMPACT)
    unmatched = without.transfer(content, pale)
    assert unmatched.min() > 0 and unmatched.max() < 1
    wanted = gains(contrasts_of(unmatched), pale.colours.contrasts)
    expected = added(contrast_change(octaves(shown_greys(unmatched)), wanted), unmatched)
    assert float((expected - unmatched).abs().mean()) > 2e-3
    torch.testing.assert_close(matching_model.transfer(content, pale), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("strength", [0.4, 1.0, 1.7])
@pytest.mark.parametrize("held", [True, False])
def test_tiles_give_the_whole(
    matching_model: StyA2K, style: EncodedStyle, strength: float, held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not held:
        monkeypatch.setattr(finishing, "COLOURS_OF_ITSELF", 200 * 200)
        monkeypatch.setattr(tiling, "COLOURS_OF_COPY", 150 * 150)
    content = picture(330, 301, seed=1)
    whole = matching_model.transfer(content, style, strength)
    for tile in (64, 192, "auto"):
        tiled = matching_model.transfer(content, style, strength, tile=tile)  # type: ignore[arg-type]
        assert float((tiled - whole).abs().max()) < 1e-4


def test_what_is_not_held_is_matched_as_its_copy_is(
    matching_model: StyA2K, pale: EncodedStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, without = picture(300, 310, seed=1), random_model(COMPACT)
    monkeypatch.setattr(finishing, "COLOURS_OF_ITSELF", 200 * 200)
    monkeypatch.setattr(tiling, "COLOURS_OF_COPY", 150 * 150)
    unmatched = without.transfer(content, pale)
    greys = octaves(shown_greys(unmatched))
    copy = F.avg_pool2d(content, 3, ceil_mode=True, count_include_pad=False)
    copy = F.interpolate(copy, size=(128, 128), mode="bilinear")
    wanted = gains(contrasts_of(without.transfer(copy, pale)), pale.colours.contrasts)
    expected = added(contrast_change(greys, wanted), unmatched)
    found = matching_model.transfer(content, pale)
    # Sides of the picture are no multiples of the grid: at its edges bands see what it is padded with.
    torch.testing.assert_close(found[..., :256, :256], expected[..., :256, :256], rtol=0, atol=1e-4)
    assert (wanted - 1).abs().max() > 0.05


def test_next_to_no_strength_changes_next_to_nothing(matching_model: StyA2K, style: EncodedStyle) -> None:
    content = picture(150, 140, seed=1)
    assert float((matching_model.transfer(content, style, 1e-3) - content).abs().max()) < 5e-3


def test_each_picture_of_a_batch_is_matched_by_itself(matching_model: StyA2K) -> None:
    assert_pictures_of_a_batch_are_alone(matching_model)


def test_it_goes_with_matched_colours_only() -> None:
    with pytest.raises(ConfigError, match="contrast_match is True; accepted: false where colour_match is off"):
        dataclasses.replace(StyA2KConfig.paper(), contrast_match=True)


def test_strokes_of_the_bundled_weights_are_as_strong_as_the_styles() -> None:
    """Of details of 4 and 8 pixels in pictures of the example styles, the mean distance from the style's contrast."""

    def away(image: Tensor, style: EncodedStyle) -> float:
        ratio = contrasts_of(image) / style.colours.contrasts
        return float(ratio[0, 1:FINE].log().abs().mean())

    matched, painted = with_and_without("contrast_match", examples("content", 320)[0], away)
    assert matched < 0.7 * painted
