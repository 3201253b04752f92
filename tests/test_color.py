"""The colors of one picture given to another."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from example_pictures import examples
from tiny_networks import COMPACT, picture, random_model
from torch import Tensor

from a2k_core import InputError, match_colors, save_model
from a2k_core.cli.main import main
from a2k_core.files.pictures.image_io import read_picture, write_picture


def covariance(image: Tensor) -> Tensor:
    return torch.cov(image[0].flatten(1))


def test_mean_and_covariance_are_those_of_the_reference() -> None:
    image, reference = 0.4 + 0.2 * picture(40, 50, seed=1), picture(30, 70, seed=2)
    reference = 0.3 + 0.3 * torch.stack(
        [reference[:, 0], reference[:, 0] * 0.7 + 0.1 * reference[:, 1], reference[:, 2]], 1
    )
    matched = match_colors(image, reference)
    assert (matched.mean((2, 3)) - reference.mean((2, 3))).abs().max() < 0.01
    assert (covariance(matched) - covariance(reference)).abs().max() < 0.1 * covariance(reference).abs().max()
    assert (match_colors(image, image) - image).abs().max() < 1e-4


def test_a_flat_picture_stays_flat_and_a_batch_is_its_pictures() -> None:
    flat = torch.full((1, 3, 20, 20), 0.5) + torch.randn(1, 3, 20, 20) / 2550
    reference = picture(30, 40, seed=2)
    matched = match_colors(flat, reference)
    assert (matched.mean((2, 3)) - reference.mean((2, 3))).abs().max() < 0.01
    assert matched.std() < 0.15
    pair = torch.cat([picture(20, 30, seed=1), picture(20, 30, seed=5)])
    together = match_colors(pair.half(), reference)
    assert together.dtype == torch.float16
    assert (together[1:].float() - match_colors(pair[1:], reference)).abs().max() < 0.01
    with pytest.raises(InputError, match="2 references for 3 pictures"):
        match_colors(picture(8, 8, batch=3), pair)


def test_photos_take_the_palette_of_paintings_and_keep_their_shapes() -> None:
    photo, painting = examples("content", 128)[0], examples("style", 128)[0]
    matched = match_colors(photo, painting)
    assert (matched.mean((2, 3)) - painting.mean((2, 3))).abs().max() < 0.05
    grays = torch.stack([image.mean(1).flatten() for image in (photo, matched)])
    assert torch.corrcoef(grays)[0, 1].abs() > 0.8


def test_the_command_line_knows_where_colors_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = random_model(COMPACT)
    save_model(model, "tiny.safetensors")
    (tmp_path / "in").mkdir()
    for name, seed in (("a", 1), ("b", 3)):
        write_picture(f"in/{name}.png", picture(40, 60, seed))
    write_picture("wave.png", picture(50, 70, 2) * torch.tensor([1.0, 0.5, 0.2]).view(3, 1, 1))
    photo, wave = read_picture("in/b.png").image, read_picture("wave.png").image
    options = ["--weights", "tiny.safetensors", "--device", "cpu", "--dtype", "fp32", "-o", "out"]
    for color, expected in (
        ("style", model.transfer(photo, model.encode_style(wave))),
        ("content", model.transfer(photo, model.encode_style(wave), keep_colours=1.0)),
        ("matched", model.transfer(photo, model.encode_style(match_colors(wave, photo)))),
        ("only", match_colors(photo, wave)),
    ):
        assert main(["stylize", "in", "wave.png", "--color", color, *options]) == 0
        assert (read_picture("out/b.png").image - expected).abs().max() < 0.6 / 255
    assert main(["stylize", "in", "wave.png", "--color", "only", "--strength", "0.5", *options]) == 0
    assert (read_picture("out/b.png").image - (photo + match_colors(photo, wave)) / 2).abs().max() < 0.6 / 255
    assert main(["encode", "wave.png", *options[:-1], "wave.safetensors"]) == 0
    capsys.readouterr()
    for arguments, said in (
        (["wave.safetensors", "--color", "matched"], "wave.safetensors is a saved style"),
        (["wave.png", "--color", "matched", "--video"], "frames of a video would flicker"),
        (["wave.png", "in/a.png", "--mix", "1", "1", "--color", "only"], "takes neither --mix"),
    ):
        assert main(["stylize", "in", *arguments, *options]) == 2
        assert said in capsys.readouterr().err
