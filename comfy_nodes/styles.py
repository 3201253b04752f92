"""The nodes that make a style: of pictures, of other styles, of regions."""

from __future__ import annotations

from typing import Any

import comfy.utils
import torch
from comfy import model_management
from comfy_api.latest import io
from torch import Tensor

from .. import a2k_core
from ..a2k_core import EncodedStyle, StyA2K, mix_styles
from ..a2k_core.errors import InputError
from ..a2k_core.files.pictures.thumbnail import MOST, side_by_side, thumbnail
from ..a2k_core.files.style_file import check_fingerprint, fingerprint
from ..a2k_core.rendering.hardware.memory import working_memory
from ..a2k_core.rendering.image_batch import check_batch, to_rgb
from ..a2k_core.rendering.masks import check_mask
from ..a2k_core.rendering.resize import resize_to_short_side
from ..a2k_core.video.schedule import Schedule
from .host import CATEGORY, Model, Style, StyleOfModel, reserve, run


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
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Which part of the style picture to take the style from: white. One for all pictures of a batch; of any size.",
                ),
            ],
            outputs=[Style.Output("style", tooltip="For Apply Style and Save Style.")],
        )

    @classmethod
    def execute(cls, model: Any, image: Tensor, style_size: int, mask: Tensor | None = None) -> io.NodeOutput:
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
            style = network.encode_style(resize_to_short_side(pictures, style_size), mask)
            encoded.append(style.to(model_management.intermediate_device()))

        run(len(image), 1, encode, "smaller style pictures or a smaller style_size")
        progress.update_absolute(len(image))
        shown = thumbnail(to_rgb(image[:MOST], "The style picture"))
        return io.NodeOutput(StyleOfModel.of(EncodedStyle.stack(encoded), fingerprint(network), shown))


class MixStyles(io.ComfyNode):
    """Encoded styles to one between them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_MixStyles",
            display_name="Mix Styles (StyA2K)",
            category=CATEGORY,
            description="Makes one style of two or more: strokes and colors between theirs.",
            search_aliases=["blend styles", "combine styles", "interpolate styles", "average styles", "stya2k"],
            inputs=[
                Style.Input("style_1", tooltip="From Encode Style, Load Style or Mix Styles."),
                Style.Input("style_2", tooltip="Of the same model."),
                io.Float.Input(
                    "share",
                    default=0.5,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    display_mode=io.NumberDisplay.slider,
                    tooltip="How much of style_2: 0 is style_1, 1 is style_2. Not used when shares is filled in.",
                ),
                # Optional, so that prompts from before they were there still run.
                io.String.Input(
                    "shares",
                    optional=True,
                    default="",
                    tooltip="For more than two styles: how much of each, in their order, as in 2 1 1. Empty: share for the two, and the "
                    "mean of all when there are more.",
                ),
                io.Autogrow.Input(
                    "more",
                    optional=True,
                    template=io.Autogrow.TemplatePrefix(
                        Style.Input("style", tooltip="Another style of the same model."), prefix="more_", min=0, max=30
                    ),
                    tooltip="More styles; there is always one free input.",
                ),
                io.String.Input(
                    "shares_over_time",
                    optional=True,
                    default="",
                    tooltip="Shares at some pictures of the batch, counted from 0, with straight lines between them: 0: 1 0, 24: 0 1 goes "
                    "from style_1 to style_2. Takes the place of share and shares. Empty: the same mixture for all.",
                ),
            ],
            outputs=[Style.Output("style", tooltip="For Apply Style and Save Style.")],
        )

    @classmethod
    def execute(
        cls,
        style_1: StyleOfModel,
        style_2: StyleOfModel,
        share: float,
        shares: str = "",
        more: dict[str, StyleOfModel] | None = None,
        shares_over_time: str = "",
    ) -> io.NodeOutput:
        styles = [style_1, style_2, *(style for style in (more or {}).values() if style is not None)]
        for style in styles[1:]:
            check_fingerprint(style.model, style_1.model, "Mix Styles")
        encoded = [style.constant("Mix Styles") for style in styles]
        if shares_over_time.strip():
            return io.NodeOutput(StyleOfModel.over_time(encoded, Schedule.parse(shares_over_time), style_1.model))
        numbers = _shares(shares, share, len(styles))
        mixed = mix_styles(encoded, numbers)
        shown = side_by_side([style.thumbnail for style, number in zip(styles, numbers, strict=True) if number > 0])
        return io.NodeOutput(StyleOfModel.of(mixed, style_1.model, shown))


def _shares(text: str, second: float, styles: int) -> list[float]:
    """The shares of styles that a text lists, or, when it is empty, `second` of the second of two, or the mean of more.

    Raises:
        InputError: when there are not as many numbers as styles.
    """
    words = text.replace(",", " ").split()
    if not words:
        return [1 - second, second] if styles == 2 else [1.0] * styles
    try:
        shares = [float(word) for word in words]
    except ValueError as error:
        raise InputError(f"shares is {text!r}; write one number for each style, as in 2 1 1") from error
    if len(shares) != styles:
        raise InputError(f"{len(shares)} shares for {styles} styles; write one number for each style, in their order")
    return shares


class StyleRegion(io.ComfyNode):
    """An encoded style to one with a region in another style."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_StyleRegion",
            display_name="Style Region (StyA2K)",
            category=CATEGORY,
            description="Gives a region of the picture a style of its own. Chain it for more regions; the seams are soft.",
            search_aliases=["regional style", "masked style", "several styles", "stya2k"],
            inputs=[
                Style.Input(
                    "style", tooltip="The style of everything else. It may have regions already; this one is added."
                ),
                Style.Input("region_style", tooltip="The style of the region, of the same model."),
                io.Mask.Input(
                    "mask",
                    tooltip="Where the region is: white. Gray shares the place with the other styles. One for all pictures, or one "
                    "for each; of any size.",
                ),
            ],
            outputs=[Style.Output("style", tooltip="For Apply Style, or for another Style Region.")],
        )

    @classmethod
    def execute(cls, style: StyleOfModel, region_style: StyleOfModel, mask: Tensor) -> io.NodeOutput:
        check_fingerprint(region_style.model, style.model, "Style Region")
        check_mask(mask, len(mask) if mask.ndim > 2 else 1)
        # By its full name: the input of the node has the same one.
        regions = a2k_core.region_style([(region_style.constant("Style Region"), mask)], style.constant("Style Region"))
        return io.NodeOutput(StyleOfModel.of(regions, style.model))
