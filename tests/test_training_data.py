"""Training pictures: what is found, what is cut from them, and that batches depend on seed and index alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from training_helpers import write_pictures

from a2k_core import PictureError
from training.data import CropDataset, batches, find_pictures, hold_out, read_crop, read_square


def dataset(folder: Path, seed: int = 0) -> CropDataset:
    pictures = find_pictures(folder)
    return CropDataset(pictures, pictures[::-1], 2, 64, (64, 128), (seed, 0))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures") / "some", 6, 1)


def test_folders_are_searched_recursively_and_in_order(tmp_path: Path) -> None:
    write_pictures(tmp_path / "b" / "deep", 2, 1)
    write_pictures(tmp_path / "a", 1, 2)
    (tmp_path / "notes.txt").write_text("no picture")
    names = [path.relative_to(tmp_path).as_posix() for path in find_pictures(tmp_path)]
    assert names == ["a/0.png", "b/deep/0.png", "b/deep/1.png"]


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_pictures_is_refused(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "empty"
    if make:
        folder.mkdir()
    with pytest.raises(FileNotFoundError, match="empty"):
        find_pictures(folder)


def test_held_out_pictures_are_not_trained_on(pictures: Path) -> None:
    found = find_pictures(pictures)
    kept, held = hold_out(found, 2)
    assert len(held) == 2
    assert sorted([*kept, *held]) == found
    assert len(hold_out(found, 100)[1]) == 3, "at most half"


def test_batches_depend_on_seed_and_index_alone(pictures: Path) -> None:
    whole = list(batches(dataset(pictures), range(4), workers=0))
    resumed = list(batches(dataset(pictures), range(2, 4), workers=0))
    torch.testing.assert_close(whole[2:], resumed, rtol=0, atol=0)
    assert whole[0][0].shape == (2, 3, 64, 64)
    assert whole[0][0].dtype == torch.uint8
    other = next(batches(dataset(pictures, seed=1), range(1), workers=0))
    assert not torch.equal(whole[0][0], other[0])
    assert not torch.equal(whole[0][0], whole[1][0])


def test_a_broken_picture_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = write_pictures(tmp_path / "some", 3, 1)
    damaged = (folder / "1.png").read_bytes()
    (folder / "1.png").write_bytes(damaged[: len(damaged) // 2])
    for _ in batches(dataset(folder), range(6), workers=0):
        pass
    assert "1.png" in caplog.text


def test_a_folder_of_broken_pictures_ends_with_an_error(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(b"not a picture")
    with pytest.raises(PictureError, match=r"0\.png"):
        next(batches(dataset(tmp_path), range(1), workers=0))


def test_the_short_side_sets_the_scale(tmp_path: Path) -> None:
    """Stripes of 4 px in a picture of 128 px are 8 px wide once its short side has 256."""
    stripes = np.repeat(np.arange(32) % 2 * 255, 4).astype(np.uint8)
    Image.fromarray(np.broadcast_to(stripes[None, :, None], (128, 128, 3)).copy()).save(tmp_path / "stripes.png")
    crop = read_crop(tmp_path / "stripes.png", 64, (256, 256), np.random.default_rng(0))
    edges = (crop[0, 32].float().diff().abs() > 60).sum()
    dark = (crop[0, 32] < 128).float().mean()
    assert crop.shape == (3, 64, 64)
    assert 0.35 < dark < 0.65
    changes = ((crop[0, 32] < 128).int().diff() != 0).sum()
    assert 7 <= changes <= 8, (changes, edges)


def test_small_pictures_are_enlarged(tmp_path: Path) -> None:
    Image.new("RGB", (5, 9), (200, 10, 10)).save(tmp_path / "tiny.png")
    assert read_crop(tmp_path / "tiny.png", 64, (64, 64), np.random.default_rng(0)).shape == (3, 64, 64)
    assert read_square(tmp_path / "tiny.png", 64).shape == (3, 64, 64)


def test_pictures_are_read_as_the_command_line_reads_them(tmp_path: Path) -> None:
    """16-bit gray keeps its tones, and transparency is put on white."""
    Image.fromarray(np.full((80, 80), 32768, dtype=np.uint16)).save(tmp_path / "deep.png")
    Image.new("RGBA", (80, 80), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    deep = read_crop(tmp_path / "deep.png", 64, (64, 64), np.random.default_rng(0))
    clear = read_crop(tmp_path / "clear.png", 64, (64, 64), np.random.default_rng(0))
    assert 126 <= int(deep.min()) <= int(deep.max()) <= 130
    assert int(clear.min()) == 255
