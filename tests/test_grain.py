"""The grain under the content: its style's texture without the style's shapes, the same every time, without a seam."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from draws import draw
from tiny_networks import picture, random_model
from torch import Tensor
from training_helpers import write_distilled

from a2k_core import StyA2K, StyA2KConfig
from a2k_core.grain import GRAIN_PERIOD, add_grain, grain_of, style_grain
from feature_network import FeatureNetwork, encoder_config, load_encoder
from objective import Batch, Objective, Pairing
from options import Options


def stripes(wave: int, down: bool = False) -> Tensor:
    """`[1, 3, 256, 256]`: a sine of so many pixels a wave, across the picture or down it."""
    sine = 0.5 + 0.4 * torch.sin(torch.arange(256) * (2 * torch.pi / wave))
    return (sine[:, None] if down else sine[None, :]).expand(1, 3, 256, 256)


def strongest(grain: Tensor) -> tuple[float, float]:
    """The waves a pixel, down and across, where `[1, 1, P, P]` has most power."""
    power = torch.fft.rfft2(grain[0, 0]).abs()
    row, column = divmod(int(power.argmax()), power.shape[1])
    return abs(float(torch.fft.fftfreq(grain.shape[-1])[row])), column / grain.shape[-1]


def test_it_is_the_same_noise_every_time_and_each_style_has_its_own() -> None:
    styles = torch.cat([picture(96, 160, seed=1), picture(96, 160, seed=2)])
    grain = grain_of(styles)
    assert torch.equal(grain, grain_of(styles))
    assert grain.shape == (2, 1, GRAIN_PERIOD, GRAIN_PERIOD)
    assert torch.allclose(grain[1:], grain_of(styles[1:]), atol=1e-5)
    assert not torch.allclose(grain[0], grain[1], atol=0.1)
    assert grain.mean(dim=(2, 3)).abs().max() < 1e-3
    assert grain.std(dim=(2, 3)).flatten().tolist() == pytest.approx([1, 1], abs=1e-3)


def test_it_is_as_coarse_as_the_style_and_goes_its_way() -> None:
    for wave in (8, 16, 32):
        assert strongest(grain_of(stripes(wave))) == pytest.approx((0, 1 / wave), abs=0.01)
        assert strongest(grain_of(stripes(wave, down=True))) == pytest.approx((1 / wave, 0), abs=0.01)


def test_it_has_none_of_the_styles_shapes() -> None:
    """Stripes come in packets whose places and phases are the noise's: the grain is no picture of them."""
    packets = grain_of(stripes(16))[0, 0].square()
    strength = F.avg_pool2d(packets[None, None], 32)
    assert strength.max() > 4 * strength.min()


def test_a_flat_style_gives_none_and_a_nearly_flat_one_little() -> None:
    assert grain_of(torch.full((1, 3, 64, 64), 0.3)).abs().max() < 1e-3
    faint = 0.3 + 0.001 * torch.randn((1, 3, 256, 256), generator=torch.Generator().manual_seed(1))
    assert 0.02 < grain_of(faint).std() < 0.5


def test_styles_of_any_size_have_one() -> None:
    for height, width in ((1, 1), (1, 300), (3, 2), (700, 65)):
        assert grain_of(torch.rand((1, 3, height, width))).isfinite().all()


def test_it_repeats_without_a_seam() -> None:
    grain = grain_of(picture(256, 256, seed=4))[0, 0]
    inside = (grain[1:] - grain[:-1]).abs().mean()
    across = (grain[0] - grain[-1]).abs().mean()
    assert float(across) == pytest.approx(float(inside), rel=0.1)


def test_noise_smaller_than_a_window_serves_too() -> None:
    grain = style_grain(stripes(16), torch.randn((64, 64), generator=torch.Generator().manual_seed(1)))
    assert grain.shape == (1, 1, 64, 64)
    assert strongest(grain) == pytest.approx((0, 1 / 16), abs=0.02)


def test_a_part_of_a_picture_gets_its_part_of_the_grain() -> None:
    image, grain = torch.zeros(2, 3, 600, 580), grain_of(picture(64, 64, seed=5))
    whole = add_grain(image, grain)
    part = add_grain(image[..., 70:570, 33:], grain, top=70, left=33)
    assert torch.equal(part, whole[..., 70:570, 33:])


def test_each_picture_of_a_batch_gets_the_grain_of_its_style() -> None:
    styles = torch.cat([stripes(8), stripes(32)])
    both = add_grain(torch.zeros(2, 3, 64, 64), grain_of(styles))
    for index in (0, 1):
        alone = add_grain(torch.zeros(1, 3, 64, 64), grain_of(styles[index : index + 1]))
        assert torch.allclose(both[index : index + 1], alone, atol=1e-5)


def test_a_flat_picture_gets_texture_from_it(compact_model: StyA2K, compact_config: StyA2KConfig) -> None:
    flat, style = torch.full((1, 3, 128, 128), 0.5), picture(64, 64, seed=3)
    bare = random_model(dataclasses.replace(compact_config, grain=0.0))
    bare.load_state_dict(compact_model.state_dict())
    with_grain = compact_model.transfer(flat, compact_model.encode_style(style))
    without = bare.transfer(flat, bare.encode_style(style))
    # Random weights write four different sub-pixels; their mean is flat where nothing varies.
    assert float(F.avg_pool2d(without, 2).std(dim=(2, 3)).max()) < 1e-4
    assert float(F.avg_pool2d(with_grain, 2).std(dim=(2, 3)).max()) > 1e-3


def test_styles_get_none(compact_model: StyA2K) -> None:
    flat = compact_model.encode_style(torch.full((1, 3, 64, 64), 0.5))
    assert all(float(level.std.max()) < 0.01 for level in flat.levels)


def test_training_has_its_own(compact_model: StyA2K, compact_config: StyA2KConfig, tmp_path: Path) -> None:
    """How strong it is while training is the run's choice, not the network's."""
    encoder = load_encoder(
        "distilled", write_distilled(tmp_path / "vgg.safetensors"), encoder_config("distilled", wide=False)
    )
    features = FeatureNetwork(encoder)
    flat, style = torch.full((1, 3, 64, 64), 0.5), picture(64, 64, seed=3)
    bare = random_model(dataclasses.replace(compact_config, grain=0.0))
    bare.load_state_dict(compact_model.state_dict())

    def terms(model: StyA2K, grain: float) -> dict[str, float]:
        options = Options(grain=grain, regression_weight=0)
        _, found = Objective(model, features, options)(Batch(flat, Pairing(style, *draw(options, 0, flat.device))))
        return {name: float(term) for name, term in found.items()}

    assert terms(bare, 0.02) == terms(compact_model, 0.02)
    assert terms(bare, 0.02)["style"] != terms(bare, 0.0)["style"]
