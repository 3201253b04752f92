"""The views through which the feature network looks at pictures while training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_networks import COMPACT, picture, random_model
from training_helpers import write_distilled
from views import SIZES, View

from feature_network import FeatureNetwork, encoder_config, load_encoder
from objective import Objective
from options import Options


def test_a_view_of_the_same_size_only_moves_pixels_and_exchanges_colours() -> None:
    image = picture(64, 64, batch=2)
    assert View().of(image) is image
    seen = View(quarters=1, mirrored=True, colours=(2, 0, 1)).of(image)
    # A quarter turn and a mirror are one reflection, in a diagonal.
    assert torch.equal(seen, image[:, [2, 0, 1]].transpose(2, 3).flip(2, 3))
    assert torch.equal(View(quarters=2).of(View(quarters=2).of(image)), image)


@pytest.mark.parametrize("size", SIZES)
def test_a_view_of_another_size_shows_the_whole_picture(size: float) -> None:
    image = picture(64, 64).requires_grad_()
    seen = View(size=size).of(image)
    assert seen.shape == (1, 3, 64 * size, 64 * size)
    assert torch.allclose(seen.mean((2, 3)), image.mean((2, 3)), atol=0.01)
    seen.sum().backward()
    assert image.grad is not None and bool((image.grad > 0).all())


def test_random_views_repeat_and_take_in_all_there_are() -> None:
    first, second = ([View.random(torch.Generator().manual_seed(seed)) for seed in range(500)] for _ in range(2))
    assert first == second
    assert {view.quarters for view in first} == {0, 1, 2, 3}
    assert {view.mirrored for view in first} == {False, True}
    assert {view.size for view in first} == set(SIZES)
    assert len({view.colours for view in first}) == 6


def test_training_looks_from_elsewhere_and_validation_does_not(tmp_path: Path) -> None:
    weights = write_distilled(tmp_path / "vgg.safetensors")
    features = FeatureNetwork(load_encoder("distilled", weights, encoder_config("distilled", wide=False)))
    content, style = picture(64, 64, seed=1, batch=2), picture(64, 64, seed=2, batch=2)
    # Random heads of the regression, the same in both.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        plain = Objective(random_model(COMPACT), features, Options(views=0, patch_weight=0))
    elsewhere = Objective(plain.model, features, Options(views=1, patch_weight=0))
    elsewhere.regression = plain.regression
    steps = [(objective(content, style, 3)[1], objective(content, style, 3)[1]) for objective in (plain, elsewhere)]
    assert steps[1][0] == steps[1][1], "the same step has the same view"
    differ = {name for name, term in steps[0][0].items() if name not in steps[1][0] or term != steps[1][0][name]}
    # All that the feature network sees; the regression compares place by place and is left out.
    assert differ == {"style", "shallow_style", "deep_style", "covariance", "content", "far_content", "regression"}
    with torch.no_grad():
        assert plain(content, style, 3)[1] == elsewhere(content, style, 3)[1]
