"""The content read in parts: what lies beyond a picture's edge."""

from __future__ import annotations

import pytest
import torch
from tiny_networks import picture

from a2k_core.blocks import pad_to_multiple
from a2k_core.content import Content
from a2k_core.regions import Region


def read_in_parts(image: torch.Tensor, grid: int = 32) -> Content:
    shape = (image.shape[0], image.shape[2], image.shape[3])
    return Content(lambda rows, columns: image[..., rows, columns], shape, grid)


@pytest.mark.parametrize(("height", "width"), [(101, 89), (64, 64), (5, 1)])
def test_parts_are_those_of_the_padded_picture(height: int, width: int) -> None:
    image = picture(height, width, seed=1)
    parts, padded = read_in_parts(image), pad_to_multiple(image, 32)
    assert parts.bounds == (0, 0, *padded.shape[-2:])
    for region in parts.bounds.split(32, 32):
        top, left, bottom, right = region
        assert torch.equal(parts.padded(region), padded[..., top:bottom, left:right])
        assert torch.equal(parts.pixels(parts.inside(region)), image[..., top:bottom, left:right])
        assert parts.inside(region) == Region(top, left, min(bottom, height), min(right, width))
