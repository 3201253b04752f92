"""Masks: what is accepted, and how they get the size of the pictures."""

from __future__ import annotations

import pytest
import torch

from a2k_core import InputError
from a2k_core.rendering.masks import check_mask, resized_mask


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (torch.zeros(3, 4, 4), "3 masks for 2 pictures"),
        (torch.zeros(1, 2, 4, 4), r"\[1, 2, 4, 4\]; connect masks"),
        (torch.zeros(0, 4, 4), r"\[0, 4, 4\]; connect masks"),
        (torch.zeros(4, 4, dtype=torch.uint8), "uint8"),
        (torch.full((4, 4), float("nan")), "NaN"),
        (None, "NoneType"),
    ],
)
def test_what_is_not_a_mask_is_refused(mask: torch.Tensor, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_mask(mask, 2)


def test_masks_get_the_size_of_the_pictures_and_stay_in_range() -> None:
    one, two = torch.zeros(30, 20), 3 * torch.rand(2, 64, 64) - 1
    one[:, 10:] = 1
    for mask in (one, one[None], two, two.half()):
        check_mask(mask, 2)
    for mask in (one, one[None]):
        enlarged = resized_mask(mask, 1, 2, 90, 60)
        assert enlarged.shape == (1, 1, 90, 60) and enlarged.dtype == torch.float32
        assert (enlarged[..., :28] == 0).all() and (enlarged[..., 32:] == 1).all()
    assert torch.equal(resized_mask(two, 1, 2, 64, 64)[0, 0], two[1].clamp(0, 1))
    small = resized_mask(two, 0, 2, 7, 9)
    assert small.shape == (2, 1, 7, 9) and small.min() >= 0 and small.max() <= 1
