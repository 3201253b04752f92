"""Saved styles: what comes back, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_networks import COMPACT, picture, random_model

from a2k_core import CheckpointError, StyA2K, save_model
from a2k_core.files.style_file import check_fingerprint, fingerprint, load_style, save_style


def test_a_saved_style_gives_the_same_picture(compact_model: StyA2K, tmp_path: Path) -> None:
    style = compact_model.encode_style(picture(64, 96, seed=3))
    path = tmp_path / "style.safetensors"
    save_style(style, path, fingerprint(compact_model))
    loaded = load_style(path, fingerprint(compact_model))
    content = picture(70, 50, seed=4)
    assert torch.equal(compact_model.transfer(content, loaded), compact_model.transfer(content, style))
    assert [entry.name for entry in tmp_path.iterdir()] == ["style.safetensors"]


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
