"""The command line with many contents, saved styles, other sizes, and runs that share the work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_networks import COMPACT, picture, random_model

import a2k_core
from a2k_core.cli.main import main
from a2k_core.files.pictures.image_buffer import to_tensor
from a2k_core.files.pictures.image_io import read_picture, write_picture
from a2k_core.files.pictures.thumbnail import side_by_side, thumbnail
from a2k_core.files.style_file import fingerprint, load_style, read_thumbnail


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    a2k_core.save_model(random_model(COMPACT), path)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with four contents and a style, to work in."""
    (tmp_path / "in").mkdir()
    for seed, name in enumerate(("a", "b", "c", "d")):
        write_picture(tmp_path / "in" / f"{name}.png", picture(20, 36, seed))
    write_picture(tmp_path / "wave.png", picture(48, 64, 9))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(weights: Path, *arguments: str, command: str = "stylize") -> int:
    return main([command, *arguments, "--weights", str(weights), "--device", "cpu", "--dtype", "fp32"])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pixels(path: Path | str) -> torch.Tensor:
    return read_picture(path).image


# --- contents and styles ------------------------------------------------------------------------------------------


def test_with_style_all_pictures_are_contents(weights: Path, here: Path) -> None:
    contents = ["in/a.png", "in/b.png"]
    assert run(weights, *contents, "--style", "wave.png", "-o", "out/") == 0
    assert run(weights, "in", "--style", "wave.png", "-o", "all") == 0
    assert run(weights, "in/b.png", "wave.png", "-o", "alone.png") == 0
    assert names(here / "out") == ["a.png", "b.png"]
    assert names(here / "all") == ["a.png", "b.png", "c.png", "d.png"]
    assert torch.equal(pixels("out/b.png"), pixels("alone.png"))
    assert torch.equal(pixels("all/b.png"), pixels("alone.png"))


def test_a_folder_and_files_go_to_one_place(weights: Path, here: Path) -> None:
    assert run(weights, "in", "wave.png", "--style", "in/a.png", "wave.png", "-o", "out") == 0
    assert names(here / "out") == sorted(
        f"{name}_{style}.png" for name in ("a", "b", "c", "d", "wave") for style in ["a", "wave"]
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "out.png", "in/a.png", "wave.png"],
        ["in/a.png", "-o", "out.png", "wave.png"],
        ["--strength", "1", "--", "in/a.png", "wave.png"],
        ["--tile", "auto", "in/a.png", "--strength", "1", "-o", "out.png", "--style", "wave.png"],
    ],
)
def test_options_may_come_before_the_pictures(weights: Path, here: Path, arguments: list[str]) -> None:
    output = [] if "-o" in arguments else ["-o", "out.png"]
    options = [*output, "--weights", str(weights), "--device", "cpu", "--dtype", "fp32"]
    assert main(["stylize", *options, *arguments]) == 0
    assert run(weights, "in/a.png", "wave.png", "-o", "after.png") == 0
    assert torch.equal(pixels("out.png"), pixels("after.png"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no picture to paint; start with: a2k stylize photo.jpg"),
        (["in/a.png"], "no style for in/a.png"),
        (["--style", "in/a.png", "wave.png"], "name it before --style"),
        (["--strength", "0.5", "in/a.png", "wave.png"], "'in/a.png' is not a number; name pictures before this option"),
        (["in/a.png", "wave.png", "--shard", "8"], "'8' is not a shard; pass K/N"),
        (["in/a.png", "wave.png", "--size", "0"], "'0' is not a number of pixels"),
        (["in/a.png", "wave.png", "--unknown"], "unrecognized arguments: --unknown"),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    weights: Path, here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        run(weights, "-o", "out.png", *arguments)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err.replace("\n", " ")
    assert names(here) == ["in", "wave.png"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["in/a.png", "in/b.png", "-o", "out.png"], 2, "there are 2 contents, so the output must be a folder"),
        (["in/a.png", "gone.png", "-o", "out"], 1, "gone.png: no such file or folder"),
        (["in/a.png", "in", "-o", "out"], 2, "rename one of them"),
        (["in/a.png", "in/b.png", "-o", "out", "--video"], 2, "in/a.png is one of 2 contents; --video takes a folder"),
        (["in", "-o", "out", "--video", "--skip-existing"], 2, "each frame depends on the one before"),
        (["in", "-o", "out", "--shard", "3/2"], 2, "--shard is 3/2; the shards of 8 runs are 1/8 to 8/8"),
        (["in/a.png", "-o", "out.png", "--size", "200000"], 1, "choose a smaller --size"),
    ],
)
def test_what_contradicts_itself_is_refused(
    weights: Path, here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, said: str
) -> None:
    assert run(weights, *arguments, "--style", "wave.png") == status
    message = capsys.readouterr().err
    assert said in message and message.count("\n") == 1
    assert names(here) == ["in", "wave.png"]


