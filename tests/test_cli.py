"""The command line as a user meets it: which files it writes, what it says, and its exit status."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_networks import COMPACT, random_model

import a2k_core
from a2k_core.cli.console import Console, duration
from a2k_core.cli.main import main
from a2k_core.files.pictures.image_buffer import Canvas
from a2k_core.files.pictures.image_io import read_picture, write_picture
from a2k_core.network.style.encoded_style import mix_styles
from a2k_core.rendering.resize import resize_to_short_side
from a2k_core.video.temporal_smoothing import temporal_smoothing

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    metadata = {"licence": "CC0-1.0", "training": {"steps": 1234, "data": ["photos", "art"]}, "source": "a test"}
    a2k_core.save_model(random_model(COMPACT), path, metadata)
    return path


def make(path: Path, size: tuple[int, int] = (40, 24), mode: str = "RGB", seed: int = 0) -> Path:
    """A picture file of soft colors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (4, 4, 4), dtype=np.uint8), "RGBA")
    channels.resize(size).convert(mode).save(path)
    return path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def size_and_mode(path: Path) -> tuple[tuple[int, int], str]:
    with Image.open(path) as image:
        return image.size, image.mode


def run(weights: Path, *arguments: str | Path) -> int:
    """In fp32, as what is best depends on the processor, unless the arguments say otherwise."""
    options = ("--weights", str(weights), "--device", "cpu", "--dtype", "fp32")
    return main(["stylize", *options, *map(str, arguments)])


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return make(tmp_path / "content.png", (37, 21), seed=1)


@pytest.fixture
def style(tmp_path: Path) -> Path:
    return make(tmp_path / "wave.jpg", (64, 48), seed=2)


# --- one picture --------------------------------------------------------------------------------------------------


def test_one_picture_is_what_the_library_computes(tmp_path: Path, weights: Path, content: Path, style: Path) -> None:
    assert run(weights, content, style, "-o", tmp_path / "out.png", "--strength", "0.7", "--style-size", "32") == 0
    model = a2k_core.load_model(weights, device="cpu")
    encoded = model.encode_style(resize_to_short_side(read_picture(style).image, 32))
    expected = model.transfer(read_picture(content).image, encoded, 0.7)
    assert (read_picture(tmp_path / "out.png").image - expected).abs().max() < 0.51 / 255
    assert files(tmp_path) == ["content.png", "out.png", "wave.jpg"]


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["--keep-colours"], 1.0),
        (["--keep-colours", "0.4"], 0.4),
        (["--keep-colors"], 1.0),
        (["--preserve-color", "0.4"], 0.4),
    ],
)
def test_colors_are_kept_as_the_library_keeps_them(
    tmp_path: Path, weights: Path, content: Path, style: Path, arguments: list[str], kept: float
) -> None:
    assert run(weights, content, style, "-o", tmp_path / "out.png", *arguments) == 0
    model = a2k_core.load_model(weights, device="cpu")
    encoded = model.encode_style(read_picture(style).image)
    expected = model.transfer(read_picture(content).image, encoded, keep_colours=kept)
    assert (read_picture(tmp_path / "out.png").image - expected).abs().max() < 0.51 / 255


def test_styles_are_mixed_as_the_library_mixes_them(tmp_path: Path, weights: Path, content: Path, style: Path) -> None:
    fire = make(tmp_path / "fire.png", (50, 70), seed=5)
    assert run(weights, content, style, fire, "-o", tmp_path / "out.png", "--mix", "3", "1") == 0
    model = a2k_core.load_model(weights, device="cpu")
    encoded = [model.encode_style(read_picture(path).image) for path in (style, fire)]
    expected = model.transfer(read_picture(content).image, mix_styles(encoded, [0.75, 0.25]))
    assert (read_picture(tmp_path / "out.png").image - expected).abs().max() < 0.51 / 255
    assert files(tmp_path) == ["content.png", "fire.png", "out.png", "wave.jpg"]


