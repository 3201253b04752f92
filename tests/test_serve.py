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
from a2k_core.cli.serve import Painter, examples, is_loopback, page, saved_styles
from a2k_core.errors import UsageError
from a2k_core.files.pictures.thumbnail import thumbnail
from a2k_core.files.style_file import fingerprint, save_style


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


def test_a_saved_style_takes_the_place_of_the_painting(
    compact_model: StyA2K, files: tuple[str, str], saved: Path
) -> None:
    painter = Painter(compact_model)
    assert np.array_equal(painter(files[0], str(saved))[1], painter(*files, style_size=0)[1])


@pytest.fixture
def saved(compact_model: StyA2K, files: tuple[str, str], tmp_path: Path) -> Path:
    """The painting's style, in a folder with another one, which comes before it and has no thumbnail."""
    folder, painting = tmp_path / "kept", read_picture(files[1]).image
    folder.mkdir()
    known = fingerprint(compact_model)
    save_style(compact_model.encode_style(picture(64, 64)), folder / "another.safetensors", known)
    path = folder / "painting.safetensors"
    save_style(compact_model.encode_style(painting), path, known, thumbnail=thumbnail(painting))
    return path


def test_a_folder_without_saved_styles_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gradio", reason="NOT RUN: pip install gradio")
    assert main(["serve", "--styles", str(tmp_path)]) == 2
    assert f"{tmp_path}: no saved styles; keep one with: a2k encode painting.jpg" in capsys.readouterr().err


def test_a_style_picked_in_the_gallery_is_used_until_a_painting_comes(
    compact_model: StyA2K, files: tuple[str, str], saved: Path
) -> None:
    gradio = pytest.importorskip("gradio", reason="NOT RUN: pip install gradio")
    blocks = page(Painter(compact_model), gradio, saved_styles(saved.parent))
    (gallery,) = [block for block in blocks.blocks.values() if isinstance(block, gradio.Gallery)]
    assert [entry["caption"] for entry in gallery.value] == ["another", "painting"]
    choose, drop, paint = (
        next(event.fn for event in blocks.fns.values() if event.fn.__name__ == name)
        for name in ("choose", "drop", "paint")
    )
    chosen, painting = choose(gradio.SelectData(gallery, {"index": 1, "value": None}))
    assert painting is None
    assert drop(None, chosen)[0] == chosen
    numbers = (1.0, 0.0, 0, None)
    assert np.array_equal(paint(files[0], None, chosen, *numbers)[1], paint(*files, None, *numbers)[1])
    assert drop(files[1], chosen)[0] is None


def test_the_page_has_two_places_for_pictures_and_one_for_the_result(compact_model: StyA2K) -> None:
    gradio = pytest.importorskip("gradio", reason="NOT RUN: pip install gradio")
    kinds = [block.__class__.__name__ for block in page(Painter(compact_model), gradio).blocks.values()]
    assert kinds.count("ImageSlider") == 1
    assert kinds.count("Slider") == 3
