"""Pictures of every kind, through the host's own queue."""

from __future__ import annotations

import numpy as np
import pytest
from client import error_of, node, pictures_of, run, transfer_prompt


def paint(host: str, kind: str, **inputs: object) -> list[np.ndarray]:
    prompt = transfer_prompt(["odd", 0], **inputs) | {"odd": node("OddPicture", kind=kind)}
    return pictures_of(host, run(host, prompt), "shown")


def error_for(host: str, kind: str) -> str:
    return error_of(run(host, transfer_prompt(["odd", 0]) | {"odd": node("OddPicture", kind=kind)}))


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("rgb", (96, 128, 3)),
        ("half", (96, 128, 3)),
        ("gray", (96, 128, 3)),
        ("dot", (1, 1, 3)),
        ("strip", (100, 8000, 3)),
    ],
)
def test_the_result_has_the_size_of_the_picture(host: str, kind: str, shape: tuple[int, ...]) -> None:
    (painted,) = paint(host, kind)
    assert painted.shape == shape
    if kind != "dot":
        assert painted.std() > 0.02


def test_half_precision_pictures_give_the_result_of_full_precision_ones(host: str) -> None:
    (half,), (full,) = paint(host, "half"), paint(host, "rgb")
    assert np.abs(half - full).mean() < 0.01


def test_alpha_is_kept_and_the_colors_are_painted(host: str) -> None:
    prompt = transfer_prompt(["odd", 0]) | {
        "odd": node("OddPicture", kind="rgba"),
        "before": node("PreviewImage", images=["odd", 0]),
    }
    ended = run(host, prompt)
    (before,), (after,) = pictures_of(host, ended, "before"), pictures_of(host, ended, "shown")
    assert after.shape == (96, 128, 4)
    assert np.array_equal(before[..., 3], after[..., 3])
    assert np.abs(before[..., :3] - after[..., :3]).mean() > 0.03


def test_strength_0_gives_the_picture_back(host: str) -> None:
    prompt = transfer_prompt(["odd", 0], strength=0.0) | {
        "odd": node("OddPicture", kind="rgb"),
        "before": node("PreviewImage", images=["odd", 0]),
    }
    ended = run(host, prompt)
    (before,), (after,) = pictures_of(host, ended, "before"), pictures_of(host, ended, "shown")
    assert np.abs(before - after).max() <= 1 / 255


def test_a_mask_says_where_and_how_much_is_painted(host: str) -> None:
    """Of another size than the picture."""
    picture = {"odd": node("OddPicture", kind="rgb")}
    shown = {}
    for value in (0.0, 0.5, 1.0):
        mask = {"mask": node("SolidMask", value=value, width=40, height=64)}
        shown[value] = pictures_of(
            host, run(host, transfer_prompt(["odd", 0], mask=["mask", 0]) | picture | mask), "shown"
        )[0]
    (painted,) = paint(host, "rgb")
    (before,) = pictures_of(host, run(host, picture | {"before": node("PreviewImage", images=["odd", 0])}), "before")
    assert np.abs(shown[0.0] - before).max() <= 1 / 255
    assert np.abs(shown[1.0] - painted).max() <= 1 / 255
    assert np.abs(shown[0.5] - (before + painted) / 2).max() <= 2 / 255


def test_two_masks_for_three_pictures_are_refused(host: str) -> None:
    prompt = transfer_prompt(["odd", 0], mask=["masks", 0]) | {
        "odd": node("OddPicture", kind="three"),
        "two": node("OddPicture", kind="two"),
        "masks": node("ImageToMask", image=["two", 0], channel="red"),
    }
    assert "2 masks for 3 pictures" in error_of(run(host, prompt))


def test_the_picture_keeps_its_colors_where_asked_to(host: str) -> None:
    (own,), (painted,) = paint(host, "rgb", keep_colours=1.0), paint(host, "rgb")
    picture = {"odd": node("OddPicture", kind="rgb"), "before": node("PreviewImage", images=["odd", 0])}
    (before,) = pictures_of(host, run(host, picture), "before")
    off = [np.abs(colors(image) - colors(before)).mean() for image in (own, painted)]
    assert off[0] < 0.4 * off[1]


def test_frames_of_a_video_are_painted_alike(host: str) -> None:
    """A frame that comes twice, beside others, looks the same both times, but for what it takes of the one before, and not as it does
    by itself."""
    prompt = transfer_prompt(["frames", 0], video=True) | {
        "odd": node("OddPicture", kind="scene"),
        "last": node("ImageFromBatch", image=["odd", 0], batch_index=2, length=1),
        "frames": node("ImageBatch", image1=["odd", 0], image2=["last", 0]),
    }
    frames = pictures_of(host, run(host, prompt), "shown")
    assert len(frames) == 4
    assert np.abs(frames[2] - frames[3]).mean() < 0.5 / 255
    each = paint(host, "scene")
    assert all(np.abs(frame - alone).mean() > 1 / 255 for frame, alone in zip(frames, each, strict=False))


