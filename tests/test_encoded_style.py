"""Encoded styles: several as one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_networks import picture

from a2k_core import CheckpointError, EncodedStyle, InputError, StyA2K
from a2k_core.files.style_file import load_style, save_style
from a2k_core.network.style.encoded_style import MixedStyle, mix_styles

Two = tuple[EncodedStyle, EncodedStyle]


@pytest.fixture(scope="module")
def two(compact_model: StyA2K) -> Two:
    red = picture(70, 90, seed=2) * torch.tensor([1.0, 0.4, 0.2]).view(3, 1, 1)
    return compact_model.encode_style(red), compact_model.encode_style(0.5 * picture(130, 64, seed=3))


def test_a_style_that_comes_twice_is_one_part(two: Two) -> None:
    mixed = mix_styles([two[0], two[1], two[0]], [2, 1, 1])
    assert mixed.parts() == [(0.75, two[0]), (0.25, two[1])]
    assert mix_styles([two[0], two[0]], [1, 3]) is two[0]


def test_parts_of_one_batch_are_saved_too(compact_model: StyA2K, tmp_path: Path) -> None:
    batch = compact_model.encode_style(picture(64, 64, seed=5, batch=2))
    save_style(mix_styles([batch.part(0, 1), batch.part(0, 1)], [1, 1]), tmp_path / "mixed.safetensors", "0" * 64)
    assert len(load_style(tmp_path / "mixed.safetensors", "0" * 64).parts()) == 2


def test_all_of_one_is_that_one(two: Two) -> None:
    assert mix_styles(two, [1, 0]) is two[0]
    assert mix_styles(two, [0, 0.3]) is two[1]


def test_a_style_mixed_with_itself_paints_as_by_itself(model: StyA2K) -> None:
    content, style = picture(70, 100, seed=1), model.encode_style(picture(64, 64, seed=2))
    mixed = model.transfer(content, mix_styles([style, style, style], [1, 2, 1]))
    assert (mixed - model.transfer(content, style)).abs().max() < 1e-4


def test_it_goes_from_one_style_to_the_other(compact_model: StyA2K, two: Two) -> None:
    content = picture(100, 150, seed=1)
    shares = (0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0)
    painted = [compact_model.transfer(content, mix_styles(two, [1 - share, share])) for share in shares]
    means = torch.stack([image.mean((0, 2, 3)) for image in painted])
    for share, mean in zip(shares, means, strict=True):
        assert torch.allclose(mean, torch.lerp(means[0], means[-1], share), atol=0.02)
    apart = (painted[0] - painted[-1]).abs().mean()
    assert (painted[0] - painted[1]).abs().mean() < 0.05 * apart
    assert (painted[-1] - painted[-2]).abs().mean() < 0.05 * apart


def test_mixtures_are_mixed_again(compact_model: StyA2K, two: Two) -> None:
    third = compact_model.encode_style(picture(64, 64, seed=4))
    nested = mix_styles([mix_styles(two, [1, 3]), third], [0.4, 0.6])
    assert isinstance(nested, MixedStyle)
    assert nested.shares == pytest.approx((0.1, 0.3, 0.6))
    content = picture(64, 64, seed=1)
    flat = compact_model.transfer(content, mix_styles([*two, third], [1, 3, 6]))
    assert (compact_model.transfer(content, nested) - flat).abs().max() < 1e-4


def test_tiles_strength_and_clip_statistics_work_with_it(compact_model: StyA2K, two: Two) -> None:
    content, mixed = picture(130, 200, seed=1), mix_styles(two, [1, 1])
    whole = compact_model.transfer(content, mixed, 0.7, keep_colours=0.5)
    tiled = compact_model.transfer(content, mixed, 0.7, tile=64, keep_colours=0.5)
    assert (tiled - whole).abs().max() < 1e-4
    clip = compact_model.clip_statistics(content)
    of_clip = compact_model.transfer(content, mixed, 0.7, keep_colours=0.5, clip=clip)
    assert (of_clip - whole).abs().max() < 1e-4


def test_a_batch_of_styles_mixes_with_one(compact_model: StyA2K, two: Two) -> None:
    contents = picture(64, 80, seed=1, batch=2)
    batch = compact_model.encode_style(picture(64, 64, seed=5, batch=2))
    mixed = mix_styles([batch, two[0]], [1, 1])
    assert mixed.batch == 2
    together = compact_model.transfer(contents, mixed)
    for index in range(2):
        one = mix_styles([batch.part(index, index + 1), two[0]], [1, 1])
        alone = compact_model.transfer(contents[index : index + 1], one)
        assert (together[index : index + 1] - alone).abs().max() < 1e-4
        assert (compact_model.transfer(contents[:1], mixed.part(index, index + 1)) >= 0).all()


def test_it_moves_between_dtypes_and_knows_all_its_tensors(two: Two) -> None:
    mixed = mix_styles(two, [1, 1])
    assert mixed.to("cpu") is mixed
    half = mixed.to("cpu", torch.bfloat16)
    assert isinstance(half, MixedStyle)
    assert all(part.levels[0].block_key.dtype == torch.bfloat16 for _, part in half.parts())
    assert len(mixed.tensors()) == len(two[0].tensors()) + len(two[1].tensors())


@pytest.mark.parametrize(
    ("shares", "says"),
    [([1], "1 shares for 2"), ([0, 0], "above 0"), ([2, -1], "0 or more"), ([float("nan"), 1], "nan")],
)
def test_shares_that_mean_nothing_are_refused(two: Two, shares: list[float], says: str) -> None:
    with pytest.raises(InputError, match=says):
        mix_styles(two, shares)


def test_batches_that_do_not_match_are_refused(compact_model: StyA2K) -> None:
    batches = [compact_model.encode_style(picture(64, 64, batch=count)) for count in (2, 3)]
    with pytest.raises(InputError, match=r"styles of \[2, 3\] pictures"):
        mix_styles(batches, [1, 1])


def test_a_mixture_is_saved_with_its_parts(compact_model: StyA2K, two: Two, tmp_path: Path) -> None:
    mixed = mix_styles(two, [1, 3])
    save_style(mixed, tmp_path / "mixed.safetensors", "0" * 64)
    loaded = load_style(tmp_path / "mixed.safetensors", "0" * 64)
    assert isinstance(loaded, MixedStyle)
    assert loaded.shares == pytest.approx((0.25, 0.75))
    content = picture(64, 80, seed=1)
    assert torch.equal(compact_model.transfer(content, loaded), compact_model.transfer(content, mixed))


@pytest.mark.parametrize("shares", ["[1]", "[1, 2, 3]", "[0, 1]", "[-1, 2]", "{}", "[1, null]", "no"])
def test_shares_that_do_not_fit_the_file_are_refused(two: Two, tmp_path: Path, shares: str) -> None:
    path = tmp_path / "mixed.safetensors"
    save_style(mix_styles(two, [1, 3]), path, "0" * 64)
    header = {"format": "stya2k-style", "format_version": "7", "model": "0" * 64, "shares": shares}
    save_file(load_file(path), path, header)
    with pytest.raises(CheckpointError, match="a damaged style"):
        load_style(path, "0" * 64)
