"""Each scene of a clip is painted as if it were a clip of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import torch
from example_pictures import examples
from tiny_networks import picture
from torch import Tensor

from a2k_core import EncodedStyle, StyA2K, TransferOptions
from a2k_core.video.frames import FrameStylizer
from a2k_core.video.scenes import CutDetector, ReadFrames, Scene, find_scenes, representative_frames

SIDE = 96


@pytest.fixture(scope="module")
def style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(picture(70, 90, seed=2))


def pan(photo: Tensor, count: int, step: int = 4) -> Tensor:
    """Frames of a camera that moves over a photo."""
    return torch.cat([photo[..., :SIDE, step * at : step * at + SIDE] for at in range(count)])


def photos() -> list[Tensor]:
    return examples("content", 160)


def cuts(frames: Tensor) -> list[int]:
    detector = CutDetector()
    return [index for index, frame in enumerate(frames.split(1)) if detector(frame)]


def reader(frames: Tensor) -> ReadFrames:
    def read(wanted: Sequence[int] | None) -> Iterator[Tensor]:
        return iter((frames if wanted is None else frames[list(wanted)]).split(1))

    return read


def painted(model: StyA2K, style: EncodedStyle, frames: Tensor, chunk: int = 3) -> Tensor:
    stylizer = FrameStylizer(model, style, TransferOptions(), scenes=find_scenes(model, reader(frames)))
    return torch.cat([stylizer(frames[at : at + chunk], at) for at in range(0, len(frames), chunk)])


def test_cuts_are_found() -> None:
    first, second, third = (pan(photo, 5) for photo in photos())
    assert cuts(torch.cat([first, 0.3 * second, third])) == [0, 5, 10]
    black = torch.zeros(3, 3, SIDE, SIDE)
    assert cuts(torch.cat([black, first, black])) == [0, 3, 8]


def test_motion_light_and_noise_are_no_cuts() -> None:
    for photo in photos():
        frames = pan(photo, 8)
        light = torch.tensor([1, 0.9, 0.5, 0.5, 0.7, 1, 1.3, 1]).view(-1, 1, 1, 1)
        noise = 8 / 255 * torch.randn(frames.shape, generator=torch.Generator().manual_seed(0))
        assert cuts((frames * light + noise).clamp(0, 1)) == [0]
        fade = torch.linspace(0, 1, 32).view(-1, 1, 1, 1)
        assert cuts(pan(photo, 32, 1) * fade) == [0]
    assert cuts((torch.rand(6, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) < 0.5) * 0.01) == [0]


def test_something_large_that_passes_is_no_cut() -> None:
    background, sheet = photos()[0][..., :SIDE, :SIDE], photos()[1][..., :SIDE, :SIDE]
    frames = []
    for at in range(0, 2 * SIDE, 6):
        frame = background.clone()
        covered = slice(max(0, at - SIDE), min(at, SIDE))
        frame[..., covered] = sheet[..., covered.start + SIDE - at : covered.stop + SIDE - at]
        frames.append(frame)
    assert cuts(torch.cat(frames)) == [0]


def test_a_flash_is_one_cut_at_most() -> None:
    frames = pan(photos()[0], 8)
    frames[4] = 1
    assert cuts(frames) == [0, 4]


def test_joined_clips_are_painted_as_each_alone(compact_model: StyA2K, style: EncodedStyle) -> None:
    bright, dark = (pan(photo, 5) for photo in photos()[:2])
    dark = 0.25 * dark
    together = painted(compact_model, style, torch.cat([bright, dark]))
    alone = torch.cat([painted(compact_model, style, frames) for frames in (bright, dark)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-4)
    clip = compact_model.clip_statistics(torch.cat([bright, dark]))
    shared = FrameStylizer(compact_model, style, TransferOptions(clip=clip))(torch.cat([bright, dark]))
    assert (shared - alone)[5:].abs().mean() > 0.01  # what it was with one set of statistics


def test_a_clip_without_cuts_has_the_statistics_of_some_of_its_frames(compact_model: StyA2K) -> None:
    frames = pan(photos()[2], 11)
    (scene,) = find_scenes(compact_model, reader(frames))
    expected = compact_model.clip_statistics(frames[representative_frames(11, SIDE, SIDE)])
    assert scene.start == 0
    for found, wanted in zip(scene.clip.moments, expected.moments, strict=True):
        assert torch.equal(found.mean, wanted.mean) and torch.equal(found.std, wanted.std)


def test_a_change_of_size_begins_a_scene(compact_model: StyA2K) -> None:
    sizes = [picture(48, 64), picture(48, 64), picture(40, 64)]

    def read(wanted: Sequence[int] | None) -> Iterator[Tensor]:
        return (sizes[at] for at in (range(3) if wanted is None else wanted))

    scenes = find_scenes(compact_model, read)
    assert [scene.start for scene in scenes] == [0, 2] and all(isinstance(scene, Scene) for scene in scenes)
