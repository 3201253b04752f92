"""The oldest and the newest Python and packages that pyproject.toml promises: `pip install nox`, then `nox -s range`.

Each version is installed anew (gigabytes) and runs all tests. A Python that is not on the machine is reported and left out.
"""

from __future__ import annotations

import re
from pathlib import Path

import nox

nox.options.sessions = ["range"]
nox.options.error_on_missing_interpreters = False

ROOT = Path(__file__).parent
OLDEST_PYTHON, NEWEST_PYTHON = "3.10", "3.13"


def oldest() -> list[str]:
    """The lower bounds of the dependencies, as exact versions."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"^dependencies = \[(.*)\]", project, re.MULTILINE)
    assert found, "pyproject.toml has its dependencies on one line"
    return [text.replace(">=", "==") + ".*" for text in re.findall(r'"([^"]+)"', found[1])]


@nox.session(name="range")
@nox.parametrize(
    ("python", "bounds"),
    [(OLDEST_PYTHON, "oldest"), (OLDEST_PYTHON, "newest"), (NEWEST_PYTHON, "newest")],
    ids=["oldest", "oldest-python", "newest"],
)
def tests_of_a_range(session: nox.Session, bounds: str) -> None:
    """All tests with the oldest or the newest packages."""
    pinned = oldest() if bounds == "oldest" else []
    session.install("--upgrade", "-e", ".[dev]", *pinned)
    session.run("python", "-c", WHAT_RAN)
    session.run("python", "-m", "pytest", *session.posargs)


WHAT_RAN = """
import importlib.metadata as metadata, platform
print("tested with Python", platform.python_version(), "on", platform.platform())
for name in ("torch", "torchvision", "numpy", "pillow", "safetensors"):
    print(f"{name:12s}", metadata.version(name))
"""
