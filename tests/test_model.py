"""The network as a user sees it: any picture, any style, any batch, any strength."""

from __future__ import annotations

import copy
import dataclasses
import itertools

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny_networks import picture, random_model
from torch import Tensor

import a2k_core
from a2k_core import EncodedStyle, InputError, StyA2K, StyA2KConfig, TransferOptions

SIZES = [(1, 1), (1, 7), (9, 1), (2, 2), (65, 3), (63, 64), (64, 63), (64, 64), (65, 65), (1, 130), (100, 30)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_any_content_size_comes_back(model: StyA2K, size: tuple[int, int]) -> None:
    _check(model, picture(*size, seed=3), picture(40, 70, seed=4))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_any_style_size_is_taken(model: StyA2K, size: tuple[int, int]) -> None:
    _check(model, picture(50, 66, seed=3), picture(*size, seed=4))


SIDE = st.integers(1, 80)


@given(SIDE, SIDE, SIDE, SIDE)
@example(1, 1, 1, 1)
@settings(max_examples=12, deadline=None)
def test_any_sizes_go_together(compact_model: StyA2K, height: int, width: int, rows: int, columns: int) -> None:
    _check(compact_model, picture(height, width, seed=5), picture(rows, columns, seed=6))


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_pictures_stay_finite(model: StyA2K, level: float) -> None:
    flat = torch.full((1, 3, 20, 90), level)
    _check(model, flat, picture(64, 64, seed=2))
    _check(model, picture(64, 64, seed=2), flat)
    _check(model, flat, flat)


def test_the_output_depends_on_content_and_style(model: StyA2K) -> None:
    content, style = picture(64, 64, seed=1), picture(64, 64, seed=2)
    result = model.transfer(content, model.encode_style(style))
    assert result.std() > 0.02
    assert ((result > 0) & (result < 1)).float().mean() > 0.5
    assert _apart(result, model.transfer(content.flip(3), model.encode_style(style))) > 0.01
    assert _apart(result, model.transfer(content, model.encode_style(1 - style))) > 0.01


def test_the_same_input_gives_the_same_bits(model: StyA2K) -> None:
    content, style = picture(70, 90, seed=1), picture(65, 64, seed=2)
    first = model.transfer(content, model.encode_style(style))
    assert torch.equal(model.transfer(content, model.encode_style(style)), first)


def test_inputs_are_left_as_they_were(model: StyA2K) -> None:
    content, style = picture(64, 64, seed=1), picture(64, 64, seed=2)
    before = content.clone(), style.clone()
    model.transfer(content, model.encode_style(style), 0.5)
    assert torch.equal(content, before[0])
    assert torch.equal(style, before[1])


def test_a_batch_is_its_pictures_one_by_one(model: StyA2K) -> None:
    contents, styles = picture(70, 64, seed=1, batch=3), picture(64, 130, seed=2, batch=3)
    one_style = model.encode_style(styles[:1])
    shared = model.transfer(contents, one_style, 0.8)
    paired = model.transfer(contents, model.encode_style(styles), 0.8)
    for index in range(3):
        one = slice(index, index + 1)
        assert _apart(shared[one], model.transfer(contents[one], one_style, 0.8)) < 1e-4
        assert _apart(paired[one], model.transfer(contents[one], model.encode_style(styles[one]), 0.8)) < 1e-4
    assert _apart(shared[1:], paired[1:]) > 0.01


@pytest.mark.parametrize(("contents", "styles"), [(1, 2), (2, 3), (3, 2), (4, 2)])
def test_counts_that_do_not_match_are_refused(compact_model: StyA2K, contents: int, styles: int) -> None:
    encoded = compact_model.encode_style(picture(64, 64, batch=styles))
    assert encoded.batch == styles
    with pytest.raises(InputError, match=f"{styles} styles for {contents} contents"):
        compact_model.transfer(picture(64, 64, batch=contents), encoded)


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (33, 70)], ids=str)
def test_strength_0_is_the_content_to_the_bit(model: StyA2K, size: tuple[int, int]) -> None:
    content = picture(*size, seed=1)
    encoded = model.encode_style(picture(64, 64, seed=2))
    assert torch.equal(model.transfer(content, encoded, 0), content)
    assert torch.equal(model.transfer(content.half(), encoded, 0.0), content.half())


