"""The node that paints pictures in a style."""

from __future__ import annotations

from typing import Any

import comfy.utils
import torch
from comfy import model_management
from comfy_api.latest import io
from torch import Tensor

from ..a2k_core import StyA2K
from ..a2k_core.batches import alpha_of, check_batch, check_mask, mask_of, to_rgb
from ..a2k_core.errors import InputError
from ..a2k_core.memory import working_memory
from ..a2k_core.output_copies import OutputCopies
from ..a2k_core.scene import Scene, spread_over
from ..a2k_core.steady import steadied
from ..a2k_core.style_file import check_fingerprint, fingerprint
from .memory import reserve, run
from .sockets import CATEGORY, Model, Style, StyleOfModel

PROGRESS_STEPS = 100
"""Of the progress bar, for each picture."""


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
                # Optional, so that prompts from before it was there still run.
                io.Float.Input(
                    "keep_colours",
                    optional=True,
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="0 takes the style's colours, 1 keeps those of the picture and takes only the strokes.",
                ),
                io.Boolean.Input(
                    "video",
                    optional=True,
                    default=False,
                    tooltip="The pictures are frames of one video, in their order: colours and strokes do not change with what enters "
                    "and leaves the picture, and what stands still does not flicker. Takes one style.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where to paint: white in full, black not at all. One for all pictures, or one for each; of any size.",
                ),
            ],
            outputs=[io.Image.Output("image", tooltip="The painted pictures.")],
        )

    @classmethod
    def execute(
        cls,
        model: Any,
        style: StyleOfModel,
        image: Tensor,
        strength: float,
        keep_colours: float = 0.0,
        video: bool = False,
        mask: Tensor | None = None,
    ) -> io.NodeOutput:
        check_batch(image, "The picture")
        network: StyA2K = model.model
        count, height, width, _ = image.shape
        if mask is not None:
            check_mask(mask, count)
        check_fingerprint(style.model, fingerprint(network), "Apply Style")
        if style.encoded.batch not in (1, count):
            raise InputError(
                f"{style.encoded.batch} styles for {count} pictures; connect one style for all of them, or one for each"
            )
        if video and style.encoded.batch > 1:
            raise InputError(f"{style.encoded.batch} styles for one video; connect one style, or switch video off")
        grid = network.config.grid
        memory = working_memory(network.config, height + grid, width + grid, network.dtype)
        chunk = reserve(model, memory, count, sum(tensor.nbytes for tensor in style.tensors))
        device = model.load_device
        encoded = style.encoded if style.encoded.batch > 1 else style.encoded.to(device, network.dtype)
        alpha = alpha_of(image)
        result = torch.empty(
            (count, height, width, 3 if alpha is None else 4),
            device=model_management.intermediate_device(),
            dtype=model_management.intermediate_dtype(),
        )
        copies = OutputCopies(result[..., :3])
        progress = comfy.utils.ProgressBar(PROGRESS_STEPS * count)
        scene: Scene | None = None
        steady: Tensor | None = None

        def tell(_start: int, _stop: int) -> None:
            nonlocal scene
            some = [
                to_rgb(image[at : at + 1].to(device), "The picture", at) for at in spread_over(count, height, width)
            ]

            def report(_done: float) -> None:
                progress.update_absolute(0)

            scene = network.scene(torch.cat(some), encoded, strength, progress=report, keep_colours=keep_colours)

        def transfer(start: int, stop: int) -> None:
            nonlocal steady

            def report(done: float) -> None:  # raises when the user has cancelled
                progress.update_absolute(round(PROGRESS_STEPS * (start + done * (stop - start))))

            report(0)
            pictures = to_rgb(image[start:stop].to(device), "The picture", start)
            frames = steadied(pictures, steady) if scene else pictures
            part = encoded.part(start, stop)
            painted = network.transfer(frames, part, strength, "auto", report, keep_colours=keep_colours, scene=scene)
            if mask is not None:
                where = mask_of(mask, start, stop, height, width).to(painted)
                painted = torch.lerp(pictures, painted, where)
            copies.put(start, stop, painted.movedim(1, -1))
            steady = frames[-1:]  # only now: after a lack of memory they come again, in smaller chunks

        if video and count > 1 and strength > 0:
            run(1, 1, tell, "smaller pictures")
        run(count, chunk, transfer, "smaller pictures")
        copies.finish()
        if alpha is not None:
            result[..., 3:] = alpha.clamp(0, 1)
        progress.update_absolute(PROGRESS_STEPS * count)
        return io.NodeOutput(result)
