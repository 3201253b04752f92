"""Encoded styles on disk: one safetensors file that knows which model made it. No pickle is ever read here."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import CheckpointError
from ..model import StyA2K
from ..network.attention.all_to_key import LevelStyle
from ..network.style.colors import ColorMoments
from ..network.style.encoded_style import EncodedStyle, check_shares, mix_styles
from ..network.style.region_style import RegionStyle
from .models.checkpoint import write_safetensors
from .pictures.thumbnail import from_text, to_text

FORMAT = "stya2k-style"
FORMAT_VERSION = 7

_FIELDS = tuple(field.name for field in dataclasses.fields(LevelStyle))
_LEVELS = 3
_RANKS = {"region_key": 4, "region_value": 4, "block_key": 5, "block_value": 5, "mean": 4, "std": 4}
_COLORS = {f"colors_{name}": 3 for name in ColorMoments._fields}
"""Names of the tensors of the colors, and their ranks."""


def fingerprint(model: StyA2K) -> str:
    """Sixty-four hexadecimal digits that two models share only when their configuration and all their weights are equal.

    Computed at the first call and kept on the model. Casting changes the weights: take it before a cast to lower precision,
    and the model's styles are then known to it in every precision.
    """
    known: str | None = model.__dict__.get("_fingerprint")
    if known is None:
        digest = hashlib.sha256(json.dumps(model.config.to_dict(), sort_keys=True).encode())
        for name, tensor in sorted(model.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
            plain = tensor.detach().cpu().contiguous().flatten()
            digest.update(memoryview(plain.view(torch.uint8).numpy()))
        known = digest.hexdigest()
        model.__dict__["_fingerprint"] = known
    return known


def save_style(
    style: EncodedStyle,
    path: str | os.PathLike[str],
    model_fingerprint: str,
    *,
    thumbnail: Image.Image | None = None,
) -> None:
    """Write an encoded style, complete or not at all. An existing file is replaced.

    Args:
        style: stored in the dtype it has. A mixture is stored as all its parts, with their shares.
        path: ends in `.safetensors`; its folder must exist.
        model_fingerprint: `fingerprint` of the model that encoded it.
        thumbnail: what shows people which style it is, as of `pictures.thumbnail`.

    Raises:
        CheckpointError: when the file cannot be written, or the style has regions.
    """
    path = Path(path)
    if isinstance(style, RegionStyle):
        raise CheckpointError(f"{path}: a style with regions is not saved; save the styles of its regions")
    if path.suffix != ".safetensors":
        raise CheckpointError(f"{path}: style files end in .safetensors")
    header = {"format": FORMAT, "format_version": str(FORMAT_VERSION), "model": model_fingerprint}
    shares, parts = zip(*style.parts(), strict=True)
    if len(parts) > 1:
        header["shares"] = json.dumps(shares)
    if thumbnail is not None:
        header["thumbnail"] = to_text(thumbnail)
    tensors = {
        # A copy: safetensors refuses tensors that share memory, as the parts of one batch do.
        name: getattr(level, field).detach().cpu().clone(memory_format=torch.contiguous_format)
        for part, prefix in zip(parts, _prefixes(len(parts)), strict=True)
        for index, level in enumerate(part.levels)
        for field, name in ((field, f"{prefix}{index}.{field}") for field in _FIELDS)
    }
    for part, prefix in zip(parts, _prefixes(len(parts)), strict=True):
        for name, value in zip(_COLORS, part.colors or (), strict=bool(part.colors)):
            tensors[prefix + name] = value.detach().cpu().clone()
    write_safetensors(tensors, path, header, "the style")


def load_style(path: str | os.PathLike[str], model_fingerprint: str) -> EncodedStyle:
    """Read an encoded style for the model of this fingerprint, onto the CPU, in the dtype it was stored in.

    Raises:
        CheckpointError: when the file is missing, damaged, not a style, or of another model; it says which.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; pass the path of a saved style")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            _check_header(path, metadata, model_fingerprint)
            shares = _shares(path, metadata)
            names = set(file.keys())
            expected = {
                f"{prefix}{level}.{name}"
                for prefix in _prefixes(len(shares))
                for level in range(_LEVELS)
                for name in _FIELDS
            } | {prefix + name for prefix in _prefixes(len(shares)) for name in _COLORS}
            if names != expected:
                raise CheckpointError(f"{path}: a damaged style: its tensors are not those of a style; save it again")
            tensors = {name: file.get_tensor(name) for name in expected}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: not a readable style file: truncated, damaged, or something else ({error})"
        ) from error
    styles = []
    for prefix in _prefixes(len(shares)):
        of_style = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        _check_tensors(path, of_style)
        fine, middle, coarse = (
            LevelStyle(**{name: of_style[f"{level}.{name}"] for name in _FIELDS}) for level in range(_LEVELS)
        )
        colors = ColorMoments(*(of_style[name] for name in _COLORS))
        styles.append(EncodedStyle((fine, middle, coarse), colors=colors))
    return mix_styles(styles, shares)


