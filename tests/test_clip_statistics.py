"""Statistics of a video that all its frames share, so that nothing pumps, and the loop over the frames."""

from __future__ import annotations

import pytest
import torch
from example_pictures import examples
from tiny_networks import picture
from torch import Tensor

from a2k_core import EncodedStyle, InputError, StyA2K, TransferOptions, mix_styles
from a2k_core.network.statistics import channel_moments
from a2k_core.video.frames import FrameStylizer
from a2k_core.video.scenes import MAX_FRAMES, MAX_PIXELS, representative_frames
from a2k_core.video.schedule import Schedule
from a2k_core.video.temporal_smoothing import temporal_smoothing


@pytest.fixture(scope="module")
def style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(picture(70, 90, seed=2))


@pytest.mark.parametrize(("strength", "kept"), [(1.0, 0.0), (0.6, 0.0), (1.0, 0.5)])
def test_statistics_of_one_frame_change_nothing_about_it(model: StyA2K, strength: float, kept: float) -> None:
    frame, encoded = picture(130, 200, seed=1), model.encode_style(picture(70, 90, seed=2))
    by_itself = model.transfer(frame, encoded, strength, keep_colours=kept)
    clip = model.clip_statistics(frame)
    for tile in (None, 64):
        of_clip = model.transfer(frame, encoded, strength, tile, keep_colours=kept, clip=clip)
        assert (of_clip - by_itself).abs().max() < 1e-4


