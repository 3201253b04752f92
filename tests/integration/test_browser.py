"""As a new user would: open a template in the browser, press Run, see the picture."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client import WORKFLOWS

READY = "() => !!(window.app?.graph && window.LiteGraph?.registered_node_types?.A2K_Transfer)"
MISSING = "() => app.graph._nodes.filter(node => !LiteGraph.registered_node_types[node.type]).map(node => node.type)"
SHOWN = """() => app.graph._nodes.filter(node => ["SaveImage", "SaveVideo"].includes(node.type) && node.mode == 0)
    .every(node => node.type == "SaveVideo"
        ? [...document.querySelectorAll("video")].some(video => video.videoWidth > 0)
        : node.imgs?.length && node.imgs.every(image => image.naturalWidth > 0))"""
SPREAD = """() => {
    const saved = app.graph._nodes.find(node => node.type == "SaveImage" && node.mode == 0);
    const image = saved ? saved.imgs[0] : [...document.querySelectorAll("video")].find(video => video.videoWidth > 0);
    const canvas = Object.assign(document.createElement("canvas"), {width: 64, height: 64});
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 64, 64);
    const green = [...context.getImageData(0, 0, 64, 64).data].filter((_, index) => index % 4 == 1);
    const mean = green.reduce((sum, value) => sum + value) / green.length;
    return Math.sqrt(green.reduce((sum, value) => sum + (value - mean) ** 2, 0) / green.length);
}"""
"""Standard deviation, in 0..255, of the picture that Save Image shows, or of the frame that Save Video shows."""

PATIENCE = 240_000
"""Milliseconds."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, through Playwright."""
    try:
        playwright = importlib.import_module("playwright.sync_api")
    except ImportError:
        pytest.skip("NOT RUN: pip install playwright, and Chromium from the system or by `playwright install chromium`")
    installed = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_template_opened_from_the_list_runs_and_shows_its_picture(
    host: str, browser: Any, path: Path, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 1700, "height": 1250})
    page.set_default_timeout(PATIENCE)
    page.goto(host)
    page.wait_for_function(READY)
    # What the list of templates does when one is clicked.
    page.wait_for_timeout(2000)
    opened = page.evaluate(
        """async name => {
            const templates = await (await fetch("/api/workflow_templates")).json();
            const pack = Object.keys(templates).find(pack => templates[pack].includes(name));
            await app.loadGraphData(await (await fetch(`/api/workflow_templates/${pack}/${name}.json`)).json());
            return (await fetch(`/api/workflow_templates/${pack}/${name}.jpg`)).ok;
        }""",
        path.stem,
    )
    assert opened, "the template has no thumbnail"
    assert page.evaluate(MISSING) == []
    # A host that has never been opened greets with its own list of templates.
    if page.locator('[data-testid="dialog-overlay"]').count():
        page.keyboard.press("Escape")
        page.locator('[data-testid="dialog-overlay"]').first.wait_for(state="hidden")
    page.locator('[data-testid="queue-button"]').first.click()
    page.wait_for_function(SHOWN)
    page.wait_for_timeout(1000)
    # Kept where the caller asks for it: a person looks at it better than a test.
    page.screenshot(path=str(Path(os.environ.get("SCREENSHOTS", tmp_path)) / f"{path.stem}.png"))
    assert page.evaluate(SPREAD) > 15
    page.close()
