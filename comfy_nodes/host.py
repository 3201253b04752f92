"""What the nodes need of the host: sockets, model folders, memory. Everything else they take from `a2k_core`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import folder_paths
import torch
from comfy import model_management
from comfy_api.latest import io
from PIL import Image
from torch import Tensor

from ..a2k_core import EncodedStyle, StyA2K, mix_styles
from ..a2k_core.errors import CheckpointError, InputError
from ..a2k_core.rendering.hardware.device import best_dtype
from ..a2k_core.rendering.hardware.memory import MAX_AT_ONCE, is_out_of_memory, run_in_chunks
from ..a2k_core.video.schedule import Schedule

CATEGORY = "image/style transfer"

Model = io.Custom("A2K_MODEL")
"""A patcher of the host's around a `StyA2K`."""

Style = io.Custom("A2K_STYLE")
"""A `StyleOfModel`."""

MODELS = "stya2k"
"""The host's key, and the folder's name, for models."""

STYLES = "stya2k_styles"
"""The same for saved styles."""

KEEPS_PREVIEW: dict[str, Any] = (
    {"has_intermediate_output": True}
    if "has_intermediate_output" in io.Schema.__dataclass_fields__
    else {"is_output_node": True}
)
"""For the schema of a node whose preview the host shows again from its cache. An older host does so for output nodes alone, and runs
these even when nothing needs them."""


class StyleOfModel(NamedTuple):
    """What flows through an A2K_STYLE socket. A tuple, because the host's cache looks for tensors in tuples to measure them."""

    encoded: EncodedStyle
    """With `shares` the mean of `styles`, which has the tensors of all of them. Nodes that cannot use `shares` take `constant`."""

    model: str
    """Fingerprint of the model that encoded it."""

    tensors: tuple[Tensor, ...]
    """Those of `encoded`, for the host's cache."""

    styles: tuple[EncodedStyle, ...]
    """What `FrameStylizer` takes: `encoded` alone, or with `shares` the styles to mix."""

    shares: Schedule | None = None
    """Of each style at each picture."""

    thumbnail: Image.Image | None = None
    """For the file that Save Style writes."""

    @classmethod
    def of(cls, encoded: EncodedStyle, model: str, thumbnail: Image.Image | None = None) -> StyleOfModel:
        """An encoded style with the fingerprint of its model."""
        return cls(encoded, model, tuple(encoded.tensors()), (encoded,), thumbnail=thumbnail)

    @classmethod
    def over_time(cls, styles: Sequence[EncodedStyle], shares: Schedule, model: str) -> StyleOfModel:
        """Styles of the model of this fingerprint, mixed in shares that change from picture to picture.

        Raises:
            InputError: when the shares do not fit the styles, or the styles cannot be mixed.
        """
        for _, values in shares.keyframes:
            mix_styles(styles, values)
        return cls.of(mix_styles(styles, [1.0] * len(styles)), model)._replace(styles=tuple(styles), shares=shares)

    def constant(self, node: str) -> EncodedStyle:
        """The encoded style, for a node that takes the same one for all pictures.

        Raises:
            InputError: when the style changes over time.
        """
        if self.shares is not None:
            raise InputError(
                f"{node} takes no style that changes over time; connect it to Apply Style, or clear shares_over_time of Mix Styles"
            )
        return self.encoded


def register_folders() -> None:
    """Make models/stya2k, models/stya2k_styles and the output folder's stya2k_styles known to the host."""
    _register(MODELS, Path(folder_paths.models_dir) / MODELS)
    _register(STYLES, Path(folder_paths.models_dir) / STYLES, Path(folder_paths.get_output_directory()) / STYLES)


def _register(key: str, *folders: Path) -> None:
    """Make folders known to the host, after those the user configured for the key, and list .safetensors files alone."""
    known, _ = folder_paths.folder_names_and_paths.get(key, ([], set()))
    known.extend(str(folder) for folder in folders if str(folder) not in known)
    folder_paths.folder_names_and_paths[key] = (known, {".safetensors"})


def file_named(key: str, name: str) -> Path:
    """The file that a list shows as `name`.

    Raises:
        CheckpointError: when it is not there any more.
    """
    path = folder_paths.get_full_path(key, name)
    if path is None:
        where = " or ".join(folder_paths.get_folder_paths(key))
        raise CheckpointError(f"{name}: no longer in {where}; put it back, or press R and choose another")
    return Path(path)


def stamp(path: Path) -> str:
    """A text that changes when a file does."""
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def auto_dtype(network: StyA2K, device: torch.device) -> torch.dtype:
    """What the host would compute in. It does not know that some processors are good at bf16."""
    if model_management.should_use_fp16(device):
        return torch.float16
    if model_management.should_use_bf16(device):
        return torch.bfloat16
    return torch.float32 if model_management.FORCE_FP32 else best_dtype(network.config, device)


def stop_if_cancelled(*_: Any) -> None:
    """A forward hook for every layer: one large picture alone can take long."""
    model_management.throw_exception_if_processing_interrupted()


def reserve(model: Any, memory: int, count: int, styles: int = 0) -> int:
    """Have the host load a model and make room for it to work.

    Args:
        model: the host's patcher.
        memory: bytes that one picture takes.
        count: of pictures.
        styles: bytes of styles on the device.

    Returns:
        How many of the pictures to compute at once. One on the CPU, which gains nothing from more.
    """
    device = model.load_device
    at_once = 1 if model_management.is_device_cpu(device) else min(MAX_AT_ONCE, count)
    # For a huge picture the estimate exceeds any memory; it is then computed in tiles, in what there is.
    room = min(memory * at_once, model_management.get_total_memory(device) // 2)
    model_management.load_models_gpu([model], memory_required=room + styles)
    return at_once


def run(count: int, chunk: int, work: Callable[[int, int], None], advice: str) -> None:
    """Call `work(start, stop)` over 0..count in chunks, smaller ones when memory runs out.

    Raises:
        OOM_EXCEPTION: of the host, when memory is short even for one at a time. `advice` is what the message says to try.
    """
    try:
        run_in_chunks(count, chunk, work, _raise_other, model_management.soft_empty_cache)
    except Exception as error:
        _raise_other(error)
        # Of the host's own type: it then also frees its other models.
        raise model_management.OOM_EXCEPTION(
            f"Not enough memory for one picture at a time; try {advice}, or precision fp16 in Load StyA2K Model. ({error})"
        ) from error


def _raise_other(error: Exception) -> None:
    """Raise it unless it means lack of memory, on the CPU too."""
    if not is_out_of_memory(error):
        model_management.raise_non_oom(error)
