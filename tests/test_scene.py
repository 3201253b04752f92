"""Frames of one video share what is told from some of them, so that nothing pumps."""

from __future__ import annotations

import pytest
import torch
from example_pictures import examples
from tiny_networks import picture
from torch import Tensor

from a2k_core import EncodedStyle, InputError, StyA2K, load_model
from a2k_core.scene import FRAMES, PIXELS, spread_over
from a2k_core.statistics import channel_moments


@pytest.fixture(scope="module")
def style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(picture(70, 90, seed=2))


@pytest.mark.parametrize(("strength", "kept"), [(1.0, 0.0), (0.6, 0.0), (1.0, 0.5)])
def test_a_scene_of_one_frame_changes_nothing_about_it(model: StyA2K, strength: float, kept: float) -> None:
    frame, encoded = picture(130, 200, seed=1), model.encode_style(picture(70, 90, seed=2))
    by_itself = model.transfer(frame, encoded, strength, keep_colours=kept)
    scene = model.scene(frame, encoded, strength, keep_colours=kept)
    for tile in (None, 64):
        of_scene = model.transfer(frame, encoded, strength, tile, keep_colours=kept, scene=scene)
        assert (of_scene - by_itself).abs().max() < 1e-4


@pytest.mark.parametrize("size", [(130, 200), (640, 1300)], ids=str)
def test_progress_of_a_scene_grows_and_cancels(
    compact_model: StyA2K, style: EncodedStyle, size: tuple[int, int]
) -> None:
    model, encoded = compact_model, style
    frames = picture(*size, seed=1, batch=2)
    reports: list[float] = []
    scene = model.scene(frames, encoded, tile=256, progress=reports.append)
    assert reports == sorted(reports) and reports[0] > 0 and reports[-1] == pytest.approx(1)
    reports.clear()
    model.transfer(frames[:1], encoded, tile=256, progress=reports.append, scene=scene)
    assert reports == sorted(reports) and reports[0] > 0 and reports[-1] == pytest.approx(1)

    def cancel(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.scene(frames, encoded, progress=cancel)


def test_a_batch_of_frames_is_its_frames_and_of_any_size(compact_model: StyA2K, style: EncodedStyle) -> None:
    frames = picture(70, 100, seed=1, batch=3)
    scene = compact_model.scene(frames, style)
    together = compact_model.transfer(frames, style, scene=scene)
    for index in range(3):
        alone = compact_model.transfer(frames[index : index + 1], style, scene=scene)
        assert (together[index : index + 1] - alone).abs().max() < 1e-4
    assert compact_model.transfer(frames[..., :50], style, scene=scene).shape == (3, 3, 70, 50)


def test_frames_are_measured_as_one_picture(compact_model: StyA2K, style: EncodedStyle) -> None:
    frames = picture(64, 128, seed=1, batch=2)
    features = [torch.cat(list(level), 2)[None] for level in compact_model.features(frames)]
    for found, level in zip(compact_model.scene(frames, style).moments, features, strict=True):
        torch.testing.assert_close(found, channel_moments(level), rtol=1e-4, atol=1e-5)


def test_a_scene_of_another_model_is_refused(compact_model: StyA2K, paper_model: StyA2K) -> None:
    frame = picture(64, 64)
    with pytest.raises(InputError, match="a model of another shape"):
        paper_model.transfer(frame, paper_model.encode_style(frame), scene=compact_model.scene(frame))


def test_frames_are_spread_over_the_video_and_fit_together() -> None:
    assert spread_over(1, 100, 100) == [0]
    assert spread_over(3, 100, 100) == [0, 1, 2]
    assert spread_over(80, 100, 100) == [5, 15, 25, 35, 45, 55, 65, 75]
    assert spread_over(100, 2160, 3840) == [50]
    assert spread_over(100, 9000, 9000) == [50]
    for side in (100, 1000, 1080, 1500, 3000):
        frames = spread_over(1000, side, side)
        assert 1 <= len(frames) <= FRAMES and len(frames) * side * side <= PIXELS


def test_what_enters_the_picture_leaves_the_rest_as_it_was() -> None:
    """A bright sheet moves into a photo: what it does not cover keeps its colours better by half, with the bundled weights."""
    photo = examples("content", 256)[0]
    covered = photo.clone()
    covered[..., 160:] = torch.tensor([0.95, 0.9, 0.5]).view(3, 1, 1)
    model = load_model(device="cpu")
    for encoded in map(model.encode_style, examples("style", 256)[::2]):
        scene = model.scene(torch.cat([photo, covered]), encoded)

        def pumping(before: Tensor, after: Tensor) -> float:
            """Of colours, far from the sheet."""
            return float((before - after)[..., :96].mean((2, 3)).abs().mean())

        each = pumping(model.transfer(photo, encoded), model.transfer(covered, encoded))
        shared = pumping(*(model.transfer(frame, encoded, scene=scene) for frame in (photo, covered)))
        assert shared < 0.5 * each
