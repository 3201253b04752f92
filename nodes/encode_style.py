"""The node that encodes a style."""

from __future__ import annotations

from typing import Any

import comfy.utils
import torch
from comfy import model_management
from comfy_api.latest import io
from torch import Tensor

from ..a2k_core import EncodedStyle, StyA2K
from ..a2k_core.batches import check_batch, resize_to_short_side, to_rgb
from ..a2k_core.memory import working_memory
from ..a2k_core.style_file import fingerprint
from .memory import reserve, run
from .sockets import CATEGORY, Model, Style, StyleOfModel


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
        height, width = (side + network.config.grid for side in probe.shape[-2:])
        reserve(model, working_memory(network.config, height, width, network.dtype), 1)
        progress = comfy.utils.ProgressBar(len(image))
        encoded: list[EncodedStyle] = []

        def encode(start: int, stop: int) -> None:
            progress.update_absolute(start)
            pictures = to_rgb(image[start:stop].to(model.load_device), "The style picture", start)
            style = network.encode_style(resize_to_short_side(pictures, style_size))
            encoded.append(style.to(model_management.intermediate_device()))

        run(len(image), 1, encode, "smaller style pictures or a smaller style_size")
        progress.update_absolute(len(image))
        return io.NodeOutput(StyleOfModel.of(EncodedStyle.stack(encoded), fingerprint(network)))
