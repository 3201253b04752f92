"""Blocks and per-channel statistics."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from a2k_core.network.attention.blocks import from_blocks, pad_to_multiple, to_blocks
from a2k_core.network.statistics import Moments, PartialMoments, adain, channel_moments, normalize

SIDES = st.integers(1, 40)


def test_blocks_and_their_positions_are_in_raster_order() -> None:
    features = torch.tensor(
        [
            [0, 1, 2, 3, 4, 5],
            [6, 7, 8, 9, 10, 11],
            [12, 13, 14, 15, 16, 17],
            [18, 19, 20, 21, 22, 23],
        ]
    )
    blocks = to_blocks(features.view(1, 1, 4, 6), side=2, heads=1)
    assert blocks.shape == (1, 1, 6, 4, 1)
    assert blocks[0, 0, :, :, 0].tolist() == [
        [0, 1, 6, 7],
        [2, 3, 8, 9],
        [4, 5, 10, 11],
        [12, 13, 18, 19],
        [14, 15, 20, 21],
        [16, 17, 22, 23],
    ]


def test_heads_are_contiguous_channels() -> None:
    features = torch.arange(6).view(1, 6, 1, 1).expand(1, 6, 2, 2)
    blocks = to_blocks(features, side=2, heads=2)
    assert blocks.shape == (1, 2, 1, 4, 3)
    assert blocks[0, 0, 0, 0].tolist() == [0, 1, 2]
    assert blocks[0, 1, 0, 3].tolist() == [3, 4, 5]


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_blocks_come_back_as_they_were(batch: int, heads: int, depth: int, side: int, rows: int, columns: int) -> None:
    height, width = rows * side, columns * side
    features = torch.arange(batch * heads * depth * height * width).view(batch, heads * depth, height, width)
    blocks = to_blocks(features, side, heads)
    assert blocks.shape == (batch, heads, rows * columns, side * side, depth)
    assert torch.equal(from_blocks(blocks, side, height, width), features)


@given(SIDES, SIDES, st.sampled_from([1, 4, 16, 64]))
@settings(max_examples=40, deadline=None)
def test_padding_goes_right_and_down_to_the_next_multiple(height: int, width: int, multiple: int) -> None:
    image = torch.rand(1, 2, height, width)
    padded = pad_to_multiple(image, multiple)
    rows, columns = padded.shape[-2:]
    assert rows % multiple == columns % multiple == 0
    assert height <= rows < height + multiple
    assert width <= columns < width + multiple
    assert torch.equal(padded[..., :height, :width], image)
    if rows < 2 * height and columns < 2 * width:
        assert torch.equal(padded, F.pad(image, (0, columns - width, 0, rows - height), mode="reflect"))


@given(st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_small_pictures_are_reflected_again_and_again(height: int, width: int) -> None:
    image = torch.rand(1, 1, height, width)

    def bounced(position: int, length: int) -> int:
        step = 1
        here = 0
        for _ in range(position):
            if length > 1 and not 0 <= here + step < length:
                step = -step
            here += step if length > 1 else 0
        return here

    padded = pad_to_multiple(image, 32)
    for row in (height - 1, height % 32, 13, 31):
        for column in (width - 1, width % 32, 17, 31):
            assert padded[0, 0, row, column] == image[0, 0, bounced(row, height), bounced(column, width)]


def test_one_pixel_is_repeated() -> None:
    assert torch.equal(pad_to_multiple(torch.full((1, 3, 1, 1), 0.3), 64), torch.full((1, 3, 64, 64), 0.3))


def test_a_picture_of_the_right_size_is_not_copied() -> None:
    image = torch.rand(1, 3, 64, 128)
    assert pad_to_multiple(image, 64) is image


def test_the_variance_is_unbiased_with_epsilon_inside_the_root() -> None:
    features = torch.tensor([1.0, 2.0, 3.0, 6.0, 5.0, 5.0, 5.0, 5.0]).view(1, 2, 2, 2)
    mean, std = channel_moments(features)
    assert mean.flatten().tolist() == [3.0, 5.0]
    assert torch.allclose(std.flatten(), torch.tensor([14 / 3 + 1e-5, 1e-5]).sqrt(), rtol=1e-6)


def test_the_gradient_of_moments_is_that_of_their_definition() -> None:
    features = (3 + torch.randn(2, 3, 5, 7, dtype=torch.float64)).requires_grad_()
    weights = torch.randn(2, 2, 3, 1, 1)

    def through(mean: Tensor, std: Tensor) -> Tensor:
        (gradient,) = torch.autograd.grad((weights[0] * mean + weights[1] * std).sum(), features)
        return gradient

    wanted = through(features.mean((2, 3), keepdim=True), (features.var((2, 3), keepdim=True) + 1e-5).sqrt())
    assert torch.allclose(through(*channel_moments(features)), wanted, rtol=1e-4, atol=1e-6)
    half = features.detach().bfloat16().requires_grad_()
    channel_moments(half).std.sum().backward()
    assert half.grad is not None and half.grad.dtype == torch.bfloat16


@pytest.mark.parametrize("level", [0.0, 1e3, -1e4])
def test_moments_of_pieces_are_those_of_the_whole(level: float) -> None:
    """Also far from zero, where sums of squares would lose every digit of the variance."""
    features = level + torch.randn((2, 3, 13, 17), dtype=torch.float64) * torch.tensor([0.5, 2.0, 8.0]).view(1, 3, 1, 1)
    pieces = [features[..., :1, :], features[..., 1:9, 3:], features[..., 1:9, :3], features[..., 9:, :]]
    partial = PartialMoments.of(pieces[0].float())
    for piece in pieces[1:]:
        partial = partial.merged(PartialMoments.of(piece.float()))
    assert partial.count == 13 * 17
    mean, std = partial.moments()
    expected = channel_moments(features.float())
    assert mean.dtype == std.dtype == torch.float32
    assert torch.allclose(mean, expected.mean, rtol=1e-6, atol=1e-6)
    assert torch.allclose(std, expected.std, rtol=1e-4)
    rounded = features.float().double()  # what fp32 can hold of it
    assert torch.allclose(std, (rounded.var(dim=(2, 3), keepdim=True) + 1e-5).sqrt().float(), rtol=1e-4)


def test_normalized_features_have_mean_0_and_deviation_1() -> None:
    features = torch.randn(2, 3, 8, 8) * torch.tensor([0.5, 2.0, 30.0]).view(1, 3, 1, 1) + 7
    mean, std = channel_moments(normalize(features, channel_moments(features)))
    assert mean.abs().max() < 1e-5
    assert (std - 1).abs().max() < 1e-4


def test_adain_gives_features_the_target_moments() -> None:
    features, other = torch.randn(2, 3, 8, 8) * 3 + 1, torch.rand(1, 3, 6, 4) - 4
    target = channel_moments(other)
    mean, std = channel_moments(adain(features, channel_moments(features), target))
    assert torch.allclose(mean, target.mean.expand_as(mean), atol=1e-5)
    assert torch.allclose(std, target.std.expand_as(std), rtol=1e-4)


def test_adain_to_its_own_moments_changes_nothing() -> None:
    features = torch.randn(1, 3, 8, 8)
    moments = channel_moments(features)
    assert torch.allclose(adain(features, moments, moments), features, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_statistics_of_half_precision_features_are_fp32(dtype: torch.dtype) -> None:
    # The squares of these overflow fp16, and their sum has too many digits for bf16.
    features = (300 + 30 * torch.randn(1, 2, 32, 32)).to(dtype)
    moments = channel_moments(features)
    variance, mean = torch.var_mean(features.double(), dim=(2, 3), keepdim=True)
    assert moments.mean.dtype == moments.std.dtype == torch.float32
    assert torch.allclose(moments.mean, mean.float(), rtol=1e-6)
    assert torch.allclose(moments.std, (variance + 1e-5).sqrt().float(), rtol=1e-5)
    assert normalize(features, moments).dtype == torch.float32
    assert adain(features, moments, Moments(*moments)).dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_one_pass_moves_features_as_several_do(dtype: torch.dtype) -> None:
    """Without gradients on a CPU it is one, of each picture by itself."""
    features = (3 * torch.randn(2, 5, 9, 7) + 1).to(dtype)
    moments, target = channel_moments(features), channel_moments(torch.rand(1, 5, 6, 4) - 4)
    expected = normalize(features, moments, dtype), adain(features, moments, target, dtype)
    for index in range(2):
        one, own = features[index : index + 1], Moments(*(of[index : index + 1] for of in moments))
        with torch.no_grad():
            found = normalize(one, own, dtype), adain(one, own, target, dtype)
        for a, b in zip(found, expected, strict=True):
            assert a.dtype == dtype
            torch.testing.assert_close(a[0], b[index])
