"""The ComfyUI nodes: models, styles and pictures between the host and `a2k_core`. One node, or a pair, a file."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from .encode_style import EncodeStyle
from .example_picture import ExamplePicture
from .files import register_folders
from .load_model import LoadModel
from .mix_styles import MixStyles
from .saved_style import LoadStyle, SaveStyle
from .transfer import Transfer

__all__ = ["StyA2KExtension"]


class StyA2KExtension(ComfyExtension):
    """All nodes and the two model folders."""

    async def on_load(self) -> None:
        register_folders()

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [LoadModel, EncodeStyle, MixStyles, Transfer, SaveStyle, LoadStyle, ExamplePicture]
