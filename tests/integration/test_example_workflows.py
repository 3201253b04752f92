"""Every example workflow as it comes, and what it paints."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from client import WORKFLOWS, Host, Prompt, get, node, pictures_of, run, to_prompt


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
    assert any(entry["class_type"] in ("SaveImage", "PreviewImage") for entry in prompt.values())
    prompt, previews = watched(prompt)
    ended = run(host, prompt)
    assert previews
    for before, after in previews:
        contents, painted = pictures_of(host, ended, before), pictures_of(host, ended, after)
        assert len(contents) == len(painted)
        for content, result in zip(contents, painted, strict=True):
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
