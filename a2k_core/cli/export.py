"""`a2k export`: a model for programs that run ONNX files, without torch."""

from __future__ import annotations

from pathlib import Path

import torch

from ..errors import UsageError
from ..files.models.checkpoint import bundled_weights, load_model, read_info
from ..files.models.onnx_file import export_onnx
from .console import Console


def export(weights: Path | None, output: Path, console: Console) -> int:
    """Write a model file (None: the bundled one) as an ONNX file. Returns the exit status 0.

    Raises:
        StyA2KError: when the model cannot be read or the file not be written.
        UsageError: when the file has another ending, or packages are missing.
    """
    if output.suffix != ".onnx":
        raise UsageError(f"{output}: ONNX files end in .onnx")
    weights = weights or bundled_weights()
    console.status("exporting; this takes some minutes")
    export_onnx(load_model(weights, "cpu", torch.float32), output, read_info(weights).metadata)
    console.line(f"a2k: {output} written")
    return 0
