"""Batches of pictures with the channels last: what is accepted, and what becomes RGB and alpha."""

from __future__ import annotations

import pytest
import torch

from a2k_core import InputError
from a2k_core.rendering.image_batch import alpha_of, check_batch, to_rgb


def test_gray_rgb_and_alpha() -> None:
    gray = torch.rand(2, 5, 4, 1, dtype=torch.float16)
    assert to_rgb(gray, "x").shape == (2, 3, 5, 4)
    assert to_rgb(gray, "x").dtype == torch.float32
    rgba = torch.rand(1, 5, 4, 4)
    assert torch.equal(to_rgb(rgba, "x").movedim(1, -1), rgba[..., :3])
    alpha = alpha_of(rgba)
    assert alpha is not None
    assert torch.equal(alpha, rgba[..., 3:])
    assert alpha_of(gray) is None


@pytest.mark.parametrize(
    ("shape", "says"),
    [((0, 4, 4, 3), "empty batch"), ((1, 0, 4, 3), "4x0"), ((1, 4, 4, 2), "2 channels"), ((4, 4, 3), "batch")],
)
def test_what_is_not_a_batch_of_pictures_is_refused(shape: tuple[int, ...], says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_batch(torch.zeros(shape), "The picture")


def test_nan_is_reported_with_its_picture() -> None:
    image = torch.zeros(3, 4, 4, 3)
    image[1, 2, 2, 0] = float("nan")
    with pytest.raises(InputError, match="picture 11 "):
        to_rgb(image, "The picture", first=10)


def test_nan_in_alpha_is_reported_too() -> None:
    image = torch.zeros(1, 4, 4, 4)
    image[0, 1, 1, 3] = float("nan")
    with pytest.raises(InputError, match="picture 0 "):
        to_rgb(image, "The picture")


def test_whole_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="uint8"):
        check_batch(torch.zeros((1, 4, 4, 3), dtype=torch.uint8), "The picture")
