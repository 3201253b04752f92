"""A real host with this pack: COMFYUI_PATH is a ComfyUI folder with the pack in custom_nodes, COMFYUI_PYTHON its interpreter."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Host, InsideHost, get


@pytest.fixture(scope="session")
def comfyui() -> tuple[Path, str]:
    """The host's folder and interpreter."""
    folder = os.environ.get("COMFYUI_PATH")
    if not folder:
        pytest.skip("NOT RUN: set COMFYUI_PATH to a ComfyUI folder with this pack in custom_nodes")
    return Path(folder), os.environ.get("COMFYUI_PYTHON", sys.executable)


@pytest.fixture(scope="session")
def running(comfyui: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host on the CPU, with the nodes of `odd_nodes` and with model folders elsewhere."""
    folder, python = comfyui
    base = tmp_path_factory.mktemp("host")
    shutil.copytree(Path(__file__).parent / "odd_nodes", base / "custom_nodes" / "odd_nodes")
    for name in ("output", "models", "styles"):
        (base / name).mkdir()
    paths = {"custom_nodes": "custom_nodes", "stya2k": "models", "stya2k_styles": "styles"}
    config = base / "paths.yaml"
    config.write_text(json.dumps({"elsewhere": {"base_path": str(base)} | paths}), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "main.py", "--cpu", "--port", str(port), "--output-directory", str(base / "output")]
    command += ["--extra-model-paths-config", str(config)]
    log = base / "host.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                get(f"{address}/system_stats")
                break
            except OSError:
                assert process.poll() is None, log.read_text(errors="replace")[-3000:]
                time.sleep(0.5)
        yield Host(address, base / "output", base / "models", base / "styles")
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def host(running: Host) -> str:
    """The running host's address."""
    return running.address


@pytest.fixture
def inside(comfyui: tuple[Path, str]) -> InsideHost:
    """Runs Python in the host's interpreter, with the host's modules and this pack, but without its server."""
    return InsideHost(*comfyui)