def test_strength_1_is_the_default_and_equals_forward(model: StyA2K) -> None:
    content, style = picture(64, 128, seed=1), picture(128, 64, seed=2)
    result = model.transfer(content, model.encode_style(style))
    assert torch.equal(model.transfer(content, model.encode_style(style), 1), result)
    unmatched = model.transfer_with(content, model.encode_style(style), TransferOptions(color_maps=()))
    assert _apart(model(content, style).clamp(0, 1), unmatched) < 1e-4


def test_strength_is_continuous_and_goes_from_content_to_style_and_beyond(model: StyA2K) -> None:
    content = picture(70, 64, seed=1)
    encoded = model.encode_style(picture(64, 64, seed=2))
    full = model.transfer(content, encoded)
    assert _apart(full, content) > 0.05
    assert _apart(model.transfer(content, encoded, 1e-5), content) < 1e-3
    assert _apart(model.transfer(content, encoded, 1 - 1e-5), full) < 1e-3
    assert _apart(model.transfer(content, encoded, 1 + 1e-5), full) < 1e-3
    distances = [_mean_apart(model.transfer(content, encoded, s / 4), content) for s in range(5)]
    assert all(later > earlier for earlier, later in itertools.pairwise(distances))
    beyond = model.transfer(content, encoded, 2.0)
    assert beyond.isfinite().all()
    assert _apart(beyond, full) > 0.01


@pytest.mark.parametrize("strength", [-0.01, 2.01, float("nan"), float("inf"), -float("inf")])
def test_a_strength_out_of_range_is_refused(compact_model: StyA2K, strength: float) -> None:
    encoded = compact_model.encode_style(picture(64, 64))
    with pytest.raises(InputError, match="strength"):
        compact_model.transfer(picture(64, 64), encoded, strength)


def test_an_encoded_style_serves_any_number_of_pictures(model: StyA2K) -> None:
    style = picture(60, 90, seed=2)
    cached = model.encode_style(style)
    before = [tensor.clone() for tensor in cached.tensors()]
    for size in ((64, 64), (33, 70)):
        content = picture(*size, seed=1)
        assert torch.equal(model.transfer(content, cached), model.transfer(content, model.encode_style(style)))
    assert all(torch.equal(now, then) for now, then in zip(cached.tensors(), before, strict=True))


def test_an_encoded_style_is_immutable(compact_model: StyA2K) -> None:
    encoded = compact_model.encode_style(picture(64, 64))
    with pytest.raises(dataclasses.FrozenInstanceError):
        encoded.levels = encoded.levels  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        encoded.levels[0].mean = encoded.levels[0].std  # type: ignore[misc]
    assert not any(tensor.requires_grad for tensor in encoded.tensors())


def test_an_encoded_style_moves_between_devices(compact_model: StyA2K) -> None:
    encoded = compact_model.encode_style(picture(64, 64, batch=2))
    assert encoded.to("cpu") is encoded
    moved = encoded.to("meta")
    assert isinstance(moved, EncodedStyle)
    assert moved.batch == 2
    assert [t.shape for t in moved.tensors()] == [t.shape for t in encoded.tensors()]
    assert {t.device.type for t in moved.tensors()} == {"meta"}
    assert {t.device.type for t in encoded.tensors()} == {"cpu"}


