"""The picture of where a content takes its style from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_networks import COMPACT, picture, random_model

from a2k_core import InputError, StyA2K, save_model
from a2k_core.cli.main import main
from a2k_core.explain import CORNERS, GAP, LEVELS, explain
from a2k_core.files.pictures.image_io import read_picture, write_picture


@pytest.mark.parametrize("level", LEVELS)
def test_three_panels_of_one_height(model: StyA2K, level: str) -> None:
    drawn = explain(model, picture(70, 90, seed=1), picture(130, 65, seed=2), level)
    assert drawn.shape == (1, 3, 70, 35 + GAP + 90 + GAP + 90)
    assert drawn.dtype == torch.float32 and drawn.min() >= 0 and drawn.max() <= 1
    assert (drawn[..., 35 : 35 + GAP] == 1).all()
    sharpness = drawn[..., -90:]
    assert torch.equal(sharpness[:, 0], sharpness[:, 1]) and sharpness.std() > 0


def test_a_painting_finds_its_own_places(bundled_model: StyA2K) -> None:
    """Of a painting that is its own style, blocks are matched to themselves or their neighbors, far more often than not."""
    painting = picture(256, 256, seed=2)
    drawn = explain(bundled_model, painting, painting, "fine")
    key, matched = drawn[..., :256], drawn[..., 256 + GAP : 512 + GAP]
    assert (key - matched).abs().mean() < 0.12
    other = explain(bundled_model, picture(256, 256, seed=5), painting, "fine")
    hues = [image / image.sum(1, keepdim=True) for image in (key, matched, other[..., 256 + GAP : 512 + GAP])]
    assert (hues[0] - hues[1]).abs().mean() < 0.5 * (hues[0] - hues[2]).abs().mean()


def test_corners_have_their_colors_and_large_contents_are_drawn_smaller(compact_model: StyA2K) -> None:
    drawn = explain(compact_model, picture(60, 2048), torch.ones(1, 3, 64, 64))
    assert drawn.shape[-2:] == (30, 30 + GAP + 1024 + GAP + 1024)
    for corner, (row, column) in zip(CORNERS, ((0, 0), (0, 29), (29, 0), (29, 29)), strict=True):
        assert (drawn[0, :, row, column] - torch.tensor(corner)).abs().max() < 0.05


def test_what_cannot_be_drawn_is_refused(compact_model: StyA2K) -> None:
    with pytest.raises(InputError, match="content has 2 pictures"):
        explain(compact_model, picture(64, 64, batch=2), picture(64, 64))
    with pytest.raises(InputError, match="level is 'deep'; accepted: fine, middle, coarse"):
        explain(compact_model, picture(64, 64), picture(64, 64), "deep")


def test_the_command_line_draws_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = random_model(COMPACT)
    save_model(model, "tiny.safetensors")
    for name, seed in (("photo", 1), ("wave", 2)):
        write_picture(f"{name}.png", picture(64, 80, seed))
    options = ["--weights", "tiny.safetensors", "--device", "cpu", "--dtype", "fp32", "-o"]
    assert main(["explain", "photo.png", "wave.png", "--level", "coarse", *options, "map.png"]) == 0
    expected = explain(model, read_picture("photo.png").image, read_picture("wave.png").image, "coarse")
    assert (read_picture("map.png").image - expected).abs().max() < 0.6 / 255
    for style, output, said in (
        ("wave.safetensors", "map.png", "needs the picture of the style"),
        ("wave.png", "map.gif", "accepted: .jpg"),
        ("wave.png", "photo.png", "would be overwritten"),
    ):
        assert main(["explain", "photo.png", style, *options, output]) == 2
        assert said in capsys.readouterr().err