def test_each_scene_of_a_video_is_painted_as_if_alone(host: str) -> None:
    prompt = transfer_prompt(["frames", 0], video=True) | {
        "odd": node("OddPicture", kind="scene"),
        "dark": node("OddPicture", kind="dark scene"),
        "frames": node("ImageBatch", image1=["odd", 0], image2=["dark", 0]),
    }
    together = pictures_of(host, run(host, prompt), "shown")
    alone = [*paint(host, "scene", video=True), *paint(host, "dark scene", video=True)]
    for frame, expected in zip(together, alone, strict=True):
        assert np.abs(frame - expected).max() < 1.5 / 255


def test_two_styles_for_a_video_are_refused(host: str) -> None:
    prompt = transfer_prompt(["odd", 0], ["odd", 0], video=True) | {"odd": node("OddPicture", kind="two")}
    assert "2 styles for one video" in error_of(run(host, prompt))


def test_a_mixture_of_two_styles_lies_between_them(host: str) -> None:
    """At its ends it is one of them; its colors, on the mean, are in the middle."""
    styles = {"odd": node("OddPicture", kind="rgb"), "gray": node("OddPicture", kind="gray")}
    painted = []
    for share in (0.0, 0.5, 1.0):
        prompt = transfer_prompt(["odd", 0], style=["mixed", 0]) | styles
        prompt["other"] = node("A2K_EncodeStyle", model=["model", 0], image=["gray", 0], style_size=128)
        prompt["mixed"] = node("A2K_MixStyles", style_1=["style", 0], style_2=["other", 0], share=share)
        painted.append(pictures_of(host, run(host, prompt), "shown")[0])
    (first,) = paint(host, "rgb")
    assert np.abs(painted[0] - first).max() <= 1 / 255
    ends = [painted[index].mean(axis=(0, 1)) for index in (0, 2)]
    assert np.abs(ends[0] - ends[1]).max() > 0.05
    assert np.abs(painted[1].mean(axis=(0, 1)) - (ends[0] + ends[1]) / 2).max() < 0.03


def colors(image: np.ndarray) -> np.ndarray:
    """Distances from gray."""
    return image - image.mean(axis=2, keepdims=True)


def test_values_out_of_range_are_clamped(host: str) -> None:
    (painted,) = paint(host, "beyond")
    assert painted.shape == (64, 64, 3)
    assert painted.std() > 0.02


def test_a_batch_of_styles_serves_a_batch_of_pictures_one_each(host: str) -> None:
    prompt = transfer_prompt(["odd", 0], ["odd", 0]) | {"odd": node("OddPicture", kind="three")}
    together = pictures_of(host, run(host, prompt), "shown")
    assert len(together) == 3
    for number, painted in enumerate(together):
        single = transfer_prompt(["one", 0], ["one", 0]) | {
            "odd": node("OddPicture", kind="three"),
            "one": node("ImageFromBatch", image=["odd", 0], batch_index=number, length=1),
        }
        (alone,) = pictures_of(host, run(host, single), "shown")
        assert np.abs(painted - alone).max() <= 2 / 255


def test_two_styles_for_three_pictures_are_refused(host: str) -> None:
    prompt = transfer_prompt(["odd", 0], ["two", 0]) | {
        "odd": node("OddPicture", kind="three"),
        "two": node("OddPicture", kind="two"),
    }
    assert "2 styles for 3 pictures" in error_of(run(host, prompt))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("none", "The picture is an empty batch"),
        ("nan", "picture 2 (counted from 0) has NaN or infinite values"),
        ("infinite", "picture 0 (counted from 0) has NaN or infinite values"),
        ("two channels", "The picture has 2 channels"),
    ],
)
def test_what_cannot_be_painted_is_refused_with_the_reason(host: str, kind: str, says: str) -> None:
    assert says in error_for(host, kind)


def test_a_style_picture_that_cannot_be_encoded_is_refused_with_the_reason(host: str) -> None:
    prompt = transfer_prompt(["swirl", 0], ["odd", 0]) | {"odd": node("OddPicture", kind="nan")}
    assert "The style picture: picture 2 (counted from 0)" in error_of(run(host, prompt))


def test_without_memory_the_message_says_what_to_try(host: str) -> None:
    prompt = transfer_prompt(["odd", 0], model=["short", 0]) | {
        "odd": node("OddPicture", kind="dot"),
        "short": node("ShortOfMemory", model=["model", 0]),
    }
    # A model of its own: the host would otherwise go on using the one that is short of memory.
    prompt["model"]["inputs"]["precision"] = "bf16"
    message = error_of(run(host, prompt))
    assert "Not enough memory for one picture at a time; try smaller pictures" in message
    assert "99.00 GiB" in message
