"""The pictures that training sees: real folders, deterministic crops, several processes."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from pairs import training_pairs
from PIL import Image

from data import Crops, CropStream, find_pictures, read_crop, read_square
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
    one, two, other = (CropStream(pictures, Crops(64, zoom=2.0), seed) for seed in (7, 7, 8))
    forwards, _ = one.read(0, 12)
    backwards = torch.cat([two.read(i, 1)[0] for i in reversed(range(12))]).flip(0)
    assert torch.equal(forwards, backwards)
    assert not torch.equal(forwards, other.read(0, 12)[0])
    assert forwards.shape == (12, 3, 64, 64) and forwards.dtype == torch.uint8


def test_every_pass_shows_every_picture_in_a_new_order(tmp_path: Path) -> None:
    pictures = []
    for value in range(8):
        path = tmp_path / f"{value}.png"
        Image.new("RGB", (64, 64), (value, value, value)).save(path)
        pictures.append(path)
    shown, _ = CropStream(pictures, Crops(64), seed=0).read(0, 24)
    passes = shown[:, 0, 0, 0].view(3, 8).tolist()
    assert all(sorted(values) == list(range(8)) for values in passes)
    assert passes[0] != passes[1] != passes[2]


def run_of(folder: Path, step: int = 0, rank: int = 0, world: int = 1, **more: int) -> list[torch.Tensor]:
    """The pictures of each step of a short run from a step on, in one process of several."""
    numbers = {"pretrain_steps": 2, "pretrain_batch": 4, "steps": 4, "batch": 4, "workers": 0} | more
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in numbers.items()]
    options = parse(["--content=c", "--style=s", "--out=o.safetensors", "--crop=64", "--zoom=1.5", *flags])
    pictures = find_pictures(folder, 64)
    pairs = training_pairs(options, pictures, pictures[:2], step, rank, world, pin=False)
    return [torch.cat([part for part in given if part is not None]) for given in pairs]


def test_a_broken_picture_is_replaced_and_reported_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        shown = run_of(folder, steps=8)
    assert [len(batch) for batch in shown] == [4] * 2 + [8, 9] * 4
    assert len([message for message in caplog.messages if "cannot be read" in message]) == 1
    assert "truncated.png" in caplog.messages[-1]


def test_workers_give_the_same_batches_from_any_step_on(folder: Path) -> None:
    alone = run_of(folder)
    assert not torch.equal(alone[2], alone[3])
    for step in (0, 1, 3):
        worked = run_of(folder, step, workers=1)
        assert len(worked) == 6 - step
        assert all(torch.equal(a, b) for a, b in zip(alone[step:], worked, strict=True))


def test_workers_where_processes_cannot_fork(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])  # as on Windows
    monkeypatch.setattr("multiprocessing.forkserver.connect_to_new_process", None)
    assert all(torch.equal(a, b) for a, b in zip(run_of(folder), run_of(folder, workers=1), strict=True))


def test_processes_share_the_pictures(folder: Path) -> None:
    alone = run_of(folder, recompression_weight=0)
    shared = [run_of(folder, rank=rank, world=2, batch=2, pretrain_batch=2, recompression_weight=0) for rank in (0, 1)]
    for whole, parts in zip(alone, zip(*shared, strict=True), strict=True):
        halves = [half for part in parts for half in part.chunk(2)]
        assert torch.equal(whole, torch.cat(halves[::2] + halves[1::2]))


def test_every_other_step_has_a_quarter_of_its_contents_recompressed(folder: Path) -> None:
    given = "--content c --style s --out o.safetensors --pretrain-steps 1 --steps 4 --workers 0 --crop 64 --batch 8"
    pictures = [path for path in find_pictures(folder, 64) if path.name != "truncated.png"]
    first, *steps = training_pairs(parse(given.split()), pictures, pictures, 0, 0, 1, pin=False)
    assert first[1] is None and first[2] is None
    assert [marked is not None for _, _, marked in steps] == [True, False, True, False]
    for photos, _, marked in steps[::2]:
        assert marked is not None and marked.shape == (2, 3, 64, 64) and marked.dtype == torch.uint8
        apart = (marked.float() - photos[:2].float()).abs().mean()
        assert 1 < float(apart) < float((photos[2:4].float() - photos[:2].float()).abs().mean())


def test_steps_with_large_crops_have_fewer_pairs_and_resume_by_step(tmp_path: Path) -> None:
    pictures = [picture(tmp_path / f"{i}.png", (150, 150), i) for i in range(7)]
    given = "--content c --style s --out o.safetensors --pretrain-steps 0 --steps 12 --workers 0"
    options = parse(f"{given} --crop 64 --batch 4 --large-crop 128 --large-share 0.5".split())
    whole, rest = (list(training_pairs(options, pictures, pictures, step, 0, 1, pin=False)) for step in (0, 7))
    assert {content.shape for content, _, _ in whole} == {(4, 3, 64, 64), (1, 3, 128, 128)}
    assert all(style is not None and style.shape == content.shape for content, style, _ in whole)
    assert len(whole) == 12 and len(rest) == 5
    for ours, theirs in zip(whole[7:], rest, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert a is b if a is None or b is None else torch.equal(a, b)


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
