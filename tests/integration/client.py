"""Talking to the host: over HTTP, as its front end does, or in its own interpreter."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / "example_workflows").glob("*.json"))
BLUEPRINTS = sorted((ROOT / "subgraphs").glob("*.json"))
Prompt = dict[str, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Host:
    """A running host and the folders it was started with."""

    address: str
    output: Path
    models: Path
    """A folder for the key stya2k, named in the host's extra_model_paths configuration."""

    styles: Path
    """The same for stya2k_styles."""


@dataclasses.dataclass(frozen=True)
class InsideHost:
    """The host's modules without its server."""

    folder: Path
    python: str

    def run(self, code: str, before_the_pack: str = "") -> str:
        """What `code` prints. The pack is loaded under the name `pack`, as the host loads it, after `before_the_pack`."""
        script = f"""
import sys, importlib.util
sys.argv = ["main.py", "--cpu"]
sys.path.insert(0, {str(self.folder)!r})
import comfy.options
comfy.options.enable_args_parsing()
import folder_paths
{before_the_pack}
path = {str(ROOT)!r}
spec = importlib.util.spec_from_file_location("pack", path + "/__init__.py", submodule_search_locations=[path])
sys.modules["pack"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["pack"])
{code}
"""
        result = subprocess.run(
            [self.python, "-c", script], cwd=self.folder, capture_output=True, text=True, timeout=600, check=False
        )
        return result.stdout if result.returncode == 0 else result.stderr


def get(url: str, data: Any = None) -> Any:
    """JSON of a GET, or of a POST of `data`. A refused prompt's JSON is returned as well."""
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        if error.code != 400:
            raise
        text = error.read()
    return json.loads(text) if text else None


def run(host: str, prompt: Prompt) -> Any:
    """The history of a prompt that ran to its end, well or with an error."""
    answer = get(f"{host}/prompt", {"prompt": prompt})
    assert "prompt_id" in answer, answer
    return wait_for(host, answer["prompt_id"])


def wait_for(host: str, number: str, every: float = 0.3) -> Any:
    """The history of a prompt, once it has ended; at most five minutes."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        history = get(f"{host}/history/{number}")
        if number in history:
            return history[number]
        time.sleep(every)
    raise AssertionError(f"prompt {number} did not end")


def error_of(ended: Any) -> str:
    """The message of the node that failed."""
    errors = [message for kind, message in ended["status"]["messages"] if kind == "execution_error"]
    assert errors, ended["status"]
    return str(errors[0]["exception_message"])


def pictures_of(host: str, ended: Any, node: str) -> list[np.ndarray]:
    """What an output node saved or showed: `[H, W, 3 or 4]` in 0..1 each."""
    assert ended["status"]["status_str"] == "success", ended["status"]
    files = [view(host, entry) for entry in ended["outputs"][node]["images"]]
    return [np.asarray(Image.open(io.BytesIO(file)), dtype=np.float32) / 255 for file in files]


def view(host: str, entry: dict[str, str]) -> bytes:
    """A file that an output node saved or showed."""
    with urllib.request.urlopen(f"{host}/view?{urllib.parse.urlencode(entry)}", timeout=30) as answer:
        return answer.read()


def to_prompt(workflow: dict[str, Any], info: dict[str, Any]) -> Prompt:
    """What the front end sends for a workflow of plain nodes; muted nodes and notes stay behind."""
    muted = {node["id"] for node in workflow["nodes"] if node["mode"] == 2}
    sources = {link[0]: [str(link[1]), link[2]] for link in workflow["links"] if link[1] not in muted}
    prompt = {}
    for node in workflow["nodes"]:
        if node["type"] in ("Note", "MarkdownNote") or node["id"] in muted:
            continue
        linked = {entry["name"]: sources[entry["link"]] for entry in node["inputs"] if entry["link"] in sources}
        declared = info[node["type"]]["input"]
        names = {**declared.get("required", {}), **declared.get("optional", {})}
        # A widget with a link has a socket too, and keeps its place among the values. Growing inputs have sockets alone.
        sockets = {entry["name"] for entry in node["inputs"] if "widget" not in entry}
        widgets = [name for name in names if name not in sockets and names[name][0] != "COMFY_AUTOGROW_V3"]
        values = dict(zip(widgets, node["widgets_values"], strict=False))
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": values | linked}
    return prompt


def transfer_prompt(content: list[Any], style_picture: list[Any] | None = None, **inputs: Any) -> Prompt:
    """Shows, as node "shown", the picture at the link `content` in the style of the picture at the link `style_picture`.

    `inputs` replace those of Apply Style.
    """
    return {
        "model": {"class_type": "A2K_LoadModel", "inputs": {"model_name": "bundled", "precision": "auto"}},
        "swirl": {"class_type": "A2K_ExamplePicture", "inputs": {"picture": "style/swirl.jpg"}},
        "style": {
            "class_type": "A2K_EncodeStyle",
            "inputs": {"model": ["model", 0], "image": style_picture or ["swirl", 0], "style_size": 128},
        },
        "painted": {
            "class_type": "A2K_Transfer",
            "inputs": {"model": ["model", 0], "style": ["style", 0], "image": content, "strength": 1.0} | inputs,
        },
        "shown": {"class_type": "PreviewImage", "inputs": {"images": ["painted", 0]}},
    }


def node(class_type: str, /, **inputs: Any) -> dict[str, Any]:
    """One node of a prompt."""
    return {"class_type": class_type, "inputs": inputs}
