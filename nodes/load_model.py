"""The node that loads a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import comfy.model_patcher
import comfy.ops
import folder_paths
import torch
from comfy import model_management
from comfy_api.latest import io

from ..a2k_core import StyA2K, load_model
from ..a2k_core.checkpoint import bundled_weights
from ..a2k_core.hardware import best_dtype
from ..a2k_core.style_file import fingerprint
from .files import MODELS, file_named, stamp
from .sockets import CATEGORY, Model

BUNDLED = "bundled"
PRECISIONS = {"auto": None, "fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


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
                    tooltip="auto: half precision on cards and processors that are good at it, else fp32. fp32 is most exact and slower.",
                ),
            ],
            outputs=[Model.Output("model", tooltip="For Encode Style, Load Style and Apply Style.")],
        )

    @classmethod
    def fingerprint_inputs(cls, model_name: str, precision: str) -> str:
        """A file replaced under the same name is loaded again."""
        return f"{stamp(_path(model_name))} {precision}"

    @classmethod
    def execute(cls, model_name: str, precision: str) -> io.NodeOutput:
        path = _path(model_name)
        load_device = model_management.get_torch_device()
        offload_device = model_management.unet_offload_device()
        network = load_model(path, device="cpu", operations=comfy.ops.manual_cast)
        fingerprint(network)  # before the cast: styles then fit the model in every precision
        network.to(device=offload_device, dtype=PRECISIONS[precision] or _auto_dtype(network, load_device))
        for layer in network.modules():
            layer.register_forward_pre_hook(_stop_if_cancelled)
        return io.NodeOutput(
            comfy.model_patcher.CoreModelPatcher(network, load_device=load_device, offload_device=offload_device)
        )


def _path(name: str) -> Path:
    return bundled_weights() if name == BUNDLED else file_named(MODELS, name)


def _auto_dtype(network: StyA2K, device: torch.device) -> torch.dtype:
    """What the host would compute in; of processors it does not know that some are good at bf16."""
    if model_management.should_use_fp16(device):
        return torch.float16
    if model_management.should_use_bf16(device):
        return torch.bfloat16
    return torch.float32 if model_management.FORCE_FP32 else best_dtype(network.config, device)


def _stop_if_cancelled(*_: Any) -> None:
    """Before every layer: one large picture alone can take long."""
    model_management.throw_exception_if_processing_interrupted()
