"""All-to-Key Attention for Arbitrary Style Transfer (Zhu et al., ICCV 2023): the network, its weights, its pictures.

Load a model with `load_model`, encode a style once with `StyA2K.encode_style`, apply it with `StyA2K.transfer`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .captured import CapturedTransfer
    from .checkpoint import load_model, save_model
    from .config import StyA2KConfig
    from .encoded_style import EncodedStyle
    from .errors import CheckpointError, ConfigError, InputError, PictureError, StyA2KError
    from .model import StyA2K

__all__ = [
    "CapturedTransfer",
    "CheckpointError",
    "ConfigError",
    "EncodedStyle",
    "InputError",
    "PictureError",
    "StyA2K",
    "StyA2KConfig",
    "StyA2KError",
    "load_model",
    "save_model",
]

_MODULES = {
    "CapturedTransfer": "captured",
    "EncodedStyle": "encoded_style",
    "StyA2K": "model",
    "StyA2KConfig": "config",
    "load_model": "checkpoint",
    "save_model": "checkpoint",
}
"""Where names come from; the errors are in `errors`."""


def __getattr__(name: str) -> Any:
    """Import at first use: torch takes seconds, which `a2k --help` need not wait for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULES.get(name, 'errors')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
