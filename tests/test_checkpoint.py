"""Model files: what is saved is what is loaded, and everything else is refused by name."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny_networks import picture, random_model

from a2k_core import CheckpointError, StyA2K, StyA2KConfig, load_model, save_model
from a2k_core.files.models import checkpoint
from a2k_core.files.models.checkpoint import read_info


@pytest.fixture
def saved(compact_model: StyA2K, tmp_path: Path) -> Path:
    """A good model file."""
    path = tmp_path / "model.safetensors"
    save_model(compact_model, path, {"licence": "CC0"})
    return path


def test_a_loaded_model_gives_the_same_picture(model: StyA2K, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_model(model, path)
    again = load_model(path, device="cpu")
    assert again.config == model.config
    state = model.state_dict()
    assert again.state_dict().keys() == state.keys()
    assert all(torch.equal(tensor, state[name]) for name, tensor in again.state_dict().items())
    content, style = picture(70, 64, seed=1), picture(64, 64, seed=2)
    first = again.transfer(content, again.encode_style(style), 0.9)
    assert (first - model.transfer(content, model.encode_style(style), 0.9)).abs().max() < 1e-4
    # Another way round through a file must not cost a bit.
    save_model(again, path)
    third = load_model(path, device="cpu")
    assert torch.equal(third.transfer(content, third.encode_style(style), 0.9), first)


def test_the_dtype_is_the_files_unless_one_is_asked_for(compact_config: StyA2KConfig, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_model(random_model(compact_config).to(torch.bfloat16), path)
    assert load_model(path, device="cpu").dtype == torch.bfloat16
    assert load_model(path, device="cpu", dtype=torch.float32).dtype == torch.float32
    assert load_model(path, device="cpu", dtype=torch.float16).dtype == torch.float16


def test_a_loaded_model_is_ready_to_use(saved: Path) -> None:
    loaded = load_model(str(saved), device="cpu")
    assert not loaded.training
    assert loaded.device.type == "cpu"
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert not any(parameter.is_meta for parameter in loaded.parameters())


def test_the_metadata_survives(compact_model: StyA2K, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    training = {"steps": 3, "losses": [1.5, 0.5], "note": "Grüße"}
    save_model(compact_model, path, {"training": training, "licence": "CC0"})
    info = read_info(path)
    assert info.config == compact_model.config
    assert json.loads(info.metadata["training"]) == training
    assert info.metadata["licence"] == "CC0"
    assert info.metadata["format"] == "stya2k"
    assert info.metadata["format_version"] == "1"
    assert StyA2KConfig.from_dict(json.loads(info.metadata["config"])) == compact_model.config
    assert info.shapes == {name: tuple(tensor.shape) for name, tensor in compact_model.state_dict().items()}


@pytest.mark.parametrize("key", ["format", "format_version", "config"])
def test_metadata_cannot_replace_the_formats_own(compact_model: StyA2K, tmp_path: Path, key: str) -> None:
    with pytest.raises(CheckpointError, match=key):
        save_model(compact_model, tmp_path / "model.safetensors", {key: "1"})
    assert not list(tmp_path.iterdir())


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _truncated_in_the_tensors(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _truncated_in_the_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def _one_byte(path: Path) -> None:
    path.write_bytes(b"\x01")


def _with_a_tail(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"tail")


def _huge_header(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 2**62) + path.read_bytes()[8:])


def _text(path: Path) -> None:
    path.write_text("<html>404 not found</html>" * 20)


def _foreign(path: Path) -> None:
    save_file({"unet.weight": torch.zeros(2, 2)}, path, metadata={"format": "pt"})


def _foreign_without_metadata(path: Path) -> None:
    save_file({"unet.weight": torch.zeros(2, 2)}, path)


def _zip_pickle(path: Path) -> None:
    torch.save({"unet.weight": torch.zeros(2)}, path)


def _old_pickle(path: Path) -> None:
    torch.save({"unet.weight": torch.zeros(2)}, path, _use_new_zipfile_serialization=False)


def _lfs_pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 3000000\n")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_empty, "empty"),
        (_truncated_in_the_tensors, "truncated"),
        (_truncated_in_the_header, "truncated"),
        (_one_byte, "not a readable safetensors file"),
        (_with_a_tail, "damaged"),
        (_huge_header, "not a readable safetensors file"),
        (_text, "not a readable safetensors file"),
        (_foreign, "not a StyA2K model.*unet.weight"),
        (_foreign_without_metadata, "not a StyA2K model.*unet.weight"),
        (_zip_pickle, "pickle.*convert"),
        (_old_pickle, "pickle.*convert"),
        (_lfs_pointer, "git lfs pull"),
        (Path.unlink, "no such file"),
    ],
)
def test_what_is_not_a_model_is_named_for_what_it_is(saved: Path, spoil: Callable[[Path], None], said: str) -> None:
    spoil(saved)
    for read in (read_info, load_model):
        with pytest.raises(CheckpointError, match=said) as caught:
            read(saved)
        assert str(saved) in str(caught.value)


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        load_model(tmp_path)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_is_never_run(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "trace"
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(_Evil(str(trace)), protocol=protocol))
    for read in (read_info, load_model):
        with pytest.raises(CheckpointError, match=r"model\.safetensors"):
            read(path)
    assert not trace.exists()
    pickle.loads(path.read_bytes())  # the test could have failed: this is what a careless reader would do
    assert trace.exists()


class _Evil:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def _rewrite(path: Path, metadata: dict[str, str | None]) -> None:
    """Change a model file's metadata; `None` removes an entry."""
    with safe_open(path, framework="pt") as file:
        old = dict(file.metadata())
    new = {key: value for key, value in (old | metadata).items() if value is not None}
    save_file(load_file(path), path, metadata=new)