def test_size_orientation_and_alpha_are_kept(tmp_path: Path, weights: Path, style: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    alpha = np.arange(30 * 20, dtype=np.uint8).reshape(20, 30) // 3
    turned = Image.merge("RGBA", [*Image.new("RGB", (30, 20), "teal").split(), Image.fromarray(alpha)])
    turned.save(tmp_path / "turned.png", exif=exif)
    assert run(weights, tmp_path / "turned.png", style, "-o", tmp_path / "out.webp") == 0
    written = read_picture(tmp_path / "out.webp")
    assert written.image.shape[-2:] == (30, 20)
    assert written.alpha is not None
    assert (written.alpha * 255 == torch.from_numpy(np.rot90(alpha, -1).copy()).float()).all()
    with Image.open(tmp_path / "out.webp") as image:
        assert 0x0112 not in image.getexif()


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "16-bit"])
def test_unusual_contents_and_styles(tmp_path: Path, weights: Path, content: Path, mode: str) -> None:
    odd = tmp_path / "odd.tif"
    if mode == "16-bit":
        Image.fromarray(np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)).save(odd)
    else:
        make(odd, (20, 20), mode)
    assert run(weights, odd, content, "-o", tmp_path / "odd.png") == 0
    assert run(weights, content, odd, "-o", tmp_path / "by-odd.png") == 0
    assert size_and_mode(tmp_path / "odd.png") == ((20, 20), "RGBA" if mode == "RGBA" else "RGB")
    assert size_and_mode(tmp_path / "by-odd.png") == ((37, 21), "RGB")


def test_one_pixel_in_the_style_of_one_pixel(tmp_path: Path, weights: Path) -> None:
    make(tmp_path / "a.png", (1, 1))
    make(tmp_path / "b.png", (1, 1), seed=1)
    assert run(weights, tmp_path / "a.png", tmp_path / "b.png", "-o", tmp_path / "c.png") == 0
    assert size_and_mode(tmp_path / "c.png") == ((1, 1), "RGB")


def test_strength_0_is_the_content(tmp_path: Path, weights: Path, content: Path, style: Path) -> None:
    assert run(weights, content, style, "-o", tmp_path / "out.png", "--strength", "0") == 0
    assert (read_picture(tmp_path / "out.png").image == read_picture(content).image).all()


def test_transparent_style_counts_as_on_white(tmp_path: Path, weights: Path, content: Path) -> None:
    Image.new("RGBA", (32, 32), (255, 0, 0, 0)).save(tmp_path / "invisible.png")
    Image.new("RGB", (32, 32), "white").save(tmp_path / "white.png")
    for name in ("invisible", "white"):
        assert run(weights, content, tmp_path / f"{name}.png", "-o", tmp_path / f"by_{name}.png") == 0
    assert (tmp_path / "by_invisible.png").read_bytes() == (tmp_path / "by_white.png").read_bytes()


def test_style_size_sets_the_scale(tmp_path: Path, weights: Path, content: Path) -> None:
    large = make(tmp_path / "large.png", (600, 560), seed=3)
    for size in ("0", "512", "64"):
        assert run(weights, content, large, "-o", tmp_path / f"{size}.png", "--style-size", size) == 0
    assert run(weights, content, large, "-o", tmp_path / "default.png") == 0
    pictures = {name: (tmp_path / f"{name}.png").read_bytes() for name in ("0", "512", "64", "default")}
    assert pictures["default"] == pictures["512"]
    assert len(set(pictures.values())) == 3


def test_existing_output_is_replaced(tmp_path: Path, weights: Path, content: Path, style: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"old")
    assert run(weights, content, style, "-o", tmp_path / "out.png") == 0
    assert size_and_mode(tmp_path / "out.png")[0] == (37, 21)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_pieces_give_the_same_picture(tmp_path: Path, weights: Path, style: Path, suffix: str) -> None:
    """Alpha and the white page below it included."""
    large = make(tmp_path / "large.png", (210, 150), "RGBA", seed=7)
    for tile in ("auto", "64"):
        assert run(weights, large, style, "-o", f"{tmp_path}/{tile}.{suffix}", "--tile", tile, "--strength", "0.7") == 0
    whole, pieces = (read_picture(f"{tmp_path}/{tile}.{suffix}") for tile in ("auto", "64"))
    # A level rounded the other way can move a coefficient of JPEG by a step, and with it the pixels around; that is rare.
    assert (whole.image - pieces.image).abs().max() < (1.5 if suffix == "png" else 12.5) / 255
    assert (whole.image - pieces.image).abs().mean() < 0.01 / 255
    if suffix == "png":
        expected = read_picture(large).alpha
        assert expected is not None
        for result in (whole, pieces):
            assert result.alpha is not None
            assert (result.alpha == expected).all()


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_half_precision(tmp_path: Path, weights: Path, content: Path, style: Path, dtype: str) -> None:
    assert run(weights, content, style, "-o", tmp_path / "full.png") == 0
    assert run(weights, content, style, "-o", tmp_path / "half.png", "--dtype", dtype) == 0
    full, half = (read_picture(tmp_path / f"{name}.png").image for name in ("full", "half"))
    assert 0 < (full - half).abs().mean() < 0.05


