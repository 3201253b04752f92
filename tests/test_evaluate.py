"""The evaluation: each measure sees the fault it is named after, and a whole run gives the numbers, files and errors it says."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny_networks import COMPACT, picture, random_model
from torch import Tensor
from training_helpers import write_distilled, write_pictures

import evaluate
from a2k_core import PictureError, save_model
from a2k_core.pixels import to_bytes, to_tensor
from evaluation.distances import FeatureDistances
from evaluation.grid import flat_blocks, grid_amplitude
from evaluation.halo import SHORT_SIDE, halo, seen_from_afar
from evaluation.luminance import clipped_share, luminance, ssim
from evaluation.networks import RandomPyramid
from evaluation.palette import oklab, palette, palette_distance
from evaluation.pictures import Pair, choose_pairs, find_by_stem, read_sized, rounded
from evaluation.score import Scorer, measures
from evaluation.screen import flat_windows, screen
from evaluation.seams import seam_excess, seam_profile
from evaluation.summary import summarise

HEIGHT, WIDTH = 160, 192


def waves(period: float, degrees: float, amplitude: float) -> Tensor:
    """A drawn screen: parallel waves of a period in pixels, `[1, 1, HEIGHT, WIDTH]`."""
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    along = x * math.cos(math.radians(degrees)) + y * math.sin(math.radians(degrees))
    return amplitude * torch.sin(2 * math.pi * along / period)[None, None]


@pytest.fixture(scope="module")
def photo() -> Tensor:
    return picture(HEIGHT, WIDTH, seed=3) * 0.6 + 0.2


@pytest.fixture(scope="module")
def sky() -> Tensor:
    """Luminance of a flat picture with a little grain."""
    return 0.5 + 0.01 * torch.randn((1, 1, HEIGHT, WIDTH), generator=torch.Generator().manual_seed(8))


@pytest.fixture(scope="module")
def painting() -> Tensor:
    return picture(HEIGHT, WIDTH, seed=4) * 0.5 + 0.1


@pytest.fixture(scope="module")
def scorer(photo: Tensor, painting: Tensor) -> Scorer:
    return Scorer({"random": FeatureDistances(RandomPyramid())}, {"photo": photo}, {"painting": painting})


def test_the_style_itself_has_no_distance_to_the_style(scorer: Scorer, painting: Tensor, photo: Tensor) -> None:
    ideal, other = (scorer.score(Pair("photo", "painting"), image) for image in (painting, photo))
    for name in ("random.style", "random.gram", "palette"):
        assert ideal[name] == 0 < other[name]


def test_the_content_itself_has_no_distance_to_the_content(scorer: Scorer, photo: Tensor, painting: Tensor) -> None:
    ideal, other = (scorer.score(Pair("photo", "painting"), image) for image in (photo, painting))
    assert ideal["random.content"] < 1e-6 < other["random.content"]  # kept in half precision
    assert ideal["ssim"] == pytest.approx(1, abs=1e-5)
    assert other["ssim"] < 0.9
    for name in ("seam", "screen_excess"):
        assert ideal[name] == 0
    assert set(ideal) == set(measures(["random"]))


def test_style_distances_grow_as_the_style_goes(scorer: Scorer, photo: Tensor, painting: Tensor) -> None:
    steps = [scorer.score(Pair("photo", "painting"), torch.lerp(painting, photo, share)) for share in (0.05, 0.2, 0.4)]
    for name in ("random.style", "random.gram", "palette"):
        values = [step[name] for step in steps]
        assert values == sorted(values)


def test_levels_of_any_scale_count_alike(photo: Tensor, painting: Tensor) -> None:
    """A network whose second level is a thousand times larger gives the same distances."""

    class Scaled(RandomPyramid):
        def forward(self, images: Tensor) -> list[Tensor]:
            levels = super().forward(images)
            return [levels[0], levels[1] * 1000, *levels[2:]]

    distances = []
    for network in (RandomPyramid(), Scaled()):
        found = FeatureDistances(network)
        ours, style = found.describe(photo).style, found.describe(painting).style
        found.calibrate([style])
        distances.append((found.moments_distance(ours, style), found.gram_distance(ours, style)))
    assert distances[0] == pytest.approx(distances[1], rel=1e-3)


def test_the_random_network_is_the_same_every_time(photo: Tensor) -> None:
    first = RandomPyramid()(photo)
    torch.manual_seed(99)
    for one, other in zip(first, RandomPyramid()(photo), strict=True):
        assert torch.equal(one, other)
        assert one.std() > 0.01


@pytest.mark.parametrize(("period", "degrees"), [(8, 0), (4, 90), (5.7, 45), (10, 30)])
def test_a_drawn_screen_is_found_with_its_period(sky: Tensor, period: float, degrees: float) -> None:
    flat = flat_windows(sky)
    clean, drawn = screen(sky, flat), screen(sky + waves(period, degrees, 0.04), flat)
    assert drawn.amplitude > clean.amplitude + 4
    # 0.04 of 255 is 10.2 at the crest, so 7.2 in deviation.
    assert drawn.amplitude == pytest.approx(7.2, rel=0.25)
    assert drawn.peak > 4 * clean.peak
    assert drawn.period == pytest.approx(period, rel=0.1)


def test_grain_is_no_screen(sky: Tensor) -> None:
    grain = 0.04 * torch.randn(sky.shape, generator=torch.Generator().manual_seed(5))
    flat = flat_windows(sky)
    assert screen(sky + grain, flat).amplitude < 0.5


def test_a_screen_is_looked_for_where_the_content_is_flat() -> None:
    """Half of the picture is flat; regular texture in the other half, where the content has its own, does not count."""
    flat_left = torch.full((1, 1, HEIGHT, WIDTH), 0.5)
    flat_left[..., WIDTH // 2 :] += 0.2 * torch.randn((HEIGHT, WIDTH // 2), generator=torch.Generator().manual_seed(6))
    drawn = waves(6, 45, 0.05)
    windows = flat_windows(flat_left)
    left, right = drawn.clone(), drawn.clone()
    left[..., WIDTH // 2 :], right[..., : WIDTH // 2] = 0, 0
    assert screen(flat_left + left, windows).amplitude > 6
    assert screen(flat_left + right, windows).amplitude < 1


def test_texture_tied_to_the_pixel_grid_is_told_from_other_texture(photo: Tensor) -> None:
    grey = luminance(photo)
    flat = flat_blocks(grey)
    tied, free = waves(4, 0, 0.04), waves(6.2, 33, 0.04)
    assert grid_amplitude(grey + tied, flat) == pytest.approx(7.2, rel=0.2)
    assert grid_amplitude(grey + free, flat) < 3.5
    assert grid_amplitude(grey, flat) < 2.5


@pytest.mark.parametrize("side", [32, 64])
def test_drawn_seams_are_seen(photo: Tensor, side: int) -> None:
    grey = luminance(photo)
    columns = torch.arange(WIDTH) // side % 2
    stepped = grey + 0.1 * columns
    before = seam_profile(grey)
    assert seam_excess(seam_profile(stepped), before) > 0.3
    assert seam_excess(before, before) == 0
    shifted = grey + 0.1 * columns.roll(8)
    assert seam_excess(seam_profile(shifted), before) < 0.2, "steps elsewhere are no seams of blocks"


def test_a_screen_of_four_pixels_is_no_seam(photo: Tensor) -> None:
    grey = luminance(photo)
    steps = 0.1 * (torch.arange(WIDTH) // 4 % 2)
    assert abs(seam_excess(seam_profile(grey + steps), seam_profile(grey))) < 0.2


def test_oklab_of_known_colours() -> None:
    """White, mid grey and red as the author of Oklab gives them."""
    known = oklab(torch.tensor([[1.0, 1, 1], [0, 0, 0], [1, 0, 0]]))
    expected = torch.tensor([[1.0, 0, 0], [0, 0, 0], [0.6280, 0.2249, 0.1258]])
    assert torch.allclose(known, expected, atol=1e-3)


def test_palette_forgets_places_and_measures_a_shift() -> None:
    image = picture(128, 128, seed=1)
    mirrored = image.flip(3).transpose(2, 3)
    assert palette_distance(palette(image), palette(mirrored)) < 1e-6
    grey, lighter = torch.full((1, 3, 64, 64), 0.5), torch.full((1, 3, 64, 64), 0.6)
    shift = (oklab(lighter[0, :, 0, 0]) - oklab(grey[0, :, 0, 0]))[0].item()
    # L alone differs; the mean over half a sphere of |cosine| is a half.
    assert palette_distance(palette(grey), palette(lighter)) == pytest.approx(shift / 2, rel=0.02)


def test_clipping_beyond_the_style_counts(scorer: Scorer, photo: Tensor) -> None:
    burnt = photo.clone()
    burnt[..., :40, :] = 1
    assert clipped_share(burnt) == pytest.approx(40 / HEIGHT)
    assert scorer.score(Pair("photo", "painting"), burnt)["clipped"] == pytest.approx(40 / HEIGHT)


@pytest.mark.parametrize("size", [1, 3])
def test_a_glow_counts_as_much_in_a_larger_picture(size: int) -> None:
    content = torch.full((1, 3, 128, 160), 0.7)
    content[..., 60:90] = 0.2
    glowing = content.clone()
    glowing[..., 90:106] += torch.tensor([0.2, 0.0, -0.2]).view(3, 1, 1)
    content, glowing = (
        seen_from_afar(image.repeat_interleave(size, 2).repeat_interleave(size, 3)) for image in (content, glowing)
    )
    assert min(content.shape[2:]) == SHORT_SIDE
    assert halo(content, content) == pytest.approx(0, abs=0.01)
    # The glow is 0.36 from the sky in colour, and on one side only of some fourteenth of the alike places that are compared.
    assert halo(glowing, content) == pytest.approx(255 * 0.36 * 14**-0.5, rel=0.2)


def test_ssim_falls_with_noise(photo: Tensor) -> None:
    grey = luminance(photo)
    noise = torch.randn(grey.shape, generator=torch.Generator().manual_seed(7))
    little, much = (ssim(grey + amount * noise, grey) for amount in (0.02, 0.1))
    assert 1 > little > much > 0


def test_pairs_use_every_picture_as_often() -> None:
    contents, styles = ["a", "b", "c"], ["x", "y", "z"]
    assert len(choose_pairs(contents, styles, None)) == 9
    assert choose_pairs(contents, styles, 3) == [Pair("a", "x"), Pair("b", "y"), Pair("c", "z")]
    six = choose_pairs(contents, styles, 6)
    assert sorted(pair.content for pair in six) == ["a", "a", "b", "b", "c", "c"]
    assert sorted(pair.style for pair in six) == ["x", "x", "y", "y", "z", "z"]


def test_pictures_of_the_same_stem_are_refused(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        Image.new("RGB", (80, 80)).save(tmp_path / name)
    with pytest.raises(PictureError, match="same stem"):
        find_by_stem(tmp_path)


def test_sizes_are_of_the_short_side(tmp_path: Path) -> None:
    Image.new("RGB", (90, 61)).save(tmp_path / "wide.png")
    assert read_sized(tmp_path / "wide.png", 61).shape == (1, 3, 61, 90)
    assert read_sized(tmp_path / "wide.png", 128).shape == (1, 3, 128, 188)
    pixels = torch.arange(256, dtype=torch.uint8).view(16, 16, 1).expand(16, 16, 3).contiguous()
    levels = to_tensor(Image.fromarray(pixels.numpy()))
    assert torch.equal(torch.from_numpy(to_bytes(levels)), pixels)
    assert torch.equal(rounded(levels + 0.4 / 255), levels)


def test_summary_says_who_is_better_and_where_it_is_worst() -> None:
    pairs = [Pair("a", "x"), Pair("a", "y"), Pair("b", "x"), Pair("b", "y")]
    known = measures([])

    def values(palettes: list[float], ssims: list[float]) -> dict[Pair, dict[str, float]]:
        return {
            pair: {**dict.fromkeys(known, 0.0), "palette": p, "ssim": s}
            for pair, p, s in zip(pairs, palettes, ssims, strict=True)
        }

    found = summarise(
        known, {"ours": values([1, 2, 3, 6], [0.9, 0.2, 0.5, 0.4]), "peer": values([2, 1, 4, 7], [0.5, 0.5, 0.5, 0.5])}
    )
    ours = found["systems"]["ours"]
    assert ours["palette"]["mean"] == 3
    assert ours["palette"]["worst"][0] == {"content": "b", "style": "y", "value": 6}
    assert ours["ssim"]["worst"][0] == {"content": "a", "style": "y", "value": 0.2}
    assert found["better"]["peer"]["palette"] == 0.75
    assert found["better"]["peer"]["ssim"] == 0.375  # better once, the same once
    assert found["better"]["peer"]["grid"] == 0.5


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny weights, a feature network, and 2 x 2 pictures."""
    folder = tmp_path_factory.mktemp("evaluation")
    save_model(random_model(COMPACT), folder / "tiny.safetensors")
    write_distilled(folder / "vgg.safetensors")
    write_pictures(folder / "photos", 2, 1)
    write_pictures(folder / "paintings", 2, 2)
    return folder


