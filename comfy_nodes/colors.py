"""The node that moves colors alone."""

from __future__ import annotations

import comfy.utils
import torch
from comfy import model_management
from comfy_api.latest import io
from torch import Tensor

from ..a2k_core import match_colors
from ..a2k_core.errors import InputError
from ..a2k_core.rendering.image_batch import alpha_of, check_batch, to_rgb
from .host import CATEGORY


class MatchColors(io.ComfyNode):
    """Pictures to the same in the colors of others."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_MatchColors",
            display_name="Match Colors (StyA2K)",
            category=CATEGORY,
            description="Gives pictures the colors of another one, without its strokes. A photo takes the palette of a painting alone; a "
            "style picture with the colors of the photo paints the photo in its own colors.",
            search_aliases=["color transfer", "color match", "palette", "histogram", "stya2k"],
            inputs=[
                io.Image.Input("image", tooltip="The pictures to recolor. Alpha is kept."),
                io.Image.Input(
                    "reference", tooltip="The picture whose colors to take, or one for each. Alpha is ignored."
                ),
                io.Float.Input(
                    "amount",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="0 returns the pictures themselves, 1 gives them the colors in full.",
                ),
            ],
            outputs=[io.Image.Output("image", tooltip="The recolored pictures.")],
        )

    @classmethod
    def execute(cls, image: Tensor, reference: Tensor, amount: float) -> io.NodeOutput:
        check_batch(image, "The picture")
        check_batch(reference, "The reference")
        count, alpha = len(image), alpha_of(image)
        if len(reference) not in (1, count):
            raise InputError(
                f"{len(reference)} references for {count} pictures; connect one for all of them, or one for each"
            )
        result = image.to(model_management.intermediate_device(), model_management.intermediate_dtype(), copy=True)
        result = result if image.shape[-1] >= 3 else result.expand(-1, -1, -1, 3).clone()
        progress = comfy.utils.ProgressBar(count)
        for index in range(count):
            progress.update_absolute(index)  # raises when the user has cancelled
            at = index if len(reference) > 1 else 0
            picture = to_rgb(image[index : index + 1], "The picture", index)
            matched = match_colors(picture, to_rgb(reference[at : at + 1], "The reference", at))
            result[index, ..., :3] = torch.lerp(picture, matched, amount)[0].movedim(0, -1)
        if alpha is not None:
            result[..., 3:] = alpha.clamp(0, 1)
        progress.update_absolute(count)
        return io.NodeOutput(result)