def test_many_styles_by_place_are_pointed_out(weights: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(weights, "in/a.png", "in/b.png", "in/c.png", "wave.png", "-o", "out/") == 0
    assert "in/a.png in 3 styles; to paint several contents, name the styles with --style" in capsys.readouterr().err


# --- sizes, and parts of the work ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "expected"), [("18", (18, 10)), ("72", (72, 40))])
def test_size_is_that_of_the_longer_side(weights: Path, here: Path, size: str, expected: tuple[int, int]) -> None:
    with Image.open("in/a.png") as opened:
        small = opened.resize(expected, Image.Resampling.LANCZOS)
    small.save("small.png")
    assert run(weights, "small.png", "wave.png", "-o", "wanted.png") == 0
    assert run(weights, "in/a.png", "wave.png", "-o", "out.png", "--size", size) == 0
    assert torch.equal(pixels("out.png"), pixels("wanted.png"))


def test_size_keeps_transparency(weights: Path, here: Path) -> None:
    alpha = np.zeros((20, 30, 4), np.uint8)
    alpha[:, 15:, 3] = 255
    Image.fromarray(alpha).save("half.png")
    assert run(weights, "half.png", "wave.png", "-o", "out.png", "--size", "60") == 0
    written = read_picture("out.png").alpha
    assert written is not None and written.shape[-2:] == (40, 60)
    assert (written[..., :25] == 0).all() and (written[..., 35:] == 1).all()


def test_what_is_there_is_skipped(weights: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "out").mkdir()
    for name in ("b_0.5.png", "c_0.5.png", "c_1.png"):
        (here / "out" / name).write_bytes(b"earlier")
    arguments = ["in", "wave.png", "-o", "out", "--strength", "0.5", "1", "--skip-existing"]
    assert run(weights, *arguments) == 0
    assert "a2k: 1 of 4 contents are painted already" in capsys.readouterr().err
    kept = [path.name for path in (here / "out").iterdir() if path.read_bytes() == b"earlier"]
    assert sorted(kept) == ["b_0.5.png", "c_0.5.png", "c_1.png"]
    assert len(names(here / "out")) == 8
    assert run(weights, *arguments) == 0
    assert "nothing to do" in capsys.readouterr().err


def test_shards_paint_all_contents_once(weights: Path, here: Path) -> None:
    found = []
    for shard in ("1/3", "2/3", "3/3"):
        assert run(weights, "in", "wave.png", "-o", f"out{shard[0]}", "--shard", shard) == 0
        found.append(names(here / f"out{shard[0]}"))
    assert found == [["a.png", "d.png"], ["b.png"], ["c.png"]]
    assert run(weights, "in/a.png", "wave.png", "-o", "none.png", "--shard", "2/2") == 0
    assert not (here / "none.png").exists()


# --- saved styles -------------------------------------------------------------------------------------------------


def test_a_saved_style_is_taken_in_place_of_its_picture(weights: Path, here: Path) -> None:
    assert run(weights, "wave.png", "-o", "wave.safetensors", "--style-size", "32", command="encode") == 0
    assert run(weights, "in/a.png", "wave.safetensors", "-o", "saved.png") == 0
    assert run(weights, "in/a.png", "wave.png", "--style-size", "32", "-o", "direct.png") == 0
    assert torch.equal(pixels("saved.png"), pixels("direct.png"))
    assert load_style("wave.safetensors", fingerprint(random_model(COMPACT))).batch == 1
    assert run(weights, "in/a.png", "wave.safetensors", "in/b.png", "--mix", "1", "1", "-o", "mixed.png") == 0
    half = ["--weights", str(weights), "--device", "cpu", "--dtype", "bf16"]
    assert main(["stylize", "in/a.png", "wave.safetensors", "-o", "half.png", *half]) == 0


def test_several_pictures_are_kept_as_one_style(weights: Path, here: Path) -> None:
    assert run(weights, "wave.png", "in/b.png", "-o", "both.safetensors", "--mix", "3", "1", command="encode") == 0
    assert run(weights, "in/a.png", "both.safetensors", "-o", "saved.png") == 0
    assert run(weights, "in/a.png", "wave.png", "in/b.png", "--mix", "3", "1", "-o", "direct.png") == 0
    assert torch.equal(pixels("saved.png"), pixels("direct.png"))


def test_an_encoded_style_shows_its_pictures(weights: Path, here: Path) -> None:
    assert run(weights, "wave.png", "-o", "wave.safetensors", command="encode") == 0
    assert run(weights, "wave.safetensors", "in/b.png", "-o", "both.safetensors", command="encode") == 0
    wave, both = (read_thumbnail(f"{name}.safetensors") for name in ("wave", "both"))
    assert wave is not None
    assert both is not None
    expected = side_by_side([wave, thumbnail(read_picture("in/b.png").image)])
    assert expected is not None
    assert (to_tensor(both) - to_tensor(expected)).abs().mean() < 0.05


def test_a_saved_style_of_another_model_is_refused(
    weights: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a2k_core.save_model(random_model(COMPACT, seed=1), here / "other.safetensors")
    assert run(here / "other.safetensors", "wave.png", "-o", "wave.safetensors", command="encode") == 0
    assert run(weights, "in/a.png", "wave.safetensors", "-o", "out.png") == 1
    assert "this style was encoded by another model" in capsys.readouterr().err
    assert run(weights, "in/a.png", "gone.safetensors", "-o", "out.png") == 1
    assert "gone.safetensors: no such file; pass the path of a saved style" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["wave.png", "-o", "wave.png"], 2, "saved styles end in .safetensors"),
        (["wave.safetensors", "-o", "b.safetensors"], 2, "is a saved style already; pass a picture"),
        (["wave.png", "in/a.png", "--mix", "1", "-o", "b.safetensors"], 2, "--mix has 1 shares for 2 styles"),
        (["wave.png", "-o", "no/b.safetensors"], 1, "the folder no does not exist"),
        (["gone.png", "-o", "b.safetensors"], 1, "gone.png: no such file"),
    ],
)
def test_what_cannot_be_encoded_is_refused(
    weights: Path, here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, said: str
) -> None:
    assert run(weights, *arguments, command="encode") == status
    message = capsys.readouterr().err
    assert said in message and message.count("\n") == 1
    assert names(here) == ["in", "wave.png"]
