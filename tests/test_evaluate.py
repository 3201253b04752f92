"""The measure of painting: a photo scores 0, the style itself 1, and color does not count."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_networks import picture
from training_helpers import write_pictures, write_vgg16

from training.evaluate import gray_with_histogram, main, score
from training.loss_network import LossNetwork, load_loss_network


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vgg16(tmp_path_factory.mktemp("vgg") / "vgg16.safetensors")


@pytest.fixture(scope="module")
def network(weights: Path) -> LossNetwork:
    return load_loss_network("vgg16", weights)


def test_a_photo_scores_nothing_and_the_style_everything(network: LossNetwork) -> None:
    photo, painting = picture(96, 128, seed=1), picture(100, 80, seed=2).round()
    nothing, everything = score(network, photo, painting, photo), score(network, photo, painting, painting)
    assert nothing.painted == pytest.approx(0, abs=1e-5)
    assert nothing.content == pytest.approx(0, abs=1e-5)
    assert everything.painted == pytest.approx(1, abs=1e-5)
    assert everything.strokes == pytest.approx(1, abs=1e-5)
    assert everything.content > 0.1


def test_recoloring_is_not_painting(network: LossNetwork) -> None:
    painting = picture(96, 96, seed=2)
    gray = picture(96, 96, seed=1).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    recolored = 0.1 + gray.square() * torch.tensor([0.8, 0.5, 0.3]).view(3, 1, 1)
    assert score(network, gray, painting, recolored).painted == pytest.approx(0, abs=0.05)


def test_gray_takes_the_histogram() -> None:
    ours, theirs = picture(64, 64, seed=1), picture(64, 64, seed=2)
    gray = gray_with_histogram(ours, theirs)
    target = (theirs * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1)
    torch.testing.assert_close(gray[0, 0].flatten().sort().values, target.flatten().sort().values)


def test_the_command_prints_a_line_of_means(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos, paintings = write_pictures(tmp_path / "photos", 2, 1), write_pictures(tmp_path / "paintings", 2, 2)
    flags = [
        "--content",
        photos,
        "--style",
        paintings,
        "--loss-network",
        weights,
        "--count",
        1,
        "--out",
        tmp_path / "out",
    ]
    assert main([str(flag) for flag in flags]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("bundled")
    assert len(list((tmp_path / "out" / "bundled").glob("*.png"))) == 1


def test_a_missing_folder_is_one_line(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--content", tmp_path / "none", "--style", tmp_path, "--loss-network", weights]
    assert main([str(flag) for flag in flags]) == 1
    assert "none" in capsys.readouterr().err
