"""Model and style files that are missing, damaged, foreign or elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from client import ROOT, Host, Prompt, error_of, get, node, pictures_of, run, transfer_prompt, wait_for
from safetensors.torch import save_file

from a2k_core import StyA2K, StyA2KConfig, load_model
from a2k_core.files.models.checkpoint import bundled_weights, save_model


def options(host: str, kind: str, name: str) -> list[str]:
    """What a node's list shows."""
    found: Any = get(f"{host}/object_info/{kind}")[kind]["input"]["required"][name]
    return list(found[1]["options"])


def with_model(name: str) -> Prompt:
    prompt = transfer_prompt(["odd", 0]) | {"odd": node("OddPicture", kind="dot")}
    prompt["model"]["inputs"]["model_name"] = name
    return prompt


def test_models_in_a_folder_of_extra_model_paths_are_listed_after_the_bundled_one_and_load(running: Host) -> None:
    assert options(running.address, "A2K_LoadModel", "model_name")[0] == "bundled"
    shutil.copy(bundled_weights(), running.models / "mine.safetensors")
    (running.models / "readme.txt").write_text("not a model")
    assert "mine.safetensors" in options(running.address, "A2K_LoadModel", "model_name")
    assert "readme.txt" not in options(running.address, "A2K_LoadModel", "model_name")
    pictures_of(running.address, run(running.address, with_model("mine.safetensors")), "shown")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("truncated", "truncated, damaged"),
        ("empty", "the file is empty"),
        ("pickle", "never read here"),
        ("foreign", "not a StyA2K model"),
    ],
)
def test_files_that_are_no_models_are_refused_with_the_reason(running: Host, kind: str, says: str) -> None:
    path = running.models / f"{kind}.safetensors"
    if kind == "truncated":
        path.write_bytes(bundled_weights().read_bytes()[:100_000])
    elif kind == "empty":
        path.touch()
    elif kind == "pickle":
        torch.save({"weight": torch.zeros(3)}, path)
    else:
        save_file({"weight": torch.zeros(3)}, path)
    assert says in error_of(run(running.address, with_model(path.name)))


def test_a_model_deleted_between_listing_and_loading_is_reported(running: Host) -> None:
    path = running.models / "brief.safetensors"
    shutil.copy(bundled_weights(), path)
    # The queue accepts a prompt by the list, then runs it: a prompt before it holds the queue while the file goes.
    busy = transfer_prompt(["odd", 0], strength=0.9) | {"odd": node("OddPicture", kind="strip")}
    get(f"{running.address}/prompt", {"prompt": busy})
    prompt = with_model(path.name)
    number = get(f"{running.address}/prompt", {"prompt": prompt})["prompt_id"]
    path.unlink()
    message = error_of(wait_for(running.address, number))
    assert "brief.safetensors: no longer in" in message
    assert "press R" in message


def saving(prefix: str) -> Prompt:
    prompt = transfer_prompt(["odd", 0]) | {"odd": node("OddPicture", kind="rgb")}
    prompt["saved"] = node("A2K_SaveStyle", style=["style", 0], filename_prefix=prefix)
    return prompt


def loading(name: str, model: str = "bundled") -> Prompt:
    prompt = transfer_prompt(["odd", 0], style=["loaded", 0]) | {"odd": node("OddPicture", kind="rgb")}
    prompt["model"]["inputs"]["model_name"] = model
    prompt["loaded"] = node("A2K_LoadStyle", model=["model", 0], style_name=name)
    return prompt


def refusal(host: str, prompt: Prompt) -> str:
    """Why the host did not even queue a prompt."""
    return str(get(f"{host}/prompt", {"prompt": prompt})["node_errors"])


def test_a_saved_style_is_listed_loads_and_paints_the_same_picture(running: Host) -> None:
    before = run(running.address, saving("stya2k_styles/kept"))
    assert "kept_00001_.safetensors" in options(running.address, "A2K_LoadStyle", "style_name")
    after = run(running.address, loading("kept_00001_.safetensors"))
    (inline,), (loaded,) = (pictures_of(running.address, ended, "shown") for ended in (before, after))
    assert (inline == loaded).all()


def test_a_loaded_style_shows_the_pictures_it_was_made_of(running: Host) -> None:
    prompt = saving("stya2k_styles/shown") | {"gray": node("OddPicture", kind="gray")}
    prompt["other"] = node("A2K_EncodeStyle", model=["model", 0], image=["gray", 0], style_size=64)
    prompt["mixed"] = node("A2K_MixStyles", style_1=["style", 0], style_2=["other", 0], share=0.5)
    prompt["saved"]["inputs"]["style"] = ["mixed", 0]
    prompt |= {"swirl shown": node("PreviewImage", images=["swirl", 0])}
    (swirl,) = pictures_of(running.address, run(running.address, prompt), "swirl shown")
    for _ in range(2):  # the second time from the host's cache
        ended = run(running.address, loading("shown_00001_.safetensors"))
        (shown,) = pictures_of(running.address, ended, "loaded")
        left, right = shown[:, :96], shown[:, 112:]  # JPEG blurs colors over the edge between them
        assert np.abs(right - right.mean(axis=-1, keepdims=True)).max() < 0.02  # gray
        middle = (swirl.shape[1] - swirl.shape[0] // 2) // 2
        strip = swirl[:, middle : middle + swirl.shape[0] // 2]
        assert np.abs(left.mean(axis=(0, 1)) - strip.mean(axis=(0, 1))).max() < 0.02


def test_styles_are_numbered_and_never_replaced(running: Host) -> None:
    for strength in (0.5, 0.6):
        prompt = saving("stya2k_styles/numbered")
        prompt["style"]["inputs"]["style_size"] = int(strength * 200)
        run(running.address, prompt)
    names = sorted(path.name for path in (running.output / "stya2k_styles").glob("numbered*"))
    assert names == ["numbered_00001_.safetensors", "numbered_00002_.safetensors"]


def test_a_style_of_another_model_is_refused(running: Host) -> None:
    run(running.address, saving("stya2k_styles/other"))
    torch.manual_seed(0)
    save_model(StyA2K(load_model(device="cpu").config), running.models / "random.safetensors")
    message = error_of(run(running.address, loading("other_00001_.safetensors", "random.safetensors")))
    assert "this style was encoded by another model" in message


def test_without_a_saved_style_of_that_name_the_host_says_what_to_do(running: Host) -> None:
    run(running.address, saving("stya2k_styles/kept"))
    assert "there is no saved style gone.safetensors; press R" in refusal(running.address, loading("gone.safetensors"))


def test_a_model_in_the_folder_of_styles_is_refused(running: Host) -> None:
    config = StyA2KConfig(
        backbone="compact",
        encoder_widths=(8, 8, 8, 8),
        channels=(8, 8, 8),
        decoder_widths=(8, 8, 8),
        heads=2,
    )
    save_model(StyA2K(config), running.styles / "model.safetensors")
    assert "a StyA2K model, not a saved style" in error_of(run(running.address, loading("model.safetensors")))


def test_saving_outside_the_output_folder_is_refused(running: Host) -> None:
    error_of(run(running.address, saving("../../stolen")))
    assert not list(running.output.parent.parent.glob("stolen*"))


def test_nothing_is_written_into_the_pack(running: Host) -> None:
    def listing() -> set[Path]:
        return {path for path in ROOT.rglob("*") if not {".git", "__pycache__"} & set(path.parts)}

    before = listing()
    run(running.address, saving("stya2k_styles/kept"))
    run(running.address, loading("kept_00001_.safetensors"))
    new = listing() - before
    assert not {path for path in new if path.suffix == ".safetensors"}
