"""The nodes that hand out what comes with the pack."""

from __future__ import annotations

from pathlib import Path

from comfy import model_management
from comfy_api.latest import InputImpl, io, ui

from ..a2k_core import read_picture
from .host import CATEGORY, KEEPS_PREVIEW

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


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