@pytest.mark.parametrize(("version", "said"), [("2", "version 2"), ("", "missing"), (None, "missing"), ("1.0", "1.0")])
def test_another_format_version_is_refused(saved: Path, version: str | None, said: str) -> None:
    _rewrite(saved, {"format_version": version})
    with pytest.raises(CheckpointError, match=f"{said}.*reads version 1"):
        load_model(saved)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, "object"),
        ("", "configuration"),
        ("{", "configuration"),
        ("[" * 100_000, "recursion"),
        ("[]", "object"),
        ("{}", "lacks"),
        ('{"heads": 2}', "lacks"),
        ("null", "object"),
    ],
)
def test_a_bad_configuration_is_refused(saved: Path, config: str | None, said: str) -> None:
    _rewrite(saved, {"config": config})
    with pytest.raises(CheckpointError, match=f"configuration.*{said}") as caught:
        load_model(saved)
    assert str(saved) in str(caught.value)


@pytest.mark.parametrize(
    "changes", [{"heads": 3}, {"heads": "2"}, {"rotary": True}, {"channels": [8, 8]}, {"channels": [8, 8, 10**12]}]
)
def test_a_configuration_with_a_bad_field_is_refused_by_name(saved: Path, changes: dict[str, Any]) -> None:
    config = json.loads(read_info(saved).metadata["config"]) | changes
    _rewrite(saved, {"config": json.dumps(config)})
    with pytest.raises(CheckpointError, match=r"rotary|channels|heads"):
        load_model(saved)


def test_tensors_that_do_not_fit_the_configuration_are_named(saved: Path, compact_config: StyA2KConfig) -> None:
    wider = compact_config.to_dict() | {"channels": [8, 8, 24], "encoder_widths": [8, 8, 8, 24]}
    _rewrite(saved, {"config": json.dumps(wider)})
    with pytest.raises(CheckpointError, match=r"attention\.2.*configuration.* more") as caught:
        load_model(saved)
    assert str(saved) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors: tensors.pop("merge.weight"), "lacks merge.weight"),
        (lambda tensors: tensors.update(extra=torch.zeros(1)), "unknown tensor extra"),
        (
            lambda tensors: tensors.update({"merge.bias": torch.zeros(9)}),
            r"merge\.bias is \[9\], the configuration says \[12\]",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(
    saved: Path, change: Callable[[dict[str, torch.Tensor]], object], said: str
) -> None:
    with safe_open(saved, framework="pt") as file:
        metadata = dict(file.metadata())
    tensors = load_file(saved)
    change(tensors)
    save_file(tensors, saved, metadata=metadata)
    with pytest.raises(CheckpointError, match=said):
        load_model(saved)


def test_model_files_end_in_safetensors(compact_model: StyA2K, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"\.safetensors"):
        save_model(compact_model, tmp_path / "model.pth")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_named(compact_model: StyA2K, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        save_model(compact_model, tmp_path / "nowhere" / "model.safetensors")


@pytest.mark.parametrize("function", ["save_file", "replace"])
def test_a_save_that_fails_leaves_everything_as_it_was(
    saved: Path, compact_model: StyA2K, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = saved.read_bytes()
    monkeypatch.setattr(checkpoint if function == "save_file" else Path, function, full)
    with pytest.raises(CheckpointError, match="No space left") as caught:
        save_model(compact_model, saved)
    assert str(saved) in str(caught.value)
    assert list(saved.parent.iterdir()) == [saved]
    assert saved.read_bytes() == before


def test_a_save_that_is_interrupted_leaves_everything_as_it_was(
    saved: Path, compact_model: StyA2K, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = saved.read_bytes()
    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_model(compact_model, saved)
    assert list(saved.parent.iterdir()) == [saved]
    assert saved.read_bytes() == before


@pytest.mark.parametrize("dtype", [torch.int32, torch.bool, torch.float64, torch.complex64, torch.float8_e4m3fn])
@pytest.mark.parametrize("names", [None, ("merge.weight",)])
def test_tensors_of_another_dtype_are_refused(saved: Path, dtype: torch.dtype, names: tuple[str, ...] | None) -> None:
    with safe_open(saved, framework="pt") as file:
        metadata = dict(file.metadata())
    tensors = {name: t.to(dtype) if not names or name in names else t for name, t in load_file(saved).items()}
    save_file(tensors, saved, metadata=metadata)
    with pytest.raises(CheckpointError, match="F32, F16, BF16"):
        load_model(saved)
