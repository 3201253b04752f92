"""Where a picture is painted, how strongly, and in which of several styles."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_networks import COMPACT, picture, random_model
from torch import Tensor

from a2k_core import (
    CheckpointError,
    EncodedStyle,
    InputError,
    StyA2K,
    TransferOptions,
    mix_styles,
    region_style,
    save_model,
)
from a2k_core.cli.main import main
from a2k_core.files.pictures.image_io import read_mask, read_picture, write_picture
from a2k_core.files.style_file import save_style
from a2k_core.network.regions import Region
from a2k_core.rendering.masks import MaskReader, resized_mask
from a2k_core.video.frames import FrameStylizer

HEIGHT, WIDTH = 130, 200
FAR = 8
"""Columns at either side that no pixel of the other half has a part in."""


@pytest.fixture(scope="module")
def content() -> Tensor:
    return (picture(HEIGHT, WIDTH, seed=1) * 255).round() / 255


@pytest.fixture(scope="module")
def styles(compact_model: StyA2K) -> list[EncodedStyle]:
    red = picture(70, 90, seed=2) * torch.tensor([1.0, 0.4, 0.2]).view(3, 1, 1)
    return [compact_model.encode_style(red), compact_model.encode_style(0.5 * picture(130, 64, seed=3))]


def halves(soft: int = 1) -> Tensor:
    """Black at the left, white at the right, with `soft` steps between."""
    return torch.cat([torch.zeros(10), torch.linspace(0, 1, soft + 2)[1:-1], torch.ones(10)])[None].expand(12, -1)


# --- reading masks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(12, 21), (HEIGHT, WIDTH), (300, 450), (1, 1)])
def test_parts_of_a_mask_are_those_of_the_resized_one(size: tuple[int, int]) -> None:
    mask = torch.rand(2, *size)
    whole = resized_mask(mask, 0, 2, HEIGHT, WIDTH)
    read = MaskReader(mask, HEIGHT, WIDTH).read(Region(32, 64, 96, 192), 1, torch.device("cpu"))
    assert (read - whole[..., 32:96, 64:192]).abs().max() < 1e-5


def test_a_mask_read_at_a_stride_is_its_mean_there() -> None:
    mask = torch.rand(1, 64, 96)
    read = MaskReader(mask, 64, 96).read(Region(0, 0, 64, 96), 16, torch.device("cpu"))
    assert read.shape == (1, 1, 4, 6)
    assert read.std() < 0.1 and abs(read.mean() - mask.mean()) < 0.02


# --- masks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tile", [None, 64])
def test_black_keeps_the_pixels_and_white_is_painted(
    compact_model: StyA2K, styles: list[EncodedStyle], content: Tensor, tile: int | None
) -> None:
    painted = compact_model.transfer(content, styles[0])
    masked = compact_model.transfer(content, styles[0], tile=tile, mask=halves(soft=5))
    assert torch.equal(masked[..., :70], content[..., :70])
    assert (masked[..., -70:] - painted[..., -70:]).abs().max() < 1e-4
    half = compact_model.transfer(content, styles[0], mask=torch.full((3, 3), 0.5))
    assert (half - (content + painted) / 2).abs().max() < 1e-4


def test_each_picture_has_its_mask(compact_model: StyA2K, styles: list[EncodedStyle]) -> None:
    contents = picture(64, 80, seed=1, batch=2)
    masks = torch.stack([torch.zeros(8, 8), torch.ones(8, 8)])
    for tile in (None, 64):
        painted = compact_model.transfer(contents, styles[0], mask=masks, tile=tile)
        assert torch.equal(painted[0], contents[0])
        assert (painted[1:] - compact_model.transfer(contents[1:], styles[0])).abs().max() < 1e-4
    stylizer = FrameStylizer(compact_model, styles[0], TransferOptions(mask=masks))
    assert torch.equal(stylizer(contents[:1], 0), contents[:1])
    assert (stylizer(contents[1:], 1) - painted[1:]).abs().max() < 1e-4


def test_frames_are_kept_as_they_came_where_the_mask_is_black(
    compact_model: StyA2K, styles: list[EncodedStyle]
) -> None:
    frames = (picture(64, 80, seed=1) + torch.tensor([0.0, 4 / 255]).view(2, 1, 1, 1)).clamp(0, 1)
    clip = compact_model.clip_statistics(frames)
    options = TransferOptions(clip=clip, mask=torch.zeros(4, 4))
    assert torch.equal(FrameStylizer(compact_model, styles[0], options)(frames), frames)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mask": torch.zeros(2, 4, 4)}, "2 masks for 1 pictures"),
        ({"mask": torch.zeros(1, 3, 4, 4)}, r"The mask is \[1, 3, 4, 4\]"),
        ({"strength_map": torch.zeros(4, 4).byte()}, "The strength map is torch.uint8"),
        ({"strength_map": torch.full((4, 4), float("nan"))}, "The strength map has NaN"),
    ],
)
def test_what_is_no_mask_is_refused(
    compact_model: StyA2K, styles: list[EncodedStyle], options: dict[str, Tensor], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        compact_model.transfer(picture(64, 64), styles[0], **options)


# --- strength maps ------------------------------------------------------------------------------------------------


def test_a_flat_map_is_the_strength_itself(model: StyA2K, content: Tensor) -> None:
    style = model.encode_style(picture(64, 64, seed=2))
    for strength, value in ((1.0, 0.6), (2.0, 0.75), (0.8, 0.0)):
        mapped = model.transfer(content, style, strength, strength_map=torch.full((5, 7), value))
        assert (mapped - model.transfer(content, style, strength * value)).abs().max() < 1e-4


def test_the_strength_follows_the_map_and_is_no_cross_fade(
    compact_model: StyA2K, styles: list[EncodedStyle], content: Tensor
) -> None:
    graded = compact_model.transfer(content, styles[0], strength_map=halves(soft=6))
    painted = compact_model.transfer(content, styles[0])
    assert (graded[..., :FAR] - content[..., :FAR]).abs().max() < 1e-4
    assert (graded[..., -FAR:] - painted[..., -FAR:]).abs().max() < 1e-4
    assert (graded - compact_model.transfer(content, styles[0], mask=halves(soft=6))).abs().max() > 0.02
    tiled = compact_model.transfer(content, styles[0], strength_map=halves(soft=6), tile=64)
    assert (tiled - graded).abs().max() < 1e-4


# --- regions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tile", [None, 64])
def test_each_region_is_painted_in_its_style(
    compact_model: StyA2K, styles: list[EncodedStyle], content: Tensor, tile: int | None
) -> None:
    regions = [(styles[0], 1 - halves()), (styles[1], halves())]
    both = compact_model.transfer_regions(content, regions, options=TransferOptions(tile=tile))
    alone = [compact_model.transfer(content, style) for style in styles]
    assert (both[..., :FAR] - alone[0][..., :FAR]).abs().max() < 1e-4
    assert (both[..., -FAR:] - alone[1][..., -FAR:]).abs().max() < 1e-4
    rest = compact_model.transfer_regions(content, [(styles[1], halves())], styles[0])
    assert (rest - both).abs().max() < 1e-4


def test_outside_of_all_regions_the_content_stays(
    compact_model: StyA2K, styles: list[EncodedStyle], content: Tensor
) -> None:
    whole = compact_model.transfer_regions(content, [(styles[1], halves(soft=4))])
    assert (whole[..., :FAR] - content[..., :FAR]).abs().max() < 1e-4
    expected = compact_model.transfer(content, styles[1], strength_map=halves(soft=4))
    assert (whole - expected).abs().max() < 1e-4


def test_overlapping_regions_share_and_chains_add_up(
    compact_model: StyA2K, styles: list[EncodedStyle], content: Tensor
) -> None:
    everywhere = torch.ones(4, 4)
    shared = compact_model.transfer_regions(content, [(styles[0], everywhere), (styles[1], everywhere)])
    mixed = compact_model.transfer(content, mix_styles(styles, [1, 1]))
    assert (shared - mixed).abs().max() < 1e-4
    chained = region_style([(styles[1], everywhere)], region_style([(styles[0], everywhere)]))
    assert (compact_model.transfer(content, chained) - shared).abs().max() < 1e-4
    inside = region_style([(mix_styles(styles, [1, 1]), everywhere)], styles[0])
    assert (compact_model.transfer(content, inside) - mixed).abs().max() < 1e-4


def test_a_mask_of_a_region_for_each_picture(compact_model: StyA2K, styles: list[EncodedStyle]) -> None:
    contents = picture(64, 80, seed=1, batch=2)
    masks = torch.stack([torch.zeros(4, 4), torch.ones(4, 4)])
    style = region_style([(styles[1], masks)], styles[0])
    for tile in (None, 64):
        painted = compact_model.transfer(contents, style, tile=tile)
        for index in range(2):
            alone = compact_model.transfer(contents[index : index + 1], styles[index])
            assert (painted[index : index + 1] - alone).abs().max() < 1e-4
    half = style.to("cpu", torch.bfloat16)
    assert half.levels[0].block_key.dtype == torch.bfloat16 and len(half.tensors()) == len(style.tensors())


def test_regions_that_mean_nothing_are_refused(
    compact_model: StyA2K, styles: list[EncodedStyle], tmp_path: Path
) -> None:
    mask = torch.ones(4, 4)
    regions = region_style([(styles[0], mask)])
    with pytest.raises(InputError, match="no regions"):
        region_style([])
    with pytest.raises(InputError, match="has regions itself"):
        region_style([(regions, mask)])
    with pytest.raises(InputError, match="mix the styles, then give them regions"):
        mix_styles([regions, styles[0]], [1, 1])
    with pytest.raises(InputError, match="3 region masks for 1 pictures"):
        compact_model.transfer_regions(picture(64, 64), [(styles[0], torch.ones(3, 4, 4))])
    with pytest.raises(CheckpointError, match="save the styles of its regions"):
        save_style(regions, tmp_path / "regions.safetensors", "0" * 64)


# --- command line -------------------------------------------------------------------------------------------------


def test_the_command_line_paints_as_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = random_model(COMPACT)
    save_model(model, "tiny.safetensors")
    for name, seed in (("photo", 1), ("a", 2), ("b", 3)):
        write_picture(f"{name}.png", picture(40, 60, seed))
    write_picture("mask.png", halves(soft=3).expand(1, 3, -1, -1), alpha=(torch.rand(1, 1, 12, 23) > 0.2).float())
    photo, mask = read_picture("photo.png").image, read_mask("mask.png")
    first, second = (model.encode_style(read_picture(f"{name}.png").image) for name in "ab")
    options = ["--weights", "tiny.safetensors", "--device", "cpu", "--dtype", "fp32", "-o", "out.png"]
    for arguments, expected in (
        (["a.png", "--mask", "mask.png"], model.transfer(photo, first, mask=mask)),
        (["a.png", "--strength-map", "mask.png"], model.transfer(photo, first, strength_map=mask)),
        (["a.png", "--region", "mask.png", "b.png"], model.transfer_regions(photo, [(second, mask)], first)),
        (["--region", "mask.png", "b.png"], model.transfer_regions(photo, [(second, mask)])),
    ):
        assert main(["stylize", "photo.png", *arguments, *options]) == 0
        assert (read_picture("out.png").image - expected).abs().max() < 0.52 / 255
    assert main(["stylize", "photo.png", "a.png", "--mask", "gone.png", *options]) == 1
    assert main(["stylize", "photo.png", "a.png", "--mask", "mask.png", *options[:-1], "mask.png"]) == 2
