"""Pictures optimised pixel by pixel: nearer to the style than the content was, under the names that the evaluation expects."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_networks import picture
from training_helpers import write_distilled

import optimise
from a2k_core.images import read_picture, write_picture
from a2k_core.statistics import channel_moments
from feature_network import FeatureNetwork, encoder_config, load_encoder
from losses import global_loss


def test_it_moves_towards_the_style_and_writes_what_the_evaluation_reads(tmp_path: Path) -> None:
    weights = write_distilled(tmp_path / "vgg.safetensors")
    for name, seed in (("content/a", 1), ("style/b", 2)):
        (tmp_path / name).parent.mkdir()
        write_picture(tmp_path / f"{name}.png", picture(64, 64, seed))
    arguments = ["--content", str(tmp_path / "content"), "--style", str(tmp_path / "style"), "--size", "64"]
    arguments += ["--out", str(tmp_path / "out"), "--feature-weights", str(weights), "--steps", "30"]
    assert optimise.main(arguments) == 0
    content, style, result = (
        read_picture(tmp_path / name).image for name in ("content/a.png", "style/b.png", "out/64/a__b.png")
    )
    features = FeatureNetwork(load_encoder("distilled", weights, encoder_config("distilled", wide=False)))
    features.calibrate(style)
    of_result, of_content, of_style = (
        [channel_moments(level) for level in features(image)] for image in (result, content, style)
    )
    assert float(global_loss(of_result, of_style)) < 0.7 * float(global_loss(of_content, of_style))


def test_missing_weights_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("content", "style"):
        (tmp_path / name).mkdir()
        write_picture(tmp_path / name / "a.png", picture(64, 64))
    arguments = ["--content", str(tmp_path / "content"), "--style", str(tmp_path / "style"), "--out", str(tmp_path)]
    assert optimise.main(arguments) == 1
    assert "--feature-weights" in caplog.text
