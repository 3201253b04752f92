"""Clips on the command line: what is read, what is written, and what is said."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_networks import COMPACT, picture, random_model

import a2k_core
from a2k_core.cli.main import main
from a2k_core.files.clip_file import ClipReader, clip_writer
from a2k_core.files.pictures.image_io import write_picture
from a2k_core.video.frames import FrameStylizer

av = pytest.importorskip("av", reason='needs PyAV: pip install "stya2k[video]"')

TIMES = (0, 1, 2, 5, 9)
"""Of the frames of a clip whose frame rate varies, in tenths of a second."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    a2k_core.save_model(random_model(COMPACT), path)
    return path


@pytest.fixture
def style(tmp_path: Path) -> Path:
    write_picture(tmp_path / "wave.png", picture(64, 64, seed=2))
    return tmp_path / "wave.png"


def make_clip(path: Path, times: Sequence[int] = TIMES, sound: bool = False, rotation: int = 0) -> Path:
    """A clip of 64x48 pixels: a photo that moves, its upper left corner red."""
    wide = (picture(48, 64 + 2 * len(times), seed=1)[0] * 255).byte().permute(1, 2, 0).numpy()
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=10, options={"crf": "4"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 10)
        if rotation:
            video.set_display_rotation(rotation)
        audio: Any = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        for index, time in enumerate(times):
            pixels = np.ascontiguousarray(wide[:, 2 * index : 2 * index + 64])
            pixels[:16, :16] = (255, 0, 0)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 10)
            container.mux(video.encode(frame))
        if audio:
            wave = (8000 * np.sin(np.arange(22050) / 20)).astype(np.int16)[None]
            piece = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
            piece.sample_rate, piece.pts = 44100, 0
            container.mux(audio.encode(piece))
            container.mux(audio.encode(None))
        container.mux(video.encode(None))
    return path


def run(weights: Path, *arguments: str | Path) -> int:
    options = ("--weights", str(weights), "--device", "cpu", "--dtype", "fp32")
    return main(["stylize", *options, *map(str, arguments)])


def frames_of(path: Path) -> tuple[torch.Tensor, list[float]]:
    """Frames and their times in seconds."""
    reader = ClipReader(path)
    frames = list(reader.frames())
    return torch.cat([frame.image for frame in frames]), [float(frame.time * reader.time_base) for frame in frames]


def sound_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_clip_keeps_its_times_and_its_sound(tmp_path: Path, weights: Path, style: Path, suffix: str) -> None:
    clip = make_clip(tmp_path / "clip.mp4", sound=True)
    out = tmp_path / f"out{suffix}"
    assert run(weights, clip, style, "-o", out, "--strength-over-time", "0: 0, 1: 0, 2: 1") == 0
    before, after = frames_of(clip), frames_of(out)
    # Matroska knows no times below 0, where sound begins: all of the clip is shown a little later.
    assert [time - after[1][0] for time in after[1]] == pytest.approx([time / 10 for time in TIMES])
    assert sound_of(out) == sound_of(clip)
    apart = (before[0] - after[0]).abs().mean((1, 2, 3))
    assert apart[:2].max() < 0.02 < 0.05 < apart[2:].min()  # strength 0, then 1
    assert files(tmp_path) == sorted(["clip.mp4", out.name, "wave.png"])


