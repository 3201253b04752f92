"""What stands still in a video stands still, and what moves moves."""

from __future__ import annotations

import torch
from example_pictures import examples
from tiny_networks import picture
from torch import Tensor

from a2k_core import StyA2K
from a2k_core.video.box_mean import box_mean
from a2k_core.video.temporal_smoothing import PREVIOUS_SHARE, temporal_smoothing


def noisy(photo: Tensor, count: int) -> Tensor:
    """So many frames of a photo with noise of two 8-bit levels."""
    return (photo + 2 / 255 * torch.randn(count, *photo.shape[1:])).clamp(0, 1)


def flicker(frames: Tensor) -> float:
    """Mean change from frame to frame, in 8-bit levels."""
    return float(255 * frames.diff(dim=0).abs().mean())


def test_noise_fades_where_nothing_moves() -> None:
    frames = noisy(0.2 + 0.6 * picture(60, 80), 20)
    steady = temporal_smoothing(frames, None)
    assert torch.equal(steady[0], frames[0])
    assert flicker(steady[10:]) < 0.25 * flicker(frames)
    assert 255 * (steady[10:] - frames.mean(0)).abs().mean() < 1


def test_what_moves_leaves_no_trail() -> None:
    frames = torch.full((6, 3, 40, 60), 0.5)
    for index in range(6):
        frames[index, :, :, 8 * index : 8 * index + 8] = 0.8
    assert (temporal_smoothing(frames, None) - frames).abs().max() < 0.01
    faint = torch.cat([torch.full((1, 3, 8, 8), 0.5), torch.full((1, 3, 8, 8), 0.51)])
    assert torch.allclose(temporal_smoothing(faint.repeat_interleave(30, 0), None)[-1], faint[-1], atol=1e-3)


def test_a_video_in_parts_is_the_video() -> None:
    frames = noisy(picture(30, 40), 7)
    whole = temporal_smoothing(frames, None)
    first = temporal_smoothing(frames[:3], None)
    assert torch.equal(torch.cat([first, temporal_smoothing(frames[3:], first[-1:])]), whole)
    assert torch.equal(temporal_smoothing(frames[:1], picture(20, 20)), frames[:1])  # another size begins anew
    assert temporal_smoothing(frames.half(), None).dtype == torch.half
    assert 0 < PREVIOUS_SHARE < 1


def test_the_bundled_weights_flicker_less(bundled_model: StyA2K) -> None:
    model = bundled_model
    frames = noisy(examples("content", 192)[0], 8)
    encoded = model.encode_style(examples("style", 192)[0])
    clip = model.clip_statistics(frames)
    each, steady = (
        model.transfer(given[4:], encoded, clip=clip) for given in (frames, temporal_smoothing(frames, None))
    )
    assert flicker(steady) < 0.4 * flicker(each)


def test_a_box_mean_is_the_mean_of_the_pixels_around() -> None:
    image = picture(20, 30, batch=2)
    for side in (3, 9, 15):
        found = box_mean(image, side)
        for row, column in ((0, 0), (3, 29), (10, 15)):
            around = image[
                ..., max(0, row - side // 2) : row + side // 2 + 1, max(0, column - side // 2) : column + side // 2 + 1
            ]
            torch.testing.assert_close(found[..., row, column], around.mean((2, 3)))
