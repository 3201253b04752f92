"""The content keeps its own colours and gets the style's strokes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from example_pictures import examples
from tiny_networks import picture
from torch import Tensor

from a2k_core import EncodedStyle, InputError, StyA2K, load_model
from a2k_core.own_colours import with_own_colours


@pytest.fixture(scope="module")
def style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(picture(70, 90, seed=2) * torch.tensor([1.0, 0.4, 0.2]).view(3, 1, 1))


def colours(image: Tensor) -> Tensor:
    """Distances from grey."""
    return image - image.mean(1, keepdim=True)


def details(image: Tensor) -> Tensor:
    """Greys beside their means in 9x9 pixels."""
    greys = image.mean(1)
    return (greys - F.avg_pool2d(greys, 9, 1, 4, count_include_pad=False)).flatten()


def test_greys_are_the_painted_and_colours_the_contents() -> None:
    painted, content = 0.4 + 0.2 * picture(20, 30, seed=1), 0.4 + 0.2 * picture(20, 30, seed=2)
    own = with_own_colours(painted, content, 1.0)
    assert torch.allclose(own.mean(1), painted.mean(1), atol=1e-6)
    assert torch.allclose(colours(own), colours(content), atol=1e-6)
    assert torch.equal(with_own_colours(painted, content, 0.0), painted)
    assert torch.allclose(with_own_colours(painted, content, 0.3), torch.lerp(painted, own, 0.3))


def test_colours_that_there_is_no_room_for_pale_but_keep_their_hue() -> None:
    painted, content = 2 * picture(20, 30, seed=1) - 0.5, picture(20, 30, seed=2)
    own = with_own_colours(painted, content, 1.0)
    assert own.min() > -1e-6 and own.max() < 1 + 1e-6
    share = (colours(own) * colours(content)).sum(1, keepdim=True) / colours(content).square().sum(1, keepdim=True)
    assert 0 <= share.min() < 0.5 and share.max() <= 1.0001
    assert torch.allclose(colours(own), share * colours(content), atol=1e-5)


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


def test_the_bundled_weights_paint_strokes_in_the_colours_of_the_photo() -> None:
    """Colours are a few times nearer to the photo's than those of the style, the strokes are the same, and half is half way."""
    model = load_model(device="cpu")
    for content in examples("content", 256):
        for picture_of_style in examples("style", 256)[::2]:
            encoded = model.encode_style(picture_of_style)
            plain, kept = (model.transfer(content, encoded, keep_colours=keep) for keep in (0.0, 1.0))
            half = model.transfer(content, encoded, keep_colours=0.5)
            assert 0.4 < (half - plain).abs().mean() / (kept - plain).abs().mean() < 0.6
            off = [float((colours(image) - colours(content)).square().mean().sqrt()) for image in (plain, kept)]
            assert off[1] < 0.03 and off[1] < 0.5 * off[0]
            assert torch.corrcoef(torch.stack([details(kept), details(plain)]))[0, 1] > 0.9
