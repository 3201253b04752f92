"""All-to-Key Attention for Arbitrary Style Transfer (Zhu et al., ICCV 2023): the public API.

Load a model with `load_model`, encode a style once with `StyA2K.encode_style`, apply it with `StyA2K.transfer`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import StyA2KConfig
    from .cuda_graph import CapturedTransfer
    from .errors import CheckpointError, ConfigError, InputError, PictureError, StyA2KError
    from .files.models.checkpoint import load_model, save_model
    from .files.models.hub import from_pretrained, push_to_hub
    from .files.pictures.image_io import read_mask, read_picture, write_picture
    from .model import StyA2K
    from .network.statistics import ClipStatistics
    from .network.style.encoded_style import EncodedStyle, mix_styles
    from .network.style.region_style import RegionStyle, region_style
    from .options import TransferOptions
    from .rendering.color.color_transfer import match_colors
    from .video.temporal_smoothing import temporal_smoothing

__all__ = [
    "CapturedTransfer",
    "CheckpointError",
    "ClipStatistics",
    "ConfigError",
    "EncodedStyle",
    "InputError",
    "PictureError",
    "RegionStyle",
    "StyA2K",
    "StyA2KConfig",
    "StyA2KError",
    "TransferOptions",
    "from_pretrained",
    "load_model",
    "match_colors",
    "mix_styles",
    "push_to_hub",
    "read_mask",
    "read_picture",
    "region_style",
    "save_model",
    "temporal_smoothing",
    "write_picture",
]

_MODULES = {
    "CapturedTransfer": "cuda_graph",
    "ClipStatistics": "network.statistics",
    "EncodedStyle": "network.style.encoded_style",
    "RegionStyle": "network.style.region_style",
    "StyA2K": "model",
    "StyA2KConfig": "config",
    "TransferOptions": "options",
    "from_pretrained": "files.models.hub",
    "load_model": "files.models.checkpoint",
    "match_colors": "rendering.color.color_transfer",
    "mix_styles": "network.style.encoded_style",
    "push_to_hub": "files.models.hub",
    "read_mask": "files.pictures.image_io",
    "read_picture": "files.pictures.image_io",
    "region_style": "network.style.region_style",
    "save_model": "files.models.checkpoint",
    "temporal_smoothing": "video.temporal_smoothing",
    "write_picture": "files.pictures.image_io",
}
"""Where names come from. The errors are in `errors`."""


def __getattr__(name: str) -> Any:
    """Import at first use: torch takes seconds, which `a2k --help` need not wait for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULES.get(name, 'errors')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
