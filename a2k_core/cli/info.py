"""`a2k info`: what a model file is."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from safetensors import safe_open

from ..files.models.checkpoint import bundled_weights, read_info
from .console import print_result

_SPELLED_OUT = ("format", "format_version", "config")
"""Metadata keys that are shown in a place of their own."""

_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""Names of the format to names of torch."""


def info(path: Path | None, *, as_json: bool = False) -> int:
    """Print the description of a model file (None: of the bundled one) to stdout, readable or as one JSON object.

    Raises:
        CheckpointError: when it is missing, damaged or not a StyA2K model.
    """
    facts = describe(path or bundled_weights())
    print_result(json.dumps(facts, indent=2) if as_json else "\n".join(_lines(facts)))
    return 0


def describe(path: Path) -> dict[str, Any]:
    """The facts of a model file, JSON-ready.

    Raises:
        CheckpointError: when it is missing, damaged or not a StyA2K model.
    """
    checkpoint = read_info(path)
    with safe_open(path, framework="pt") as file:
        dtypes = sorted({file.get_slice(name).get_dtype() for name in checkpoint.shapes})
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "format_version": int(checkpoint.metadata["format_version"]),
        "parameters": sum(math.prod(shape) for shape in checkpoint.shapes.values()),
        "dtype": ", ".join(_DTYPES.get(name, name) for name in dtypes),
        "config": checkpoint.config.to_dict(),
        **{key: _parsed(value) for key, value in sorted(checkpoint.metadata.items()) if key not in _SPELLED_OUT},
    }


def _parsed(value: str) -> Any:
    """Metadata holds strings only; what was an object or a number before it was stored becomes one again."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _lines(facts: dict[str, Any], indent: str = "") -> list[str]:
    """`name  value` lines in a column, objects indented below their name."""
    width = max((len(name) for name in facts), default=0) + 2
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name:<{width}}{_shown(name, value)}")
    return lines


def _shown(name: str, value: Any) -> str:
    if name == "bytes":
        return f"{value:,} ({value / 1e6:.1f} MB)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return str(value)