def test_colors_survive_reading_and_writing(tmp_path: Path) -> None:
    image = torch.tensor([0.9, 0.2, 0.1]).view(1, 3, 1, 1).expand(1, 3, 48, 64)
    for height in (48, 720):  # players take small and large clips without a tag for different colors
        with clip_writer(tmp_path / "red.mp4", Fraction(10), Fraction(1, 10)) as writer:
            writer.write(image.repeat(1, 1, height // 48, 1), 0)
        found = frames_of(tmp_path / "red.mp4")[0]
        assert (found.mean((2, 3)) - image[..., 0, 0]).abs().max() < 0.02


@pytest.mark.skipif(not hasattr(av.video.stream.VideoStream, "set_display_rotation"), reason="needs a newer PyAV")
def test_rotated_clips_come_out_upright(tmp_path: Path, weights: Path, style: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", rotation=90)
    assert run(weights, clip, style, "-o", f"{tmp_path}/frames/", "--strength", "0") == 0
    assert files(tmp_path / "frames") == [f"clip_{index:06}.png" for index in range(len(TIMES))]
    with Image.open(tmp_path / "frames" / "clip_000000.png") as image:
        assert image.size == (48, 64)
        red, green, blue = image.getpixel((6, 57))  # type: ignore[misc]
        assert red > 150 > 100 > max(green, blue)  # counterclockwise: the upper left corner is below now


def test_a_folder_of_odd_frames_becomes_a_clip(
    tmp_path: Path, weights: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "frames").mkdir()
    for index in range(3):
        write_picture(tmp_path / "frames" / f"{index}.png", picture(37, 51, seed=index))
    (tmp_path / "frames" / "1.png").write_bytes(b"broken")
    assert run(weights, tmp_path / "frames", style, "-o", tmp_path / "out.mp4", "--frame-rate", "25/2") == 1
    assert capsys.readouterr().err.count("1.png: not a picture") == 1
    frames, times = frames_of(tmp_path / "out.mp4")
    assert frames.shape == (2, 3, 38, 52)
    assert times == pytest.approx([0, 0.16])


def test_every_style_makes_a_clip(tmp_path: Path, weights: Path, style: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", TIMES[:2])
    write_picture(tmp_path / "fire.png", picture(64, 64, seed=3))
    assert run(weights, clip, style, tmp_path / "fire.png", "-o", tmp_path / "out.webm") == 0
    assert [name for name in files(tmp_path) if "webm" in name] == ["out_fire.webm", "out_wave.webm"]
    both = [frames_of(tmp_path / f"out_{name}.webm")[0] for name in ("fire", "wave")]
    assert (both[0] - both[1]).abs().mean() > 0.02


@pytest.mark.parametrize(
    ("content", "output", "status", "said"),
    [
        ("empty.mp4", "out.mp4", 1, "empty.mp4: the file is empty"),
        ("text.mp4", "out.mp4", 1, "text.mp4: damaged, or not a clip that can be read"),
        ("gone.mp4", "out.mp4", 1, "gone.mp4: no such file"),
        ("wave.png", "out.mp4", 2, "wave.png is one picture"),
        ("clip.mp4", "out.avi", 2, "clips are written as .mp4"),
        ("clip.mp4", "out.png", 2, "out.png is neither a clip"),
        ("clip.mp4", "gone/out.mp4", 2, "the folder gone does not exist"),
        ("clip.mp4", "clip.mp4", 2, "would be overwritten"),
        ("clip.mp4", "out.webm", 1, ".webm cannot hold the sound of clip.mp4 (aac); write .mkv"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path,
    weights: Path,
    style: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str,
    output: str,
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no clip")
    make_clip(tmp_path / "clip.mp4", TIMES[:2], sound=True)
    there = files(tmp_path)
    assert run(weights, Path(content), style, "-o", output) == status
    lines = capsys.readouterr().err.splitlines()
    assert said in lines[-1] and len([line for line in lines if line.startswith("a2k: ")]) == 1
    assert files(tmp_path) == there


def test_an_interrupted_clip_leaves_nothing(
    tmp_path: Path, weights: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    paint = FrameStylizer.__call__

    def interrupted(self: FrameStylizer, images: torch.Tensor, start: int = 0, *rest: Any, **more: Any) -> torch.Tensor:
        if start == 3:
            raise KeyboardInterrupt
        return paint(self, images, start, *rest, **more)

    monkeypatch.setattr(FrameStylizer, "__call__", interrupted)
    (tmp_path / "out.mp4").write_bytes(b"older")
    assert run(weights, clip, style, "-o", tmp_path / "out.mp4") == 130
    assert files(tmp_path) == ["clip.mp4", "out.mp4", "wave.png"]
    assert (tmp_path / "out.mp4").read_bytes() == b"older"


def test_a_clip_that_ends_early_is_painted_as_far_as_it_goes(tmp_path: Path, weights: Path, style: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", range(40))
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    run(weights, clip, style, "-o", tmp_path / "out.mp4", "--strength", "0")
    assert 2 < len(frames_of(tmp_path / "out.mp4")[1]) < 40


def test_without_pyav_the_line_says_what_to_install(
    tmp_path: Path, weights: Path, style: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", TIMES[:2])
    monkeypatch.setitem(sys.modules, "av", None)
    assert run(weights, clip, style, "-o", tmp_path / "out.mp4") == 2
    assert capsys.readouterr().err == 'a2k: clips need PyAV and OpenCV: pip install "stya2k[video]"\n'
