"""The node that paints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from comfy import model_management
from comfy_api.latest import io
from torch import Tensor

from ..a2k_core import RegionStyle, StyA2K, TransferOptions
from ..a2k_core.errors import InputError
from ..a2k_core.files.style_file import check_fingerprint, fingerprint
from ..a2k_core.options import STROKE_SIZES
from ..a2k_core.rendering.hardware.memory import working_memory
from ..a2k_core.rendering.hardware.output_copies import OutputCopies
from ..a2k_core.rendering.image_batch import alpha_of, check_batch, check_result, to_rgb
from ..a2k_core.rendering.masks import check_mask, resized_mask
from ..a2k_core.rendering.stroke_size import computed_size
from ..a2k_core.video.frames import FrameStylizer
from ..a2k_core.video.scenes import Scene, find_scenes
from ..a2k_core.video.schedule import Schedule
from .host import CATEGORY, Model, Style, StyleOfModel, reserve, run
from .progress import BatchProgress


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
                    display_mode=io.NumberDisplay.slider,
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
                    display_mode=io.NumberDisplay.slider,
                    tooltip="0 takes the style's colors, 1 keeps those of the picture and takes only the strokes.",
                ),
                io.Boolean.Input(
                    "video",
                    optional=True,
                    default=False,
                    tooltip="The pictures are frames of one video, in their order: colors and strokes do not change with what enters "
                    "and leaves the picture, and still areas flicker less. Where OpenCV is installed (opencv-python), strokes also "
                    "move with what they paint. Takes one style.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where to paint: white in full, black not at all. One for all pictures, or one for each; of any size.",
                ),
                io.Mask.Input(
                    "strength_map",
                    optional=True,
                    tooltip="Where to paint more or less strongly: the strength is multiplied by it, from black, 0, to white, 1. Strokes "
                    "become fainter where a mask shows the picture through them. One for all pictures, or one for each; of any size.",
                ),
                io.String.Input(
                    "strength_over_time",
                    optional=True,
                    default="",
                    tooltip="Strengths at some pictures of the batch, counted from 0, with straight lines between them: 0: 0.0, 24: 1.0. "
                    "Takes the place of strength. Empty: strength for all.",
                ),
                io.Float.Input(
                    "stroke_size",
                    optional=True,
                    default=0.0,
                    min=0.0,
                    max=STROKE_SIZES[1],
                    step=0.25,
                    display_mode=io.NumberDisplay.slider,
                    tooltip="Size of the strokes relative to the picture, so that it looks alike in all sizes: 1 as in a picture of 512 "
                    "pixels, from 0.25 (fine) to 4 (broad). 0 leaves them a size in pixels. Not for video.",
                ),
            ],
            outputs=[io.Image.Output("image", tooltip="The painted pictures.")],
            hidden=[io.Hidden.unique_id],
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
        strength_map: Tensor | None = None,
        strength_over_time: str = "",
        stroke_size: float = 0.0,
    ) -> io.NodeOutput:
        check_batch(image, "The picture")
        network: StyA2K = model.model
        count, height, width, _ = image.shape
        strengths = Schedule.of(strength_over_time if strength_over_time.strip() else strength)
        region_masks = style.encoded.masks if isinstance(style.encoded, RegionStyle) else ()
        for name, given in (
            ("mask", mask),
            ("strength map", strength_map),
            *(("region mask", each) for each in region_masks),
        ):
            if given is not None:
                check_mask(given, count, name)
        check_fingerprint(style.model, fingerprint(network), "Apply Style")
        if style.encoded.batch not in (1, count):
            raise InputError(
                f"{style.encoded.batch} styles for {count} pictures; connect one style for all of them, or one for each"
            )
        if video and style.encoded.batch > 1:
            raise InputError(f"{style.encoded.batch} styles for one video; connect one style, or switch video off")
        if video and stroke_size:
            raise InputError("stroke_size is for pictures, not for video; set it to 0, or switch video off")
        options = TransferOptions(strength, keep_colours, "auto", strength_map=strength_map, stroke_size=stroke_size)
        grid = network.config.grid
        rows, columns = computed_size(height, width, stroke_size)
        memory = working_memory(network.config, rows + grid, columns + grid, network.dtype)
        chunk = reserve(model, memory, count, sum(tensor.nbytes for tensor in style.tensors))
        device = model.load_device
        styles = style.styles if style.encoded.batch > 1 else [each.to(device, network.dtype) for each in style.styles]
        alpha = alpha_of(image)
        result = torch.empty(
            (count, height, width, 3 if alpha is None else 4),
            device=model_management.intermediate_device(),
            dtype=model_management.intermediate_dtype(),
        )
        copies = OutputCopies(result[..., :3])
        progress = BatchProgress(count, cls, "frame" if video else "picture")
        scenes: tuple[Scene, ...] = ()

        def pictures(start: int, stop: int) -> Tensor:
            return to_rgb(image[start:stop].to(device), "The picture", start)

        def read(wanted: Sequence[int] | None) -> Iterator[Tensor]:
            for at in range(count) if wanted is None else wanted:
                progress.report(0)
                yield pictures(at, at + 1)

        def find(_start: int, _stop: int) -> None:
            nonlocal scenes
            scenes = find_scenes(network, read)

        if video and count > 1 and any(strengths.at(index)[0] > 0 for index in range(count)):
            run(1, 1, find, "smaller pictures")
        stylizer = FrameStylizer(network, styles, options, strength=strengths, shares=style.shares, scenes=scenes)

        def stylize(start: int, stop: int) -> None:
            def report(done: float) -> None:  # raises when the user has cancelled
                progress.report(start + done * (stop - start))

            report(0)
            where = None if mask is None else resized_mask(mask, start, stop, height, width)
            painted = stylizer(pictures(start, stop), start, where, report)
            copies.put(start, stop, painted.movedim(1, -1))
            progress.show(stop, painted[-1])

        run(count, chunk, stylize, "smaller pictures")
        copies.finish()
        check_result(result[..., :3], network.dtype)
        if alpha is not None:
            result[..., 3:] = alpha.clamp(0, 1)
        progress.report(count)
        return io.NodeOutput(result)
