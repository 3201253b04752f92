"""The pack in the real host: COMFYUI_PATH is a ComfyUI folder with this pack in custom_nodes, COMFYUI_PYTHON its interpreter."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / "example_workflows").glob("*.json"))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a host that runs on the CPU."""
    folder = os.environ.get("COMFYUI_PATH")
    if not folder:
        pytest.skip("NOT RUN: set COMFYUI_PATH to a ComfyUI folder with this pack in custom_nodes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    python = os.environ.get("COMFYUI_PYTHON", sys.executable)
    output = tmp_path_factory.mktemp("output")
    log = (output / "host.log").open("wb")
    command = [python, "main.py", "--cpu", "--port", str(port), "--output-directory", str(output)]
    process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                get(f"{address}/system_stats")
                break
            except OSError:
                assert process.poll() is None, (output / "host.log").read_text(errors="replace")[-3000:]
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def get(url: str, data: Any = None) -> Any:
    """JSON of a GET, or of a POST of `data`."""
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def test_ids_order_defaults_and_types_are_those_that_workflows_store(host: str) -> None:
    info = get(f"{host}/object_info")
    stored = json.loads((ROOT / "tests" / "snapshot" / "nodes.json").read_text(encoding="utf-8"))
    for node, expected in stored.items():
        inputs = info[node]["input"]["required"]
        assert list(inputs) == expected["inputs"]
        assert info[node]["output"] == expected["outputs"]
        defaults = {name: spec[1]["default"] for name, spec in inputs.items() if "default" in spec[1]}
        assert defaults == expected["defaults"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_example_workflows_run_as_they_are(host: str, path: Path) -> None:
    prompt = to_prompt(json.loads(path.read_text(encoding="utf-8")), get(f"{host}/object_info"))
    ended = wait_for(host, get(f"{host}/prompt", {"prompt": prompt})["prompt_id"])
    assert ended["status"]["status_str"] == "success", ended["status"]
    assert any("images" in output for output in ended["outputs"].values())


def test_a_long_batch_is_cancelled_within_a_second(host: str) -> None:
    prompt = {
        "model": {"class_type": "A2K_LoadModel", "inputs": {"model_name": "bundled", "precision": "auto"}},
        "picture": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
        "many": {"class_type": "RepeatImageBatch", "inputs": {"image": ["picture", 0], "amount": 100}},
        "style": {
            "class_type": "A2K_EncodeStyle",
            "inputs": {"model": ["model", 0], "image": ["picture", 0], "style_size": 256},
        },
        "painted": {
            "class_type": "A2K_Transfer",
            "inputs": {"model": ["model", 0], "style": ["style", 0], "image": ["many", 0], "strength": 1.0},
        },
        "shown": {"class_type": "PreviewImage", "inputs": {"images": ["painted", 0]}},
    }
    number = get(f"{host}/prompt", {"prompt": prompt})["prompt_id"]
    time.sleep(4)
    assert number not in get(f"{host}/history/{number}"), "the batch was over before it could be cancelled"
    asked = time.monotonic()
    get(f"{host}/interrupt", {})
    ended = wait_for(host, number, every=0.05)
    assert time.monotonic() - asked < 1
    assert "execution_interrupted" in [message[0] for message in ended["status"]["messages"]]


def wait_for(host: str, number: str, every: float = 0.5) -> Any:
    """The history of a prompt, once it has ended; at most five minutes."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        history = get(f"{host}/history/{number}")
        if number in history:
            return history[number]
        time.sleep(every)
    raise AssertionError(f"prompt {number} did not end")


def to_prompt(workflow: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    """What the front end sends for a workflow of plain nodes."""
    sources = {link[0]: [str(link[1]), link[2]] for link in workflow["links"]}
    prompt = {}
    for node in workflow["nodes"]:
        if node["type"] == "Note":
            continue
        linked = {entry["name"]: sources[entry["link"]] for entry in node["inputs"] if entry["link"] is not None}
        widgets = [name for name in info[node["type"]]["input"]["required"] if name not in linked]
        values = dict(zip(widgets, node["widgets_values"], strict=False))
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": values | linked}
    return prompt
