"""The pictures that training sees: real folders, deterministic crops, several processes."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from pairs import training_pairs
from PIL import Image

from data import CropDataset, Crops, StepSampler, batches, find_pictures, read_crop, read_square
from options import parse


def picture(path: Path, size: tuple[int, int], seed: int = 0, mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nested, mixed formats, one file that is no picture, one truncated, one tiny, one that is not meant."""
    picture(tmp_path / "a.jpg", (90, 70), 1)
    picture(tmp_path / "deep" / "er" / "b.PNG", (80, 130), 2, "L")
    picture(tmp_path / "deep" / "c.webp", (70, 70), 3)
    picture(tmp_path / "tiny.png", (63, 400), 4)
    (tmp_path / "broken.jpg").write_bytes(b"this is no picture")
    whole = picture(tmp_path / "truncated.png", (100, 100), 5).read_bytes()
    (tmp_path / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def test_a_real_folder_is_searched_and_odd_files_are_reported_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = find_pictures(folder, 64)
    assert [path.name for path in found] == ["a.jpg", "c.webp", "b.PNG", "truncated.png"]
    assert len(caplog.messages) == 2
    assert "broken.jpg" in caplog.text and "tiny.png" in caplog.text


def test_a_missing_or_useless_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_pictures(tmp_path / "nowhere", 64)
    with pytest.raises(FileNotFoundError, match="no usable picture"):
        find_pictures(tmp_path, 64)


def test_crops_depend_on_seed_and_index_alone(folder: Path) -> None:
    pictures = find_pictures(folder, 64)
    one, two = CropDataset(pictures, Crops(64, zoom=2.0), seed=7), CropDataset(pictures, Crops(64, zoom=2.0), seed=7)
    forwards = [one[i][0] for i in range(12)]
    backwards = [two[i][0] for i in reversed(range(12))][::-1]
    assert all(torch.equal(a, b) for a, b in zip(forwards, backwards, strict=True))
    other = [CropDataset(pictures, Crops(64, zoom=2.0), seed=8)[i][0] for i in range(12)]
    assert any(not torch.equal(a, b) for a, b in zip(forwards, other, strict=True))
    assert all(crop.shape == (3, 64, 64) and crop.dtype == torch.uint8 for crop in forwards)


def test_every_pass_shows_every_picture_in_a_new_order(tmp_path: Path) -> None:
    pictures = []
    for value in range(8):
        path = tmp_path / f"{value}.png"
        Image.new("RGB", (64, 64), (value, value, value)).save(path)
        pictures.append(path)
    dataset = CropDataset(pictures, Crops(64), seed=0)
    passes = [[int(dataset[epoch * 8 + i][0][0, 0, 0]) for i in range(8)] for epoch in range(3)]
    assert all(sorted(shown) == list(range(8)) for shown in passes)
    assert passes[0] != passes[1] != passes[2]


def test_a_broken_picture_is_replaced_and_reported_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    pictures = find_pictures(folder, 64)
    with caplog.at_level(logging.WARNING):
        caplog.clear()
        sampler = StepSampler(0, 4, 5, rank=0, world=1)
        shown = list(batches(pictures, crops=Crops(64, zoom=1.5), seed=0, sampler=sampler, workers=0, pin=False))
    assert [tuple(batch.shape) for batch in shown] == [(4, 3, 64, 64)] * 5
    assert len([message for message in caplog.messages if "truncated.png" in message]) == 1


def test_workers_give_the_same_batches(folder: Path) -> None:
    def run(workers: int) -> list[torch.Tensor]:
        sampler = StepSampler(3, 2, 4, rank=0, world=1)
        crops = Crops(64, zoom=1.5, magnify=1.2, turn=0.5)
        return list(
            batches(find_pictures(folder, 64), crops=crops, seed=1, sampler=sampler, workers=workers, pin=False)
        )

    assert all(torch.equal(a, b) for a, b in zip(run(0), run(1), strict=True))


def test_processes_share_the_pictures_and_resume_by_index() -> None:
    alone = [index for batch in StepSampler(0, 6, 4, 0, 1) for index in batch]
    shared = [
        index
        for pair in zip(StepSampler(0, 3, 4, 0, 2), StepSampler(0, 3, 4, 1, 2), strict=True)
        for batch in pair
        for index in batch
    ]
    assert shared == alone
    resumed = [index for batch in StepSampler(2 * 6, 6, 2, 0, 1) for index in batch]
    assert resumed == alone[12:]


def test_steps_with_large_crops_have_fewer_pairs_and_resume_by_step(tmp_path: Path) -> None:
    pictures = [picture(tmp_path / f"{i}.png", (150, 150), i) for i in range(7)]
    given = "--content c --style s --out o.safetensors --pretrain-steps 0 --steps 12 --workers 0"
    options = parse(f"{given} --crop 64 --batch 4 --large-crop 128 --large-share 0.5".split())
    whole, rest = (list(training_pairs(options, pictures, pictures, step, 0, 1, pin=False)) for step in (0, 7))
    assert {content.shape for content, _ in whole} == {(4, 3, 64, 64), (1, 3, 128, 128)}
    assert all(style is not None and style.shape == content.shape for content, style in whole)
    assert len(whole) == 12 and len(rest) == 5
    assert all(torch.equal(a, b) for a, b in zip(sum(whole[7:], ()), sum(rest, ()), strict=True))


def test_a_crop_is_cut_from_the_picture(tmp_path: Path) -> None:
    # Red grows to the right, green downwards: a crop must be a window of it, flipped or not.
    gradient = np.zeros((100, 150, 3), np.uint8)
    gradient[..., 0], gradient[..., 1] = np.arange(150), np.arange(100)[:, None]
    path = tmp_path / "gradient.png"
    Image.fromarray(gradient).save(path)
    crops = [read_crop(path, Crops(64), np.random.default_rng(seed)) for seed in range(20)]
    assert all((crop[1, 1:].int() - crop[1, :-1].int() == 1).all() for crop in crops)
    steps = {int(crop[0, 0, 1]) - int(crop[0, 0, 0]) for crop in crops}
    assert steps == {1, -1}
    zoomed = read_crop(path, Crops(64, zoom=1.5), np.random.default_rng(3))
    assert zoomed.shape == (3, 64, 64)


def test_a_turned_crop_is_a_window_of_the_picture_at_an_angle(tmp_path: Path) -> None:
    # The gradient's direction turns with the picture, its length shows the scale; a corner from outside would be black.
    gradient = np.full((200, 220, 3), 20, np.uint8)
    gradient[..., 0], gradient[..., 1] = 20 + np.arange(220), 20 + np.arange(200)[:, None]
    path = tmp_path / "gradient.png"
    Image.fromarray(gradient).save(path)
    directions = []
    for seed in range(30):
        crop = read_crop(path, Crops(64, turn=1.0), np.random.default_rng(seed)).float()
        assert crop.shape == (3, 64, 64)
        assert crop.min() >= 19
        across, down = crop[0].diff(dim=1).mean().item(), crop[0].diff(dim=0).mean().item()
        assert np.hypot(across, down) == pytest.approx(1, abs=0.06)
        directions.append(np.degrees(np.arctan2(down, across)) % 90)
    assert np.ptp(directions) > 60
    magnified = read_crop(path, Crops(64, magnify=3.0), np.random.default_rng(1)).float()
    assert 1 / 3 - 0.02 < abs(magnified[0].diff(dim=1).mean().item()) < 0.95


def test_validation_pictures_are_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    image = Image.new("RGB", (300, 100), (255, 0, 0))
    image.paste((0, 0, 255), (100, 0, 200, 100))
    image.save(path)
    square = read_square(path, 64)
    assert square.shape == (3, 64, 64)
    assert torch.allclose(square.mean((1, 2)), torch.tensor([0.0, 0.0, 1.0]), atol=0.03)