def read_thumbnail(path: str | os.PathLike[str]) -> Image.Image | None:
    """The thumbnail of a saved style, RGB. None when it has none, or is no file that can be read: `load_style` says why."""
    try:
        with safe_open(path, framework="pt") as file:
            return from_text((file.metadata() or {}).get("thumbnail", ""))
    except (SafetensorError, OSError):
        return None


def _prefixes(styles: int) -> list[str]:
    """What the names of each style's tensors begin with. A single style has none."""
    return [f"{index}/" for index in range(styles)] if styles > 1 else [""]


def _shares(path: Path, metadata: dict[str, str]) -> list[float]:
    """Of the styles that a file holds."""
    try:
        shares = json.loads(metadata.get("shares", "[1]"))
        numbers = [float(share) for share in shares]
        check_shares(len(numbers), numbers)
    except (ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path}: a damaged style: its shares are not numbers; save it again") from error
    if not all(numbers):
        raise CheckpointError(f"{path}: a damaged style: a share is 0; save it again")
    return numbers


def _check_header(path: Path, metadata: dict[str, str], model_fingerprint: str) -> None:
    if metadata.get("format") == "stya2k":
        raise CheckpointError(f"{path}: a StyA2K model, not a saved style; load it as a model")
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: a safetensors file, but not a saved style (no format={FORMAT!r} in its metadata)"
        )
    version = metadata.get("format_version", "")
    if version != str(FORMAT_VERSION):
        raise CheckpointError(
            f"{path}: style version {version or 'missing'}; this package reads version {FORMAT_VERSION}. "
            "Encode the style picture again, or, if the file is newer than the package, update the package"
        )
    check_fingerprint(metadata.get("model", ""), model_fingerprint, str(path))


def check_fingerprint(made_by: str, model_fingerprint: str, name: str) -> None:
    """Raise `CheckpointError` unless a style, called `name` in the message, was made by the model of this fingerprint."""
    if made_by != model_fingerprint:
        raise CheckpointError(
            f"{name}: this style was encoded by another model ({made_by[:12] or 'unknown'}, the model here is "
            f"{model_fingerprint[:12]}); load that model, or encode the style picture again with this one"
        )


def _check_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    batch = tensors["0.mean"].shape[0] if tensors["0.mean"].ndim else 0
    for name, tensor in tensors.items():
        rank = _COLORS.get(name) or _RANKS[name.split(".", 1)[1]]
        if tensor.ndim != rank or tensor.shape[0] != batch or 0 in tensor.shape or not tensor.is_floating_point():
            raise CheckpointError(
                f"{path}: a damaged style: {name} is {tensor.dtype} {list(tensor.shape)}; save it again"
            )
        if not bool(tensor.isfinite().all()):
            raise CheckpointError(f"{path}: a damaged style: {name} has NaN or infinite values; save it again")
