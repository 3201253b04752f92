"""Batches with the channels last: what is accepted, and chunks when memory is short."""

from __future__ import annotations

import pytest
import torch

from a2k_core import InputError
from a2k_core.batches import alpha_of, check_batch, check_mask, mask_of, resize_to_short_side, run_in_chunks, to_rgb


def test_grey_rgb_and_alpha() -> None:
    grey = torch.rand(2, 5, 4, 1, dtype=torch.float16)
    assert to_rgb(grey, "x").shape == (2, 3, 5, 4)
    assert to_rgb(grey, "x").dtype == torch.float32
    rgba = torch.rand(1, 5, 4, 4)
    assert torch.equal(to_rgb(rgba, "x").movedim(1, -1), rgba[..., :3])
    alpha = alpha_of(rgba)
    assert alpha is not None
    assert torch.equal(alpha, rgba[..., 3:])
    assert alpha_of(grey) is None


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
        enlarged = mask_of(mask, 1, 2, 90, 60)
        assert enlarged.shape == (1, 1, 90, 60) and enlarged.dtype == torch.float32
        assert (enlarged[..., :28] == 0).all() and (enlarged[..., 32:] == 1).all()
    assert torch.equal(mask_of(two, 1, 2, 64, 64)[0, 0], two[1].clamp(0, 1))
    small = mask_of(two, 0, 2, 7, 9)
    assert small.shape == (2, 1, 7, 9) and small.min() >= 0 and small.max() <= 1


@pytest.mark.parametrize(("side", "size"), [(0, (30, 60)), (15, (15, 30)), (60, (60, 120))])
def test_the_short_side_becomes_what_is_asked(side: int, size: tuple[int, int]) -> None:
    assert resize_to_short_side(torch.rand(1, 3, 30, 60), side).shape[-2:] == size


def test_a_long_strip_is_not_enlarged_without_bound() -> None:
    height, width = resize_to_short_side(torch.empty(1, 3, 100, 8000, device="meta"), 4096).shape[-2:]
    assert height * width <= 2048 * 2048 * 1.01


def test_chunks_are_halved_until_they_fit_and_every_picture_is_done_once() -> None:
    done: list[int] = []
    released = []

    def work(start: int, stop: int) -> None:
        if stop - start > 2:
            raise MemoryError
        done.extend(range(start, stop))

    run_in_chunks(11, 8, work, _raise_non_memory, lambda: released.append(1))
    assert done == list(range(11))
    assert len(released) == 2


def test_short_memory_for_one_picture_and_other_errors_are_raised() -> None:
    def work(start: int, stop: int) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        run_in_chunks(4, 4, work, _raise_non_memory, lambda: None)

    def fail(start: int, stop: int) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_in_chunks(4, 4, fail, _raise_non_memory, lambda: None)


def _raise_non_memory(error: Exception) -> None:
    if not isinstance(error, MemoryError):
        raise error
