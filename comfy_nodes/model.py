"""The node that loads a model."""

from __future__ import annotations

from pathlib import Path

import comfy.model_patcher
import comfy.ops
import folder_paths
from comfy import model_management
from comfy_api.latest import io

from ..a2k_core import load_model
from ..a2k_core.files.models.checkpoint import bundled_weights
from ..a2k_core.files.style_file import fingerprint
from ..a2k_core.rendering.hardware.device import DTYPES
from .host import CATEGORY, MODELS, Model, auto_dtype, file_named, stamp, stop_if_cancelled

BUNDLED = "bundled"


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
                    options=["auto", *DTYPES],
                    default="auto",
                    advanced=True,
                    tooltip="auto: half precision on cards and processors that are good at it, else fp32. fp32 is most exact and slower.",
                ),
            ],
            outputs=[Model.Output("model", tooltip="For Encode Style, Load Style and Apply Style.")],
        )

    @classmethod
    def fingerprint_inputs(cls, model_name: str, precision: str) -> str:
        """A file replaced under the same name is loaded again."""
        return f"{stamp(_model_path(model_name))} {precision}"

    @classmethod
    def execute(cls, model_name: str, precision: str) -> io.NodeOutput:
        path = _model_path(model_name)
        load_device = model_management.get_torch_device()
        offload_device = model_management.unet_offload_device()
        network = load_model(path, device="cpu", operations=comfy.ops.manual_cast)
        fingerprint(network)  # before the cast: styles then fit the model in every precision
        network.to(device=offload_device, dtype=DTYPES.get(precision) or auto_dtype(network, load_device))
        for layer in network.modules():
            layer.register_forward_pre_hook(stop_if_cancelled)
        return io.NodeOutput(
            comfy.model_patcher.CoreModelPatcher(network, load_device=load_device, offload_device=offload_device)
        )


def _model_path(name: str) -> Path:
    return bundled_weights() if name == BUNDLED else file_named(MODELS, name)
