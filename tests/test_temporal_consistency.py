"""Paint moves with what it paints, and ends where that ends."""

from __future__ import annotations

import pytest
import torch
from tiny_networks import picture
from torch import Tensor

from a2k_core.video.optical_flow import motion_between, warped
from a2k_core.video.temporal_consistency import LAG, LIFE, Carried, temporal_consistency

pytest.importorskip("cv2", reason='needs OpenCV: pip install "stya2k[video]"')

STEP = 3
"""Pixels that the content moves each frame."""


def pan(count: int, height: int = 96, width: int = 128) -> Tensor:
    """Frames of a camera that moves to the right."""
    wide = picture(height, width + STEP * count, seed=1)
    return torch.cat([wide[..., STEP * index : STEP * index + width] for index in range(count)])


def carry(frames: Tensor, painted: Tensor, carried: Carried | None = None) -> Tensor:
    """The paintings of a clip."""
    results = []
    for frame, paint in zip(frames.split(1), painted.split(1), strict=True):
        carried = temporal_consistency(frame, paint, carried)
        results.append(carried.painting)
    return torch.cat(results)


def test_the_motion_of_a_pan_is_found() -> None:
    before, now = pan(2).split(1)
    flow, trust = motion_between(now, before)
    inner = (..., slice(16, -16), slice(16, -16))
    assert (flow[:, 0][inner] - STEP).abs().mean() < 0.2
    assert flow[:, 1][inner].abs().mean() < 0.2
    assert trust[inner].mean() > 0.8
    assert trust[..., -STEP:].max() < 0.5  # this was outside


def test_paint_moves_with_the_content() -> None:
    frames = pan(6)
    painted = torch.cat([picture(96, 128, seed=10 + index) for index in range(6)])  # boils as much as can be
    found = carry(frames, painted)

    def error(clip: Tensor) -> float:
        moved = clip[:-1, :, 16:-16, 16 + STEP : -16] - clip[1:, :, 16:-16, 16 : -16 - STEP]
        return float(moved.abs().mean())

    assert error(found) < 0.4 * error(painted)
    assert torch.equal(found, carry(frames, painted))
    assert found.min() >= 0 and found.max() <= 1


def test_nothing_is_carried_over_a_cut() -> None:
    frames = torch.cat([picture(96, 128, seed=1), picture(96, 128, seed=2)])
    painted = torch.cat([picture(96, 128, seed=3), picture(96, 128, seed=4)])
    assert torch.equal(carry(frames, painted), painted)
    other_size = temporal_consistency(
        frames[:1, :, :50], painted[:1, :, :50], Carried(*frames[:1].expand(4, -1, -1, -1).split(1))
    )
    assert torch.equal(other_size.painting, painted[:1, :, :50])


def test_what_is_uncovered_is_painted_afresh() -> None:
    """A bright sheet moves over a photo: no smear of its paint stays behind."""
    background = 0.6 * picture(96, 160, seed=1)
    frames, painted = [], []
    for index in range(4):
        sheet = torch.zeros(1, 1, 96, 160, dtype=torch.bool)
        sheet[..., 30:70, 20 + 8 * index : 70 + 8 * index] = True
        frames.append(torch.where(sheet, torch.tensor(1.0), background))
        painted.append(sheet.float().expand(1, 3, -1, -1))
    found = carry(torch.cat(frames), torch.cat(painted))
    assert found[-1, :, 34:66, 22:42].max() < 0.05  # where the sheet was
    assert found[-1, :, 36:64, 54:84].min() > 0.95  # where it is


def test_paint_is_renewed_bit_by_bit() -> None:
    """Each frame is painted in a gray of its own, which tells how old paint is."""
    count = LIFE + 8
    grays = (torch.arange(count) / 100).view(-1, 1, 1, 1).expand(-1, 3, 64, 96)
    found = 100 * carry(picture(64, 96).expand(count, -1, -1, -1), grays)
    age = torch.arange(count).view(-1, 1, 1, 1) - found
    assert age.min() > -0.01 and age.max() < LIFE + 5  # soft edges last a little longer
    mean = age.mean((1, 2, 3))
    assert mean.max() < LIFE and mean.diff().min() > -LIFE / 4  # never much of it at once


def test_paint_follows_a_change_of_strength() -> None:
    frame, painted = picture(64, 96), picture(64, 96, seed=2)
    before = temporal_consistency(frame, picture(64, 96, seed=3), None)
    assert torch.equal(temporal_consistency(frame, painted, before, LAG).painting, painted)
    assert not torch.equal(temporal_consistency(frame, painted, before).painting, painted)


def test_small_frames_stand_still() -> None:
    flow, trust = motion_between(picture(20, 30), picture(20, 30, seed=1))
    assert not flow.any() and bool((trust == 1).all())
    assert warped(picture(20, 30), flow).shape == (1, 3, 20, 30)
