"""The grain under the content: the same everywhere and every time, without a seam, and what flat areas get their texture from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from draws import draw
from tiny_networks import picture, random_model
from training_helpers import write_distilled

from a2k_core import StyA2K, StyA2KConfig
from a2k_core.grain import GRAIN_PERIOD, add_grain, make_grain
from feature_network import FeatureNetwork, encoder_config, load_encoder
from objective import Batch, Objective, Pairing
from options import Options


def test_it_is_the_same_noise_every_time() -> None:
    grain = make_grain()
    assert torch.equal(grain, make_grain())
    assert grain.shape == (3, GRAIN_PERIOD, GRAIN_PERIOD)
    assert abs(float(grain.mean())) < 1e-3
    assert float(grain.std()) == pytest.approx(1, abs=1e-3)


def test_it_repeats_without_a_seam() -> None:
    grain = make_grain()
    inside = (grain[:, 1:] - grain[:, :-1]).abs().mean()
    across = (grain[:, 0] - grain[:, -1]).abs().mean()
    assert float(across) == pytest.approx(float(inside), rel=0.1)


def test_a_part_of_a_picture_gets_its_part_of_the_grain() -> None:
    image = torch.zeros(2, 3, 300, 280)
    whole = add_grain(image, make_grain())
    part = add_grain(image[..., 70:270, 33:], make_grain(), top=70, left=33)
    assert torch.equal(part, whole[..., 70:270, 33:])


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
