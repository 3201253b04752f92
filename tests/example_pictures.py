"""The example pictures, for tests of the bundled weights."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from a2k_core import read_picture

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def examples(kind: Literal["content", "style"], side: int) -> list[Tensor]:
    """All of a kind by name, `[1, 3, side, side]` each."""
    paths = sorted((EXAMPLES / kind).glob("*.jpg"))
    return [F.interpolate(read_picture(path).image, (side, side), mode="area") for path in paths]
