"""The ComfyUI nodes: models, styles and pictures between the host and `a2k_core`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import comfy.model_patcher
import comfy.ops
import comfy.utils
import folder_paths
import torch
from comfy import model_management
from comfy_api.latest import ComfyExtension, io
from torch import Tensor

from .a2k_core import EncodedStyle, StyA2K, load_model
from .a2k_core.batches import (
    alpha_of,
    check_batch,
    resize_to_short_side,
    run_in_chunks,
    to_rgb,
    working_memory,
)
from .a2k_core.checkpoint import bundled_weights
from .a2k_core.errors import CheckpointError, InputError
from .a2k_core.style_file import check_fingerprint, fingerprint, load_style, save_style

MODELS = "stya2k"
STYLES = "stya2k_styles"
BUNDLED = "bundled"
CATEGORY = "image/style transfer"
PRECISIONS = {"auto": None, "fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
CHUNK = 8
"""Pictures computed at once where memory allows; more gain nothing and delay the progress bar."""

Model = io.Custom("A2K_MODEL")
Style = io.Custom("A2K_STYLE")


@dataclasses.dataclass(frozen=True)
class StyleOfModel:
    """What flows through an A2K_STYLE socket."""

    encoded: EncodedStyle
    model: str
    """Fingerprint of the model that encoded it."""

    def _comfy_cache_tensors(self) -> list[Tensor]:
        """For the host, which measures what its cache holds."""
        return self.encoded.tensors()


class LoadModel(io.ComfyNode):
    """A model file to a model that the host moves and casts."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_LoadModel",
            display_name="Load StyA2K Model",
            category=CATEGORY,
            description="Loads the style transfer network: the weights that come with these nodes, or a file in models/stya2k.",
            search_aliases=["stya2k", "style transfer model", "neural style", "all-to-key"],
            inputs=[
                io.Combo.Input(
                    "model_name",
                    options=[BUNDLED, *folder_paths.get_filename_list(MODELS)],
                    default=BUNDLED,
                    tooltip="'bundled' comes with these nodes. Other models go into models/stya2k as .safetensors files.",
                ),
                io.Combo.Input(
                    "precision",
                    options=list(PRECISIONS),
                    default="auto",
                    tooltip="auto: fp32 on the CPU, half precision on graphics cards that are good at it. fp32 is exact and slower.",
                ),
            ],
            outputs=[Model.Output("model", tooltip="For Encode Style, Load Style and Apply Style.")],
        )

    @classmethod
    def fingerprint_inputs(cls, model_name: str, precision: str) -> str:
        """A file replaced under the same name is loaded again."""
        return f"{_stamp(_model_path(model_name))} {precision}"

    @classmethod
    def execute(cls, model_name: str, precision: str) -> io.NodeOutput:
        path = _model_path(model_name)
        load_device = model_management.get_torch_device()
        offload_device = model_management.unet_offload_device()
        network = load_model(path, device="cpu", operations=comfy.ops.manual_cast)
        fingerprint(network)  # before the cast: styles then fit the model in every precision
        network.to(device=offload_device, dtype=PRECISIONS[precision] or _auto_dtype(load_device))
        return io.NodeOutput(
            comfy.model_patcher.CoreModelPatcher(network, load_device=load_device, offload_device=offload_device)
        )


