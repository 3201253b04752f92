"""The node that makes one style of two."""

from __future__ import annotations

from comfy_api.latest import io

from ..a2k_core.mixed_style import mix_styles
from ..a2k_core.style_file import check_fingerprint
from .sockets import CATEGORY, Style, StyleOfModel


class MixStyles(io.ComfyNode):
    """Two encoded styles to one between them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="A2K_MixStyles",
            display_name="Mix Styles (StyA2K)",
            category=CATEGORY,
            description="Makes one style of two: strokes and colours between theirs. Mix the result again for more than two.",
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
