"""Masks of their own for the contents and frames of `a2k stylize`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_networks import COMPACT, picture, random_model
from torch import Tensor

import a2k_core
from a2k_core import read_picture, write_picture
from a2k_core.cli.main import main
from a2k_core.cli.stylize import masks as masks_module
from a2k_core.files.pictures.image_io import read_mask

COUNT = 3

WIDTH = 60


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    a2k_core.save_model(random_model(COMPACT), path)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Contents, masks that are white in one third each, and styles."""
    monkeypatch.chdir(tmp_path)
    for index in range(COUNT):
        save(f"in/{index}.png", picture(40, WIDTH, seed=index))
        save(f"masks/{index}.png", third(index).expand(1, 3, -1, -1))
    for name, seed in (("wave", 7), ("fire", 8)):
        save(f"{name}.png", picture(64, 64, seed=seed))
    return tmp_path


def save(name: str, image: Tensor) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    write_picture(name, image)


def third(index: int) -> Tensor:
    mask = torch.zeros(1, 1, 20, WIDTH)  # half as high as the contents
    mask[..., 20 * index : 20 * index + 20] = 1
    return mask


def run(weights: Path, *arguments: str) -> int:
    return main(["stylize", "--weights", str(weights), "--device", "cpu", "--dtype", "fp32", *arguments])


def changed(index: int, painted: str) -> list[bool]:
    """Which thirds of a content are painted."""
    apart = (read_picture(f"in/{index}.png").image - read_picture(painted).image).abs().amax((0, 1, 2))
    return [bool((part > 0.02).any()) for part in apart.split(20)]


def only(index: int) -> list[bool]:
    return [place == index for place in range(COUNT)]


def same(first: str, second: str) -> bool:
    return Path(first).read_bytes() == Path(second).read_bytes()


def test_each_picture_of_a_folder_has_its_own_mask(folder: Path, weights: Path) -> None:
    assert run(weights, "in", "wave.png", "-o", "out/", "--mask", "masks") == 0
    assert [changed(index, f"out/{index}.png") for index in range(COUNT)] == [only(index) for index in range(COUNT)]
    assert run(weights, "in", "wave.png", "-o", "part/", "--mask", "masks/", "--shard", "2/3") == 0
    assert [path.name for path in Path("part").iterdir()] == ["1.png"] and same("part/1.png", "out/1.png")
    assert run(weights, "in", "wave.png", "-o", "colors/", "--mask", "masks", "--color", "only") == 0
    assert changed(2, "colors/2.png") == only(2)


def test_maps_and_regions_are_those_of_each_picture(folder: Path, weights: Path) -> None:
    options = ["--strength-map", "{}", "--region", "{}", "fire.png"]
    assert run(weights, "in", "wave.png", "-o", "out/", *(option.format("masks") for option in options)) == 0
    for index in range(COUNT):
        alone = [option.format(f"masks/{index}.png") for option in options]
        assert run(weights, f"in/{index}.png", "wave.png", "-o", f"alone{index}.png", *alone) == 0
        assert same(f"out/{index}.png", f"alone{index}.png")
    assert not same("alone0.png", "alone1.png")


def test_frames_of_a_video_have_their_own_masks(folder: Path, weights: Path) -> None:
    masks = ("--mask", "masks", "--region", "masks", "fire.png", "--strength-map", "masks")
    assert run(weights, "in", "-o", "out/", "--video", *masks) == 0
    assert [changed(index, f"out/{index}.png") for index in range(COUNT)] == [only(index) for index in range(COUNT)]


def test_a_clip_takes_a_folder_or_a_clip_of_masks(folder: Path, weights: Path) -> None:
    pytest.importorskip("av", reason='needs PyAV: pip install "stya2k[video]"')
    for name in ("in", "masks"):
        assert run(weights, name, "wave.png", "-o", f"{name}.mp4", "--strength", "0") == 0
    assert run(weights, "in.mp4", "wave.png", "-o", "frames/", "--strength", "0") == 0
    for index in range(COUNT):  # what the clip holds is the content now
        Path(f"frames/in_{index:06}.png").rename(f"in/{index}.png")
    assert run(weights, "in.mp4", "wave.png", "fire.png", "-o", "out/", "--mask", "masks/") == 0
    assert run(weights, "in.mp4", "wave.png", "fire.png", "-o", "out2/", "--mask", "masks.mp4") == 0
    for index in range(COUNT):
        for style in ("wave", "fire"):
            painted = f"in_{index:06}_{style}.png"
            assert changed(index, f"out/{painted}") == only(index)
            apart = read_picture(f"out/{painted}").image - read_picture(f"out2/{painted}").image
            assert apart.abs().mean() < 0.01  # the clip of masks is compressed


@pytest.mark.parametrize("content", ["in", "in/0.png", "in.mp4"])
def test_another_number_of_masks_is_refused_before_anything_is_painted(
    folder: Path, weights: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content == "in.mp4":
        pytest.importorskip("av", reason='needs PyAV: pip install "stya2k[video]"')
        run(weights, "in", "wave.png", "-o", content, "--strength", "0")
    (folder / "masks" / "2.png").unlink()
    capsys.readouterr()
    assert run(weights, content, "wave.png", "-o", "out/", "--strength-map", "masks") == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("a2k: ")]
    count = "1 content;" if content == "in/0.png" else "3 contents;"
    assert len(said) == 1 and f"masks has 2 masks for {count} --strength-map takes one picture for all, or" in said[0]
    assert not Path("out").exists()


def test_masks_are_read_when_they_are_needed(
    folder: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there: list[int] = []

    def counted(path: Path) -> Tensor:
        there.append(len(list(Path().glob("out/*"))))
        return read_mask(path)

    monkeypatch.setattr(masks_module, "read_mask", counted)
    assert run(weights, "in", "wave.png", "fire.png", "-o", "out/", "--mask", "masks") == 0
    assert there == [0, 2, 4]  # once for both styles of a content
    (folder / "masks" / "1.png").write_bytes(b"broken")
    assert run(weights, "in", "wave.png", "-o", "again/", "--mask", "masks") == 1
    assert "1.png: not a picture" in capsys.readouterr().err
    assert sorted(path.name for path in Path("again").iterdir()) == ["0.png", "2.png"]


def test_a_folder_of_masks_is_not_written_into(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(weights, "in", "wave.png", "-o", "masks/", "--mask", "masks") == 2
    assert "masks/0.png is an input of this run and would be overwritten" in capsys.readouterr().err
