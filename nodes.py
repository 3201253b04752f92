"""The ComfyUI nodes. They translate between the host's conventions and `a2k_core`."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from .comfy_nodes.colors import MatchColors
from .comfy_nodes.examples import ExamplePicture, ExampleVideo
from .comfy_nodes.explain import ExplainStyle
from .comfy_nodes.host import register_folders
from .comfy_nodes.model import LoadModel
from .comfy_nodes.saved_styles import LoadStyle, SaveStyle
from .comfy_nodes.styles import EncodeStyle, MixStyles, StyleRegion
from .comfy_nodes.transfer import Transfer

__all__ = ["StyA2KExtension"]


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
