"""Colours beyond black and white bend into the range, and nothing else changes."""

from __future__ import annotations

import torch
from torch import Tensor

from a2k_core.shoulder import KNEE, OUTLIERS, shoulder
from a2k_core.tones import LEVELS

MIDDLE = torch.full((1, LEVELS), 0.5)


def ramp(low: float, high: float) -> Tensor:
    return torch.linspace(low, high, 4096).view(1, 1, 64, 64).repeat(1, 3, 1, 1)


def test_a_picture_within_the_range_stays_as_it_is() -> None:
    image = ramp(0, 1)
    assert torch.equal(shoulder(image, MIDDLE).apply(image), image)


def test_what_would_clip_keeps_its_drawing() -> None:
    image = ramp(-0.3, 1.2)
    bent = shoulder(image, MIDDLE).apply(image)
    assert (bent[0, 0].flatten().diff() > 0).all()
    assert ((bent < 0) | (bent > 1)).float().mean() < 2.1 * OUTLIERS
    middle = (image > KNEE) & (image < 1 - KNEE)
    assert torch.equal(bent[middle], image[middle])


def test_each_colour_and_each_end_is_bent_by_itself() -> None:
    image = torch.cat([ramp(0, 1)[:, :1], ramp(-0.3, 1)[:, :1], ramp(0, 1.3)[:, :1]], dim=1)
    made = shoulder(image, MIDDLE)
    assert (made.dark[0] > 0).tolist() == [False, True, False]
    assert (made.light[0] > 0).tolist() == [False, False, True]


def test_a_style_of_pure_white_may_stay_pure() -> None:
    """A fifth of the style is paper: the brightest fifth of the picture may end at white."""
    levels = torch.cat([torch.full((1, LEVELS * 4 // 5), 0.3), torch.ones(1, LEVELS - LEVELS * 4 // 5)], dim=1)
    image = ramp(0, 1.2)
    share = (shoulder(image, levels).apply(image) >= 1).float().mean()
    assert share > 0.15
    assert (shoulder(image, MIDDLE).apply(image) >= 1).float().mean() < 1.1 * OUTLIERS


def test_pictures_of_a_batch_are_bent_apart() -> None:
    both = torch.cat([ramp(0, 1), ramp(-0.2, 1.4)])
    bent = shoulder(both, MIDDLE).apply(both)
    assert torch.equal(bent[:1], both[:1])
    torch.testing.assert_close(bent[1:], shoulder(both[1:], MIDDLE).apply(both[1:]))
