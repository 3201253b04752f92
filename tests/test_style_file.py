"""Saved styles: what comes back, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny_networks import COMPACT, picture, random_model

from a2k_core import CheckpointError, StyA2K, save_model
from a2k_core.files.pictures.image_buffer import to_tensor
from a2k_core.files.pictures.thumbnail import side_by_side, thumbnail
from a2k_core.files.style_file import check_fingerprint, fingerprint, load_style, read_thumbnail, save_style


def test_a_saved_style_gives_the_same_picture(compact_model: StyA2K, tmp_path: Path) -> None:
    style = compact_model.encode_style(picture(64, 96, seed=3))
    path = tmp_path / "style.safetensors"
    save_style(style, path, fingerprint(compact_model))
    loaded = load_style(path, fingerprint(compact_model))
    content = picture(70, 50, seed=4)
    assert torch.equal(compact_model.transfer(content, loaded), compact_model.transfer(content, style))
    assert [entry.name for entry in tmp_path.iterdir()] == ["style.safetensors"]


def test_a_thumbnail_is_kept_with_the_style_and_is_small(compact_model: StyA2K, tmp_path: Path) -> None:
    style, path = compact_model.encode_style(picture(64, 96)), tmp_path / "style.safetensors"
    noise = torch.rand(1, 3, 400, 600, generator=torch.Generator().manual_seed(0))
    for painting, close in ((picture(300, 400, seed=3), 0.05), (noise, 0.3)):
        kept = thumbnail(painting)
        save_style(style, path, fingerprint(compact_model), thumbnail=kept)
        with safe_open(path, framework="pt") as file:
            assert len(file.metadata()["thumbnail"]) <= 20_000
        read = read_thumbnail(path)
        assert read is not None
        assert (to_tensor(read) - to_tensor(kept)).abs().mean() < close
    load_style(path, fingerprint(compact_model))


def test_a_mixture_shows_its_pictures_side_by_side() -> None:
    red, blue = (
        thumbnail(torch.tensor(color).view(1, 3, 1, 1).expand(1, 3, 50, 80)) for color in ((1.0, 0, 0), (0, 0, 1.0))
    )
    mixed = side_by_side([red, None, blue])
    assert mixed is not None
    assert mixed.size == red.size
    assert [mixed.getpixel((x, 99)) for x in (5, 90, 100, 190)] == [(255, 0, 0)] * 2 + [(0, 0, 255)] * 2
    assert side_by_side([None]) is None


@pytest.mark.parametrize("text", ["", "no base64", "bm8gcGljdHVyZQ==", "A" * 100_000])
def test_a_style_whose_thumbnail_is_damaged_loads_without(compact_model: StyA2K, tmp_path: Path, text: str) -> None:
    path, known = tmp_path / "style.safetensors", fingerprint(compact_model)
    save_style(compact_model.encode_style(picture(64, 64)), path, known)
    with safe_open(path, framework="pt") as file:
        header = dict(file.metadata())
    save_file(load_file(path), path, header | {"thumbnail": text})
    load_style(path, known)
    assert read_thumbnail(path) is None
    assert read_thumbnail(tmp_path / "missing.safetensors") is None


def test_another_models_style_is_refused(compact_model: StyA2K, tmp_path: Path) -> None:
    path = tmp_path / "style.safetensors"
    save_style(compact_model.encode_style(picture(64, 64)), path, fingerprint(compact_model))
    with pytest.raises(CheckpointError, match="another model"):
        load_style(path, fingerprint(random_model(COMPACT, seed=1)))
    with pytest.raises(CheckpointError, match="Apply Style"):
        check_fingerprint("a", "b", "Apply Style")


def test_fingerprints_tell_models_apart_and_equal_ones_not() -> None:
    first, same, other = random_model(COMPACT), random_model(COMPACT), random_model(COMPACT, seed=1)
    assert fingerprint(first) == fingerprint(same) != fingerprint(other)
    before = fingerprint(first)
    first.half()
    assert fingerprint(first) == before  # taken before the cast, it stays


def test_a_style_of_an_older_version_is_refused(compact_model: StyA2K, tmp_path: Path) -> None:
    path, known = tmp_path / "old.safetensors", fingerprint(compact_model)
    save_style(compact_model.encode_style(picture(64, 64)), path, known)
    save_file(load_file(path), path, {"format": "stya2k-style", "format_version": "5", "model": known})
    with pytest.raises(
        CheckpointError, match=r"version 5; this package reads version 7\. Encode the style picture again"
    ):
        load_style(path, known)


def test_files_of_other_kinds_are_refused(compact_model: StyA2K, tmp_path: Path) -> None:
    known = fingerprint(compact_model)
    with pytest.raises(CheckpointError, match="no such file"):
        load_style(tmp_path / "missing.safetensors", known)
    garbage = tmp_path / "garbage.safetensors"
    garbage.write_bytes(b"not safetensors at all")
    with pytest.raises(CheckpointError, match="not a readable style"):
        load_style(garbage, known)
    model_file = tmp_path / "model.safetensors"
    save_model(compact_model, model_file)
    with pytest.raises(CheckpointError, match="not a saved style"):
        load_style(model_file, known)
    with pytest.raises(CheckpointError, match=r"end in \.safetensors"):
        save_style(compact_model.encode_style(picture(64, 64)), tmp_path / "style.pt", known)


def test_encoded_styles_hold_no_more_memory_than_they_show(compact_model: StyA2K) -> None:
    style = compact_model.encode_style(picture(64, 64))
    for tensor in style.tensors():
        assert tensor.is_contiguous()
        assert tensor.untyped_storage().nbytes() == tensor.nbytes
