"""The wheel and the source distribution: what an installed package has without the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, the wheel built from the source distribution as an installer without wheels does."""
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder, "sdist")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        members = [
            member for member in archive.getmembers() if not member.name.startswith("/") and ".." not in member.name
        ]
        archive.extractall(folder / "source", members)
    build(next((folder / "source").iterdir()), folder, "wheel")
    return folder


def build(source: Path, folder: Path, target: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)


@pytest.fixture(scope="module")
def installed(built: Path) -> Path:
    """The wheel, unpacked."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        archive.extractall(built / "installed")
    return (built / "installed").resolve()


def run(installed: Path, *arguments: str) -> str:
    """What Python prints away from the checkout, with the installed package first on its path."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def test_it_has_weights_examples_types_and_nothing_of_the_checkout(installed: Path) -> None:
    package = installed / "a2k_core"
    for name in (
        "py.typed",
        "weights/stya2k-compact.safetensors",
        "examples/content/coffee.jpg",
        "examples/style/swirl.jpg",
    ):
        assert (package / name).is_file()
    assert {path.name for path in installed.iterdir()} == {"a2k_core", next(installed.glob("*.dist-info")).name}


def test_the_command_and_the_import_find_the_bundled_weights(installed: Path) -> None:
    entries = next(installed.glob("*.dist-info")) / "entry_points.txt"
    assert "a2k = a2k_core.cli.main:main" in entries.read_text(encoding="utf-8")
    code = "from a2k_core.cli.main import main; main(['info'])"
    assert str(installed / "a2k_core" / "weights") in run(installed, "-c", code)


def test_the_readme_of_the_package_links_to_the_web_alone(installed: Path) -> None:
    text = (next(installed.glob("*.dist-info")) / "METADATA").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 5
    assert [link for link in links if not link.startswith("https://")] == []


def test_the_owners_name_stands_in_one_file() -> None:
    """A project that moves changes it there."""
    home = re.compile(r"github(?:usercontent)?\.com/([\w-]+)/ComfyUI-StyA2K")
    assert len(set(home.findall((ROOT / "pyproject.toml").read_text(encoding="utf-8")))) == 1
    pages = [page for folder in (".", "examples", "training", "weights") for page in (ROOT / folder).glob("*.md")]
    pages += [*ROOT.glob("*.py"), *(ROOT / "example_workflows").glob("*.json"), *(ROOT / ".github").glob("**/*.yml")]
    assert [page for page in pages if home.search(page.read_text(encoding="utf-8"))] == []