class EncodeStyle(io.ComfyNode):
    """Pictures to the part of the work that depends on the style alone."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_EncodeStyle",
            display_name="Encode Style (StyA2K)",
            category=CATEGORY,
            description="Reads the style of a picture once, for any number of pictures to be painted in it.",
            search_aliases=["style reference", "style image", "neural style", "stya2k"],
            inputs=[
                Model.Input("model", tooltip="From Load StyA2K Model."),
                io.Image.Input(
                    "image",
                    tooltip="The style picture, or a batch: one for each picture it is applied to. Alpha is ignored.",
                ),
                io.Int.Input(
                    "style_size",
                    default=512,
                    min=0,
                    max=4096,
                    step=8,
                    tooltip="The style picture's short side is scaled to this many pixels: larger gives larger brush strokes. "
                    "0 keeps the picture's size.",
                ),
            ],
            outputs=[Style.Output("style", tooltip="For Apply Style and Save Style.")],
        )

    @classmethod
    def execute(cls, model: Any, image: Tensor, style_size: int) -> io.NodeOutput:
        check_batch(image, "The style picture")
        network: StyA2K = model.model
        probe = resize_to_short_side(torch.empty((1, 3, *image.shape[1:3]), device="meta"), style_size)
        memory = working_memory(network.config, *probe.shape[-2:], network.dtype)
        model_management.load_models_gpu([model], memory_required=memory)
        progress = comfy.utils.ProgressBar(len(image))
        encoded: list[EncodedStyle] = []

        def encode(start: int, stop: int) -> None:
            progress.update_absolute(start)
            pictures = to_rgb(image[start:stop].to(model.load_device), "The style picture", start)
            style = network.encode_style(resize_to_short_side(pictures, style_size))
            encoded.append(style.to(model_management.intermediate_device()))

        _run(len(image), 1, encode, "smaller style pictures or a smaller style_size")
        progress.update_absolute(len(image))
        return io.NodeOutput(StyleOfModel(EncodedStyle.stack(encoded), fingerprint(network)))


class Transfer(io.ComfyNode):
    """Pictures in the encoded style."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_Transfer",
            display_name="Apply Style (StyA2K)",
            category=CATEGORY,
            description="Paints pictures in an encoded style. Any size and any number of pictures; the size stays as it is.",
            search_aliases=["style transfer", "stylize", "neural style", "paint", "stya2k", "artistic filter"],
            inputs=[
                Model.Input("model", tooltip="The model that encoded the style."),
                Style.Input("style", tooltip="One style for all pictures, or one for each."),
                io.Image.Input("image", tooltip="The pictures to paint. Alpha is kept."),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=0.0,
                    max=2.0,
                    step=0.05,
                    tooltip="0 returns the picture itself, 1 is the full style, above 1 exaggerates it.",
                ),
            ],
            outputs=[io.Image.Output("image", tooltip="The painted pictures.")],
        )

    @classmethod
    def execute(cls, model: Any, style: StyleOfModel, image: Tensor, strength: float) -> io.NodeOutput:
        check_batch(image, "The picture")
        network: StyA2K = model.model
        count, height, width, _ = image.shape
        check_fingerprint(style.model, fingerprint(network), "Apply Style")
        if style.encoded.batch not in (1, count):
            raise InputError(
                f"{style.encoded.batch} styles for {count} pictures; connect one style for all of them, or one for each"
            )
        memory = working_memory(network.config, height, width, network.dtype)
        device = model.load_device
        styles_memory = sum(tensor.nbytes for tensor in style.encoded.tensors())
        chunk = _chunk(memory, count, device)
        model_management.load_models_gpu([model], memory_required=memory * chunk + styles_memory)
        encoded = style.encoded if style.encoded.batch > 1 else style.encoded.to(device, network.dtype)
        alpha = alpha_of(image)
        result = torch.empty(
            (count, height, width, 3 if alpha is None else 4),
            device=model_management.intermediate_device(),
            dtype=model_management.intermediate_dtype(),
        )
        progress = comfy.utils.ProgressBar(count)

        def transfer(start: int, stop: int) -> None:
            progress.update_absolute(start)
            pictures = to_rgb(image[start:stop].to(device), "The picture", start)
            painted = network.transfer(pictures, encoded.part(start, stop), strength)
            result[start:stop, ..., :3] = painted.movedim(1, -1)

        _run(count, chunk, transfer, "smaller pictures")
        if alpha is not None:
            result[..., 3:] = alpha.clamp(0, 1)
        progress.update_absolute(count)
        return io.NodeOutput(result)


