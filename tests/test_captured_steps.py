"""Training steps captured as CUDA graphs: the gradients are those of steps that are not. Skipped without a GPU."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from captured_steps import CapturedSteps
from draws import Plan, draw
from tiny_networks import COMPACT, random_model
from torch import Tensor
from training_helpers import write_distilled

from feature_network import FeatureNetwork, encoder_config, load_encoder
from objective import Batch, Objective, Pairing, Terms
from options import Options


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")
def test_captured_steps_have_the_same_gradients(tmp_path: Path) -> None:
    device = torch.device("cuda")
    vgg = write_distilled(tmp_path / "vgg.safetensors")
    features = FeatureNetwork(load_encoder("distilled", vgg, encoder_config("distilled", wide=False))).to(device)
    options = Options(views=0.3)
    objective = Objective(random_model(COMPACT).requires_grad_(), features, options).to(device)

    def gradients(batch: Batch) -> tuple[Tensor, Terms]:
        objective.zero_grad(set_to_none=False)
        loss, terms = objective(batch)
        loss.backward()
        return loss.detach(), terms

    def in_a_row() -> Tensor:
        return torch.cat(
            [parameter.grad.flatten() for parameter in objective.parameters() if parameter.grad is not None]
        )

    captured = CapturedSteps(gradients)
    met: Counter[Plan] = Counter()
    for step in range(40):
        torch.manual_seed(step)
        content, style, marked = torch.rand(4, 3, 64, 64), torch.rand(4, 3, 64, 64), torch.rand(1, 3, 64, 64)
        plan, draws = draw(options, step, device)
        met[plan] += 1
        again = marked.to(device) if plan.again == "recompressed" else None
        batch = Batch(content.to(device), Pairing(style.to(device), plan, draws, again))
        wanted_loss, wanted_terms = gradients(batch)
        wanted = in_a_row()
        loss, terms = captured(batch)
        assert torch.allclose(loss, wanted_loss, rtol=1e-4)
        assert terms.keys() == wanted_terms.keys()
        found = in_a_row()
        # A GPU adds up in any order.
        assert float((found - wanted).norm()) < 0.02 * float(wanted.norm())
    # Of these steps, five kinds come twice or more.
    assert len(captured._captured) == sum(times > 1 for times in met.values()) == 5
