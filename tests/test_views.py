"""The views through which the feature network looks at pictures while training."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from draws import draw
from tiny_networks import COMPACT, picture, random_model
from training_helpers import write_distilled
from views import SIZES, View

from feature_network import FeatureNetwork, encoder_config, load_encoder
from objective import Batch, Objective, Pairing
from options import Options


def view(size: float = 1, colours: tuple[int, ...] = (0, 1, 2), turns: tuple[bool, ...] = (False,) * 3) -> View:
    return View(size, torch.tensor(colours), torch.tensor(turns))


def test_a_view_of_the_same_size_only_moves_pixels_and_exchanges_colours() -> None:
    image = picture(64, 64, batch=2)
    assert torch.equal(view().of(image), image)
    assert torch.equal(view(colours=(2, 0, 1)).of(image), image[:, [2, 0, 1]])
    assert torch.equal(view(turns=(True, True, False)).of(image), torch.rot90(image, 1, (2, 3)))
    # All ways to lay a square picture down, each once.
    ways = [view(turns=turns).of(image) for turns in itertools.product((False, True), repeat=3)]
    turned = [torch.rot90(side, quarters, (2, 3)) for side in (image, image.flip(3)) for quarters in range(4)]
    assert [sum(torch.equal(way, other) for way in ways) for other in turned] == [1] * 8


@pytest.mark.parametrize("size", SIZES)
def test_a_view_of_another_size_shows_the_whole_picture(size: float) -> None:
    image = picture(64, 64).requires_grad_()
    seen = view(size).of(image)
    assert seen.shape == (1, 3, 64 * size, 64 * size)
    assert torch.allclose(seen.mean((2, 3)), image.mean((2, 3)), atol=0.01)
    seen.sum().backward()
    assert image.grad is not None and bool((image.grad > 0).all())


def test_choices_repeat_and_take_in_all_there_are() -> None:
    device = torch.device("cpu")
    first, second = ([draw(Options(views=0.9), step, device) for step in range(500)] for _ in range(2))
    for (plan, draws), (same_plan, same_draws) in zip(first, second, strict=True):
        assert plan == same_plan
        assert all(torch.equal(a, b) for a, b in zip(draws, same_draws, strict=True))
    assert {plan.view_size for plan, _ in first} == {None, *SIZES}
    assert {plan.again for plan, _ in first} == {"contents", "styles", "recompressed"}
    assert len({tuple(draws.turns.tolist()) for _, draws in first}) == 8
    assert len({tuple(draws.colours.tolist()) for _, draws in first}) == 6
    assert len({tuple(draws.offset.tolist()) for _, draws in first}) > 490
    assert all(draw(Options(views=1), step, device, training=False)[0].view_size is None for step in range(20))


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

    def terms(objective: Objective, *, training: bool = True) -> dict[str, torch.Tensor]:
        found: dict[str, torch.Tensor]
        chance = draw(objective.options, 3, content.device, training=training)
        _, found = objective(Batch(content, Pairing(style, *chance)))
        return found

    ours, theirs = terms(plain), terms(elsewhere)
    assert terms(elsewhere) == theirs, "the same step has the same view"
    differ = {name for name, term in ours.items() if name not in theirs or term != theirs[name]}
    # All that the feature network sees; the regression compares place by place and is left out.
    assert differ == {"style", "shallow_style", "deep_style", "covariance", "content", "far_content", "regression"}
    assert terms(plain, training=False) == terms(elsewhere, training=False)
