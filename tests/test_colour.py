"""The colours of a picture become the style's, by one curve and one linear map for the whole picture, in tiles or not."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from tiny_networks import COMPACT, picture, random_model
from torch import Tensor

from a2k_core import EncodedStyle, StyA2K, finishing, tiling
from a2k_core.colour import FLOOR, HOLD, SAMPLES, Colours, colour_match, colours_aimed_at, colours_of, sampled
from a2k_core.shoulder import Shoulder
from a2k_core.tones import LEVELS


def matched(content: Tensor, style: Tensor) -> Tensor:
    return colour_match(content, colours_of(style)).apply(content)


def checked_colours(image: Tensor) -> Colours:
    """The colours of a picture, mean and covariance checked against torch's own."""
    found = colours_of(image)
    for one, mean, covariance in zip(image.double(), found.mean, found.covariance, strict=True):
        torch.testing.assert_close(mean.double(), one.flatten(1).mean(1), rtol=0, atol=1e-6)
        torch.testing.assert_close(covariance.double(), torch.cov(one.flatten(1), correction=0), rtol=0, atol=1e-6)
    return found


@pytest.fixture
def style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(0.4 * picture(64, 80, seed=2) + 0.3)


def test_what_a_host_computes_without_gradients_does_not_keep_training_from_them() -> None:
    image = picture(301, 257)  # a size of its own: which pixels stand for all is kept from one call to the next
    with torch.inference_mode():
        expected = colours_of(image).mean.clone()
    image.requires_grad_()
    found = colours_of(image).mean
    found.sum().backward()
    assert torch.equal(found, expected)
    assert image.grad is not None
    assert (image.grad != 0).flatten(2).any(dim=2).all()


def test_mean_and_covariance_become_the_targets() -> None:
    content, style = picture(50, 70, seed=1), 0.3 * picture(40, 40, seed=2) + 0.5
    target = checked_colours(style)
    result = checked_colours(matched(content, style))
    torch.testing.assert_close(result.mean, target.mean, rtol=0, atol=1e-5)
    # The floor keeps a little of the source's.
    assert (result.covariance - target.covariance).abs().max() < 2 * FLOOR


def test_the_covariance_keeps_its_digits() -> None:
    image = 0.5 + 0.01 * picture(200, 327, seed=1).contiguous(memory_format=torch.channels_last)
    expected = torch.cov(image[0].double().flatten(1), correction=0)
    torch.testing.assert_close(colours_of(image).covariance[0].double(), expected, rtol=1e-5, atol=0)


def test_some_pixels_stand_for_all_of_a_large_picture() -> None:
    image = picture(1000, 1400, seed=1)
    some = sampled(image)
    assert SAMPLES <= some.shape[-2] * some.shape[-1] < 2 * SAMPLES
    assert torch.equal(some, sampled(image))
    found = colours_of(image)
    assert (found.mean - image.mean((2, 3))).abs().max() < 0.003
    levels = torch.quantile(image.mean(1).flatten(), (torch.arange(LEVELS) + 0.5) / LEVELS)
    assert (found.levels[0] - levels)[2:-2].abs().max() < 0.02
    # Every fourth row or column would see one phase of this only.
    screen = ((torch.arange(1400) % 4 == 0) & (torch.arange(1000)[:, None] % 4 == 0)).float()
    mean = colours_of(screen.expand(1, 3, -1, -1)).mean
    assert float(mean.mean()) == pytest.approx(1 / 16, abs=0.003)


def test_colours_that_are_right_stay() -> None:
    content = picture(50, 70, seed=1)
    torch.testing.assert_close(matched(content, content), content, rtol=0, atol=1e-3)


def test_light_and_shade_stay_in_their_order() -> None:
    """What is darker before is darker after, whatever the colours are; where one would clip, the shoulder disturbs less than that."""
    content = picture(50, 70, seed=1)
    match = colour_match(content, colours_of(picture(40, 40, seed=2).flip(1).square()))
    straight = match._replace(shoulder=Shoulder(torch.zeros(1, 3), torch.zeros(1, 3))).apply(content)
    order = content.mean(1).flatten().argsort()
    assert (straight.mean(1).flatten()[order].diff() > -1e-6).all()

    def out_of_order(result: Tensor) -> Tensor:
        greys = result.clamp(0, 1).mean(1).flatten()[order]
        return greys.cummax(0).values - greys

    clipped, bent = out_of_order(straight), out_of_order(match.apply(content))
    assert clipped.max() > 0.1, "nothing clips here"
    assert bent.max() < 0.9 * clipped.max()
    assert bent.mean() < 0.95 * clipped.mean()


