"""The converter: the four pickled files of the authors' release in, one StyA2K safetensors file out.

This is the one place that opens pickled files, on a user's own request, and only with `weights_only=True`.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import logging
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...config import StyA2KConfig
from ...errors import CheckpointError
from ...model import StyA2K
from ...network.encoder import VGG19_DEPTHS
from .checkpoint import save_model

log = logging.getLogger(__name__)

PUBLISHED_BLOBS = {
    "a2k": "186476825d2490e1989ce69a5c8b42203ddbbff0",
    "transform": "128f013d28f6fec30b97fbd1d271452546dbd607",
    "decoder": "6e30e08c74bd294c8cbd5e3dd486638328646259",
}
"""Git blob ids of the files under checkpoints/A2K in the authors' repository; the encoder comes from elsewhere."""

USUAL_NAMES = {
    "vgg": "vgg_normalised.pth",
    "a2k": "latest_net_A2K.pth",
    "transform": "latest_net_transform.pth",
    "decoder": "latest_net_decoder.pth",
}
"""The four files: the name of the option that takes each, and what its publisher calls it."""

LICENCE = (
    "No licence: converted from weights whose authors published them without one. "
    "For use on the machine it was converted on; do not redistribute."
)

VGG_CONVS = (0, 2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42)
"""Indices of the convolutions up to relu5_1 in the flat file."""

VGG_UNUSED = {f"{index}.{part}" for index in (45, 48, 51) for part in ("weight", "bias")}
"""Tensors beyond relu5_1 that the flat file may hold."""

DECODER_CONVS = (1, 4, 7, 10, 14, 17, 21, 24)
"""Indices of the convolutions in `decoder_layer_2`."""


@dataclasses.dataclass(frozen=True)
class _Recipe:
    """How one tensor of the model is made of tensors of one file."""

    kind: str
    sources: tuple[str, ...]
    join: int | None = None
    """The dimension along which the sources are put together; `None` adds them up."""

    def make(self, state: Mapping[str, Tensor]) -> Tensor:
        tensors = [state[source] for source in self.sources]
        return functools.reduce(torch.add, tensors) if self.join is None else torch.cat(tensors, self.join)


def convert_checkpoints(
    vgg: str | os.PathLike[str],
    a2k: str | os.PathLike[str],
    transform: str | os.PathLike[str],
    decoder: str | os.PathLike[str],
    output: str | os.PathLike[str],
    config: StyA2KConfig | None = None,
) -> None:
    """Turn the authors' files into one model file, checking every name and shape.

    Args:
        vgg: `vgg_normalised.pth`, the encoder, as pytorch-AdaIN publishes it.
        a2k: `latest_net_A2K.pth`, the module at relu3_1.
        transform: `latest_net_transform.pth`, the modules at relu4_1 and relu5_1 and the convolution that merges them.
        decoder: `latest_net_decoder.pth`.
        output: ends in `.safetensors`; its folder must exist.
        config: `None` is `StyA2KConfig.paper()`; otherwise a `vgg` network of other widths, with no widening.

    Raises:
        CheckpointError: when a file is missing, unreadable, given for the wrong option, or does not fit the network, or
            when the result cannot be written.
    """
    with torch.device("meta"):
        model = StyA2K(config or StyA2KConfig.paper())
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    recipes = _recipes()
    expected = _expected_shapes(recipes, shapes)
    paths = {"vgg": Path(vgg), "a2k": Path(a2k), "transform": Path(transform), "decoder": Path(decoder)}
    files = {kind: _read(path, kind, expected) for kind, path in paths.items()}
    tensors = {name: recipe.make(files[recipe.kind]).reshape(shapes[name]) for name, recipe in recipes.items()}
    model.load_state_dict(tensors, assign=True)
    save_model(model, output, {"source": {k: _origin(p, k) for k, p in paths.items()}, "licence": LICENCE})


def _recipes() -> dict[str, _Recipe]:
    """Every tensor of the paper's network, by its name in `StyA2K`."""
    recipes: dict[str, _Recipe] = {}

    def conv(name: str, kind: str, source: str) -> None:
        for part in ("weight", "bias"):
            recipes[f"{name}.{part}"] = _Recipe(kind, (f"{source}.{part}",))

    places = [(stage, layer) for stage, depth in enumerate(VGG19_DEPTHS) for layer in range(depth)]
    conv("encoder.conv0", "vgg", str(VGG_CONVS[0]))
    for (stage, layer), index in zip(places, VGG_CONVS[1:], strict=True):
        conv(f"encoder.stages.{stage}.{layer}", "vgg", str(index))
    modules = (("a2k", ""), ("transform", "attn_adain_4_1."), ("transform", "attn_adain_5_1."))
    for level, (kind, prefix) in enumerate(modules):
        module = f"attention.{level}"
        for name, letter in (("query", "q"), ("key", "k"), ("value", "v")):
            for part in ("weight", "bias"):
                pair = (f"{prefix}{letter}.{part}", f"{prefix}{letter}2.{part}")
                recipes[f"{module}.{name}.{part}"] = _Recipe(kind, pair, join=0)
        weights, biases = ((f"{prefix}fusion1.{part}", f"{prefix}fusion2.{part}") for part in ("weight", "bias"))
        recipes[f"{module}.fusion.weight"] = _Recipe(kind, weights, join=1)
        recipes[f"{module}.fusion.bias"] = _Recipe(kind, biases)
        for name in ("alpha", "beta"):
            recipes[f"{module}.{name}"] = _Recipe(kind, (f"{prefix}sim_{name}",))
    conv("merge", "transform", "merge_conv")
    conv("decoder.deep.0", "decoder", "decoder_layer_1.1")
    # The authors' layers count paddings, which are part of the convolutions here.
    for layer, index in zip((0, 2, 4, 6, 9, 11, 14, 16), DECODER_CONVS, strict=True):
        conv(f"decoder.shallow.{layer}", "decoder", f"decoder_layer_2.{index}")
    return recipes


