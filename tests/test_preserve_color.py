"""The content keeps its own colors and takes the style's strokes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from example_pictures import examples
from tiny_networks import picture
from torch import Tensor

from a2k_core import EncodedStyle, InputError, StyA2K, TransferOptions
from a2k_core.rendering.color.color_transfer import preserve_color
from a2k_core.rendering.postprocess import postprocess


@pytest.fixture(scope="module")
def style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(picture(70, 90, seed=2) * torch.tensor([1.0, 0.4, 0.2]).view(3, 1, 1))


def colors(image: Tensor) -> Tensor:
    """Distances from gray."""
    return image - image.mean(1, keepdim=True)


def details(image: Tensor) -> Tensor:
    """Grays beside their means in 9x9 pixels."""
    grays = image.mean(1)
    return (grays - F.avg_pool2d(grays, 9, 1, 4, count_include_pad=False)).flatten()


def test_grays_are_the_painted_and_colors_the_contents() -> None:
    painted, content = 0.4 + 0.2 * picture(20, 30, seed=1), 0.4 + 0.2 * picture(20, 30, seed=2)
    own = preserve_color(painted, content, 1.0)
    assert torch.allclose(own.mean(1), painted.mean(1), atol=1e-6)
    assert torch.allclose(colors(own), colors(content), atol=1e-6)
    assert torch.equal(preserve_color(painted, content, 0.0), painted)
    assert torch.allclose(preserve_color(painted, content, 0.3), torch.lerp(painted, own, 0.3))


def test_colors_that_there_is_no_room_for_pale_but_keep_their_hue() -> None:
    painted, content = 2 * picture(20, 30, seed=1) - 0.5, picture(20, 30, seed=2)
    own = preserve_color(painted, content, 1.0)
    assert own.min() > -1e-6 and own.max() < 1 + 1e-6
    share = (colors(own) * colors(content)).sum(1, keepdim=True) / colors(content).square().sum(1, keepdim=True)
    assert 0 <= share.min() < 0.5 and share.max() <= 1.0001
    assert torch.allclose(colors(own), share * colors(content), atol=1e-5)


def test_lost_detail_comes_back_below_full_strength_then_colors_then_the_result_is_clamped() -> None:
    decoded, rebuilt, content = (1.6 * picture(20, 30, seed=seed) - 0.3 for seed in (1, 2, 3))
    content = content.clamp(0, 1)
    options = TransferOptions(0.75, 0.3)
    expected = preserve_color(decoded + 0.25 * (content - rebuilt), content, 0.3)
    assert expected.min() < 0 and expected.max() > 1
    assert torch.allclose(postprocess(decoded, rebuilt, content, options), expected.clamp(0, 1), atol=1e-6)
    assert torch.equal(postprocess(decoded, None, content, TransferOptions()), decoded.clamp(0, 1))
    assert postprocess(decoded.bfloat16(), None, content.double(), options).dtype == torch.float64


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_tiles_give_the_whole(compact_model: StyA2K, style: EncodedStyle, strength: float) -> None:
    content = picture(130, 200, seed=1)
    whole = compact_model.transfer(content, style, strength, keep_colours=0.7)
    tiled = compact_model.transfer(content, style, strength, tile=64, keep_colours=0.7)
    assert (tiled - whole).abs().max() < 1e-4
    assert (compact_model.transfer(content, style, strength) - whole).abs().max() > 0.05


def test_none_kept_is_the_default_and_a_batch_is_its_pictures(model: StyA2K) -> None:
    contents = picture(64, 80, seed=1, batch=2)
    encoded = model.encode_style(picture(64, 64, seed=2))
    assert torch.equal(model.transfer(contents, encoded, keep_colours=0.0), model.transfer(contents, encoded))
    together = model.transfer(contents, encoded, keep_colours=1.0)
    alone = model.transfer(contents[1:], encoded, keep_colours=1.0)
    assert (together[1:] - alone).abs().max() < 1e-4


@pytest.mark.parametrize("amount", [-0.1, 1.1, float("nan")])
def test_an_amount_out_of_range_is_refused(compact_model: StyA2K, style: EncodedStyle, amount: float) -> None:
    with pytest.raises(InputError, match=r"keep_colours is .*between 0 .* and 1"):
        compact_model.transfer(picture(20, 30), style, keep_colours=amount)


def test_the_bundled_weights_paint_strokes_in_the_colors_of_the_photo(bundled_model: StyA2K) -> None:
    """Colors are a few times nearer to the photo's than those of the style, the strokes are the same, and half is half way."""
    model = bundled_model
    for content in examples("content", 256)[::2]:
        for picture_of_style in examples("style", 256)[::2]:
            encoded = model.encode_style(picture_of_style)
            plain, kept = (model.transfer(content, encoded, keep_colours=keep) for keep in (0.0, 1.0))
            half = model.transfer(content, encoded, keep_colours=0.5)
            assert 0.4 < (half - plain).abs().mean() / (kept - plain).abs().mean() < 0.6
            off = [float((colors(image) - colors(content)).square().mean().sqrt()) for image in (plain, kept)]
            assert off[1] < 0.08 and off[1] < 0.5 * off[0]
            assert torch.corrcoef(torch.stack([details(kept), details(plain)]))[0, 1] > 0.9
