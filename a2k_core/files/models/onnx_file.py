"""ONNX files: a model as one graph that other programs run without torch.

The graph is the network's own code, recorded by `torch.onnx.export` for pictures of any size. It paints whole pictures at any strength.
What is not in it: the match of colors, batches, masks, strength maps, regions, mixed and saved styles, preserved colors, statistics of
clips, and tiles.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import CheckpointError, UsageError
from ...model import StyA2K
from ...network.attention.blocks import pad_to_multiple
from ...network.statistics import channel_moments
from ...options import TransferOptions
from ...rendering.postprocess import postprocess
from ..atomic_write import temporary_beside

TOLERANCE = 1e-3
"""How far a file's pictures may lie from the model's, in the mean over all pixels."""


def export_onnx(model: StyA2K, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> None:
    """Write a model as an ONNX file, complete or not at all. It takes some minutes.

    The file has the inputs `content` `[1, 3, height, width]`, `style` `[1, 3, style_height, style_width]`, both RGB in 0..1 of any size,
    and `strength` `[]`, 0 to 2; and the output `painting` `[1, 3, height, width]` in 0..1: what `StyA2K.transfer_with` gives with no
    `color_maps`. All are fp32. Before it is kept, onnxruntime paints with it at other sizes than it was recorded with, and has to give
    what the model does.

    Args:
        model: on any device, in any dtype; stored in fp32.
        path: ends in `.onnx`; its folder must exist.
        metadata: stored in the file beside the configuration; by custom what `read_info` gives of the model's own file.

    Raises:
        UsageError: when the packages of the extra `onnx` are missing.
        CheckpointError: when the file cannot be written, this torch cannot record the network, or the file does not give what the
            model does.
    """
    path = Path(path)
    if path.suffix != ".onnx":
        raise CheckpointError(f"{path}: ONNX files end in .onnx")
    if not path.parent.is_dir():
        raise CheckpointError(f"{path}: the folder {path.parent} does not exist")
    try:
        import onnxruntime
        import onnxscript  # noqa: F401 - torch needs it
    except ImportError as error:
        raise UsageError('an ONNX export needs onnxscript and onnxruntime: pip install "stya2k[onnx]"') from error
    model = copy.deepcopy(model).to("cpu", torch.float32)
    model.device = None
    # Before the graph is recorded: the plane of noise, once computed, is a number in it.
    expected = [(inputs, _expected(model, inputs)) for inputs in _examples(model.config.grid)]
    program = _record(model)
    program.model.metadata_props.update({"config": json.dumps(model.config.to_dict()), **(metadata or {})})
    try:
        with temporary_beside(path) as temporary:
            program.save(temporary)
            session = onnxruntime.InferenceSession(temporary, providers=["CPUExecutionProvider"])
            for inputs, picture in expected:
                [painted] = session.run(None, {name: value.numpy() for name, value in inputs.items()})
                if not _alike(torch.from_numpy(painted), picture):
                    raise CheckpointError(
                        f"{path}: not written, since it would not paint what the model does; torch {torch.__version__} recorded it, "
                        "a newer one may do better"
                    )
    except OSError as error:
        raise CheckpointError(f"{path}: cannot write the file ({error.strerror or error})") from error


class _Painter(nn.Module):
    """`StyA2K.encode_style` and `StyA2K.transfer` of whole pictures, for a strength that is a tensor."""

    def __init__(self, network: StyA2K) -> None:
        super().__init__()
        self.network = network

    def forward(self, content: Tensor, style: Tensor, strength: Tensor) -> Tensor:
        """`[1, 3, H, W]`, `[1, 3, h, w]` and `[]` to `[1, 3, H, W]`."""
        network = self.network
        features = network.encode_content(pad_to_multiple(content, network.config.grid))
        moments = [channel_moments(level) for level in features]
        encoded = network.encode_style_features(network.features(style))
        everywhere = strength.reshape(1, 1, 1, 1)
        stylized = network.stylize(features, moments, encoded, (everywhere, everywhere, everywhere))
        decoded = network.decode(stylized)
        rebuilt = torch.cond(strength < 1, _decode(network), _nothing_rebuilt, (features, decoded))
        height, width = content.shape[-2:]
        inside = (..., slice(height), slice(width))
        return postprocess(decoded[inside], rebuilt[inside], content, TransferOptions(), everywhere)


def _decode(network: StyA2K) -> Any:
    return lambda features, _: network.decode(features)


def _nothing_rebuilt(_: Any, decoded: Tensor) -> Tensor:
    """From full strength on `postprocess` does not look at it."""
    return decoded.clone()


def _record(model: StyA2K) -> torch.onnx.ONNXProgram:
    """The graph, for any size. Raises `CheckpointError` when torch cannot record it."""
    inputs = _pictures(model.config.grid, (2, 3), (4, 5))
    try:
        with torch.no_grad():
            program = torch.onnx.export(
                _Painter(model).eval(),
                kwargs=inputs,
                dynamic_shapes={
                    "content": {2: "height", 3: "width"},
                    "style": {2: "style_height", 3: "style_width"},
                    "strength": {},
                },
                input_names=list(inputs),
                output_names=["painting"],
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # of many kinds
        raise CheckpointError(
            f"torch {torch.__version__} cannot record the network ({str(error).splitlines()[0]}); use a newer one"
        ) from error
    assert program is not None
    program.model.graph.outputs[0].shape = program.model.graph.inputs[0].shape  # else a formula of it
    return program


def _examples(grid: int) -> list[dict[str, Tensor]]:
    """Inputs to check a file with: a wide picture and a tall one, with other styles and strengths."""
    return [_pictures(grid, (1, 3), (3, 1)), {**_pictures(grid, (4, 2), (2, 2)), "strength": torch.tensor(0.5)}]


def _pictures(grid: int, content: tuple[int, int], style: tuple[int, int]) -> dict[str, Tensor]:
    """Inputs of about so many cells of the grid, no side as long as another."""
    generator = torch.Generator().manual_seed(0)
    (rows, columns), (style_rows, style_columns) = content, style
    sides = (rows * grid - 7, columns * grid - 5), (style_rows * grid - 3, style_columns * grid - 1)
    pictures = [torch.rand((1, 3, *size), generator=generator) for size in sides]
    return {"content": pictures[0], "style": pictures[1], "strength": torch.tensor(1.0)}


def _expected(model: StyA2K, inputs: Mapping[str, Tensor]) -> Tensor:
    style = model.encode_style(inputs["style"])
    options = TransferOptions(float(inputs["strength"]), color_maps=())
    return model.transfer_with(inputs["content"], style, options)


def _alike(painted: Tensor, expected: Tensor) -> bool:
    return painted.shape == expected.shape and float((painted - expected).abs().mean()) <= TOLERANCE
