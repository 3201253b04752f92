"""The drawn style pictures: every kind draws, the same request gives the same picture, the command behaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from draw_styles import main
from PIL import Image

from drawn_styles import KINDS, PALETTES, SMALLEST, draw
from drawn_styles.fields import distance, nearest
from drawn_styles.palettes import choose_palette, luma
from drawn_styles.scenes import SUBJECTS, make_scene


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_draws_a_picture_and_always_the_same_one(kind: str) -> None:
    picture = draw(kind, seed=3, size=40)
    assert picture.mode == "RGB"
    assert picture.size == (40, 40)
    assert np.asarray(picture).std() > 8, "a picture, not a plain sheet"
    assert picture.tobytes() == draw(kind, seed=3, size=40).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_gives_another_picture(kind: str) -> None:
    first, second = (np.asarray(draw(kind, seed, 32), np.float32) for seed in (0, 1))
    assert np.abs(first - second).mean() > 5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [SMALLEST, 37])
def test_small_and_odd_sizes(kind: str, size: int) -> None:
    assert draw(kind, seed=5, size=size).size == (size, size)


def test_other_drawing_in_between_changes_nothing() -> None:
    alone = draw("swirl", 9, 32).tobytes()
    np.random.seed(1)
    draw("oil", 9, 32)
    assert draw("swirl", 9, 32).tobytes() == alone


@pytest.mark.parametrize("kind", ["facets", "flat", "mosaic", "watercolour"])
def test_size_changes_the_detail_not_the_picture(kind: str) -> None:
    def coarse(seed: int, size: int) -> np.ndarray:
        return np.asarray(draw(kind, seed, size).resize((12, 12), Image.Resampling.BOX), np.float32)

    large = coarse(4, 144)
    assert np.abs(coarse(4, 72) - large).mean() < 0.4 * np.abs(coarse(14, 144) - large).mean()


@pytest.mark.parametrize(
    ("kind", "seed", "size", "says"),
    [("fresco", 0, 64, "unknown kind 'fresco'"), ("oil", -1, 64, "0 or more"), ("oil", 0, SMALLEST - 1, "16 or more")],
)
def test_a_bad_request_is_refused(kind: str, seed: int, size: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        draw(kind, seed, size)


def test_palettes_are_valid_and_distinct() -> None:
    assert len(PALETTES) >= 12
    assert len({palette.name for palette in PALETTES}) == len(PALETTES)
    for palette in PALETTES:
        assert palette.colours.shape == (6, 3)
        every = np.concatenate([palette.colours, palette.dark[None], palette.light[None]])
        assert every.min() >= 0
        assert every.max() <= 1
        assert luma(palette.dark) < 0.25 < 0.75 < luma(palette.light)
        apart = np.abs(every[:, None] - every).max(-1) + np.eye(len(every))
        assert apart.min() > 0.05, f"{palette.name} has two colours that are nearly the same"


def test_a_varied_palette_stays_valid_and_keeps_its_contrast() -> None:
    for seed in range(60):
        palette = choose_palette(np.random.default_rng(seed))
        assert palette.colours.min() >= 0
        assert palette.colours.max() <= 1
        assert luma(palette.light) - luma(palette.dark) > 0.4


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_scene_is_complete(subject: str) -> None:
    rng = np.random.default_rng(2)
    scene = make_scene(rng, 48, choose_palette(rng), (subject,), swirls=True)
    assert scene.colour.shape == (48, 48, 3)
    assert 0 <= scene.colour.min() <= scene.colour.max() <= 1
    assert np.isfinite(scene.angle).all()
    assert 0 <= scene.detail.min() <= scene.detail.max() <= 1
    assert len(np.unique(scene.label)) > 2


def test_distance_agrees_with_the_definition() -> None:
    mark = np.random.default_rng(0).random((41, 41)) < 0.01
    rows, columns = np.mgrid[:41, :41]
    every = np.hypot(rows[..., None] - rows[mark], columns[..., None] - columns[mark])
    assert np.abs(distance(mark) - every.min(-1)).max() < 1
    assert distance(mark, limit=3).max() == 3
    y, x = nearest(mark)
    assert mark[y, x].all()


def test_distance_without_a_mark_is_far() -> None:
    assert distance(np.zeros((8, 8), bool)).min() >= 8


def test_the_command_writes_the_pictures_draw_would_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "folder"
    arguments = ["--out", str(out), "--count", "5", "--size", "24", "--seed", "7", "--kind", "deco", "pixel"]
    assert main([*arguments, "--format", "png"]) == 0
    names = ["deco-00007.png", "deco-00008.png", "deco-00009.png", "pixel-00007.png", "pixel-00008.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    for name in names:
        with Image.open(out / name) as picture:
            assert picture.tobytes() == draw(name[:-10], int(name[-9:-4]), 24).tobytes()
    assert "5 pictures" in capsys.readouterr().out


def test_the_command_draws_every_kind_as_jpeg_by_default(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--count", str(len(KINDS)), "--size", "16"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{kind}-00000.jpg" for kind in KINDS)


def test_several_workers_write_the_same_files(tmp_path: Path) -> None:
    for workers in ("1", "2"):
        arguments = ["--out", str(tmp_path / workers), "--count", "3", "--size", "16", "--kind", "flat", "neon"]
        assert main([*arguments, "--workers", workers]) == 0
    for path in (tmp_path / "1").iterdir():
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--count", "0"], "the count must be 1 or more, not 0"),
        (["--count", "many"], "'many' is not a whole number"),
        (["--count", "1", "--size", "8"], "the size must be 16 or more, not 8"),
        (["--count", "1", "--seed", "-1"], "the seed must be 0 or more, not -1"),
        (["--count", "1", "--kind", "fresco"], "fresco"),
        ([], "--count"),
    ],
)
def test_the_command_refuses_bad_arguments(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--out", str(tmp_path / "out"), *arguments])
    assert stop.value.code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_refuses_a_file_as_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "taken"
    taken.write_text("something else")
    with pytest.raises(SystemExit):
        main(["--out", str(taken), "--count", "1"])
    assert str(taken) in capsys.readouterr().err
    assert taken.read_text() == "something else"
