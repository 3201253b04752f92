"""What several commands need: the model, and styles from picture files or from saved ones."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError, UsageError
from ..files.models.checkpoint import load_model
from ..files.pictures.image_io import read_mask, read_picture
from ..files.pictures.thumbnail import thumbnail
from ..files.style_file import fingerprint, load_style, read_thumbnail
from ..model import StyA2K
from ..network.style.encoded_style import EncodedStyle, check_shares
from ..rendering.color.color_transfer import match_colors
from ..rendering.hardware.device import DTYPES, best_dtype, usable_device
from ..rendering.hardware.memory import is_out_of_memory, keep_freed_memory
from ..rendering.resize import resize_to_short_side
from .console import Console

STYLE_SUFFIX = ".safetensors"
"""Of saved styles; every other style file is a picture."""


def is_saved_style(path: Path) -> bool:
    """Whether a style file is one that `a2k encode` or a Save Style node wrote."""
    return path.suffix.lower() == STYLE_SUFFIX


def check_mix(styles: int, shares: Sequence[float]) -> None:
    """Raise `UsageError` unless there is a share for each of so many styles."""
    try:
        check_shares(styles, shares)
    except InputError as error:
        raise UsageError(f"--mix has {error}") from error


def open_model(weights: Path | None, device: str | None, dtype: str, console: Console) -> StyA2K:
    """Load a model for a command, in its dtype. Its fingerprint is taken before the cast, so that saved styles fit.

    Args:
        weights: a model file; None takes the bundled one.
        device: a device of torch's; None takes the best there is.
        dtype: a key of `DTYPES`, or "auto" for `best_dtype`.
        console: shows what is going on.

    Raises:
        CheckpointError: when the file cannot be loaded.
        UsageError: when the device cannot be used.
    """
    console.status("loading the model")
    keep_freed_memory()
    model = load_model(weights, _usable_device(device))
    fingerprint(model)
    return model.to(best_dtype(model.config, model.device) if dtype == "auto" else DTYPES[dtype])


class StyleFiles:
    """Style files of a run. Pictures are read at once, so that one that cannot be read is known before a model is loaded.

    Args:
        paths: pictures, and styles that were saved.
        style_size: short side in pixels that larger pictures are scaled to; 0 keeps them.
        mask: a picture that is white where to take the style from, for a single style picture.

    Raises:
        PictureError: when a picture cannot be read.
        UsageError: when there is a mask, but not one style picture.
    """

    def __init__(self, paths: Sequence[Path], style_size: int, mask: Path | None = None) -> None:
        if mask is not None and (len(paths) != 1 or is_saved_style(paths[0])):
            raise UsageError("--style-mask takes one style, a picture; use a2k encode for each of several")
        self.paths = paths
        self._mask = None if mask is None else read_mask(mask)
        self.pictures: list[Tensor | None] = [
            None
            if is_saved_style(path)
            else resize_to_short_side(read_picture(path).on_white(), style_size, enlarge=False)
            for path in paths
        ]
        """`[1, 3, H, W]` each; None for a saved style."""

    def recolored(self, reference: Tensor) -> StyleFiles:
        """The same styles with the colors of a reference `[1, 3, H, W]`. All have to be pictures."""
        files = copy.copy(self)
        files.pictures = [None if picture is None else match_colors(picture, reference) for picture in self.pictures]
        return files

    def thumbnails(self) -> list[Image.Image | None]:
        """Of every style; None for a saved one without."""
        return [
            read_thumbnail(path) if picture is None else thumbnail(picture)
            for path, picture in zip(self.paths, self.pictures, strict=True)
        ]

    def encode(self, model: StyA2K, console: Console) -> list[EncodedStyle]:
        """Every style, for this model.

        Raises:
            CheckpointError: when a saved style cannot be read or is of another model.
            InputError: when a picture needs too much memory.
        """
        encoded = []
        for path, picture in zip(self.paths, self.pictures, strict=True):
            console.status(f"encoding {path}")
            if picture is None:
                encoded.append(load_style(path, fingerprint(model)))
                continue
            with memory_errors_of(path, picture.shape[-1], picture.shape[-2], model.device):
                encoded.append(model.encode_style(picture, self._mask))
        return encoded


def _usable_device(name: str | None) -> torch.device | None:
    """The device of that name, tried out; None for none."""
    try:
        return None if name is None else usable_device(name)
    except InputError as error:
        raise UsageError(str(error)) from error


@contextlib.contextmanager
def memory_errors_of(path: Path, width: int, height: int, device: torch.device) -> Iterator[None]:
    """Turn torch's running out of memory, which has no type of its own on a CPU, into a line for the user."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(
            f"{path}: {width}x{height} pixels need more memory than {device} has; make the picture smaller"
        ) from error
