"""Every example workflow as it comes, and what it paints."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from client import BLUEPRINTS, WORKFLOWS, Host, Prompt, get, node, pictures_of, run, to_prompt, view


def watched(prompt: Prompt) -> tuple[Prompt, list[tuple[str, str]]]:
    """The prompt with a preview of what goes into and comes out of every Apply Style; the names of those previews."""
    previews = []
    result = dict(prompt)
    for name, entry in prompt.items():
        if entry["class_type"] == "A2K_Transfer":
            result[f"before {name}"] = node("PreviewImage", images=entry["inputs"]["image"])
            result[f"after {name}"] = node("PreviewImage", images=[name, 0])
            previews.append((f"before {name}", f"after {name}"))
    return result, previews


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_it_runs_as_it_is_and_paints_its_pictures(host: str, path: Path) -> None:
    prompt = to_prompt(json.loads(path.read_text(encoding="utf-8")), get(f"{host}/object_info"))
    assert any(entry["class_type"] in ("SaveImage", "SaveVideo", "PreviewImage") for entry in prompt.values())
    prompt, previews = watched(prompt)
    ended = run(host, prompt)
    assert previews
    for before, after in previews:
        contents, painted = pictures_of(host, ended, before), pictures_of(host, ended, after)
        assert len(contents) == len(painted)
        fades = prompt[after.removeprefix("after ")]["inputs"].get("strength_over_time")
        for content, result in list(zip(contents, painted, strict=True))[-1 if fades else 0 :]:
            check_painted(content, result)


def check_painted(content: np.ndarray, painted: np.ndarray) -> None:
    """A picture of the content's size that is neither blank nor the content, and in which the content is recognizable."""
    assert painted.shape == content.shape
    assert painted.std() > 0.05
    assert np.abs(painted - content).mean() > 0.03
    assert np.corrcoef(luminance(content), luminance(painted))[0, 1] > 0.4


def luminance(picture: np.ndarray) -> np.ndarray:
    """In areas of 8x8 pixels: strokes may differ, shapes may not."""
    gray = picture[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    rows, columns = (side // 8 * 8 for side in gray.shape)
    return gray[:rows, :columns].reshape(rows // 8, 8, columns // 8, 8).mean((1, 3)).ravel()


def test_no_template_or_blueprint_has_a_node_that_the_host_replaces(host: str) -> None:
    info, replaced = get(f"{host}/object_info"), get(f"{host}/node_replacements")
    for path in (*WORKFLOWS, *BLUEPRINTS):
        workflow = json.loads(path.read_text(encoding="utf-8"))
        graphs = workflow.get("definitions", {}).get("subgraphs") or [workflow]
        types = {entry["type"] for graph in graphs for entry in graph["nodes"]} - {"Note", "MarkdownNote"}
        assert types <= set(info)
        assert not [kind for kind in types if info[kind].get("deprecated") or kind in replaced]


def test_the_painted_video_keeps_its_sound(host: str) -> None:
    prompt = to_prompt(
        json.loads(next(path for path in WORKFLOWS if path.stem == "video").read_text(encoding="utf-8")),
        get(f"{host}/object_info"),
    )
    check_film(
        host, run(host, prompt), next(name for name, entry in prompt.items() if entry["class_type"] == "SaveVideo")
    )


def check_film(host: str, ended: Any, saved: str) -> None:
    """An MP4 file with a track of pictures and one of sound."""
    assert ended["status"]["status_str"] == "success", ended["status"]
    (entry,) = ended["outputs"][saved]["images"]
    film = view(host, entry)
    assert b"avc1" in film
    assert b"mp4a" in film


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_the_host_offers_the_blueprint_and_it_paints(host: str, path: Path) -> None:
    offered = get(f"{host}/global_subgraphs")
    (number,) = [key for key, entry in offered.items() if entry["name"] == path.stem]
    blueprint = json.loads(get(f"{host}/global_subgraphs/{number}")["data"])
    prompt, result = expanded(blueprint["definitions"]["subgraphs"][0], get(f"{host}/object_info"))
    if "Video" in path.stem:
        prompt["shown"] = node("SaveVideo", video=result, filename_prefix="blueprint", format="auto", codec="auto")
        check_film(host, run(host, prompt), "shown")
    else:
        prompt |= {"shown": node("PreviewImage", images=result), "before": node("PreviewImage", images=["photo", 0])}
        ended = run(host, prompt)
        check_painted(pictures_of(host, ended, "before")[0], pictures_of(host, ended, "shown")[0])


def expanded(graph: dict[str, Any], info: dict[str, Any]) -> tuple[Prompt, list[Any]]:
    """A blueprint's nodes with examples at its inputs, and the link of its output."""
    examples = {
        "photo": node("A2K_ExamplePicture", picture="content/coffee.jpg"),
        "painting": node("A2K_ExamplePicture", picture="style/swirl.jpg"),
        "video": node("A2K_ExampleVideo", video="coffee.mp4"),
    }
    names = [entry["name"] for entry in graph["inputs"]]
    links = [
        [link["id"], names[link["origin_slot"]] if link["origin_id"] == -10 else link["origin_id"],
         0 if link["origin_id"] == -10 else link["origin_slot"]]
        for link in graph["links"]
    ]  # fmt: skip
    prompt = to_prompt({"nodes": graph["nodes"], "links": links}, info)
    (last,) = [link for link in graph["links"] if link["target_id"] == -20]
    return prompt | {name: examples[name] for name in names}, [str(last["origin_id"]), last["origin_slot"]]


def test_the_batch_shows_different_pictures(host: str) -> None:
    path = next(path for path in WORKFLOWS if "batch" in path.stem)
    prompt, previews = watched(to_prompt(json.loads(path.read_text(encoding="utf-8")), get(f"{host}/object_info")))
    painted = pictures_of(host, run(host, prompt), previews[0][1])
    assert len(painted) > 1
    assert all(np.abs(first - second).mean() > 0.05 for first, second in itertools.pairwise(painted))


def test_the_second_half_of_the_saved_style_workflow_runs_once_the_first_half_has(running: Host) -> None:
    host = running.address
    path = next(path for path in WORKFLOWS if path.stem == "saved_style")
    workflow = json.loads(path.read_text(encoding="utf-8"))
    info = get(f"{host}/object_info")
    assert run(host, to_prompt(workflow, info))["status"]["status_str"] == "success"
    for entry in workflow["nodes"]:
        entry["mode"] = 0
    prompt, previews = watched(to_prompt(workflow, info))
    assert any(entry["class_type"] == "A2K_LoadStyle" for entry in prompt.values())
    ended = run(host, prompt)
    for before, after in previews:
        check_painted(pictures_of(host, ended, before)[0], pictures_of(host, ended, after)[0])
