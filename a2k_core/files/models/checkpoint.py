"""Model files: one safetensors file that says what it is. No pickle is ever read here."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ...config import StyA2KConfig
from ...errors import CheckpointError, ConfigError, InputError
from ...model import StyA2K
from ...rendering.hardware.device import DTYPES, best_device, usable_device
from ..atomic_write import temporary_beside

FORMAT = "stya2k"
FORMAT_VERSION = 1
STORED_DTYPES = ("F32", "F16", "BF16")
BUNDLED_WEIGHTS = "stya2k-compact.safetensors"


@dataclasses.dataclass(frozen=True)
class CheckpointInfo:
    """What a model file says about itself, read without its tensors."""

    config: StyA2KConfig
    """The shape of the network."""

    metadata: dict[str, str]
    """Everything in the file's metadata, `config` included: training summary, licence, provenance."""

    shapes: dict[str, tuple[int, ...]]
    """Shape of each tensor, by name."""

    dtype: str
    """What all the tensors are stored as: `F32`, `F16` or `BF16`."""


def save_model(model: StyA2K, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
    """Write a model to one safetensors file, complete or not at all.

    Args:
        model: its tensors are stored in the dtype they have.
        path: ends in `.safetensors`; its folder must exist.
        metadata: JSON-ready values to store beside the configuration; by custom `training` (a summary), `licence`, `source`.

    Raises:
        CheckpointError: when the file cannot be written, or `metadata` has a key that the format reserves.
    """
    path = Path(path)
    reserved = {"format", "format_version", "config"}
    metadata = dict(metadata or {})
    if taken := reserved & metadata.keys():
        raise CheckpointError(f"metadata keys {sorted(taken)} are written by the format itself; choose others")
    if path.suffix != ".safetensors":
        raise CheckpointError(f"{path}: model files end in .safetensors")
    header = {"format": FORMAT, "format_version": str(FORMAT_VERSION), "config": json.dumps(model.config.to_dict())}
    header |= {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_safetensors(tensors, path, header, "the model")


def write_safetensors(tensors: dict[str, Tensor], path: Path, header: dict[str, str], what: str) -> None:
    """Write one safetensors file, complete or not at all: to a temporary file beside it, which is then renamed.

    Raises:
        CheckpointError: when the file cannot be written; `what` is what the error calls its content.
    """
    try:
        with temporary_beside(path) as temporary:
            save_file(tensors, temporary, metadata=header)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot write {what} ({getattr(error, 'strerror', None) or error})") from error


def read_info(path: str | os.PathLike[str]) -> CheckpointInfo:
    """Read a model file's description and check it, without reading its tensors.

    Raises:
        CheckpointError: when it is missing, damaged or not a StyA2K model; it says which.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; pass the path of a StyA2K .safetensors file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - no __iter__
            shapes = {name: tuple(tensor.get_shape()) for name, tensor in slices.items()}
            dtypes = sorted({tensor.get_dtype() for tensor in slices.values()})
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: {_describe_unreadable(path)} ({error})") from error
    if metadata.get("format") != FORMAT:
        examples = ", ".join(sorted(shapes)[:3]) or "none"
        raise CheckpointError(
            f"{path}: a safetensors file, but not a StyA2K model (no format={FORMAT!r} in its metadata; its tensors: {examples}, ..). "
            "Files of the authors are turned into one by `a2k convert`"
        )
    version = metadata.get("format_version", "")
    if version != str(FORMAT_VERSION):
        raise CheckpointError(
            f"{path}: format version {version or 'missing'}; this package reads version {FORMAT_VERSION}. Update the package"
        )
    try:
        config = StyA2KConfig.from_dict(json.loads(metadata.get("config", "null")))
    except (ConfigError, json.JSONDecodeError, RecursionError) as error:
        raise CheckpointError(f"{path}: its configuration is not valid: {error}") from error
    if len(dtypes) != 1 or dtypes[0] not in STORED_DTYPES:
        raise CheckpointError(
            f"{path}: its tensors are {', '.join(dtypes)}; all must be the same one of {', '.join(STORED_DTYPES)}"
        )
    return CheckpointInfo(config, metadata, shapes, dtypes[0])


def load_model(
    path: str | os.PathLike[str] | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    operations: ModuleType | Any = nn,
) -> StyA2K:
    """Load a model, ready to use (evaluation mode, no gradients).

    Args:
        path: a StyA2K `.safetensors` file; `None` takes the bundled weights.
        device: `None` takes the best there is: CUDA, XPU, MPS, else the CPU.
        dtype: float32, bfloat16 or float16; `None` keeps what the file holds.
        operations: where `Conv2d` comes from; see `StyA2K`.

    Raises:
        CheckpointError: when the file is missing, damaged, foreign, its tensors do not fit its configuration, or have NaN.
        InputError: when the device is not there, or the dtype is another one.
    """
    if dtype is not None and dtype not in DTYPES.values():
        raise InputError(f"the dtype is {dtype}; pass float32, bfloat16 or float16, or None for the file's")
    device = best_device() if device is None else usable_device(device)
    path = bundled_weights() if path is None else Path(path)
    info = read_info(path)
    with torch.device("meta"):
        model = StyA2K(info.config, operations)
    _check_shapes(path, info, {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()})
    tensors: dict[str, Tensor] = {}
    with safe_open(path, framework="pt") as file:
        for name in info.shapes:
            tensors[name] = file.get_tensor(name)
            if not bool(tensors[name].isfinite().all()):
                raise CheckpointError(
                    f"{path}: {name} has NaN or infinite values; the file is damaged, or its training went wrong"
                )
    model.load_state_dict(tensors, assign=True)
    model.requires_grad_(False).eval()
    return model.to(device=device, dtype=dtype).to(memory_format=torch.channels_last)


def bundled_weights() -> Path:
    """The weights that come with the package: in a checkout beside it, installed inside it.

    Raises:
        CheckpointError: when neither is there.
    """
    here = Path(__file__).resolve().parents[2]
    candidates = [here / "weights" / BUNDLED_WEIGHTS, here.parent / "weights" / BUNDLED_WEIGHTS]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise CheckpointError(
        f"the bundled weights are missing; looked for {candidates[0]} and {candidates[1]}. Reinstall, or pass a path"
    )


def _check_shapes(path: Path, info: CheckpointInfo, expected: dict[str, tuple[int, ...]]) -> None:
    problems = [f"lacks {name}" for name in sorted(expected.keys() - info.shapes.keys())]
    problems += [f"has an unknown tensor {name}" for name in sorted(info.shapes.keys() - expected.keys())]
    problems += [
        f"{name} is {list(info.shapes[name])}, the configuration says {list(shape)}"
        for name, shape in sorted(expected.items())
        if info.shapes.get(name, shape) != shape
    ]
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise CheckpointError(f"{path}: its tensors do not fit its configuration: {'; '.join(problems[:3])}{more}")


def _describe_unreadable(path: Path) -> str:
    """What a file that is not readable as safetensors seems to be, from its first bytes."""
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        return "the file is empty; a StyA2K .safetensors file was expected"
    if head[:2] == b"PK" or head[:1] == b"\x80":
        return (
            "a pickled PyTorch file, which is never read here; turn the authors' files into a model with `a2k convert`"
        )
    if head[:7] == b"version":
        return "a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"
    return "not a readable safetensors file: truncated, damaged, or something else"
