"""Padding by reflection, the filter behind the decoder, and finished pictures on their way to memory."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from a2k_core.network.decoder import AntiCheckerboard
from a2k_core.network.layers import _PadChannelsLast, conv3x3, reflect_pad
from a2k_core.rendering.hardware.output_copies import OutputCopies


@pytest.mark.parametrize("margin", [1, 2])
@pytest.mark.parametrize("channels", [5, 8])
def test_padding_of_channels_last_is_reflection_both_ways(margin: int, channels: int) -> None:
    """What CUDA devices run; it is of plain operations, so any device can show that it is right."""
    image = torch.rand(2, channels, 6, 7, dtype=torch.float64).contiguous(memory_format=torch.channels_last)
    image.requires_grad_()
    padded, plain = _PadChannelsLast.apply(image, margin), F.pad(image, (margin,) * 4, mode="reflect")
    assert torch.equal(padded, plain)
    assert padded.is_contiguous(memory_format=torch.channels_last)
    weight = torch.rand_like(plain)
    ours, theirs = (torch.autograd.grad((x * weight).sum(), image)[0] for x in (padded, plain))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("channels", [3, 4, 8, 12])
def test_padding_of_channels_last_moves_the_same_bits_in_any_dtype(dtype: torch.dtype, channels: int) -> None:
    batch = torch.randn(3, 6, 7, channels, dtype=dtype).permute(0, 3, 1, 2)
    for image in (batch, batch[1:]):
        plain = F.pad(image.double(), (1, 1, 1, 1), mode="reflect").to(dtype)
        assert torch.equal(_PadChannelsLast.apply(image, 1), plain)


def test_convolutions_pad_by_reflection_and_their_weights_have_the_usual_names() -> None:
    layer, image = conv3x3(3, 4), torch.rand(1, 3, 8, 9)
    assert set(layer.state_dict()) == {"weight", "bias"}
    expected = F.conv2d(F.pad(image, (1, 1, 1, 1), mode="reflect"), layer.weight, layer.bias)
    torch.testing.assert_close(layer(image), expected)
    assert torch.equal(reflect_pad(image, 1), F.pad(image, (1, 1, 1, 1), mode="reflect"))


def test_every_piece_arrives_where_it_belongs() -> None:
    result = torch.zeros(5, 2, 3, 4)
    pieces = torch.rand(5, 2, 3, 3)
    copies = OutputCopies(result[..., :3])
    for start, stop in ((0, 2), (2, 4), (4, 5)):
        copies.put(start, stop, pieces[start:stop])
    copies.finish()
    assert torch.equal(result[..., :3], pieces)
    assert not result[..., 3].any()


def test_a_checkerboard_goes_and_edges_stay() -> None:
    edge = torch.zeros(1, 3, 48, 64)
    edge[..., 20:] = 1
    columns = torch.arange(64) % 2
    board = (columns + torch.arange(48)[:, None]) % 2
    filtered = AntiCheckerboard()(edge + 0.1 * columns + 0.2 * board)
    assert (filtered - 0.15)[..., :10].abs().max() < 1e-4
    assert (filtered - AntiCheckerboard()(edge) - 0.15).abs().max() < 1e-4
    assert (filtered[..., 19] - 0.15).abs().max() < 0.12
    assert (filtered[..., 20] - 1.15).abs().max() < 0.12
    torch.testing.assert_close(AntiCheckerboard()(torch.full((1, 3, 16, 16), 0.7)), torch.full((1, 3, 16, 16), 0.7))
