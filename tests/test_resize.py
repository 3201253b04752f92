"""Scaling of pictures to a short side."""

from __future__ import annotations

import pytest
import torch

from a2k_core.rendering.resize import MAX_ENLARGED_PIXELS, resize_to_short_side


@pytest.mark.parametrize(("side", "size"), [(0, (30, 60)), (15, (15, 30)), (60, (60, 120))])
def test_the_short_side_becomes_what_is_asked(side: int, size: tuple[int, int]) -> None:
    assert resize_to_short_side(torch.rand(1, 3, 30, 60), side).shape[-2:] == size


def test_a_long_strip_is_not_enlarged_without_bound() -> None:
    height, width = resize_to_short_side(torch.empty(1, 3, 100, 8000, device="meta"), 4096).shape[-2:]
    assert height * width <= MAX_ENLARGED_PIXELS * 1.01


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [((40, 80), 20, (20, 40)), ((81, 27), 9, (27, 9)), ((10, 80), 20, (10, 80)), ((40, 80), 0, (40, 80))],
)
def test_the_short_side_is_shrunk_and_not_enlarged_where_that_is_asked(
    size: tuple[int, int], side: int, expected: tuple[int, int]
) -> None:
    image = torch.rand(1, 3, *size)
    assert resize_to_short_side(image, side, enlarge=False).shape == (1, 3, *expected)


def test_shrinking_is_antialiased_and_stays_in_range() -> None:
    grain = torch.rand(1, 3, 64, 256).round()
    small = resize_to_short_side(grain, 16)
    assert small.std() < 0.4 * grain.std()  # picking every fourth pixel would keep all of the contrast
    assert small.min() >= 0
    assert small.max() <= 1
