"""The ComfyUI nodes, from the model to the picture. They translate between the host's conventions and `a2k_core`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import comfy.model_patcher
import comfy.ops
import comfy.utils
import folder_paths
import torch
from comfy import model_management
from comfy_api.latest import ComfyExtension, InputImpl, io, ui
from torch import Tensor

from . import a2k_core
from .a2k_core import (
    EncodedStyle,
    RegionStyle,
    StyA2K,
    TransferOptions,
    load_model,
    match_colors,
    mix_styles,
    read_picture,
)
from .a2k_core.errors import InputError
from .a2k_core.explain import LEVELS, LONGER_SIDE, explain
from .a2k_core.files.checkpoint import bundled_weights
from .a2k_core.files.style_file import check_fingerprint, fingerprint, load_style, save_style
from .a2k_core.network.statistics import ClipStatistics
from .a2k_core.rendering.device import DTYPES
from .a2k_core.rendering.image_batch import alpha_of, check_batch, check_result, to_rgb
from .a2k_core.rendering.masks import check_mask, resized_mask
from .a2k_core.rendering.memory import working_memory
from .a2k_core.rendering.output_copies import OutputCopies
from .a2k_core.rendering.resize import resize_to_short_side
from .a2k_core.video.frames import FrameStylizer, representative_frames
from .a2k_core.video.schedule import Schedule
from .comfy_host import (
    CATEGORY,
    KEEPS_PREVIEW,
    MODELS,
    STYLES,
    BatchProgress,
    Model,
    Style,
    StyleOfModel,
    auto_dtype,
    file_named,
    mixing_shares,
    register_folders,
    reserve,
    run,
    stamp,
    stop_if_cancelled,
)

__all__ = ["StyA2KExtension"]

BUNDLED = "bundled"

EXAMPLES = Path(__file__).resolve().parent / "examples"


class StyA2KExtension(ComfyExtension):
    """All nodes and the two model folders."""

    async def on_load(self) -> None:
        register_folders()

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [
            LoadModel,
            EncodeStyle,
            MixStyles,
            StyleRegion,
            Transfer,
            SaveStyle,
            LoadStyle,
            MatchColors,
            ExplainStyle,
            ExamplePicture,
            ExampleVideo,
        ]


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
        return io.NodeOutput(StyleOfModel.of(EncodedStyle.stack(encoded), fingerprint(network)))


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
    ) -> io.NodeOutput:
        styles = [style_1, style_2, *(style for style in (more or {}).values() if style is not None)]
        for style in styles[1:]:
            check_fingerprint(style.model, style_1.model, "Mix Styles")
        mixed = mix_styles([style.encoded for style in styles], mixing_shares(shares, share, len(styles)))
        return io.NodeOutput(StyleOfModel.of(mixed, style_1.model))


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
        regions = a2k_core.region_style([(region_style.encoded, mask)], style.encoded)
        return io.NodeOutput(StyleOfModel.of(regions, style.model))


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
        progress = BatchProgress(count, cls, "frame" if video else "picture")
        clip: ClipStatistics | None = None

        def pictures(start: int, stop: int) -> Tensor:
            return to_rgb(image[start:stop].to(device), "The picture", start)

        def estimate(_start: int, _stop: int) -> None:
            nonlocal clip
            some = torch.cat([pictures(at, at + 1) for at in representative_frames(count, height, width)])
            clip = network.clip_statistics(some, progress=lambda _: progress.report(0))

        if video and count > 1 and any(strengths.at(index)[0] > 0 for index in range(count)):
            run(1, 1, estimate, "smaller pictures")
        options = TransferOptions(strength, keep_colours, "auto", clip, strength_map=strength_map)
        stylizer = FrameStylizer(network, encoded, options, strength=strengths)

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
                Style.Input("style", tooltip="From Encode Style or Mix Styles."),
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
    def validate_inputs(cls, style_name: str = "") -> bool | str:
        """The host's own check would say no more than that a name is not in a list, which is empty at first."""
        names = folder_paths.get_filename_list(STYLES)
        if not names:
            return "there is no saved style yet; run a Save Style node, then press R and choose its file"
        if style_name and style_name not in names:
            return (
                f"there is no saved style {style_name}; press R and choose another, or save it with a Save Style node"
            )
        return True

    @classmethod
    def fingerprint_inputs(cls, style_name: str, **_: Any) -> str:
        """A file replaced under the same name is loaded again."""
        return stamp(file_named(STYLES, style_name))

    @classmethod
    def execute(cls, model: Any, style_name: str) -> io.NodeOutput:
        made_by = fingerprint(model.model)
        return io.NodeOutput(StyleOfModel.of(load_style(file_named(STYLES, style_name), made_by), made_by))


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


class ExamplePicture(io.ComfyNode):
    """A picture that comes with these nodes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        pictures = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("*/*.jpg"))
        return io.Schema(
            node_id="A2K_ExamplePicture",
            display_name="Example Picture (StyA2K)",
            category=CATEGORY,
            description="A photo or a style picture that comes with these nodes, to try them with.",
            **KEEPS_PREVIEW,
            search_aliases=["sample image", "demo picture", "style library", "stya2k"],
            inputs=[
                io.Combo.Input(
                    "picture",
                    options=pictures,
                    tooltip="content: photos to paint. style: pictures to take the style from. "
                    "For pictures of your own use Load Image in its place.",
                ),
            ],
            outputs=[io.Image.Output("image", tooltip="The picture.")],
        )

    @classmethod
    def execute(cls, picture: str) -> io.NodeOutput:
        image = read_picture(EXAMPLES / picture).image.movedim(1, -1)
        image = image.to(model_management.intermediate_device(), model_management.intermediate_dtype())
        return io.NodeOutput(image, ui=ui.PreviewImage(image, cls=cls))


class ExampleVideo(io.ComfyNode):
    """A short clip with sound that comes with these nodes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_ExampleVideo",
            display_name="Example Video (StyA2K)",
            category=CATEGORY,
            description="A short clip with sound that comes with these nodes, to try them with.",
            search_aliases=["sample video", "demo clip", "stya2k"],
            inputs=[
                io.Combo.Input(
                    "video",
                    options=sorted(path.name for path in EXAMPLES.glob("video/*.mp4")),
                    tooltip="The clip. For videos of your own use Load Video in its place.",
                ),
            ],
            outputs=[io.Video.Output("video", tooltip="For Get Video Components.")],
        )

    @classmethod
    def execute(cls, video: str) -> io.NodeOutput:
        return io.NodeOutput(InputImpl.VideoFromFile(str(EXAMPLES / "video" / video)))