def test_a_face_on_blank_paper_stays_drawn() -> None:
    """Nearly all of a style is white: its distribution would leave next to nothing of the difference between two middle greys."""
    content = torch.linspace(0, 1, 3500).view(50, 70).expand(1, 3, -1, -1)
    paper = torch.where(torch.arange(1600).view(40, 40) % 20 == 0, 0.1, 0.9).expand(1, 3, -1, -1)
    match = colour_match(content, colours_of(paper))
    straight = match._replace(shoulder=Shoulder(torch.zeros(1, 3), torch.zeros(1, 3)))
    greys = straight.apply(torch.linspace(0, 1, 200).expand(1, 3, 1, -1)).mean(1).flatten()
    assert (greys.diff() * 199).min() > 0.99 * HOLD
    shown = match.apply(content).clamp(0, 1)
    assert (shown.mean((2, 3)) - paper.mean((2, 3))).abs().max() < 0.015
    # On darker paper the curve is as much steeper, and nothing has to bend.
    darker = paper.clamp(max=0.6)
    assert (matched(content, darker).mean((2, 3)) - darker.mean((2, 3))).abs().max() < 0.002


def purity(image: Tensor) -> Tensor:
    return (image - image.mean(1, keepdim=True)).square().sum(1).mean()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_bending_and_clipping_take_is_made_up_for(seed: int) -> None:
    """Pale and pure colours, some at the limits: what is shown has their mean, and is about as pure."""
    style = (1.3 * picture(60, 60, seed=seed)).clamp(0, 1)
    shown = matched(picture(50, 70, seed=seed + 10), style).clamp(0, 1)
    assert (shown.mean((2, 3)) - style.mean((2, 3))).abs().max() < 0.012
    assert 0.9 < purity(shown) / purity(style) < 1.1


def test_a_flat_picture_is_not_blown_up() -> None:
    flat = 0.5 + 0.001 * torch.randn(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    style = picture(40, 40, seed=2)
    assert matched(flat, style).std() < 0.1 * style.std()


def test_what_is_aimed_at() -> None:
    content, style = colours_of(picture(50, 70, seed=1)), colours_of(0.5 * picture(40, 40, seed=2))
    quarter = colours_aimed_at(content, style, 0.25)
    for found, low, high in zip(quarter, content, style, strict=True):
        torch.testing.assert_close(found, 0.75 * low + 0.25 * high)
    full, beyond = colours_aimed_at(None, style, 1.0), colours_aimed_at(None, style, 1.5)
    assert all(torch.equal(a, b) for a, b in zip(full, style, strict=True))
    torch.testing.assert_close(beyond.covariance, 1.5 * style.covariance)
    assert torch.equal(beyond.mean, style.mean)


def test_what_is_aimed_at_where_the_content_keeps_its_brightness() -> None:
    """Greys are the content's, how colours differ from them is the style's."""
    content, style = colours_of(0.6 * picture(50, 70, seed=1) + 0.3), colours_of(0.5 * picture(40, 40, seed=2))
    assert all(torch.equal(a, b) for a, b in zip(colours_aimed_at(content, style, 1.0, 0.0), style, strict=True))
    for keep in (0.5, 1.0):
        aim = colours_aimed_at(content, style, 1.0, keep)
        assert torch.equal(aim.contrasts, style.contrasts)
        torch.testing.assert_close(aim.levels, torch.lerp(style.levels, content.levels, keep))
        torch.testing.assert_close(aim.mean.mean(1), torch.lerp(style.mean, content.mean, keep).mean(1))
        of_greys = torch.lerp(style.covariance, content.covariance, keep).sum((1, 2))
        torch.testing.assert_close(aim.covariance.sum((1, 2)), of_greys, rtol=0.02, atol=0)
        axis = torch.tensor([1.0, -2.0, 1.0])
        torch.testing.assert_close(aim.mean @ axis, style.mean @ axis)
        torch.testing.assert_close(aim.covariance @ axis @ axis, style.covariance @ axis @ axis)


def test_gradients_are_finite_even_for_a_single_colour() -> None:
    image = torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    matched(image, picture(16, 16, seed=1)).square().sum().backward()
    assert image.grad is not None and torch.isfinite(image.grad).all()


def test_gradients_do_not_ask_for_what_is_moved_back() -> None:
    """The curve and the map are seen through: no gradient wants the picture as a whole brighter or darker."""
    image = picture(16, 16, seed=1).requires_grad_()
    matched(image, picture(16, 16, seed=2).square()).square().sum().backward()
    assert image.grad is not None
    assert image.grad.sum().abs() < 1e-3 * image.grad.abs().sum()


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
    monkeypatch.setattr(finishing, "COLOURS_OF_ITSELF", 200 * 200)
    monkeypatch.setattr(tiling, "COLOURS_OF_COPY", 150 * 150)
    whole = compact_model.transfer(content, style, strength)
    torch.testing.assert_close(compact_model.transfer(content, style, strength, tile=64), whole, rtol=0, atol=1e-4)
    assert 0 < (whole - by_itself).abs().max() < 0.2
