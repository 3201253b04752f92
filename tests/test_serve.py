"""The page of `a2k serve`: what it paints, and what it says where something is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_networks import picture

from a2k_core import InputError, StyA2K, read_picture, write_picture
from a2k_core.cli.main import main
from a2k_core.cli.serve import Painter, examples, is_loopback, page
from a2k_core.errors import UsageError


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    photo, painting = tmp_path / "photo.png", tmp_path / "painting.png"
    write_picture(photo, picture(48, 80))
    write_picture(painting, picture(96, 64, seed=3))
    return str(photo), str(painting)


def test_it_shows_the_photo_and_what_the_model_paints(compact_model: StyA2K, files: tuple[str, str]) -> None:
    photo, painting = files
    steps: list[float] = []
    before, after = Painter(compact_model)(photo, painting, 0.7, 0.5, 0, steps.append)
    content, style = read_picture(photo).image, compact_model.encode_style(read_picture(painting).image)
    painted = compact_model.transfer(content, style, 0.7, keep_colours=0.5)
    assert torch.equal(as_tensor(before), content)
    assert (as_tensor(after) - painted).abs().max() <= 0.51 / 255
    assert steps[-1] == 1


def as_tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(image, dtype=np.float32) / 255).movedim(-1, 0)[None]


def test_the_style_size_scales_a_larger_painting(compact_model: StyA2K, files: tuple[str, str]) -> None:
    painter = Painter(compact_model)
    whole, small, beyond = (painter(*files, style_size=size)[1] for size in (0, 32, 512))
    assert np.array_equal(whole, beyond)
    assert not np.array_equal(whole, small)


def test_a_picture_that_is_missing_or_a_number_out_of_range_is_said(
    compact_model: StyA2K, files: tuple[str, str]
) -> None:
    painter = Painter(compact_model)
    with pytest.raises(UsageError, match="drop in a photo and a painting"):
        painter(files[0], None)
    with pytest.raises(InputError, match="strength is 3"):
        painter(*files, strength=3)


def test_without_gradio_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert main(["serve"]) == 2
    assert (
        capsys.readouterr().err
        == "a2k: a2k serve needs the package gradio; install it with: pip install 'stya2k[serve]'\n"
    )


def test_loopback_addresses_are_told_from_others() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "192.168.0.2")] == [True] * 3 + [
        False
    ] * 2


def test_the_examples_are_there() -> None:
    assert examples("content")
    assert examples("style")


def test_the_page_has_two_places_for_pictures_and_one_for_the_result(compact_model: StyA2K) -> None:
    gradio = pytest.importorskip("gradio", reason="NOT RUN: pip install gradio")
    kinds = [block.__class__.__name__ for block in page(Painter(compact_model), gradio).blocks.values()]
    assert kinds.count("ImageSlider") == 1
    assert kinds.count("Slider") == 3
