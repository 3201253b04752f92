"""Where a style goes, what is taken from it, and mixtures of any number, through the host's own queue."""

from __future__ import annotations

import numpy as np
import pytest
from client import Host, Prompt, error_of, get, node, pictures_of, run, transfer_prompt

PICTURE = {"odd": node("OddPicture", kind="rgb"), "gray": node("OddPicture", kind="gray")}


def shown(host: str, **inputs: object) -> np.ndarray:
    """The picture painted with these inputs of Apply Style."""
    prompt = transfer_prompt(
        ["odd", 0], **{name: value for name, value in inputs.items() if not isinstance(value, dict)}
    )
    prompt |= PICTURE | nodes_of(inputs)
    return pictures_of(host, run(host, prompt), "shown")[0]


def nodes_of(inputs: dict[str, object]) -> Prompt:
    """The nodes among the inputs."""
    return {name: value for name, value in inputs.items() if isinstance(value, dict)}


def other_style(**inputs: object) -> dict[str, object]:
    return node("A2K_EncodeStyle", model=["model", 0], image=["gray", 0], style_size=128, **inputs)


def solid(value: float) -> dict[str, object]:
    return node("SolidMask", value=value, width=40, height=30)


def test_a_strength_map_is_the_strength_at_each_place(host: str) -> None:
    mapped = shown(host, map=solid(0.5), strength_map=["map", 0])
    assert np.abs(mapped - shown(host, strength=0.5)).max() <= 1 / 255


def test_strokes_take_a_size_relative_to_the_picture(host: str) -> None:
    plain = shown(host)
    assert np.array_equal(shown(host, stroke_size=0.0), plain)
    assert np.abs(shown(host, stroke_size=1.0) - plain).mean() > 0.02
    assert "stroke_size is 0.1" in error_of(run(host, transfer_prompt(["odd", 0], stroke_size=0.1) | PICTURE))
    video = transfer_prompt(["odd", 0], stroke_size=1.0, video=True) | PICTURE
    assert "stroke_size is for pictures, not for video" in error_of(run(host, video))


def test_a_region_is_painted_in_its_style(host: str) -> None:
    region = node("A2K_StyleRegion", style=["style", 0], region_style=["other", 0], mask=["where", 0])
    style = {"style": ["region", 0], "region": region, "other": other_style()}
    inside, outside = (shown(host, where=solid(value), **style) for value in (1.0, 0.0))
    alone = shown(host, style=["other", 0], other=other_style())
    assert np.abs(outside - shown(host)).max() <= 1 / 255
    assert np.abs(inside - alone).max() <= 1 / 255
    assert np.abs(inside - outside).mean() > 0.02


def test_two_region_masks_for_one_picture_are_refused(host: str) -> None:
    region = node("A2K_StyleRegion", style=["style", 0], region_style=["style", 0], mask=["masks", 0])
    prompt = transfer_prompt(["odd", 0], style=["region", 0]) | PICTURE | {"region": region}
    prompt |= {"two": node("OddPicture", kind="two"), "masks": node("ImageToMask", image=["two", 0], channel="red")}
    assert "2 region masks for 1 pictures" in error_of(run(host, prompt))


def test_three_styles_are_mixed_and_the_mixture_is_saved(running: Host) -> None:
    host = running.address
    mixed = node("A2K_MixStyles", style_1=["style", 0], style_2=["other", 0], share=0.5, shares="0 1 1")
    mixed["inputs"]["more.more_0"] = ["other", 0]
    nodes = PICTURE | {"mixed": mixed, "other": other_style()}
    nodes["saved"] = node("A2K_SaveStyle", style=["mixed", 0], filename_prefix="stya2k_styles/mixture")
    prompt = transfer_prompt(["odd", 0], style=["saved", 0]) | nodes
    painted = pictures_of(host, run(host, prompt), "shown")[0]
    assert np.abs(painted - shown(host, style=["other", 0], other=other_style())).max() <= 1 / 255
    nodes["mixed"]["inputs"]["shares"] = "1 1 2"
    painted = pictures_of(host, run(host, transfer_prompt(["odd", 0], style=["saved", 0]) | nodes), "shown")[0]
    listed = get(f"{host}/object_info/A2K_LoadStyle")["A2K_LoadStyle"]["input"]["required"]["style_name"][1]["options"]
    name = max(name for name in listed if "mixture" in name)
    loaded = shown(host, style=["loaded", 0], loaded=node("A2K_LoadStyle", model=["model", 0], style_name=name))
    assert np.abs(painted - loaded).max() <= 1 / 255
    nodes["mixed"]["inputs"]["shares"] = "1 1"
    error = error_of(run(host, transfer_prompt(["odd", 0], style=["mixed", 0]) | nodes))
    assert "2 shares for 3 styles" in error


