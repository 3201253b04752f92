"""What a training step computes from its options."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from draws import draw
from tiny_networks import COMPACT, picture, random_model
from training_helpers import write_distilled

from feature_network import FeatureNetwork, encoder_config, load_encoder
from objective import Batch, Objective, Pairing
from options import PAPER, Options

NOTHING = {name: value for name, value in PAPER.items() if name.endswith("_weight")} | {
    "style_weight": 0.0,
    "a2k_weight": 0.0,
    "views": 0.0,
}


def terms_of(folder: Path, **weights: float) -> tuple[Objective, dict[str, torch.Tensor]]:
    """An objective with these losses only, after one step's gradients."""
    vgg = write_distilled(folder / "vgg.safetensors")
    features = FeatureNetwork(load_encoder("distilled", vgg, encoder_config("distilled", wide=False)))
    options = Options(**(NOTHING | weights))  # type: ignore[arg-type]
    objective = Objective(random_model(COMPACT).requires_grad_(), features, options)
    content, style = picture(64, 64, seed=1, batch=2), picture(64, 64, seed=2, batch=2)
    loss, terms = objective(Batch(content, Pairing(style, *draw(options, 3, content.device))))
    loss.backward()
    return objective, terms


@pytest.mark.parametrize("name", ["own_style", "far_content", "halo", "rim", "structure", "content"])
def test_a_weight_scales_its_term_and_teaches_the_decoder(tmp_path: Path, name: str) -> None:
    objective, terms = terms_of(tmp_path, **{f"{name}_weight": 1.0})
    _, twice = terms_of(tmp_path, **{f"{name}_weight": 2.0})
    assert set(terms) == {"style", name}
    assert float(terms["style"]) == 0
    assert float(terms[name]) > 0
    assert float(twice[name]) == pytest.approx(2 * float(terms[name]), rel=1e-4)
    gradients = [parameter.grad for parameter in objective.model.decoder.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


def test_the_look_of_the_own_encoder_does_not_teach_it(tmp_path: Path) -> None:
    """It would learn to see no difference."""
    objective, _ = terms_of(tmp_path, own_style_weight=1.0)
    objective.zero_grad(set_to_none=True)
    seen = picture(64, 64).requires_grad_()
    torch.stack([level.square().sum() for level in objective._own_features(seen)]).sum().backward()
    assert seen.grad is not None and float(seen.grad.abs().sum()) > 0
    assert all(parameter.grad is None for parameter in objective.model.parameters())
