"""Files that are complete or not there."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

import pytest

from a2k_core.files.atomic_write import temporary_beside


def test_a_file_appears_only_once_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "target.bin"
    target.write_bytes(b"old")
    with temporary_beside(target) as temporary:
        temporary.write_bytes(b"half")
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".a2k-")
        assert target.read_bytes() == b"old"
        temporary.write_bytes(b"new and complete")
    assert target.read_bytes() == b"new and complete"
    assert list(tmp_path.iterdir()) == [target]
    assert target.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_is_not_finished_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "target.bin"
    with pytest.raises(type(error)), temporary_beside(target) as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert not list(tmp_path.iterdir())


def test_a_name_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 251 + ".bin")
    with temporary_beside(target) as temporary:
        temporary.write_bytes(b"content")
    assert target.read_bytes() == b"content"


def test_a_file_system_without_permissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with temporary_beside(tmp_path / "target.bin") as temporary:
        temporary.write_bytes(b"content")
    assert (tmp_path / "target.bin").read_bytes() == b"content"


@pytest.mark.parametrize(("number", "kept"), [(errno.ENOTSUP, b"new"), (errno.ENOSPC, b"old")])
def test_a_disk_that_cannot_flush_and_one_that_is_full_by_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kept: bytes
) -> None:
    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    target = tmp_path / "target.bin"
    target.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with contextlib.suppress(OSError), temporary_beside(target) as temporary:
        temporary.write_bytes(b"new")
    assert target.read_bytes() == kept
    assert list(tmp_path.iterdir()) == [target]
