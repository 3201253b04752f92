"""The style of a part of a painting."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_networks import COMPACT, picture, random_model

from a2k_core import InputError, StyA2K, save_model
from a2k_core.cli.main import main
from a2k_core.files.pictures.image_io import read_picture, write_picture
from a2k_core.network.attention.blocks import blocks_inside, chosen_positions


def test_blocks_half_inside_are_taken_or_else_the_best() -> None:
    mask = torch.zeros(1, 1, 8, 12)
    mask[..., 3:8, :6] = 1
    assert blocks_inside(mask, 4).tolist() == [3, 4]
    mask[..., 4:, :] = 0
    assert blocks_inside(mask, 4).tolist() == [0]
    assert blocks_inside(torch.ones(1, 1, 8, 12), 4).tolist() == list(range(6))
    features = torch.arange(96.0).view(1, 1, 8, 12)
    assert sorted(chosen_positions(features, 4, torch.tensor([4])).flatten().tolist()) == sorted(
        features[..., 4:, 4:8].flatten().tolist()
    )


def test_a_white_mask_is_no_mask_and_any_size_will_do(model: StyA2K) -> None:
    painting = picture(70, 200, seed=2)
    whole = model.encode_style(painting)
    masked = model.encode_style(painting, torch.ones(1, 3, 3))
    for one, other in zip(whole.tensors(), masked.tensors(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_nothing_is_taken_from_the_other_part(compact_model: StyA2K) -> None:
    """Two paintings that are alike in the masked part, away from its border, give one style."""
    painting, other = picture(128, 384, seed=2), picture(128, 384, seed=3)
    other[..., :272] = painting[..., :272]
    mask = torch.zeros(16, 48)
    mask[:, :24] = 1
    styles = [compact_model.encode_style(image, mask) for image in (painting, other)]
    for one, another in zip(*(style.tensors() for style in styles), strict=True):
        assert torch.allclose(one, another, atol=1e-5)
    content = picture(64, 80, seed=1)
    masked = compact_model.transfer(content, styles[0])
    alone = compact_model.transfer(content, compact_model.encode_style(painting[..., :192]))
    whole = compact_model.transfer(content, compact_model.encode_style(painting))
    assert (masked - alone).abs().mean() < 0.5 * (masked - whole).abs().mean() + 0.01
    assert styles[0].levels[0].block_key.shape[2] < compact_model.encode_style(painting).levels[0].block_key.shape[2]


@pytest.mark.parametrize(
    ("mask", "says"),
    [(torch.zeros(4, 4), "style mask is black"), (torch.ones(2, 4, 4), "2 style masks for 1 pictures")],
)
def test_a_mask_that_leaves_nothing_is_refused(compact_model: StyA2K, mask: torch.Tensor, says: str) -> None:
    with pytest.raises(InputError, match=says):
        compact_model.encode_style(picture(64, 64), mask)


def test_the_command_line_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = random_model(COMPACT)
    save_model(model, "tiny.safetensors")
    for name, seed in (("photo", 1), ("painting", 2)):
        write_picture(f"{name}.png", picture(64, 160, seed))
    mask = torch.zeros(8, 20)
    mask[:, :8] = 1
    write_picture("mask.png", mask.expand(1, 3, -1, -1))
    expected = model.transfer(
        read_picture("photo.png").image, model.encode_style(read_picture("painting.png").image, mask)
    )
    options = ["--weights", "tiny.safetensors", "--device", "cpu", "--dtype", "fp32"]
    masked = ["--style-mask", "mask.png", *options]
    assert main(["stylize", "photo.png", "painting.png", "-o", "direct.png", *masked]) == 0
    assert main(["encode", "painting.png", "-o", "part.safetensors", *masked]) == 0
    assert main(["stylize", "photo.png", "part.safetensors", "-o", "saved.png", *options]) == 0
    for name in ("direct", "saved"):
        assert (read_picture(f"{name}.png").image - expected).abs().max() < 0.52 / 255
    assert main(["stylize", "photo.png", "part.safetensors", "-o", "out.png", *masked]) == 2
    assert "--style-mask takes one style, a picture" in capsys.readouterr().err
