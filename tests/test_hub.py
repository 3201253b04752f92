"""Models on the Hugging Face Hub: in local folders, and with a Hub that is played."""

from __future__ import annotations

import logging
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import a2k_core
from a2k_core import CheckpointError, StyA2K, from_pretrained, push_to_hub, save_model
from a2k_core.errors import UsageError
from a2k_core.files.models.checkpoint import read_info
from a2k_core.files.models.hub import save_pretrained


class PlayedHub(SimpleNamespace):
    """What `a2k_core.files.models.hub` takes of huggingface_hub, for repositories that are folders."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder=folder, asked=[])

    def HfApi(self, token: str | None) -> PlayedHub:  # noqa: N802 - its name
        self.asked.append(("token", token))
        return self

    def create_repo(self, name: str, private: bool | None, exist_ok: bool) -> SimpleNamespace:
        if "/" not in name:
            raise RuntimeError("404 Not Found\n\nhere are more lines")
        (self.folder / name).mkdir(parents=True, exist_ok=exist_ok)
        self.asked.append(("private", private))
        return SimpleNamespace(repo_id=name)

    def file_exists(self, name: str, file: str, revision: str | None) -> bool:
        return (self.folder / name / file).exists()

    def upload_folder(self, repo_id: str, folder_path: str, allow_patterns: list[str] | None, **_: Any) -> str:
        for file in Path(folder_path).iterdir():
            if allow_patterns is None or file.name in allow_patterns:
                shutil.copy(file, self.folder / repo_id)
        return f"https://hub/{repo_id}/commit/1"

    def hf_hub_download(self, name: str, file: str, **options: Any) -> str:
        self.asked.append(("download", options))
        if not (self.folder / name / file).exists():
            raise RuntimeError("404 Not Found\n\nhere are more lines")
        return str(self.folder / name / file)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlayedHub:
    played = PlayedHub(tmp_path / "hub")
    monkeypatch.setitem(sys.modules, "huggingface_hub", played)
    return played


def test_a_folder_gives_the_same_model_without_the_package(
    model: StyA2K, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    save_pretrained(model, tmp_path / "new" / "folder")
    _assert_same(from_pretrained(tmp_path / "new" / "folder", "cpu"), model)


def test_a_pushed_model_comes_back(compact_model: StyA2K, hub: PlayedHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address = push_to_hub(compact_model, "owner/secret", private=True, token="hf_mine")
    assert address == "https://hub/owner/secret/commit/1"
    assert hub.asked == [("token", "hf_mine"), ("private", True)]
    _assert_same(from_pretrained("owner/secret", "cpu", revision="main"), compact_model)
    assert hub.asked[-1][1]["revision"] == "main"
    assert "from_pretrained" in (hub.folder / "owner/secret/README.md").read_text(encoding="utf-8")
    assert "secret" not in caplog.text


def test_a_pushed_file_keeps_its_metadata(compact_model: StyA2K, hub: PlayedHub, tmp_path: Path) -> None:
    save_model(compact_model, tmp_path / "mine.safetensors", {"licence": "CC0", "training": {"steps": 3}})
    push_to_hub(tmp_path / "mine.safetensors", "owner/name")
    pushed = read_info(hub.folder / "owner/name/model.safetensors")
    assert pushed.metadata == read_info(tmp_path / "mine.safetensors").metadata
    assert pushed.metadata["licence"] == "CC0"


def test_a_model_card_that_is_there_stays(compact_model: StyA2K, hub: PlayedHub) -> None:
    card = hub.folder / "owner/name/README.md"
    card.parent.mkdir(parents=True)
    card.write_text("my own words")
    push_to_hub(compact_model, "owner/name")
    assert card.read_text() == "my own words"
    assert (card.parent / "model.safetensors").exists()


def test_what_the_hub_refuses_is_one_line(compact_model: StyA2K, hub: PlayedHub, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^owner/gone: neither a folder nor .* can be read \(404 Not Found\)$"):
        from_pretrained("owner/gone")
    with pytest.raises(CheckpointError, match=r"^name: the Hub did not take the model \(404 Not Found\)$"):
        push_to_hub(compact_model, "name")
    (tmp_path / "text.safetensors").write_text("nothing")
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        push_to_hub(tmp_path / "text.safetensors", "owner/name")
    assert not (hub.folder / "owner/name").exists()


def test_the_missing_package_is_named(compact_model: StyA2K, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for call in (lambda: from_pretrained("owner/name"), lambda: push_to_hub(compact_model, "owner/name")):
        with pytest.raises(
            UsageError, match=r'the Hub needs the package huggingface_hub: pip install "stya2k\[hub\]"$'
        ):
            call()


def test_the_real_package_takes_what_is_passed(compact_model: StyA2K, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    with pytest.raises(CheckpointError, match="owner/name: neither a folder nor a repository"):
        from_pretrained("owner/name", cache_dir=tmp_path, local_files_only=True)


def _assert_same(model: a2k_core.StyA2K, other: a2k_core.StyA2K) -> None:
    assert model.config == other.config
    others = other.state_dict()
    assert all(torch.equal(tensor, others[name]) for name, tensor in model.state_dict().items())
