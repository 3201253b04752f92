"""What goes wrong around a training run: pictures, checkpoints, steps. In this process, so that it is quick."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tiny_networks import COMPACT, random_model
from training_helpers import write_pictures, write_vgg16

from training.data import find_pictures
from training.options import Stage, parse
from training.state import Progress, ResumeError, StageState, load_checkpoint, save_checkpoint
from training.train import DivergedError, Run

SMALL = "--crop 64 --encoder-steps 2 --painter-steps 3 --batch 1 --workers 0 --device cpu --precision fp32"
RECIPE = {"preset": "a test"}


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vgg16(tmp_path_factory.mktemp("vgg") / "vgg16.safetensors")


@pytest.fixture
def flags(tmp_path: Path, vgg16: Path) -> list[str]:
    photos, paintings = write_pictures(tmp_path / "photos", 4, 1), write_pictures(tmp_path / "paintings", 4, 2)
    paths = {"content": photos, "style": paintings, "loss-network": vgg16, "out": tmp_path / "out.safetensors"}
    paths["run-dir"] = tmp_path / "run"
    return [*SMALL.split(), *(text for name, path in paths.items() for text in (f"--{name}", str(path)))]


def test_broken_pictures_among_the_held_out_ones_are_left_out_and_what_a_kill_left_is_removed(
    flags: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".a2k-x1.part").write_bytes(b"half")
    for path in (tmp_path / "photos" / "0.png", tmp_path / "paintings" / "2.png"):
        path.write_bytes(path.read_bytes()[:200])
    run = Run(parse([*flags, "--validation", "2"]))
    assert run.sample_contents.shape == run.sample_styles.shape == (2, 3, 256, 256)
    assert "left out: " in caplog.text
    assert not list((tmp_path / "run").glob(".*"))


def test_a_single_picture_is_enough(flags: list[str], tmp_path: Path) -> None:
    for path in [*(tmp_path / "photos").iterdir()][1:]:
        path.unlink()
    assert len(Run(parse(flags)).sample_contents) == 1


def test_bad_steps_are_skipped_with_a_message_and_many_end_the_run(
    flags: list[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.train.MAX_SKIPPED", 3)
    run = Run(parse(flags))
    objective = Unsteady(run.model)
    stage = Stage("painter", 100, 1, 1e-3, optimizer="adam", warmup=0)
    state = StageState(stage, run.model, objective)
    crops = torch.zeros((1, 3, 64, 64), dtype=torch.uint8)
    run._step(stage, state, crops, crops)
    before = {name: tensor.clone() for name, tensor in run.model.state_dict().items()}
    objective.factor = float("nan")
    run._step(stage, state, crops, crops)
    assert "step 1 was skipped: the loss is nan" in caplog.text
    for name, tensor in run.model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    objective.factor = 1.0
    run._step(stage, state, crops, crops)
    objective.factor = float("inf")
    with pytest.raises(DivergedError, match="3 steps in a row"):
        for _ in range(3):
            run._step(stage, state, crops, crops)


class Unsteady(torch.nn.Module):
    """A loss that can be told to be of no use."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model
        self.factor = 1.0

    def forward(self, photos: torch.Tensor, paintings: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"all": self.factor * torch.stack([parameter.sum() for parameter in self.model.parameters()]).sum()}


@pytest.mark.parametrize(
    "saved",
    [
        {"model": torch.zeros(3)},
        {"recipe": json.dumps([1]), "progress": {}, "state": {}},
        {"recipe": json.dumps(RECIPE), "state": {}},
        {"recipe": json.dumps(RECIPE), "progress": {"epoch": 3}, "state": {}},
        {"recipe": json.dumps(RECIPE), "progress": {}, "state": 3},
        [1, 2],
    ],
    ids=str,
)
def test_a_foreign_checkpoint_is_named(tmp_path: Path, saved: Any) -> None:
    torch.save(saved, tmp_path / "checkpoint.pt")
    with pytest.raises(ResumeError, match=r"checkpoint\.pt: a file of another program"):
        load_checkpoint(tmp_path / "checkpoint.pt", RECIPE)


def test_a_checkpoint_of_another_network_is_named(tmp_path: Path) -> None:
    model = random_model(COMPACT).requires_grad_(True)
    stage = Stage("painter", 1, 1, 1e-3)
    save_checkpoint(tmp_path / "c.pt", RECIPE, Progress(), StageState(stage, model, torch.nn.Linear(2, 2)))
    saved = load_checkpoint(tmp_path / "c.pt", RECIPE)
    for spoiled in (saved["state"], {**saved["state"], "random": 3}, {}):
        objective = torch.nn.Linear(3, 3) if spoiled is saved["state"] else torch.nn.Linear(2, 2)
        with pytest.raises(ResumeError, match="does not fit"):
            StageState(stage, model, objective).load_state_dict(spoiled)


def test_pictures_that_are_not_read_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = write_pictures(tmp_path / "some", 2, 1)
    for name in ("a.CR2", "b.nef", ".hidden.png"):
        (folder / name).write_bytes(b"something")
    write_pictures(folder / ".Trash-1000", 2, 1)
    elsewhere = write_pictures(tmp_path / "elsewhere", 1, 3)
    (folder / "link").symlink_to(elsewhere)
    (folder / "circle").symlink_to(folder)
    (elsewhere / "back").symlink_to(folder)
    with caplog.at_level(logging.WARNING):
        found = find_pictures(folder)
    assert [path.relative_to(folder).as_posix() for path in found] == ["0.png", "1.png", "link/0.png"]
    assert "1 .cr2, 1 .nef; develop raw files first" in caplog.text
    assert Image.open(found[-1]).size[0] > 0
