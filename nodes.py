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

from .a2k_core import EncodedStyle, StyA2K, TransferOptions, load_model, mix_styles, read_picture
from .a2k_core.errors import InputError
from .a2k_core.files.checkpoint import bundled_weights
from .a2k_core.files.style_file import check_fingerprint, fingerprint, load_style, save_style
from .a2k_core.network.statistics import ClipStatistics
from .a2k_core.rendering.device import DTYPES
from .a2k_core.rendering.image_batch import alpha_of, check_batch, to_rgb
from .a2k_core.rendering.masks import check_mask, resized_mask
from .a2k_core.rendering.memory import working_memory
from .a2k_core.rendering.output_copies import OutputCopies
from .a2k_core.rendering.resize import resize_to_short_side
from .a2k_core.video.frames import FrameStylizer, representative_frames
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
        return [LoadModel, EncodeStyle, MixStyles, Transfer, SaveStyle, LoadStyle, ExamplePicture, ExampleVideo]


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


class MixStyles(io.ComfyNode):
    """Two encoded styles to one between them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_MixStyles",
            display_name="Mix Styles (StyA2K)",
            category=CATEGORY,
            description="Makes one style of two: strokes and colors between theirs. Mix the result again for more than two.",
            search_aliases=["blend styles", "combine styles", "interpolate styles", "stya2k"],
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
                    tooltip="How much of style_2: 0 is style_1, 1 is style_2.",
                ),
            ],
            outputs=[Style.Output("style", tooltip="For Apply Style. It cannot be saved; save the two.")],
        )

    @classmethod
    def execute(cls, style_1: StyleOfModel, style_2: StyleOfModel, share: float) -> io.NodeOutput:
        check_fingerprint(style_2.model, style_1.model, "Mix Styles")
        mixed = mix_styles([style_1.encoded, style_2.encoded], [1 - share, share])
        return io.NodeOutput(StyleOfModel.of(mixed, style_1.model))


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
                    "and leaves the picture, and still areas flicker less. Takes one style.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where to paint: white in full, black not at all. One for all pictures, or one for each; of any size.",
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
        progress = BatchProgress(count, cls, "frame" if video else "picture")
        clip: ClipStatistics | None = None

        def pictures(start: int, stop: int) -> Tensor:
            return to_rgb(image[start:stop].to(device), "The picture", start)

        def estimate(_start: int, _stop: int) -> None:
            nonlocal clip
            some = torch.cat([pictures(at, at + 1) for at in representative_frames(count, height, width)])
            clip = network.clip_statistics(some, progress=lambda _: progress.report(0))

        if video and count > 1 and strength > 0:
            run(1, 1, estimate, "smaller pictures")
        options = TransferOptions(strength, keep_colours, "auto", clip)
        stylizer = FrameStylizer(network, encoded, options)

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
