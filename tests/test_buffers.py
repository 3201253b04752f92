"""Pictures and features region by region: what lies beyond an edge, and what becomes of pieces."""

from __future__ import annotations

import pytest
import torch
from tiny_networks import picture

from a2k_core.network.attention.blocks import pad_to_multiple
from a2k_core.network.regions import Region
from a2k_core.rendering.buffers import FeatureBuffer, ImageBuffer, PaddedSource, cropped, reader


def read_in_parts(image: torch.Tensor, grid: int = 32) -> PaddedSource:
    return PaddedSource(reader(image), (image.shape[0], image.shape[2], image.shape[3]), grid)


@pytest.mark.parametrize(("height", "width"), [(101, 89), (64, 64), (5, 1)])
def test_parts_are_those_of_the_padded_picture(height: int, width: int) -> None:
    image = picture(height, width, seed=1)
    parts, padded = read_in_parts(image), pad_to_multiple(image, 32)
    assert parts.bounds == (0, 0, *padded.shape[-2:])
    for region in parts.bounds.split(32, 32):
        top, left, bottom, right = region
        assert torch.equal(parts.padded(region), padded[..., top:bottom, left:right])
        assert parts.inside(region) == Region(top, left, min(bottom, height), min(right, width))


def test_only_pixels_of_the_picture_are_read() -> None:
    image = picture(70, 33, seed=1)
    asked: list[tuple[slice, slice]] = []

    def read(rows: slice, columns: slice) -> torch.Tensor:
        asked.append((rows, columns))
        return image[..., rows, columns]

    source = PaddedSource(read, (1, 70, 33), 32)
    for region in source.bounds.split(32, 32):
        source.padded(region)
    assert all(0 <= rows.start < rows.stop <= 70 for rows, _ in asked)
    assert all(0 <= columns.start < columns.stop <= 33 for _, columns in asked)


def test_pieces_of_an_image_come_together_in_any_order() -> None:
    image, buffer = picture(10, 14, seed=1, batch=2).half(), ImageBuffer(10, 14)
    assert buffer.image is None
    for top, bottom, left, right in ((4, 10, 0, 9), (0, 4, 0, 14), (4, 10, 9, 14)):
        buffer.write(top, left, image[..., top:bottom, left:right])
    assert buffer.image is not None
    assert torch.equal(buffer.image, image)


def test_a_piece_that_is_the_whole_image_is_not_copied() -> None:
    image, buffer = picture(10, 14), ImageBuffer(10, 14)
    buffer.write(0, 0, image)
    assert buffer.image is image


def test_features_of_regions_come_together() -> None:
    bounds = Region(0, 0, 64, 96)
    level4, level8, level16 = (torch.rand(1, 2, 64 // stride, 96 // stride) for stride in (4, 8, 16))
    whole = level4, level8, level16
    everywhere = (bounds, bounds, bounds)
    collected, known = FeatureBuffer(bounds), FeatureBuffer(bounds, whole)
    for region in bounds.split(32, 32):
        collected.write(cropped(whole, everywhere, (region, region, region)), region)
    at = (Region(16, 32, 48, 64), Region(0, 32, 64, 64), bounds)
    for found, same, level, part, stride in zip(collected.read(at), known.read(at), whole, at, (4, 8, 16), strict=True):
        assert torch.equal(found, same)
        assert torch.equal(found, level[part.within(bounds, stride)])
