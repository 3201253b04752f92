"""The nodes that keep a style as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import folder_paths
from comfy_api.latest import io, ui

from ..a2k_core.files.pictures.image_buffer import to_tensor
from ..a2k_core.files.style_file import fingerprint, load_style, read_thumbnail, save_style
from .host import CATEGORY, KEEPS_PREVIEW, STYLES, Model, Style, StyleOfModel, file_named, stamp


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
        path = Path(folder) / f"{name}_{counter:05}_.safetensors"
        save_style(style.constant("Save Style"), path, style.model, thumbnail=style.thumbnail)
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
            **KEEPS_PREVIEW,
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
        path = file_named(STYLES, style_name)
        style = StyleOfModel.of(load_style(path, made_by), made_by, read_thumbnail(path))
        if style.thumbnail is None:
            return io.NodeOutput(style)
        return io.NodeOutput(style, ui=ui.PreviewImage(to_tensor(style.thumbnail).movedim(1, -1), cls=cls))
