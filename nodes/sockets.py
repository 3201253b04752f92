"""What the nodes have in common: their place in the menu and the types of their sockets."""

from __future__ import annotations

from typing import NamedTuple

from comfy_api.latest import io
from torch import Tensor

from ..a2k_core import EncodedStyle

CATEGORY = "image/style transfer"

Model = io.Custom("A2K_MODEL")
"""A patcher of the host's around a `StyA2K`."""

Style = io.Custom("A2K_STYLE")
"""A `StyleOfModel`."""


class StyleOfModel(NamedTuple):
    """What flows through an A2K_STYLE socket. A tuple, because the host's cache looks for tensors in tuples to measure them."""

    encoded: EncodedStyle
    model: str
    """Fingerprint of the model that encoded it."""

    tensors: tuple[Tensor, ...]
    """Those of `encoded`, for the host's cache."""

    @classmethod
    def of(cls, encoded: EncodedStyle, model: str) -> StyleOfModel:
        """An encoded style with the fingerprint of its model."""
        return cls(encoded, model, tuple(encoded.tensors()))
