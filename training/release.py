"""What a released file says of its training."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

from options import Options
from state import TrainingState


def release_metadata(
    options: Options, state: TrainingState, terms: dict[str, float], contents: int, styles: int, world: int
) -> dict[str, object]:
    """What the released file says of its training: everything but the paths of this machine."""
    recipe = {
        k: v
        for k, v in dataclasses.asdict(options).items()
        if not isinstance(v, Path) and k not in ("resume", "device")
    }
    return {
        "training": {
            "options": recipe,
            "steps": state.step,
            "pictures": {"contents": contents, "styles": styles},
            "processes": world,
            "commit": commit(),
            "minutes": round(state.seconds / 60, 1),
            "last_terms": {name: round(value, 4) for name, value in terms.items()},
        },
        "licence": "MIT for the weights; the training pictures keep their own terms",
    }


def commit() -> str | None:
    """The commit of this code, marked when files differ from it; None outside a checkout."""
    here = Path(__file__).resolve().parent
    try:
        named = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+changes", "--exclude=*"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return named.stdout.strip() or None