def test_progress_of_the_statistics_grows_and_cancels(compact_model: StyA2K, style: EncodedStyle) -> None:
    model, encoded = compact_model, style
    frames = picture(100, 200, seed=1, batch=2)
    reports: list[float] = []
    clip = model.clip_statistics(frames, tile=64, progress=reports.append)
    assert len(reports) == 16 and reports == sorted(reports) and reports[0] > 0 and reports[-1] == pytest.approx(1)
    reports.clear()
    model.transfer(frames[:1], encoded, tile=64, progress=reports.append, clip=clip)
    assert reports == sorted(reports) and reports[0] > 0 and reports[-1] == pytest.approx(1)

    def cancel(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.clip_statistics(frames, progress=cancel)


def test_a_batch_of_frames_is_its_frames_and_of_any_size(compact_model: StyA2K, style: EncodedStyle) -> None:
    frames = picture(70, 100, seed=1, batch=3)
    clip = compact_model.clip_statistics(frames)
    together = compact_model.transfer(frames, style, clip=clip)
    for index in range(3):
        alone = compact_model.transfer(frames[index : index + 1], style, clip=clip)
        assert (together[index : index + 1] - alone).abs().max() < 1e-4
    assert compact_model.transfer(frames[..., :50], style, clip=clip).shape == (3, 3, 70, 50)


def test_frames_are_measured_as_one_picture(compact_model: StyA2K, style: EncodedStyle) -> None:
    frames = picture(64, 128, seed=1, batch=2)
    features = [torch.cat(list(level), 2)[None] for level in compact_model.encode_content(frames)]
    for tile in (None, 64, "auto"):
        clip = compact_model.clip_statistics(frames, tile)  # type: ignore[arg-type]
        for found, level in zip(clip.moments, features, strict=True):
            torch.testing.assert_close(found, channel_moments(level), rtol=1e-4, atol=1e-5)


def test_statistics_of_another_model_are_refused(compact_model: StyA2K, paper_model: StyA2K) -> None:
    frame = picture(64, 64)
    with pytest.raises(InputError, match="a model of another shape"):
        paper_model.transfer(frame, paper_model.encode_style(frame), clip=compact_model.clip_statistics(frame))


def test_representative_frames_are_evenly_spaced_and_fit_together() -> None:
    assert representative_frames(1, 100, 100) == [0]
    assert representative_frames(3, 100, 100) == [0, 1, 2]
    assert representative_frames(80, 100, 100) == [5, 15, 25, 35, 45, 55, 65, 75]
    assert representative_frames(100, 2160, 3840) == [50]
    assert representative_frames(100, 9000, 9000) == [50]
    for side in (100, 1000, 1080, 1500, 3000):
        frames = representative_frames(1000, side, side)
        assert 1 <= len(frames) <= MAX_FRAMES and len(frames) * side * side <= MAX_PIXELS


@pytest.mark.parametrize("carried", [False, True])
def test_a_clip_in_chunks_is_the_clip(
    compact_model: StyA2K, style: EncodedStyle, monkeypatch: pytest.MonkeyPatch, carried: bool
) -> None:
    """Also when a chunk runs out of memory and comes again in smaller ones."""
    if carried:
        pytest.importorskip("cv2", reason='needs OpenCV: pip install "stya2k[video]"')
    else:
        monkeypatch.setattr("a2k_core.video.frames.has_optical_flow", lambda: False)
    frames = (picture(64, 70, seed=1) + 0.01 * torch.randn(4, 3, 64, 70)).clamp(0, 1)
    clip = compact_model.clip_statistics(frames)
    expected = compact_model.transfer(temporal_smoothing(frames, None), style, 0.8, keep_colours=0.5, clip=clip)
    if carried:
        alone = expected
        expected = FrameStylizer(compact_model, style, TransferOptions(0.8, 0.5, clip=clip))(frames)
        assert (expected - alone)[1:].abs().max() > 0.01
    stylizer = FrameStylizer(compact_model, style, TransferOptions(0.8, 0.5, clip=clip))

    def out_of_memory(_: float) -> None:
        raise MemoryError

    found = [stylizer(frames[:1])]
    with pytest.raises(MemoryError):
        stylizer(frames[1:], 1, progress=out_of_memory)
    found += [stylizer(frames[1:3], 1), stylizer(frames[3:], 3)]
    torch.testing.assert_close(torch.cat(found), expected, rtol=0, atol=1e-4)


def test_strength_and_shares_change_from_picture_to_picture(compact_model: StyA2K, style: EncodedStyle) -> None:
    images, other = picture(40, 64, seed=1, batch=4), compact_model.encode_style(picture(64, 64, seed=5))
    shares = Schedule.parse("0: 1 0, 2: 0 1")
    stylizer = FrameStylizer(compact_model, [style, other], TransferOptions(), strength=[0, 0.5, 1, 1], shares=shares)
    found = torch.cat([stylizer(images[:3]), stylizer(images[3:], 3)])
    assert torch.equal(found[0], images[0])
    middle = compact_model.transfer(images[1:2], mix_styles([style, other], [1, 1]), 0.5)
    torch.testing.assert_close(found[1:2], middle, rtol=0, atol=1e-4)
    torch.testing.assert_close(found[2:], compact_model.transfer(images[2:], other), rtol=0, atol=1e-4)


def test_shares_must_fit_the_styles(compact_model: StyA2K, style: EncodedStyle) -> None:
    with pytest.raises(InputError, match="2 shares for 1 styles"):
        FrameStylizer(compact_model, [style], TransferOptions(), shares=Schedule.parse("0: 1 0"))
    with pytest.raises(InputError, match="the strength is 3 at frame 5"):
        FrameStylizer(compact_model, style, TransferOptions(), strength="0: 0, 5: 3")


def test_pictures_of_a_batch_have_their_own_styles_and_masks(compact_model: StyA2K) -> None:
    """Without statistics of a clip nothing passes from one picture to the next."""
    images, styles = picture(40, 64, seed=1, batch=3), compact_model.encode_style(picture(64, 64, seed=2, batch=3))
    stylizer = FrameStylizer(compact_model, styles, TransferOptions())
    mask = torch.zeros(1, 1, 40, 64)
    mask[..., 32:] = 1
    for start, stop in ((0, 1), (1, 3)):
        expected = compact_model.transfer(images[start:stop], styles.part(start, stop))
        torch.testing.assert_close(stylizer(images[start:stop], start), expected, rtol=0, atol=1e-4)
        masked = stylizer(images[start:stop], start, mask)
        assert torch.equal(masked[..., :32], images[start:stop, :, :, :32])
        torch.testing.assert_close(masked[..., 32:], expected[..., 32:], rtol=0, atol=1e-4)


def test_what_enters_the_picture_leaves_the_rest_as_it_was_with_the_bundled_weights(bundled_model: StyA2K) -> None:
    """A bright sheet moves into a photo: what it does not cover keeps its colors better by half."""
    photo = examples("content", 256)[0]
    covered = photo.clone()
    covered[..., 160:] = torch.tensor([0.95, 0.9, 0.5]).view(3, 1, 1)
    model = bundled_model
    for encoded in map(model.encode_style, examples("style", 256)[::2]):
        clip = model.clip_statistics(torch.cat([photo, covered]))

        def pumping(before: Tensor, after: Tensor) -> float:
            """Of colors, far from the sheet."""
            return float((before - after)[..., :96].mean((2, 3)).abs().mean())

        each = pumping(model.transfer(photo, encoded), model.transfer(covered, encoded))
        shared = pumping(*(model.transfer(frame, encoded, clip=clip) for frame in (photo, covered)))
        assert shared < 0.5 * each