@pytest.mark.parametrize(("capabilities", "dtype"), [({"avx512_bf16": True}, "bf16"), ({"avx2": True}, "fp32")])
def test_by_itself_it_computes_in_what_the_processor_is_good_at(
    tmp_path: Path,
    weights: Path,
    content: Path,
    style: Path,
    monkeypatch: pytest.MonkeyPatch,
    capabilities: dict[str, bool],
    dtype: str,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    arguments = ["stylize", str(content), str(style), "--weights", str(weights), "--device", "cpu"]
    assert main([*arguments, "-o", str(tmp_path / "auto.png")]) == 0
    found = (tmp_path / "auto.png").read_bytes()
    for each in ("fp32", "bf16"):
        assert run(weights, content, style, "-o", tmp_path / f"{each}.png", "--dtype", each) == 0
        assert ((tmp_path / f"{each}.png").read_bytes() == found) == (each == dtype)


def test_folder_as_output_of_a_file(tmp_path: Path, weights: Path, style: Path) -> None:
    scan = make(tmp_path / "scan.tif")
    assert run(weights, scan, style, "-o", f"{tmp_path}/new/") == 0
    (tmp_path / "there").mkdir()
    assert run(weights, style, style, "-o", tmp_path / "there") == 0
    assert files(tmp_path) == ["new/scan.png", "scan.tif", "there/wave.jpg", "wave.jpg"]


def test_animation_is_named_in_a_warning(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [Image.new("RGB", (20, 10), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert run(weights, tmp_path / "moving.gif", style, "-o", tmp_path / "out.png") == 0
    assert [line for line in capsys.readouterr().err.splitlines() if "moving.gif: holds several" in line]
    assert size_and_mode(tmp_path / "out.png")[0] == (20, 10)


# --- several styles and strengths ---------------------------------------------------------------------------------


def test_every_style_with_every_strength(tmp_path: Path, weights: Path, content: Path, style: Path) -> None:
    fire = make(tmp_path / "fire.png", seed=5)
    (tmp_path / "out").mkdir()
    output = tmp_path / "out" / "x.png"
    assert run(weights, content, style, fire, "-o", output, "--strength", "0.5", "1.0", "1") == 0
    assert files(tmp_path / "out") == ["x_fire_0.5.png", "x_fire_1.png", "x_wave_0.5.png", "x_wave_1.png"]
    assert run(weights, content, fire, "-o", tmp_path / "single.png", "--strength", "0.5") == 0
    assert (tmp_path / "single.png").read_bytes() == (tmp_path / "out" / "x_fire_0.5.png").read_bytes()
    assert len({(tmp_path / "out" / name).read_bytes() for name in files(tmp_path / "out")}) == 4


def test_only_what_differs_is_in_the_name(tmp_path: Path, weights: Path, content: Path, style: Path) -> None:
    fire = make(tmp_path / "fire.png", seed=5)
    assert run(weights, content, style, fire, "-o", f"{tmp_path}/styles/", "--strength", "0.5") == 0
    assert run(weights, content, style, "-o", f"{tmp_path}/strengths/", "--strength", "0.25", "2") == 0
    assert files(tmp_path / "styles") == ["content_fire.png", "content_wave.png"]
    assert files(tmp_path / "strengths") == ["content_0.25.png", "content_2.png"]


def test_styles_of_one_name_do_not_overwrite_each_other(tmp_path: Path, weights: Path, content: Path) -> None:
    styles = [make(tmp_path / name / "s.png", seed=seed) for seed, name in enumerate("abc")]
    assert run(weights, content, *styles, "-o", f"{tmp_path}/out/") == 0
    assert files(tmp_path / "out") == ["content_s-2.png", "content_s-3.png", "content_s.png"]
    assert len({(tmp_path / "out" / name).read_bytes() for name in files(tmp_path / "out")}) == 3


# --- folders ------------------------------------------------------------------------------------------------------


def test_folder_keeps_its_tree_and_suffixes(
    tmp_path: Path, weights: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    for name in ("a.JPG", "b.png", "deep/er/c.webp", "deep/d.bmp", "e.gif", "e.png", "f.tiff"):
        make(folder / name)
    for name in ("notes.txt", "deep/clip.mp4", ".hidden.png", ".thumbnails/x.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"not for us")
    encodings: list[torch.Size] = []
    encode = a2k_core.StyA2K.encode_style

    def counted(model: a2k_core.StyA2K, image: torch.Tensor, *mask: torch.Tensor | None) -> a2k_core.EncodedStyle:
        encodings.append(image.shape)
        return encode(model, image, *mask)

    monkeypatch.setattr(a2k_core.StyA2K, "encode_style", counted)
    assert run(weights, folder, style, "-o", tmp_path / "new" / "out") == 0
    expected = ["a.JPG", "b.png", "deep/d.png", "deep/er/c.webp", "e.gif.png", "e.png", "f.png"]
    assert files(tmp_path / "new" / "out") == expected
    assert encodings == [(1, 3, 48, 64)]
    with Image.open(tmp_path / "new" / "out" / "a.JPG") as image:
        assert image.format == "JPEG"


def test_broken_pictures_do_not_stop_a_folder(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    for name in ("a.png", "z.png"):
        make(folder / name)
    (folder / "empty.jpg").touch()
    (folder / "text.png").write_text("text")
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(data, "JPEG")
    (folder / "sub").mkdir()
    (folder / "sub" / "cut.jpg").write_bytes(data.getvalue()[:2000])
    assert run(weights, folder, style, "-o", tmp_path / "out") == 1
    assert files(tmp_path / "out") == ["a.png", "z.png"]
    assert not (tmp_path / "out" / "sub").exists()
    lines = capsys.readouterr().err.splitlines()
    for name in ("empty.jpg", "text.png", "sub/cut.jpg"):
        assert len([line for line in lines if line.startswith(f"a2k: {folder / name}: ")]) == 1
    assert "a2k: 3 of 5 contents failed" in lines


def test_frames_of_a_video_share_their_statistics_and_are_smoothed(
    tmp_path: Path, weights: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is without OpenCV. The second frame is much like the first, so that it takes most of itself from it; the third is another
    scene."""
    monkeypatch.setattr("a2k_core.video.frames.has_optical_flow", lambda: False)
    frames = [make(tmp_path / "frames" / f"{index}.png", (37, 21), seed=index) for index in range(3)]
    write_picture(frames[1], (read_picture(frames[0]).image + 5 / 255).clamp(0, 1))
    assert run(weights, tmp_path / "frames", style, "-o", tmp_path / "out", "--video", "--strength", "0", "0.8") == 0
    model = a2k_core.load_model(weights, device="cpu")
    encoded = model.encode_style(read_picture(style).image)
    pictures = torch.cat([read_picture(frame).image for frame in frames])
    first, second = pictures[:2], pictures[2:]
    clip = model.clip_statistics(first)
    expected = torch.cat(
        [
            model.transfer(temporal_smoothing(first, None), encoded, 0.8, clip=clip),
            model.transfer(second, encoded, 0.8, clip=model.clip_statistics(second)),
        ]
    )
    assert (model.transfer(first, encoded, 0.8, clip=clip) - expected[:2])[1].abs().max() > 1 / 255
    assert (model.transfer(second, encoded, 0.8, clip=clip) - expected[2:]).abs().max() > 2 / 255
    for index in range(3):
        written = read_picture(tmp_path / "out" / f"{index}_0.8.png").image
        assert (written - expected[index]).abs().max() < 0.51 / 255
        assert (read_picture(tmp_path / "out" / f"{index}_0.png").image - pictures[index]).abs().max() < 0.51 / 255


def test_frames_at_strength_0_are_the_frames(tmp_path: Path, weights: Path, style: Path) -> None:
    """The second one is so much like the first that, painted, it would take most of itself from it."""
    first = make(tmp_path / "frames" / "0.png", (37, 21), seed=0)
    image = read_picture(first).image
    write_picture(tmp_path / "frames" / "1.png", (image + 4 / 255).clamp(0, 1))
    assert run(weights, tmp_path / "frames", style, "-o", tmp_path / "out", "--video", "--strength", "0") == 0
    for name in ("0.png", "1.png"):
        assert torch.equal(read_picture(tmp_path / "out" / name).image, read_picture(tmp_path / "frames" / name).image)


def test_frames_of_a_video_have_one_size(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index, size in enumerate([(37, 21), (20, 21)]):
        make(tmp_path / "frames" / f"{index}.png", size, seed=index)
    assert run(weights, tmp_path / "frames", style, "-o", tmp_path / "out", "--video") == 1
    assert "1.png has 20x21 pixels" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_output_inside_the_folder_is_not_read_again(tmp_path: Path, weights: Path, style: Path) -> None:
    folder = tmp_path / "in"
    make(folder / "a.png")
    for _ in range(2):
        assert run(weights, folder, style, "-o", folder / "out") == 0
    assert files(folder) == ["a.png", "out/a.png"]


def test_folder_without_pictures(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    assert run(weights, tmp_path / "in", style, "-o", tmp_path / "out") == 1
    assert "no pictures in this folder" in capsys.readouterr().err


def test_two_results_of_one_name_are_refused_before_any_work(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    make(folder / "a.png")
    make(folder / "a_x.png")
    styles = [make(tmp_path / "x_y.png"), make(tmp_path / "y.png")]
    assert run(weights, folder, *styles, "-o", tmp_path / "out") == 2
    assert "a_x_y.png would be made of" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# --- refusals -----------------------------------------------------------------------------------------------------


def test_inputs_are_never_overwritten(
    tmp_path: Path, weights: Path, content: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder"
    make(folder / "a.png")
    (tmp_path / "link.png").symlink_to(content)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    for arguments in (
        (content, style, "-o", content),
        (content, style, "-o", style),
        (content, style, "-o", tmp_path / "link.png"),
        (content, style, "-o", tmp_path / "folder" / ".." / "content.png"),
        (content, style, "-o", tmp_path),
        (folder, style, "-o", folder),
    ):
        status = run(weights, *arguments)
        message = capsys.readouterr().err
        assert status == 2
        assert "would be overwritten" in message
        assert message.count("\n") == 1
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("out.gif", "accepted: .jpg, .jpeg, .png, .webp"),
        ("out", "a folder must exist or end in /"),
        ("no/where/out.png", "does not exist"),
    ],
)
def test_impossible_output_is_refused(
    tmp_path: Path,
    weights: Path,
    content: Path,
    style: Path,
    capsys: pytest.CaptureFixture[str],
    output: str,
    said: str,
) -> None:
    assert run(weights, content, style, "-o", tmp_path / output) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.startswith("a2k: ")
    assert message.count("\n") == 1
    assert files(tmp_path) == ["content.png", "wave.jpg"]


@pytest.mark.parametrize("output", ["out.png", "wave.jpg", "notes"])
def test_file_as_output_of_a_folder(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    make(tmp_path / "in" / "a.png")
    (tmp_path / "notes").touch()
    assert run(weights, tmp_path / "in", style, "-o", tmp_path / output) == 2
    assert "output must be one too" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["gone.png", "wave.jpg"], 1, "gone.png: no such file or folder"),
        (["content.png", "gone.jpg"], 1, "gone.jpg: no such file"),
        (["content.png", "."], 1, "a folder, not a picture"),
        (["notes.txt", "wave.jpg"], 1, "notes.txt: not a picture"),
        (["content.png", "wave.jpg", "--strength", "2.5"], 2, "strength is 2.5"),
        (["content.png", "wave.jpg", "--strength", "nan"], 2, "strength is nan"),
        (["content.png", "wave.jpg", "--keep-colours", "1.5"], 2, "keep_colours is 1.5; it must lie between 0"),
        (["content.png", "wave.jpg", "--mix", "1", "1"], 2, "--mix has 2 shares for 1 styles"),
        (["content.png", "wave.jpg", "--mix", "-1"], 2, "shares are 0 or more"),
        (["content.png", "wave.jpg", "--video"], 2, "content.png is one picture; --video takes a folder of frames"),
        (["content.png", "wave.jpg", "--strength-over-time", "0: 1"], 2, "is for a clip, or for a folder with --video"),
        (["content.png", "wave.jpg", "--strength-over-time", "0: 3"], 2, "the strength is 3 at frame 0"),
        (["content.png", "wave.jpg", "--strength-over-time", "1"], 2, "'1' in the schedule '1' is no keyframe"),
        (["content.png", "wave.jpg", "--mix-over-time", "0: 1 2"], 2, "2 shares for 1 styles"),
        (["content.png", "wave.jpg", "--tile", "63"], 1, "tile is 63; pass a side in pixels from 64 up"),
        (["content.png", "wave.jpg", "--device", "toaster"], 2, "toaster cannot be used"),
        (["content.png", "wave.jpg", "--device", "meta"], 2, "meta cannot be used"),
        (["content.png", "wave.jpg", "--weights", "gone.safetensors"], 1, "gone.safetensors"),
        (["content.png", "wave.jpg", "--weights", "wave.jpg"], 1, "wave.jpg: "),
    ],
)
@pytest.mark.usefixtures("content", "style")
def test_errors_are_one_line(
    tmp_path: Path,
    weights: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("not a picture")
    given = [] if "--weights" in arguments else ["--weights", str(weights)]
    assert main(["stylize", *arguments, "-o", "out.png", *given]) == status
    message = capsys.readouterr().err
    assert said in message
    assert message.startswith("a2k: ")
    assert message.count("\n") == 1
    assert files(tmp_path) == ["content.png", "notes.txt", "wave.jpg"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["stylize", "a.png", "-o", "b.png"],
        ["stylize", "a.png", "b.png"],
        ["stylize", "a.png", "b.png", "-o", "c.png", "--dtype", "int8"],
        ["stylize", "a.png", "b.png", "-o", "c.png", "--style-size", "-1"],
        ["stylize", "a.png", "b.png", "-o", "c.png", "--strength", "much"],
        ["stylize", "a.png", "b.png", "-o", "c.png", "--tile", "half"],
        ["stylize", "a.png", "--keep-colours", "b.png", "-o", "c.png"],
        ["stylize", "a.png", "b.png", "-o", ""],
        ["stylize", "a.png", "", "-o", "c.png"],
        ["stylize", "", "b.png", "-o", "c.png"],
        ["convert", "-o", "x.safetensors"],
    ],
)
def test_wrong_arguments_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


@pytest.mark.parametrize("option", ["--strength", "--mix", "--keep-colours"])
def test_options_before_the_pictures_say_where_they_go(capsys: pytest.CaptureFixture[str], option: str) -> None:
    with pytest.raises(SystemExit):
        main(
            ["stylize", option, "0.5", "c.jpg", "s.png", "-o", "o.png"]
            if option != "--keep-colours"
            else ["stylize", option, "c.jpg", "s.png", "-o", "o.png"]
        )
    assert "'c.jpg' is not a number; name pictures before this option" in capsys.readouterr().err


def test_work_goes_on_when_nobody_listens(
    tmp_path: Path, weights: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal that is gone, a pipe whose reader has ended, and no stderr at all, as under pythonw."""

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise OSError(5, "Input/output error")

    for name in ("a.png", "b.png"):
        make(tmp_path / "in" / name)
    closed = io.StringIO()
    closed.close()
    for index, stream in enumerate((Gone(), closed, None)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert run(weights, tmp_path / "in", style, "-o", tmp_path / f"out{index}") == 0
        assert files(tmp_path / f"out{index}") == ["a.png", "b.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
def test_output_streams_that_are_closed(weights: Path) -> None:
    command = f"{sys.executable} -m a2k_core info {weights}"
    for redirected, said in (("2>&1 | head -c 1", "f"), (">&- 2>&-", "")):
        result = subprocess.run(
            f"{command} {redirected}", shell=True, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert result.stdout == said
        assert result.stderr == ""


def test_pictures_that_are_not_read_are_said(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.CR2").write_bytes(b"something")
    assert run(weights, tmp_path / "in", style, "-o", tmp_path / "out") == 0
    assert "left out pictures that are not read here: 1 .cr2; develop raw files first" in capsys.readouterr().err
    (tmp_path / "in" / "a.png").unlink()
    assert run(weights, tmp_path / "in", style, "-o", tmp_path / "out") == 1
    assert "1 .cr2" in capsys.readouterr().err


def test_links_to_folders_are_followed(tmp_path: Path, weights: Path, style: Path) -> None:
    make(tmp_path / "elsewhere" / "b.png")
    make(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "self").symlink_to(tmp_path / "in")
    assert run(weights, tmp_path / "in", style, "-o", tmp_path / "out") == 0
    assert files(tmp_path / "out") == ["a.png", "more/b.png"]


def test_interrupted_run(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png"):
        make(tmp_path / "in" / name)
    save = Image.Image.save

    def interrupt(image: Image.Image, file: Path, **options: object) -> None:
        if (tmp_path / "out" / "a.png").exists():
            file.write_bytes(b"half of it")
            raise KeyboardInterrupt
        save(image, file, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "save", interrupt)
    assert run(weights, tmp_path / "in", style, "-o", tmp_path / "out") == 130
    assert capsys.readouterr().err.splitlines()[-1] == "a2k: interrupted"
    assert files(tmp_path / "out") == ["a.png"]


def test_interrupted_inside_a_picture(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = make(tmp_path / "large.png", (250, 140))
    pieces: list[int] = []
    paint = Canvas.write

    def interrupt(canvas: Canvas, top: int, left: int, piece: torch.Tensor) -> None:
        paint(canvas, top, left, piece)
        pieces.append(left)
        if len(pieces) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Canvas, "write", interrupt)
    (tmp_path / "out.png").write_bytes(b"old")
    assert run(weights, large, style, "-o", tmp_path / "out.png", "--tile", "64") == 130
    assert capsys.readouterr().err.splitlines()[-1] == "a2k: interrupted"
    assert files(tmp_path) == ["large.png", "out.png", "wave.jpg"]
    assert (tmp_path / "out.png").read_bytes() == b"old"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: you tried\n9 bytes"
        ),
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"),
        MemoryError(),
    ],
)
def test_running_out_of_memory_fails_that_picture_only(
    tmp_path: Path,
    weights: Path,
    style: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    make(tmp_path / "in" / "large.png", (50, 20))
    make(tmp_path / "in" / "small.png", (10, 20))
    transfer_streamed = a2k_core.StyA2K.transfer_streamed

    def limited(model: a2k_core.StyA2K, read: Any, write: Any, size: tuple[int, int], *rest: Any, **more: Any) -> None:
        if size[1] > 40:
            raise error
        transfer_streamed(model, read, write, size, *rest, **more)

    monkeypatch.setattr(a2k_core.StyA2K, "transfer_streamed", limited)
    assert run(weights, tmp_path / "in", style, "-o", tmp_path / "out") == 1
    assert f"a2k: {tmp_path}/in/large.png: 50x20 pixels need more memory" in capsys.readouterr().err
    assert files(tmp_path / "out") == ["small.png"]


def test_faults_of_the_program_are_not_hidden(
    tmp_path: Path, weights: Path, content: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(a2k_core.StyA2K, "transfer_streamed", fault)
    with pytest.raises(RuntimeError, match="a bug"):
        run(weights, content, style, "-o", tmp_path / "out.png")


def test_result_that_overflows_is_not_written(
    tmp_path: Path,
    weights: Path,
    content: Path,
    style: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def overflowing(_model: object, read: Any, write: Any, size: tuple[int, int], *_rest: Any, **_more: Any) -> None:
        write(0, 0, read(slice(0, size[0]), slice(0, size[1])) * float("nan"))

    monkeypatch.setattr(a2k_core.StyA2K, "transfer_streamed", overflowing)
    assert run(weights, content, style, "-o", tmp_path / "out.png", "--dtype", "fp16") == 1
    assert "content.png: the result overflows in torch.float16; use --dtype fp32" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_result_that_the_format_cannot_hold_is_refused_before_the_work(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (16400, 1)).save(tmp_path / "wide.png")
    monkeypatch.delattr(a2k_core.StyA2K, "transfer_streamed")
    assert run(weights, tmp_path / "wide.png", style, "-o", tmp_path / "out.webp") == 1
    assert "16400x1 is too large for WEBP" in capsys.readouterr().err


# --- what it says -------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_leaves_one_clean_line(
    tmp_path: Path, weights: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png", "c.png"):
        make(tmp_path / "in" / name)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert run(weights, tmp_path / "in", style, "-o", tmp_path / "out") == 0
    text = terminal.getvalue()
    assert f"\r2/3 {tmp_path}"[:40] in text
    assert text.count("\n") == 1
    assert text.rsplit("\r", 1)[1].startswith("a2k: 3 pictures written in ")


def test_progress_inside_a_picture(tmp_path: Path, weights: Path, style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = make(tmp_path / "a.png", (120, 60))
    monkeypatch.chdir(tmp_path)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert run(weights, large.name, style.name, "-o", "out.png", "--tile", "64", "--strength", "0.5", "1") == 0
    text = terminal.getvalue()
    shares = [int(share) for share in re.findall(r"1/1 a\.png, (\d+)%, [^\r]* left", text)]
    # Two tiles, two passes (features, picture), two strengths.
    assert shares == [12, 25, 38, 50, 62, 75, 88]
    assert text.count("\n") == 1


def test_progress_in_a_file_is_plain_lines(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", "b.png"):
        make(tmp_path / "in" / name)
    assert run(weights, tmp_path / "in", style, "-o", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "\r" not in said.err
    lines = said.err.splitlines()
    assert lines[0] == f"1/2 {tmp_path}/in/a.png"
    assert lines[1].startswith(f"2/2 {tmp_path}/in/b.png, ")
    assert lines[1].endswith(" left")


def test_names_of_files_cannot_break_lines_or_command_the_terminal() -> None:
    stream = io.StringIO()
    Console(stream).line("a2k: evil\n\x1b[2Jname.png: no such file")
    assert stream.getvalue() == "a2k: evil??[2Jname.png: no such file\n"


@pytest.mark.parametrize(
    ("seconds", "said"), [(4.24, "4.2 s"), (59.99, "60.0 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")]
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize("command", ["stylize", "convert", "export", "info"])
def test_help_shows_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"  a2k {command} " in capsys.readouterr().out.split("example")[1]


def test_help_does_not_wait_for_torch() -> None:
    program = (
        "import sys\nfrom a2k_core.cli.main import main\n"
        "try: main(['stylize', '--help'])\nexcept SystemExit: pass\nassert 'torch' not in sys.modules"
    )
    root = Path(a2k_core.__file__).parents[1]
    subprocess.run([sys.executable, "-c", program], cwd=root, stdout=subprocess.DEVNULL, check=True)


def test_module_runs_as_the_command() -> None:
    root = Path(a2k_core.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "a2k_core", "info", "gone.safetensors"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("a2k: gone.safetensors: no such file")
    assert done.stderr.count("\n") == 1


# --- info and convert ---------------------------------------------------------------------------------------------


def test_info_is_readable(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(weights)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    count = sum(parameter.numel() for parameter in random_model(COMPACT).parameters())
    assert ["parameters", f"{count:,}"] in lines
    assert ["dtype", "float32"] in lines
    assert ["licence", "CC0-1.0"] in lines
    assert ["steps", "1,234"] in lines
    assert ["data", "photos,", "art"] in lines
    assert ["channels", "8,", "8,", "16"] in lines
    assert ["scaled_logits", "yes"] in lines


def test_info_for_programs(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(weights), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert a2k_core.StyA2KConfig.from_dict(facts["config"]) == COMPACT
    assert facts["bytes"] == weights.stat().st_size
    assert facts["training"] == {"steps": 1234, "data": ["photos", "art"]}
    assert facts["licence"] == "CC0-1.0"


def test_info_of_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = make(tmp_path / "a.png")
    assert main(["info", str(picture)]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"a2k: {picture}: ")
    assert message.count("\n") == 1


def test_convert_hands_its_files_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2k_core.files.models import convert

    given: dict[str, Path] = {}
    monkeypatch.setattr(convert, "convert_checkpoints", lambda **paths: given.update(paths))
    names = {"vgg": "v.pth", "a2k": "a.pth", "transform": "t.pth", "decoder": "d.pth"}
    options = [word for name, file in names.items() for word in (f"--{name}", file)]
    assert main(["convert", *options, "-o", "out.safetensors"]) == 0
    assert given == {name: Path(file) for name, file in (names | {"output": "out.safetensors"}).items()}
    assert "out.safetensors written" in capsys.readouterr().err


def test_convert_reports_a_missing_file_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [word for name in ("vgg", "a2k", "transform", "decoder") for word in (f"--{name}", str(tmp_path / name))]
    assert main(["convert", *options, "-o", str(tmp_path / "out.safetensors")]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"a2k: {tmp_path / 'vgg'}")
    assert message.count("\n") == 1
    assert files(tmp_path) == []