def run(material: Path, *more: str) -> int:
    arguments = {
        "weights": "tiny.safetensors",
        "content": "photos",
        "style": "paintings",
        "feature-weights": "vgg.safetensors",
    }
    given = [part for flag, name in arguments.items() for part in (f"--{flag}", str(material / name))]
    return evaluate.main([*given, "--features", "distilled", "random", *more])


def test_a_whole_run(material: Path, tmp_path: Path) -> None:
    """Our saved pictures, given back as another system's, score the same in the next run; sheets and JSON are complete."""
    assert run(material, "--size", "64", "80", "--save", str(tmp_path / "saved")) == 0
    saved = sorted((tmp_path / "saved" / "80").iterdir())
    assert [path.name for path in saved] == ["0__0.png", "0__1.png", "1__0.png", "1__1.png"]
    with Image.open(saved[0]) as image:
        assert min(image.size) == 80

    outputs = ["--json", str(tmp_path / "out.json"), "--sheet", str(tmp_path / "out.png")]
    assert run(material, "--size", "64", "80", "--baseline", f"peer={tmp_path / 'saved'}", *outputs) == 0
    report = json.loads((tmp_path / "out.json").read_text())
    assert set(report["sizes"]) == {"64", "80"}
    for size in report["sizes"].values():
        assert len(size["pairs"]) == 4
        for name in report["measures"]:
            ours, theirs = (size["systems"][system][name]["mean"] for system in ("tiny", "peer"))
            assert ours == theirs, "the same pictures"
            assert math.isfinite(ours)
        assert set(size["better"]["peer"].values()) == {0.5}
    names = {path.name for path in tmp_path.glob("out-*.png")}
    assert names == {
        f"out-{size}-{system}{kind}.png" for size in (64, 80) for system in ("tiny", "peer") for kind in ("", "-detail")
    }
    with Image.open(tmp_path / "out-64-tiny.png") as sheet:
        assert sheet.size == (3 * 256 + 2 * 4, 3 * 256 + 2 * 4)


