"""The tone curve: greys get the distribution of the style's, by one rising curve."""

from __future__ import annotations

import pytest
import torch
from tiny_networks import picture
from torch import Tensor

from a2k_core.tones import LEVELS, grey_levels, tone_curve


def grey(values: Tensor) -> Tensor:
    """`[1, 3, H, W]` of `[H, W]`."""
    return values.expand(1, 3, -1, -1)


def even(side: int = 100) -> Tensor:
    """All greys from 0 to 1 alike."""
    return grey(torch.linspace(0, 1, side * side).view(side, side))


def ink(side: int = 100) -> Tensor:
    """Paper at 0.9 with a tenth of ink at 0.1."""
    return grey(torch.where(torch.arange(side * side) % 10 == 0, 0.1, 0.9).view(side, side))


def moved(content: Tensor, style: Tensor) -> Tensor:
    return tone_curve(grey_levels(content), grey_levels(style)).apply(content)


def distance(one: Tensor, other: Tensor) -> float:
    """Between the distributions of two pictures' greys, at the same mean and deviation."""
    levels, others = ((image - image.mean()) / image.std() for image in (grey_levels(one), grey_levels(other)))
    return float((levels - others).abs().mean())


def test_levels_are_the_sorted_greys_in_equal_shares() -> None:
    levels = grey_levels(even())
    torch.testing.assert_close(levels, (torch.arange(LEVELS)[None] + 0.5) / LEVELS, rtol=0, atol=1e-3)
    assert grey_levels(torch.full((2, 3, 3, 5), 0.25)).shape == (2, LEVELS)  # fewer pixels than levels
    torch.testing.assert_close(grey_levels(picture(40, 50, seed=1)).mean(), picture(40, 50, seed=1).mean())


@pytest.mark.parametrize("style", [ink(), even().square(), 0.3 * even().sqrt()], ids=["ink", "dark", "pale"])
def test_the_distribution_becomes_the_styles(style: Tensor) -> None:
    content = even()
    result = moved(content, style)
    assert distance(result, style) < 0.5 * distance(content, style)
    # At the contrast it had: that is for the linear map.
    assert float(result.mean()) == pytest.approx(0.5, abs=0.05)
    assert float(result.std() / content.std()) == pytest.approx(1, abs=0.1)


def test_the_curve_rises() -> None:
    for content, style in ((even(), ink()), (ink(), even()), (picture(40, 50), ink()), (even(), even())):
        curve = tone_curve(grey_levels(content), grey_levels(style))
        assert (curve.values.diff() > 0).all()
        beyond = curve.apply(grey(torch.linspace(-0.5, 1.5, 300)[None])).mean(1).flatten()
        assert (beyond.diff() > 0).all()


def test_its_own_greys_change_nothing() -> None:
    image = picture(40, 50, seed=1, batch=2)
    torch.testing.assert_close(moved(image, image), image, rtol=0, atol=1e-3)


def test_nearly_flat_parts_are_not_pulled_apart() -> None:
    """The grain of a white page is not made to fill the range of a style that has all greys alike."""
    page = ink() + 0.01 * torch.randn(1, 1, 100, 100, generator=torch.Generator().manual_seed(0))
    paper = ink()[0, 0] > 0.5
    result = moved(page, even())
    assert result[..., paper].std() < 10 * page[..., paper].std()


def test_a_curve_can_be_kept_from_being_flat() -> None:
    """Where it is flatter than asked for it becomes as steep, else it stays; so does its first point."""
    curve = tone_curve(grey_levels(even()), grey_levels(ink()))
    steeper = curve.at_least(torch.tensor([[0.6]]))
    slopes, steep = ((one.values.diff() / one.step).flatten() for one in (curve, steeper))
    assert slopes.min() < 0.5
    torch.testing.assert_close(steep, slopes.clamp(min=0.6), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(steeper.values[:, 0], curve.values[:, 0])


def test_colours_move_with_their_greys() -> None:
    image = picture(40, 50, seed=1)
    change = moved(image, ink()) - image
    torch.testing.assert_close(change[:, 0], change[:, 1])
    torch.testing.assert_close(change[:, 0], change[:, 2])


def test_each_picture_of_a_batch_has_its_own_curve() -> None:
    contents, styles = picture(40, 50, batch=2), torch.cat([ink(), even()])
    together = moved(contents, styles)
    for index in range(2):
        one = slice(index, index + 1)
        torch.testing.assert_close(together[one], moved(contents[one], styles[one]), rtol=0, atol=1e-6)
    torch.testing.assert_close(moved(contents, styles[:1])[1:], moved(contents[1:], styles[:1]), rtol=0, atol=1e-6)
