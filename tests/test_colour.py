"""The colours of a picture become the style's by one linear map, the same for the whole picture, in tiles or not."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from tiny_networks import COMPACT, picture, random_model
from torch import Tensor

from a2k_core import EncodedStyle, StyA2K, tiling
from a2k_core.colour import FLOOR, ColourMoments, colour_map, colour_moments, merged_moments, mixed_moments


def covered(image: Tensor) -> ColourMoments:
    """The moments of a picture, checked against torch's own."""
    found = colour_moments(image)
    for one, mean, covariance in zip(image.double(), found.mean, found.covariance, strict=True):
        torch.testing.assert_close(mean.double(), one.flatten(1).mean(1), rtol=0, atol=1e-6)
        torch.testing.assert_close(covariance.double(), torch.cov(one.flatten(1), correction=0), rtol=0, atol=1e-6)
    return found


@pytest.fixture
def style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(0.4 * picture(64, 80, seed=2) + 0.3)


def test_the_moments_become_the_targets() -> None:
    content, style = picture(50, 70, seed=1), 0.3 * picture(40, 40, seed=2) + 0.5
    source, target = covered(content), covered(style)
    result = covered(colour_map(source, target).apply(content))
    torch.testing.assert_close(result.mean, target.mean, rtol=0, atol=1e-5)
    # The floor keeps a little of the source's.
    assert (result.covariance - target.covariance).abs().max() < 2 * FLOOR


def test_colours_that_are_right_stay() -> None:
    content = picture(50, 70, seed=1)
    moments = colour_moments(content)
    torch.testing.assert_close(colour_map(moments, moments).apply(content), content, rtol=0, atol=1e-5)


def test_light_and_shade_stay_where_they_are() -> None:
    """The grey of the result is a rising straight line of the grey of the source, whatever the colours are."""
    content = picture(50, 70, seed=1)
    mapped = colour_map(colour_moments(content), colour_moments(picture(40, 40, seed=2).flip(1))).apply(content)
    before, after = content.mean(1).flatten(), mapped.mean(1).flatten()
    assert float(torch.corrcoef(torch.stack([before, after]))[0, 1]) > 0.99999


def test_a_flat_picture_is_not_blown_up() -> None:
    flat = 0.5 + 0.001 * torch.randn(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    style = picture(40, 40, seed=2)
    mapped = colour_map(colour_moments(flat), colour_moments(style)).apply(flat)
    assert mapped.std() < 0.1 * style.std()


def test_half_a_map_is_half_way() -> None:
    content, style = picture(50, 70, seed=1), picture(40, 40, seed=2)
    moved = colour_map(colour_moments(content), colour_moments(style))
    torch.testing.assert_close(moved.part(0.0).apply(content), content, rtol=0, atol=1e-6)
    half = (content + moved.apply(content)) / 2
    torch.testing.assert_close(moved.part(0.5).apply(content), half, rtol=0, atol=1e-5)
    mixed = mixed_moments(colour_moments(content), colour_moments(style), 0.25)
    torch.testing.assert_close(mixed.mean, 0.75 * content.mean((2, 3)) + 0.25 * style.mean((2, 3)))


def test_gradients_are_finite_even_for_a_single_colour() -> None:
    image = torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    colour_map(colour_moments(image), colour_moments(picture(16, 16, seed=1))).apply(image).square().sum().backward()
    assert image.grad is not None and torch.isfinite(image.grad).all()


def test_a_network_that_matches_colours_gives_the_styles(compact_model: StyA2K, style: EncodedStyle) -> None:
    mean = compact_model.transfer(picture(100, 150, seed=1), style).mean((2, 3))
    assert (mean - style.colours.mean).abs().max() < 0.01
    other = random_model(dataclasses.replace(COMPACT, colour_match=False))
    unmatched = other.transfer(picture(100, 150, seed=1), other.encode_style(0.4 * picture(64, 80, seed=2) + 0.3))
    assert (unmatched.mean((2, 3)) - style.colours.mean).abs().max() > 0.03


def test_beyond_full_strength_contrast_grows(compact_model: StyA2K, style: EncodedStyle) -> None:
    content = picture(100, 150, seed=1)
    full, beyond = (compact_model.transfer(content, style, strength) for strength in (1.0, 1.5))
    assert 1.1 < float(beyond.std() / full.std()) < 1.3


def test_each_picture_of_a_batch_has_colours_of_its_own(compact_model: StyA2K) -> None:
    contents = torch.cat([picture(64, 64, seed=1), 0.2 * picture(64, 64, seed=3)])
    styles = compact_model.encode_style(torch.cat([picture(64, 64, seed=2), 0.5 * picture(64, 64, seed=4)]))
    together = compact_model.transfer(contents, styles)
    for index in range(2):
        alone = compact_model.transfer(contents[index : index + 1], styles.part(index, index + 1))
        torch.testing.assert_close(together[index : index + 1], alone, rtol=0, atol=1e-4)


@pytest.mark.parametrize("strength", [0.6, 1.0, 1.5])
def test_large_pictures_take_their_colours_from_a_reduced_copy(
    compact_model: StyA2K, style: EncodedStyle, monkeypatch: pytest.MonkeyPatch, strength: float
) -> None:
    """Whole or in tiles the copy is the same one, and near enough to what the whole would say."""
    content = picture(270, 331, seed=1)
    by_itself = compact_model.transfer(content, style, strength)
    monkeypatch.setattr(tiling, "COLOURS_OF_ITSELF", 200 * 200)
    monkeypatch.setattr(tiling, "COLOURS_OF_COPY", 150 * 150)
    whole = compact_model.transfer(content, style, strength)
    torch.testing.assert_close(compact_model.transfer(content, style, strength, tile=64), whole, rtol=0, atol=1e-4)
    assert 0 < (whole - by_itself).abs().max() < 0.2


def test_the_copy_is_made_of_means(compact_model: StyA2K, style: EncodedStyle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strip by strip, with smaller squares at the right and lower edges."""
    monkeypatch.setattr(tiling, "COLOURS_OF_ITSELF", 1000)
    content = picture(101, 89, seed=1)
    transfer = tiling.TiledTransfer(
        compact_model, lambda rows, columns: content[..., rows, columns], lambda *_: None, (1, 101, 89), style, 1.0
    )
    copy = transfer._reduced(4)
    assert copy.shape == (1, 3, 26, 23)
    torch.testing.assert_close(copy[..., 7, 5], content[..., 28:32, 20:24].mean((2, 3)))
    torch.testing.assert_close(copy[..., -1, -1], content[..., 100:, 88:].mean((2, 3)))
    assert transfer._reduced(1) is not content and torch.equal(transfer._reduced(1), content)


def test_pieces_have_the_moments_of_the_whole() -> None:
    image = picture(60, 50, seed=1, batch=2)
    pieces = [image[..., :17, :], image[..., 17:, :9], image[..., 17:, 9:]]
    whole = colour_moments(image)
    merged = merged_moments([(piece.shape[-2] * piece.shape[-1], colour_moments(piece)) for piece in pieces])
    torch.testing.assert_close(merged.mean, whole.mean, rtol=0, atol=1e-6)
    torch.testing.assert_close(merged.covariance, whole.covariance, rtol=0, atol=1e-6)