def test_a_style_of_another_model_is_refused(compact_model: StyA2K, paper_model: StyA2K) -> None:
    encoded = compact_model.encode_style(picture(64, 64))
    with pytest.raises(InputError, match="another shape"):
        paper_model.transfer(picture(64, 64), encoded)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_networks_stay_near_fp32(model: StyA2K, dtype: torch.dtype) -> None:
    content, style = picture(66, 64, seed=1), picture(64, 64, seed=2)
    half = copy.deepcopy(model).to(dtype)
    assert half.dtype == dtype
    encoded = half.encode_style(style)
    assert encoded.levels[0].mean.dtype == torch.float32
    result = half.transfer(content, encoded)
    assert result.dtype == content.dtype
    assert result.isfinite().all()
    exact = model.transfer(content, model.encode_style(style))
    assert _mean_apart(result, exact) < 0.03
    assert _mean_apart(result, exact) < 0.3 * _mean_apart(exact, model.transfer(content, model.encode_style(1 - style)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_pictures_of_any_dtype_come_back_in_it(compact_model: StyA2K, dtype: torch.dtype) -> None:
    content, style = picture(64, 64, seed=1), picture(64, 64, seed=2)
    result = compact_model.transfer(content.to(dtype), compact_model.encode_style(style.to(dtype)), 0.7)
    assert result.dtype == dtype
    assert _mean_apart(result, compact_model.transfer(content, compact_model.encode_style(style), 0.7)) < 0.03


def test_non_contiguous_pictures_are_pictures(model: StyA2K) -> None:
    content, style = picture(64, 70, seed=1), picture(64, 64, seed=2)
    strided = content.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    encoded = model.encode_style(style)
    assert _apart(model.transfer(strided, encoded), model.transfer(content, encoded)) < 1e-5


def test_gradients_reach_every_parameter_and_the_content(model: StyA2K) -> None:
    trainable = copy.deepcopy(model).requires_grad_(True).train()
    content = picture(64, 64, seed=1).requires_grad_(True)
    trainable(content, picture(64, 64, seed=2)).square().mean().backward()
    assert content.grad is not None
    for name, parameter in trainable.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_a_network_with_a_narrow_vgg_works(paper_config: StyA2KConfig) -> None:
    narrow = random_model(dataclasses.replace(paper_config, encoder_widths=(4, 4, 8, 8, 16)))
    _check(narrow, picture(40, 64, seed=1), picture(64, 65, seed=2))


def test_the_compact_preset_works() -> None:
    _check(random_model(StyA2KConfig.compact()), picture(64, 65, seed=1), picture(40, 64, seed=2))


NOT_PICTURES = {
    "3d": (torch.rand(3, 8, 8), r"\[3, 8, 8\].*\[B, 3, H, W\]"),
    "2d": (torch.rand(8, 8), r"\[8, 8\].*\[B, 3, H, W\]"),
    "rgba": (torch.rand(1, 4, 8, 8), r"\[1, 4, 8, 8\].*\[B, 3, H, W\]"),
    "gray": (torch.rand(1, 1, 8, 8), r"\[1, 1, 8, 8\].*\[B, 3, H, W\]"),
    "channels last": (torch.rand(1, 8, 8, 3), r"\[1, 8, 8, 3\].*\[B, 3, H, W\]"),
    "no picture": (torch.rand(0, 3, 8, 8), "at least 1"),
    "no rows": (torch.rand(1, 3, 0, 8), "at least 1"),
    "no columns": (torch.rand(1, 3, 8, 0), "at least 1"),
    "uint8": (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "uint8.*255"),
    "int64": (torch.zeros(1, 3, 8, 8, dtype=torch.int64), "floating"),
    "list": ([[0.5]], "list"),
    "none": (None, "NoneType"),
}


@pytest.mark.parametrize(("image", "said"), NOT_PICTURES.values(), ids=NOT_PICTURES.keys())
def test_what_is_not_a_picture_is_refused_with_the_reason(compact_model: StyA2K, image: Tensor, said: str) -> None:
    encoded = compact_model.encode_style(picture(64, 64))
    with pytest.raises(InputError, match=f"style .*{said}"):
        compact_model.encode_style(image)
    for strength in (0.0, 1.0):
        with pytest.raises(InputError, match=f"content .*{said}"):
            compact_model.transfer(image, encoded, strength)


def test_errors_are_value_errors_of_this_package() -> None:
    for error in (a2k_core.InputError, a2k_core.ConfigError, a2k_core.CheckpointError, a2k_core.PictureError):
        assert issubclass(error, a2k_core.StyA2KError)
        assert issubclass(error, ValueError)


def _check(model: StyA2K, content: Tensor, style: Tensor) -> None:
    result = model.transfer(content, model.encode_style(style))
    assert result.shape == content.shape
    assert result.dtype == content.dtype
    assert result.isfinite().all()
    assert result.min() >= 0
    assert result.max() <= 1


def _apart(one: Tensor, other: Tensor) -> float:
    """The largest difference."""
    return float((one.double() - other.double()).abs().max())


def _mean_apart(one: Tensor, other: Tensor) -> float:
    return float((one.double() - other.double()).abs().mean())
