"""The example pictures, for tests of the bundled weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from a2k_core import EncodedStyle, load_model
from a2k_core.images import read_picture

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def examples(kind: Literal["content", "style"], side: int) -> list[Tensor]:
    """All of a kind by name, `[1, 3, side, side]` each."""
    paths = sorted((EXAMPLES / kind).glob("*.jpg"))
    return [F.interpolate(read_picture(path).image, (side, side), mode="area") for path in paths]


def with_and_without(
    option: str, content: Tensor, measure: Callable[[Tensor, EncodedStyle], float]
) -> tuple[float, float]:
    """What is measured of the bundled weights' pictures with an option of their configuration on, and off: means over the example
    styles, of the content's side."""
    model = load_model(device="cpu")
    means = []
    for on in (True, False):
        model.config = dataclasses.replace(model.config, **{option: on})
        encoded = [model.encode_style(style) for style in examples("style", content.shape[-1])]
        of_styles = [measure(model.transfer(content, style), style) for style in encoded]
        means.append(sum(of_styles) / len(of_styles))
    return means[0], means[1]