def test_the_same_run_gives_the_same_numbers(material: Path, tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        assert run(material, "--size", "64", "--pairs", "2", "--json", str(tmp_path / name)) == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_missing_pictures_of_a_baseline_are_named(
    material: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    peer = tmp_path / "64"
    peer.mkdir()
    Image.new("RGB", (64, 64)).save(peer / "0__0.png")
    assert run(material, "--size", "64", "--baseline", f"peer={tmp_path}") == 1
    assert "lacks 3 of 4" in caplog.text
    assert "0__1.png, 1__0.png, 1__1.png" in caplog.text


def test_pictures_of_another_size_are_refused(material: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    peer = tmp_path / "64"
    peer.mkdir()
    Image.new("RGB", (60, 60)).save(peer / "0__0.png")
    assert run(material, "--size", "64", "--pairs", "1", "--baseline", f"peer={tmp_path}") == 1
    assert "60x60 px, the content has" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--features", "distilled", "torchvision"], "one of"),
        (["--size", "32"], "at least 64"),
        (["--pairs", "none"], "give all, or a number"),
        (["--baseline", "folder"], "NAME=DIR"),
        (["--baseline", "tiny=folder"], "same name"),
        (["--json", "out.txt"], "must end in .json"),
        (["--device", "abacus"], "this machine cannot use it"),
    ],
)
def test_bad_options_are_explained(
    material: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        run(material, *arguments)
    assert message in capsys.readouterr().err
