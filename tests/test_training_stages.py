"""The stages: what they train, what they leave alone, and that a step brings the loss down."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny_networks import COMPACT, picture
from training_helpers import write_vgg16

from a2k_core import StyA2K
from a2k_core.network.decoder import AntiCheckerboard
from training.initialization import initialize
from training.loss_network import LossNetwork, LossNetworkError, load_loss_network
from training.muon import Muon
from training.options import Stage, load_preset
from training.stages import build_stage, learning_rate

LOSSES = load_preset("compact").stages[-1].losses


@pytest.fixture(scope="module")
def loss_network(tmp_path_factory: pytest.TempPathFactory) -> LossNetwork:
    network = load_loss_network("vgg16", write_vgg16(tmp_path_factory.mktemp("vgg") / "vgg16.safetensors"))
    network.calibrate(picture(64, 64, batch=4))
    return network


def model_of(loss_network: LossNetwork) -> StyA2K:
    torch.manual_seed(0)
    return initialize(StyA2K(COMPACT), loss_network)


@pytest.mark.parametrize("name", ["encoder", "painter"])
def test_steps_bring_the_loss_down(loss_network: LossNetwork, name: str) -> None:
    model = model_of(loss_network)
    stage = Stage(name, steps=6, batch=1, lr=3e-3, losses=LOSSES)  # type: ignore[arg-type]
    objective = build_stage(stage, model, loss_network)
    optimizer = Muon([p for p in objective.parameters() if p.requires_grad], stage.lr)
    losses = []
    for _ in range(stage.steps):
        loss = sum(objective(picture(64, 64, seed=1), picture(64, 64, seed=2)).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_the_painter_leaves_the_encoder_alone(loss_network: LossNetwork) -> None:
    model = model_of(loss_network)
    objective = build_stage(Stage("painter", steps=1, batch=1, lr=1e-3, losses=LOSSES), model, loss_network)
    sum(objective(picture(64, 64, seed=1), picture(64, 64, seed=2)).values()).backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    for part in (model.attention, model.merge, model.decoder):
        assert all(parameter.grad is not None for parameter in part.parameters())


def test_the_encoder_stage_trains_the_encoder_alone(loss_network: LossNetwork) -> None:
    model = model_of(loss_network)
    objective = build_stage(Stage("encoder", steps=1, batch=1, lr=1e-3), model, loss_network)
    sum(objective(picture(64, 64, seed=1), picture(64, 64, seed=2)).values()).backward()
    assert all(parameter.grad is not None for parameter in model.encoder.parameters())
    assert all(parameter.grad is None for parameter in model.decoder.parameters())


def test_the_first_picture_has_no_checkerboard(loss_network: LossNetwork) -> None:
    """The four sub-pixels of each output start equal."""
    model = model_of(loss_network)
    assert isinstance(model.decoder.shallow[-1], AntiCheckerboard)
    model.decoder.shallow[-1] = torch.nn.Identity()
    with torch.no_grad():
        image = model(picture(64, 64, seed=1), picture(64, 64, seed=2))
    cells = image.unfold(2, 2, 2).unfold(3, 2, 2)
    torch.testing.assert_close(cells, cells[..., :1, :1].expand_as(cells))


def test_schedules() -> None:
    cosine = Stage("painter", steps=1000, batch=1, lr=1.0, warmup=100)
    rates = [learning_rate(cosine, step) for step in range(1000)]
    assert rates[0] < 0.02
    assert max(rates) == pytest.approx(1.0, abs=0.05)
    assert rates[-1] == pytest.approx(0.02, abs=0.01)
    published = dataclasses.replace(cosine, schedule="steps", warmup=0)
    assert [round(learning_rate(published, step), 3) for step in (0, 399, 400, 600, 999)] == [1, 1, 0.3, 0.09, 0.027]


def test_calibrated_levels_deviate_by_one(loss_network: LossNetwork) -> None:
    for level in loss_network(picture(64, 64, batch=4)):
        assert float(level.std()) == pytest.approx(1, abs=0.01)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LossNetworkError, match="--loss-network"):
        load_loss_network("vgg16", tmp_path / "missing.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    with pytest.raises(LossNetworkError, match="broken"):
        load_loss_network("vgg16", tmp_path / "broken.safetensors")
    with pytest.raises(LossNetworkError, match="vgg19"):
        load_loss_network("vgg19", write_vgg16(tmp_path / "vgg16.safetensors"))
