"""Values that are not finite, or not in 0..1: they are named where they come in, and never end a process."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_networks import picture

from a2k_core import CheckpointError, InputError, StyA2K, load_model, save_model
from a2k_core.files.models.checkpoint import read_info
from a2k_core.files.style_file import fingerprint, load_style, save_style
from a2k_core.network.attention.functional import route
from a2k_core.rendering.image_batch import check_result

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_pixels_that_are_not_finite_are_named_with_their_picture(model: StyA2K, value: float) -> None:
    bad, style = picture(40, 50, seed=1, batch=3), model.encode_style(picture(64, 64, seed=2))
    bad[1, :, 5, 5] = value
    for call in (
        lambda: model.transfer(bad, style),
        lambda: model.transfer(bad, style, 0.0),
        lambda: model.encode_style(bad),
        lambda: model.clip_statistics(bad),
    ):
        with pytest.raises(InputError, match="NaN or infinite values, in picture 1"):
            call()


@pytest.mark.parametrize(("scale", "shift"), [(255, 0), (2, -1)])
def test_pixels_in_other_units_are_refused(compact_model: StyA2K, scale: float, shift: float) -> None:
    image, style = picture(40, 50), compact_model.encode_style(picture(64, 64))
    image[..., :2] = torch.tensor([0.0, 1.0])
    other = image * scale + shift
    for call in (lambda: compact_model.transfer(other, style), lambda: compact_model.encode_style(other)):
        with pytest.raises(InputError, match=r"pass RGB in 0\.\.1"):
            call()


def test_a_little_beyond_the_range_is_a_picture(compact_model: StyA2K) -> None:
    """As resampling leaves it."""
    content = picture(40, 50) * 1.3 - 0.15
    result = compact_model.transfer(content, compact_model.encode_style(content))
    assert result.isfinite().all()


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("encoder", "the encoded style has NaN"),
        ("attention.1.key", "the encoded style has NaN"),
        ("attention.1.query", "the result has NaN"),
        ("decoder", "the result has NaN"),
    ],
)
def test_weights_that_are_not_finite_are_named(model: StyA2K, part: str, said: str) -> None:
    broken = copy.deepcopy(model)
    next(broken.get_submodule(part).parameters()).fill_(NAN)
    content = picture(40, 50)
    with pytest.raises(InputError, match=f"{said}.*the model's weights have"):
        broken.transfer(content, broken.encode_style(picture(64, 64)))


def test_routes_of_nan_stay_inside_the_style() -> None:
    """An index outside would end the process on a GPU."""
    keys = torch.randn(1, 2, 5, 4, 3)
    for queries in (torch.full((1, 2, 7, 4, 3), NAN), torch.full((1, 2, 7, 4, 3), -INF)):
        routes = route(queries, keys)
        assert 0 <= int(routes.min()) <= int(routes.max()) <= 4


def test_a_style_is_not_a_picture(compact_model: StyA2K) -> None:
    content = picture(40, 50)
    with pytest.raises(InputError, match=r"the style is a Tensor; pass what .* encode_style returns"):
        compact_model.transfer(content, content)  # type: ignore[arg-type]


def test_files_with_nan_are_refused(compact_model: StyA2K, tmp_path: Path) -> None:
    model, style = tmp_path / "model.safetensors", tmp_path / "style.safetensors"
    known = fingerprint(compact_model)
    save_model(compact_model, model)
    save_style(compact_model.encode_style(picture(64, 64)), style, known)
    for path, name in ((model, "merge.weight"), (style, "1.block_value")):
        tensors = load_file(path)
        tensors[name].flatten()[3] = NAN
        header = read_info(path).metadata if path == model else {"format": "stya2k-style", "format_version": "7"}
        save_file(tensors, path, {**header, "model": known} if path == style else header)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: merge\.weight has NaN"):
        load_model(model, "cpu")
    with pytest.raises(CheckpointError, match=r"style\.safetensors: a damaged style: 1\.block_value has NaN"):
        load_style(style, known)


def test_the_first_picture_of_a_batch_that_overflowed_is_named() -> None:
    batch = torch.rand(3, 8, 8, 3)
    check_result(batch, torch.float16)
    batch[2, 0, 0, 0] = NAN
    with pytest.raises(InputError, match=r"picture 2 .*float16"):
        check_result(batch, torch.float16)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", ""])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(InputError, match=f"the device {device} cannot be used here; "):
        load_model(device=device)


def test_a_number_format_that_networks_do_not_have_is_named() -> None:
    with pytest.raises(InputError, match=r"the dtype is torch\.int8; pass float32"):
        load_model(device="cpu", dtype=torch.int8)
