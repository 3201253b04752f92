"""The smoothing that keeps the sub-pixel output of the compact decoder from showing."""

from __future__ import annotations

import torch

from a2k_core.decoder import Smooth


def test_smoothing_silences_the_two_pixel_period_and_nothing_flat() -> None:
    stripes = torch.tensor([0.0, 1.0]).repeat(8).expand(1, 3, 16, 16)
    for pattern in (stripes, stripes.transpose(2, 3), (stripes + stripes.transpose(2, 3)) % 2):
        inside = Smooth()(pattern)[..., 1:-1, 1:-1]
        assert float((inside - 0.5).abs().max()) < 1e-6
    flat = torch.full((1, 3, 7, 9), 0.3)
    assert torch.allclose(Smooth()(flat), flat)


def test_smoothing_keeps_size_and_place() -> None:
    point = torch.zeros(1, 3, 9, 9)
    point[..., 4, 4] = 16
    smooth = Smooth()(point)
    assert smooth.shape == point.shape
    expected = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    assert torch.equal(smooth[0, 0, 3:6, 3:6], expected)
    assert float(smooth.sum()) == 3 * 16
