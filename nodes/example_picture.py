"""The node that gives the example pictures, so that the templates start from good pictures on every installation."""

from __future__ import annotations

from pathlib import Path

from comfy import model_management
from comfy_api.latest import io, ui

from ..a2k_core.images import read_picture
from .sockets import CATEGORY

FOLDER = Path(__file__).resolve().parent.parent / "examples"


class ExamplePicture(io.ComfyNode):
    """A picture that comes with these nodes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        pictures = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.jpg"))
        return io.Schema(
            node_id="A2K_ExamplePicture",
            display_name="Example Picture (StyA2K)",
            category=CATEGORY,
            description="A photo or a style picture that comes with these nodes, to try them with.",
            is_output_node=True,  # the host shows a preview again, from its cache, of output nodes alone
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
        image = read_picture(FOLDER / picture).image.movedim(1, -1)
        image = image.to(model_management.intermediate_device(), model_management.intermediate_dtype())
        return io.NodeOutput(image, ui=ui.PreviewImage(image, cls=cls))