class SaveStyle(io.ComfyNode):
    """A style to a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_SaveStyle",
            display_name="Save Style (StyA2K)",
            category=CATEGORY,
            description="Keeps an encoded style as a file in the output folder, where Load Style finds it.",
            search_aliases=["export style", "store style", "stya2k"],
            is_output_node=True,
            inputs=[
                Style.Input("style", tooltip="From Encode Style."),
                io.String.Input(
                    "filename_prefix",
                    default=f"{STYLES}/style",
                    tooltip=f"Where in the output folder. Styles under {STYLES}/ are listed by Load Style; "
                    f"those elsewhere once you move them to models/{STYLES}.",
                ),
            ],
            outputs=[Style.Output("style", tooltip="The same style.")],
        )

    @classmethod
    def execute(cls, style: StyleOfModel, filename_prefix: str) -> io.NodeOutput:
        folder, name, counter, _, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory()
        )
        save_style(style.encoded, Path(folder) / f"{name}_{counter:05}_.safetensors", style.model)
        return io.NodeOutput(style)


class LoadStyle(io.ComfyNode):
    """A file to a style."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_LoadStyle",
            display_name="Load Style (StyA2K)",
            category=CATEGORY,
            description="Loads a style that Save Style kept. It belongs to the model that encoded it; another one refuses it.",
            search_aliases=["import style", "saved style", "stya2k"],
            inputs=[
                Model.Input("model", tooltip="The model that encoded the style."),
                io.Combo.Input(
                    "style_name",
                    options=folder_paths.get_filename_list(STYLES),
                    tooltip=f"Files in models/{STYLES} and in the output folder under {STYLES}.",
                ),
            ],
            outputs=[Style.Output("style", tooltip="For Apply Style.")],
        )

    @classmethod
    def fingerprint_inputs(cls, style_name: str, **_: Any) -> str:
        """A file replaced under the same name is loaded again."""
        return _stamp(_file(STYLES, style_name))

    @classmethod
    def execute(cls, model: Any, style_name: str) -> io.NodeOutput:
        made_by = fingerprint(model.model)
        return io.NodeOutput(StyleOfModel(load_style(_file(STYLES, style_name), made_by), made_by))


class StyA2KExtension(ComfyExtension):
    """All nodes and the two model folders."""

    async def on_load(self) -> None:
        _register(MODELS, Path(folder_paths.models_dir) / MODELS)
        _register(STYLES, Path(folder_paths.models_dir) / STYLES, Path(folder_paths.get_output_directory()) / STYLES)

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [LoadModel, EncodeStyle, Transfer, SaveStyle, LoadStyle]


def _register(key: str, *folders: Path) -> None:
    """Make folders known to the host, after those the user configured for the key, and list .safetensors files alone."""
    known, _ = folder_paths.folder_names_and_paths.get(key, ([], set()))
    known.extend(str(folder) for folder in folders if str(folder) not in known)
    folder_paths.folder_names_and_paths[key] = (known, {".safetensors"})


def _file(key: str, name: str) -> Path:
    path = folder_paths.get_full_path(key, name)
    if path is None:
        where = " or ".join(folder_paths.get_folder_paths(key))
        raise CheckpointError(f"{name}: no longer in {where}; put it back, or press R and choose another")
    return Path(path)


def _model_path(name: str) -> Path:
    return bundled_weights() if name == BUNDLED else _file(MODELS, name)


def _stamp(path: Path) -> str:
    """Changes when a file does."""
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _auto_dtype(device: torch.device) -> torch.dtype:
    if model_management.should_use_fp16(device):
        return torch.float16
    return torch.bfloat16 if model_management.should_use_bf16(device) else torch.float32


def _chunk(memory: int, count: int, device: torch.device) -> int:
    """How many pictures at once: one on the CPU, which gains nothing from more; elsewhere what fits into half the memory."""
    if model_management.is_device_cpu(device):
        return 1
    return max(1, min(CHUNK, count, int(model_management.get_total_memory(device) * 0.5) // memory))


def _run(count: int, chunk: int, work: Any, advice: str) -> None:
    try:
        run_in_chunks(count, chunk, work, model_management.raise_non_oom, model_management.soft_empty_cache)
    except model_management.OOM_EXCEPTION as error:
        # Of the same type: the host then also frees its other models.
        raise model_management.OOM_EXCEPTION(
            f"Not enough memory for one picture at a time; try {advice}, or precision fp16 in Load StyA2K Model. ({error})"
        ) from error
