"""StyA2K for ComfyUI: the nodes' entry point. The network itself is `a2k_core`, which needs no host."""

from __future__ import annotations

import logging
import sys
from typing import Any

WEB_DIRECTORY = "./web"
__all__ = ["WEB_DIRECTORY", "comfy_entrypoint"]

_NEEDS = (
    "StyA2K: these nodes need ComfyUI 0.18.0 or newer. Clone this folder into ComfyUI/custom_nodes, update ComfyUI and start it. "
    "Without ComfyUI, use the package a2k_core or the command a2k."
)


def _extension() -> Any:
    """The extension's class.

    Raises:
        ImportError: without the host, or with one that is too old; it says what is needed.
    """
    try:
        from .nodes import StyA2KExtension
    except (ImportError, AttributeError, TypeError) as error:
        raise ImportError(f"{_NEEDS} ({type(error).__name__}: {error})") from error
    return StyA2KExtension


async def comfy_entrypoint() -> Any:
    """What the host calls once, at its start."""
    return _extension()()


if "folder_paths" in sys.modules:  # the host has always imported this by now
    _extension()  # at import, so that a host too old to know comfy_entrypoint also shows the reason
else:
    # Test runners import a checkout's __init__.py on their own account: an error here would stop them.
    logging.getLogger(__name__).warning(_NEEDS)