@pytest.mark.parametrize("video", [False, True])
def test_a_batch_goes_from_one_style_to_another(host: str, video: bool) -> None:
    mixed = node("A2K_MixStyles", style_1=["style", 0], style_2=["other", 0], share=0.5)
    mixed["inputs"]["shares_over_time"] = "0: 1 0, 2: 0 1"
    prompt = transfer_prompt(["three", 0], style=["mixed", 0], video=video) | PICTURE
    prompt |= {"three": node("RepeatImageBatch", image=["odd", 0], amount=3), "mixed": mixed, "other": other_style()}
    first, middle, last = pictures_of(host, run(host, prompt), "shown")
    assert min(np.abs(a - b).mean() for a, b in ((first, middle), (middle, last))) > 0.005
    assert np.abs(first - last).mean() > np.abs(middle - last).mean()
    if not video:  # where frames do not follow each other, each is what its own mixture paints
        del mixed["inputs"]["shares_over_time"]
        alone = shown(host, style=["mixed", 0], mixed=mixed, other=other_style())
        assert np.abs(middle - alone).max() <= 1 / 255
        assert np.abs(first - shown(host)).max() <= 1 / 255
        assert np.abs(last - shown(host, style=["other", 0], other=other_style())).max() <= 1 / 255


def test_shares_over_time_that_do_not_fit_and_nodes_that_cannot_use_them(host: str) -> None:
    mixed = node(
        "A2K_MixStyles", style_1=["style", 0], style_2=["other", 0], share=0.5, shares_over_time="0: 1 0, 2: 0 1"
    )
    nodes = PICTURE | {"mixed": mixed, "other": other_style(), "where": solid(1.0)}
    for name, taken in (
        ("Mix Styles", node("A2K_MixStyles", style_1=["style", 0], style_2=["mixed", 0], share=0.5)),
        ("Style Region", node("A2K_StyleRegion", style=["style", 0], region_style=["mixed", 0], mask=["where", 0])),
        ("Save Style", node("A2K_SaveStyle", style=["mixed", 0], filename_prefix="stya2k_styles/never")),
    ):
        message = error_of(run(host, transfer_prompt(["odd", 0], style=["taken", 0]) | nodes | {"taken": taken}))
        assert f"{name} takes no style that changes over time; connect it to Apply Style" in message
    mixed["inputs"]["shares_over_time"] = "0: 1, 2: 0"
    assert "1 shares for 2 styles" in error_of(run(host, transfer_prompt(["odd", 0], style=["mixed", 0]) | nodes))


def test_the_style_of_a_part_and_a_black_mask(host: str) -> None:
    whole = shown(host, style=["other", 0], other=other_style())
    masked = shown(host, style=["other", 0], other=other_style(mask=["where", 0]), where=solid(1.0))
    assert np.abs(whole - masked).mean() < 0.5 / 255  # in bf16 single pixels differ by three levels
    prompt = transfer_prompt(["odd", 0], style=["other", 0]) | PICTURE
    prompt |= {"other": other_style(mask=["where", 0]), "where": solid(0.0)}
    assert "the style mask is black" in error_of(run(host, prompt))


def test_colors_are_matched_and_alpha_is_kept(host: str) -> None:
    prompt = {
        "odd": node("OddPicture", kind="rgba"),
        "swirl": node("A2K_ExamplePicture", picture="style/swirl.jpg"),
        "matched": node("A2K_MatchColors", image=["odd", 0], reference=["swirl", 0], amount=1.0),
        "shown": node("PreviewImage", images=["matched", 0]),
        "before": node("PreviewImage", images=["odd", 0]),
        "wanted": node("PreviewImage", images=["swirl", 0]),
    }
    ended = run(host, prompt)
    (after,), (before,), (wanted,) = (pictures_of(host, ended, name) for name in ("shown", "before", "wanted"))
    assert np.array_equal(after[..., 3], before[..., 3])
    assert np.abs(after[..., :3].mean(axis=(0, 1)) - wanted.mean(axis=(0, 1))).max() < 0.05


def test_the_attention_is_drawn(host: str) -> None:
    prompt = transfer_prompt(["odd", 0]) | PICTURE
    drawn = node(
        "A2K_ExplainStyle",
        model=["model", 0],
        image=["odd", 0],
        style_image=["swirl", 0],
        style_size=128,
        level="middle",
    )
    prompt |= {"drawn": drawn, "shown": node("PreviewImage", images=["drawn", 0])}
    assert pictures_of(host, run(host, prompt), "shown")[0].shape == (96, 96 + 8 + 128 + 8 + 128, 3)
