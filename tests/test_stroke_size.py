"""Strokes of a size relative to the picture: alike in all sizes, off by default, the same in tiles, with masks and maps."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from example_pictures import examples
from tiny_networks import picture
from torch import Tensor

from a2k_core import (
    EncodedStyle,
    StyA2K,
    TransferOptions,
    read_picture,
    region_style,
    save_model,
    write_picture,
)
from a2k_core.cli.main import main
from a2k_core.errors import InputError
from a2k_core.network.regions import Region
from a2k_core.rendering import stroke_size
from a2k_core.rendering.buffers import ImageBuffer, reader
from a2k_core.rendering.stroke_size import Resampling, painted_size


@pytest.fixture
def small_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stroke size of 1 is that of a picture of 128 pixels, so that pictures are small. Pieces are small too."""
    monkeypatch.setattr(stroke_size, "SIDE", 128)
    monkeypatch.setattr(stroke_size, "PIECE", 64)


@pytest.fixture(scope="module")
def style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(picture(96, 80, seed=5))


def scaled(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size=size, mode="bicubic", antialias=True).clamp(0, 1)


def correlation(a: Tensor, b: Tensor) -> float:
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])


@pytest.mark.usefixtures("small_side")
def test_a_photo_looks_alike_in_all_sizes(bundled_model: StyA2K) -> None:
    photo, painting = examples("content", 512)[0], examples("style", 256)[0]
    encoded = bundled_model.encode_style(painting)
    full = max(photo.shape[-2:])
    sizes = [tuple(max(1, side * longer // full) for side in photo.shape[-2:]) for longer in (128, 256, 512)]
    contents = [scaled(photo, size) for size in sizes]

    def likeness(stroke_size: float) -> float:
        paintings = [bundled_model.transfer(content, encoded, stroke_size=stroke_size) for content in contents]
        small = [scaled(painting, sizes[0]) for painting in paintings]
        return min(correlation(small[0], other) for other in small[1:])

    assert likeness(1.0) > 0.97
    assert likeness(0.0) < 0.9


@pytest.mark.usefixtures("small_side")
def test_large_strokes_are_broader_than_small_ones(bundled_model: StyA2K) -> None:
    encoded = bundled_model.encode_style(examples("style", 256)[0])
    photo = scaled(examples("content", 256)[0], (256, 256))

    def fineness(stroke_size: float) -> float:
        """Share of the painting's contrast that is lost at a quarter of its size."""
        painting = bundled_model.transfer(photo, encoded, stroke_size=stroke_size)
        return 1 - float(scaled(painting, (64, 64)).var() / painting.var())

    fine, medium, broad = (fineness(size) for size in (0.5, 1.0, 2.0))
    assert fine > 1.2 * medium > 1.2 * 1.2 * broad


def test_off_is_to_the_bit_what_it_was(compact_model: StyA2K, style: EncodedStyle) -> None:
    content = picture(70, 90)
    expected = compact_model.transfer(content, style)
    assert torch.equal(compact_model.transfer(content, style, stroke_size=0), expected)


def test_a_picture_of_the_painted_size_is_painted_as_without(compact_model: StyA2K, style: EncodedStyle) -> None:
    content = picture(40, 512)
    expected = compact_model.transfer(content, style)
    torch.testing.assert_close(compact_model.transfer(content, style, stroke_size=1), expected, rtol=0, atol=1e-4)


@pytest.mark.usefixtures("small_side")
@pytest.mark.parametrize("size", [(130, 150), (40, 30)])
def test_tiles_equal_the_whole(compact_model: StyA2K, style: EncodedStyle, size: tuple[int, int]) -> None:
    content = picture(*size, seed=2)
    options = {"strength": 0.7, "mask": torch.rand(9, 7), "strength_map": torch.rand(5, 8)}
    whole = compact_model.transfer(content, style, stroke_size=1, **options)  # type: ignore[arg-type]
    tiled = compact_model.transfer(content, style, stroke_size=1, tile=64, **options)  # type: ignore[arg-type]
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-3)
    streamed = ImageBuffer(*size)
    settings = TransferOptions(0.7, tile=64, mask=options["mask"], strength_map=options["strength_map"], stroke_size=1)  # type: ignore[arg-type]
    compact_model.transfer_streamed(reader(content), streamed.write, size, style, settings)
    assert streamed.image is not None
    assert torch.equal(streamed.image, tiled)


@pytest.mark.usefixtures("small_side")
def test_pictures_of_a_batch_are_alone(compact_model: StyA2K) -> None:
    contents = picture(150, 130, batch=2)
    styles = compact_model.encode_style(picture(64, 64, seed=2, batch=2))
    masks = torch.rand(2, 6, 5)
    together = compact_model.transfer(contents, styles, stroke_size=1, mask=masks)
    for index in range(2):
        alone = compact_model.transfer(
            contents[index : index + 1], styles.part(index, index + 1), stroke_size=1, mask=masks[index]
        )
        torch.testing.assert_close(together[index : index + 1], alone, rtol=0, atol=1e-3)


@pytest.mark.usefixtures("small_side")
def test_black_keeps_the_content(compact_model: StyA2K, style: EncodedStyle) -> None:
    """A mask to the bit; a strength map, and what lies outside of all regions, with the detail that is finer than the small painting."""
    content = picture(160, 256, seed=3)
    half = torch.zeros(160, 256)
    half[:, :64] = 1
    masked = compact_model.transfer(content, style, stroke_size=1, mask=half)
    assert torch.equal(masked[..., 64:], content[..., 64:])
    assert not torch.allclose(masked[..., :64], content[..., :64], atol=0.05)
    for result in (
        compact_model.transfer(content, style, stroke_size=1, strength_map=half),
        compact_model.transfer(content, region_style([(style, half)]), stroke_size=1),
    ):
        torch.testing.assert_close(result[..., 208:], content[..., 208:], rtol=0, atol=0.01)
        assert not torch.allclose(result[..., :48], content[..., :48], atol=0.05)


@pytest.mark.usefixtures("small_side")
def test_progress_only_grows_and_ends_at_one(compact_model: StyA2K, style: EncodedStyle) -> None:
    seen: list[float] = []
    compact_model.transfer(picture(130, 150), style, tile=64, progress=seen.append, stroke_size=1)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)
    assert len(seen) > 4


@pytest.mark.parametrize(("source", "target"), [((90, 70), (31, 24)), ((31, 24), (90, 70)), ((1, 5), (1, 512))])
def test_resampled_pieces_are_those_of_the_whole(source: tuple[int, int], target: tuple[int, int]) -> None:
    image = torch.rand(2, 3, *source)
    resampling = Resampling(source, target, image.device)
    whole = resampling.piece(image, slice(None), slice(None))
    assert whole.shape == (2, 3, *target)
    torch.testing.assert_close(resampling.piece(image, slice(0, 1), slice(2, 9)), whole[..., :1, 2:9])
    parts = [
        resampling.share(part.top, part.left, image[..., part.top : part.bottom, part.left : part.right])
        for part in Region(0, 0, *source).split(32, 1)
    ]
    torch.testing.assert_close(sum(parts, torch.zeros(())), whole)
    flat = resampling.piece(torch.full_like(image, 0.3), slice(None), slice(None))
    torch.testing.assert_close(flat, torch.full_like(whole, 0.3))


def test_the_painted_size_keeps_the_shape() -> None:
    assert painted_size(1000, 2000, 1) == (256, 512)
    assert painted_size(1000, 2000, 0.5) == (512, 1024)
    assert painted_size(1, 9000, 4) == (1, 128)


@pytest.mark.parametrize("stroke_size", [-1, 0.1, 5, float("nan")])
def test_impossible_sizes_are_refused(compact_model: StyA2K, style: EncodedStyle, stroke_size: float) -> None:
    with pytest.raises(InputError, match=r"stroke_size is .*; it must be 0 .* between 0\.25 \(fine\) and 4 \(broad\)"):
        compact_model.transfer(picture(64, 64), style, stroke_size=stroke_size)


def test_frames_of_a_video_are_refused(compact_model: StyA2K, style: EncodedStyle) -> None:
    frames = picture(64, 64, batch=2)
    with pytest.raises(InputError, match="stroke_size does not go with frames of a video"):
        compact_model.transfer(frames, style, clip=compact_model.clip_statistics(frames), stroke_size=1)


# --- command line -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_side")
def test_the_command_line_paints_as_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compact_model: StyA2K
) -> None:
    monkeypatch.chdir(tmp_path)
    save_model(compact_model, "tiny.safetensors")
    write_picture("photo.png", picture(120, 150, seed=1))
    write_picture("a.png", picture(64, 64, seed=2))
    encoded = compact_model.encode_style(read_picture("a.png").image)
    expected = compact_model.transfer(read_picture("photo.png").image, encoded, stroke_size=2)
    options = ["--weights", "tiny.safetensors", "--device", "cpu", "--dtype", "fp32", "-o", "out.png"]
    assert main(["stylize", "photo.png", "a.png", "--stroke-size", "2", *options]) == 0
    assert (read_picture("out.png").image - expected).abs().max() < 0.6 / 255


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in/photo.png", "--stroke-size", "9"], "stroke_size is 9.0; it must be 0"),
        (["in", "--video", "--stroke-size", "1"], "--stroke-size is for pictures"),
        (["in/photo.png", "--color", "only", "--stroke-size", "1"], "nor --stroke-size"),
    ],
)
def test_what_the_command_line_refuses(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    write_picture("in/photo.png", picture(8, 8))
    write_picture("a.png", picture(8, 8))
    content, *rest = arguments
    assert main(["stylize", content, "a.png", *rest, "-o", "out/"]) == 2
    assert message in capsys.readouterr().err
