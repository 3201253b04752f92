"""The host's folders for models and styles: made known to it, and searched by name."""

from __future__ import annotations

from pathlib import Path

import folder_paths

from ..a2k_core.errors import CheckpointError

MODELS = "stya2k"
STYLES = "stya2k_styles"


def register_folders() -> None:
    """Make models/stya2k, models/stya2k_styles and the output folder's stya2k_styles known to the host."""
    _register(MODELS, Path(folder_paths.models_dir) / MODELS)
    _register(STYLES, Path(folder_paths.models_dir) / STYLES, Path(folder_paths.get_output_directory()) / STYLES)


def file_named(key: str, name: str) -> Path:
    """The file that a list shows as `name`.

    Raises:
        CheckpointError: when it is not there any more.
    """
    path = folder_paths.get_full_path(key, name)
    if path is None:
        where = " or ".join(folder_paths.get_folder_paths(key))
        raise CheckpointError(f"{name}: no longer in {where}; put it back, or press R and choose another")
    return Path(path)


def stamp(path: Path) -> str:
    """Changes when a file does."""
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _register(key: str, *folders: Path) -> None:
    """Make folders known to the host, after those the user configured for the key, and list .safetensors files alone."""
    known, _ = folder_paths.folder_names_and_paths.get(key, ([], set()))
    known.extend(str(folder) for folder in folders if str(folder) not in known)
    folder_paths.folder_names_and_paths[key] = (known, {".safetensors"})
