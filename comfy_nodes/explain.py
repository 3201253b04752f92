"""The node that draws the attention."""

from __future__ import annotations

from typing import Any

from comfy import model_management
from comfy_api.latest import io
from torch import Tensor

from ..a2k_core import StyA2K
from ..a2k_core.explain import LEVELS, LONGER_SIDE, explain
from ..a2k_core.rendering.hardware.memory import working_memory
from ..a2k_core.rendering.image_batch import check_batch, to_rgb
from ..a2k_core.rendering.resize import resize_to_short_side
from .host import CATEGORY, Model, reserve, run


class ExplainStyle(io.ComfyNode):
    """A photo and a painting to a picture of the attention between them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_ExplainStyle",
            display_name="Explain Style (StyA2K)",
            category=CATEGORY,
            description="Draws where each part of a picture takes its style from, and how sharply attention falls.",
            search_aliases=["attention map", "insight", "visualize style", "stya2k"],
            inputs=[
                Model.Input("model", tooltip="From Load StyA2K Model."),
                io.Image.Input("image", tooltip="The picture to paint; of a batch the first. Alpha is ignored."),
                io.Image.Input("style_image", tooltip="The style picture; of a batch the first. Alpha is ignored."),
                io.Int.Input("style_size", default=512, min=0, max=4096, step=8, tooltip="As in Encode Style."),
                io.Combo.Input(
                    "level",
                    options=list(LEVELS),
                    default=LEVELS[0],
                    tooltip="Features of which size: strokes (fine), shapes, or the largest shapes (coarse).",
                ),
            ],
            outputs=[
                io.Image.Output(
                    "map",
                    tooltip="The painting in colors that name its places; the picture in the colors of the places it was matched to; the "
                    "attention, white where one part of the painting decides.",
                )
            ],
        )

    @classmethod
    def execute(cls, model: Any, image: Tensor, style_image: Tensor, style_size: int, level: str) -> io.NodeOutput:
        check_batch(image, "The picture")
        check_batch(style_image, "The style picture")
        network: StyA2K = model.model
        sides = [min(LONGER_SIDE, side) + network.config.grid for side in image.shape[1:3]]
        reserve(model, working_memory(network.config, *sides, network.dtype), 1)
        drawn: Tensor | None = None

        def draw(_start: int, _stop: int) -> None:
            nonlocal drawn
            painting = resize_to_short_side(to_rgb(style_image[:1], "The style picture"), style_size)
            drawn = explain(network, to_rgb(image[:1], "The picture"), painting, level)

        run(1, 1, draw, "a smaller style_size")
        assert drawn is not None
        result = drawn.movedim(1, -1)
        return io.NodeOutput(result.to(model_management.intermediate_device(), model_management.intermediate_dtype()))