def _expected_shapes(
    recipes: Mapping[str, _Recipe], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, dict[str, tuple[int, ...]]]:
    """The tensors that each of the four files must hold."""
    expected: dict[str, dict[str, tuple[int, ...]]] = {kind: {} for kind in USUAL_NAMES}
    for name, recipe in recipes.items():
        shape = list(shapes[name])
        if recipe.join is not None:
            shape[recipe.join] //= len(recipe.sources)
        for source in recipe.sources:
            expected[recipe.kind][source] = tuple(shape)
    return expected


def _read(path: Path, kind: str, expected: Mapping[str, Mapping[str, tuple[int, ...]]]) -> dict[str, Tensor]:
    """The checked tensors of one file in fp32, by the names the authors gave them."""
    state = _load(path, kind)
    wanted = expected[kind]
    if kind == "vgg":
        state = {name: value for name, value in state.items() if name not in VGG_UNUSED}
    if state.keys() != wanted.keys():
        other = [k for k, names in expected.items() if k != kind and names.keys() <= state.keys()]
        if other:
            raise CheckpointError(
                f"{path}: this seems to be {USUAL_NAMES[other[0]]}, which --{other[0]} takes; {_takes(kind)}"
            )
    problems = [f"lacks {name}" for name in wanted if name not in state]
    problems += [f"has an unknown tensor {name}" for name in state if name not in wanted]
    for name, shape in wanted.items():
        if name in state:
            problems += _problems(name, state[name], shape)
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise CheckpointError(
            f"{path}: not a {USUAL_NAMES[kind]} of this network, as --{kind} takes: {'; '.join(problems[:3])}{more}"
        )
    return {name: state[name].float() for name in wanted}


def _load(path: Path, kind: str) -> dict[str, Any]:
    """The named values of one file, without the prefix that data-parallel training leaves."""
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; {_takes(kind)}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # Its text runs to advice on loading the file unsafely, which is not advice to pass on.
        raise CheckpointError(
            f"{path}: not a PyTorch file of tensors and nothing else, and no other is read; {_takes(kind)}"
        ) from error
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise CheckpointError(
            f"{path}: cannot be read as a PyTorch file: truncated, damaged, or something else; {_takes(kind)}"
        ) from error
    if not isinstance(state, Mapping) or not state or not all(isinstance(name, str) for name in state):
        raise CheckpointError(f"{path}: holds a {type(state).__name__}, not named tensors; {_takes(kind)}")
    prefix = "module."
    if all(name.startswith(prefix) for name in state):
        return {name.removeprefix(prefix): value for name, value in state.items()}
    return dict(state)


def _problems(name: str, value: object, shape: tuple[int, ...]) -> list[str]:
    """What is wrong with one value of a file, in words."""
    if not isinstance(value, Tensor):
        return [f"{name} is a {type(value).__name__}, not a tensor"]
    # The two scalars are stored with one element in one dimension or in none.
    if tuple(value.shape) != shape and not (shape == () and tuple(value.shape) == (1,)):
        return [f"{name} is {list(value.shape)}, not {list(shape)}"]
    if not value.is_floating_point():
        return [f"{name} is {value.dtype}, not floating point"]
    if not bool(torch.isfinite(value).all()):
        return [f"{name} holds values that are not finite"]
    return []


def _origin(path: Path, kind: str) -> dict[str, object]:
    """What the model file tells of one source: its name, its git blob id, and whether that is the published one."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    blob = digest.hexdigest()
    published = blob == PUBLISHED_BLOBS[kind] if kind in PUBLISHED_BLOBS else None
    meanings = {
        None: "with none on record to compare it to",
        True: "the published file",
        False: "not the published file",
    }
    log.info("%s: git blob id %s, %s", path, blob, meanings[published])
    return {"name": path.name, "blob": blob, "published": published}


def _takes(kind: str) -> str:
    return f"--{kind} takes {USUAL_NAMES[kind]}"
