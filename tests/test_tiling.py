"""Exact tiling: what is computed in pieces is the whole picture, in bounded memory, and can be watched and cancelled."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from unittest.mock import patch

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tiny_networks import picture, random_model
from torch import Tensor

from a2k_core import EncodedStyle, InputError, StyA2K, StyA2KConfig, TransferOptions
from a2k_core.network.attention import functional
from a2k_core.network.regions import Region
from a2k_core.rendering.tiling.receptive_field import receptive_field


@pytest.fixture(scope="module")
def compact_style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(picture(70, 90, seed=2))


@pytest.mark.parametrize("strength", [0.4, 1.0, 1.7])
@pytest.mark.parametrize("size", [(256, 320), (300, 210)], ids=str)
def test_tiles_give_the_whole(model: StyA2K, size: tuple[int, int], strength: float) -> None:
    """Sizes that do and do not divide the grid."""
    content = picture(*size, seed=1)
    style = model.encode_style(picture(64, 100, seed=2))
    whole = model.transfer(content, style, strength)
    for tile in (64, 128):
        assert _apart(model.transfer(content, style, strength, tile=tile), whole) < 1e-4


@pytest.mark.parametrize("size", [(1, 300), (270, 3), (65, 129), (20, 30)], ids=str)
def test_tiles_give_the_whole_of_odd_sizes(model: StyA2K, size: tuple[int, int]) -> None:
    content = picture(*size, seed=1)
    style = model.encode_style(picture(64, 64, seed=2))
    assert _apart(model.transfer(content, style, 0.8, tile=64), model.transfer(content, style, 0.8)) < 1e-4


@given(st.integers(1, 400), st.integers(1, 150), st.integers(64, 300))
@settings(max_examples=8, deadline=None)
def test_any_size_in_any_tiles(
    compact_model: StyA2K, compact_style: EncodedStyle, height: int, width: int, tile: int
) -> None:
    content = picture(height, width, seed=3)
    gaps: list[float] = []
    with patch.object(functional, "_best", _best_with_gaps(gaps)):
        whole = compact_model.transfer(content, compact_style)
    # Where two style blocks match a block equally well, rounding picks one: here another than there.
    assume(min(gaps) > 1e-5)
    assert _apart(compact_model.transfer(content, compact_style, tile=tile), whole) < 1e-4


def _best_with_gaps(gaps: list[float]) -> Callable[[Tensor, Tensor], Tensor]:
    """The choice of style blocks, which also notes the smallest gap between a best score and the next, relative to the best."""
    best = functional._best

    def noted(queries: Tensor, keys: Tensor) -> Tensor:
        first, second = (queries @ keys.transpose(1, 2)).topk(2, -1).values.unbind(-1)
        gaps.append(float(((first - second) / first.abs()).min()))
        return best(queries, keys)

    return noted


def test_overlap_with_the_paper_network_and_its_absence_with_the_compact_one(
    paper_config: StyA2KConfig, compact_config: StyA2KConfig
) -> None:
    for config in (dataclasses.replace(paper_config, overlap=True), dataclasses.replace(compact_config, overlap=False)):
        model = random_model(config)
        content, style = picture(200, 330, seed=1), model.encode_style(picture(64, 64, seed=2))
        assert _apart(model.transfer(content, style, tile=64), model.transfer(content, style)) < 1e-4


def test_blocks_that_are_larger_at_finer_levels(compact_config: StyA2KConfig) -> None:
    model = random_model(dataclasses.replace(compact_config, blocks=(32, 4, 2)))
    content, style = picture(200, 330, seed=1), model.encode_style(picture(64, 64, seed=2))
    assert _apart(model.transfer(content, style, tile=128), model.transfer(content, style)) < 1e-4


def test_a_batch_in_tiles(compact_model: StyA2K) -> None:
    contents = picture(100, 190, seed=1, batch=2)
    for styles in (1, 2):
        style = compact_model.encode_style(picture(64, 64, seed=2, batch=styles))
        whole = compact_model.transfer(contents, style, 0.7)
        assert _apart(compact_model.transfer(contents, style, 0.7, tile=64), whole) < 1e-4
        assert _apart(compact_model.transfer(contents, style, 0.7, tile="auto"), whole) < 1e-4


def test_tiles_are_of_one_picture_at_a_time(
    compact_model: StyA2K, compact_style: EncodedStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    forward = compact_model.encoder.forward

    def watched(image: Tensor) -> object:
        seen.append(len(image))
        return forward(image)

    monkeypatch.setattr(compact_model.encoder, "forward", watched)
    contents = picture(64, 70, batch=3)
    compact_model.transfer(contents, compact_style)
    assert set(seen) == {3}
    seen.clear()
    compact_model.transfer(contents, compact_style, tile=64)
    assert set(seen) == {1}


def test_tiles_see_no_more_than_the_receptive_field(
    compact_model: StyA2K, compact_style: EncodedStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is set by the tile: no pass sees more of a long picture than of a short one."""

    def largest_seen(length: int) -> int:
        seen: list[int] = []
        forward = compact_model.encoder.forward

        def watched(image: Tensor) -> object:
            seen.append(image.shape[-1] * image.shape[-2])
            return forward(image)

        with monkeypatch.context() as patch:
            patch.setattr(compact_model.encoder, "forward", watched)
            compact_model.transfer(picture(64, length), compact_style, tile=64)
        return max(seen)

    assert largest_seen(1280) == largest_seen(640) < 64 * 640


def test_the_receptive_field_is_what_the_network_depends_on(model: StyA2K) -> None:
    """A change of one pixel shows in the features up to the receptive field and not beyond; likewise for the decoder."""
    around = receptive_field(model.config)
    image = picture(64, 512, seed=1)
    changed = image.clone()
    changed[..., 256] = 1 - changed[..., 256]
    farthest = 0
    for stride, one, other in zip((4, 8, 16), model.encoder(image), model.encoder(changed), strict=True):
        first, last = _columns_apart(one, other)
        farthest = max(farthest, last * stride - 256, 256 - first * stride - stride + 1)
    assert around.encoder - 16 <= farthest <= around.encoder
    features = model.encoder(image)
    decoded = model.decode(features)
    for index, stride in enumerate((4, 8, 16)):
        levels = [level.clone() for level in features]
        levels[index][..., 256 // stride] += 1
        first, last = _columns_apart(model.decode((levels[0], levels[1], levels[2])), decoded)
        farthest = max(last - 256, 256 + stride - 1 - first)
        assert around.decoder[index] - 16 <= farthest <= around.decoder[index]


def test_a_part_is_decoded_as_in_the_whole(model: StyA2K) -> None:
    """What is not wanted is cut away on the way: nothing of it may reach what is."""
    features = model.encoder(picture(256, 320, seed=1))
    whole, everywhere = model.decode(features), Region(0, 0, 256, 320)
    at = (everywhere, everywhere, everywhere)
    assert torch.allclose(model.decode(features, at), whole, atol=1e-5)
    for wanted in (Region(64, 96, 161, 192), Region(0, 128, 64, 320), Region(192, 0, 256, 1)):
        part = model.decode(features, at, wanted)
        assert torch.allclose(part, whole[wanted.within(everywhere, 1)], atol=1e-5)


@pytest.mark.parametrize("tile", [1024, "auto"])
def test_memory_that_runs_out_makes_tiles_smaller(
    compact_model: StyA2K, compact_style: EncodedStyle, monkeypatch: pytest.MonkeyPatch, tile: int
) -> None:
    content = picture(64, 1400, seed=1)
    whole = compact_model.transfer(content, compact_style, 0.6)
    forward = compact_model.encoder.forward
    failures: list[int] = []

    def limited(image: Tensor) -> object:
        if image.shape[-1] > 600:
            failures.append(image.shape[-1])
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
        return forward(image)

    shares: list[float] = []
    with monkeypatch.context() as patch:
        patch.setattr(compact_model.encoder, "forward", limited)
        result = compact_model.transfer(content, compact_style, 0.6, tile=tile, progress=shares.append)
        with pytest.raises(torch.cuda.OutOfMemoryError):
            compact_model.transfer(content, compact_style, 0.6)
    assert _apart(result, whole) < 1e-4
    assert failures
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_memory_that_is_never_enough_is_an_error(
    compact_model: StyA2K, compact_style: EncodedStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def empty(_image: Tensor) -> object:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(compact_model.encoder, "forward", empty)
    with pytest.raises(RuntimeError, match="allocate"):
        compact_model.transfer(picture(64, 200), compact_style, tile="auto")


def test_faults_are_not_taken_for_lack_of_memory(
    compact_model: StyA2K, compact_style: EncodedStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def broken(_image: Tensor) -> object:
        calls.append(1)
        raise RuntimeError("a bug")

    monkeypatch.setattr(compact_model.encoder, "forward", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        compact_model.transfer(picture(64, 200), compact_style, tile=64)
    assert len(calls) == 1


@pytest.mark.parametrize("gigabytes", [64.0, 0.32, 0.001])
def test_auto_is_the_whole_with_any_memory(
    compact_model: StyA2K, compact_style: EncodedStyle, monkeypatch: pytest.MonkeyPatch, gigabytes: float
) -> None:
    content = picture(300, 700, seed=1)
    whole = compact_model.transfer(content, compact_style, 0.7)
    monkeypatch.setattr("a2k_core.rendering.tiling.tiled_transfer.available", lambda _device: int(gigabytes * 2**30))
    assert _apart(compact_model.transfer(content, compact_style, 0.7, tile="auto"), whole) < 1e-4


def test_features_are_computed_once_where_they_fit(
    compact_model: StyA2K, compact_style: EncodedStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture(64, 2000, seed=1)
    whole = compact_model.transfer(content, compact_style)
    calls: list[int] = []
    forward = compact_model.encoder.forward

    def counted(image: Tensor) -> object:
        calls.append(1)
        return forward(image)

    monkeypatch.setattr(compact_model.encoder, "forward", counted)
    monkeypatch.setattr("a2k_core.rendering.tiling.tiled_transfer.choose_tile", lambda *_arguments: (512, True))
    assert _apart(compact_model.transfer(content, compact_style, tile="auto"), whole) < 1e-4
    assert len(calls) == 1 + 4  # of the small copy, whose colors are measured, and of the tiles
    calls.clear()
    # For the moments and for the picture.
    compact_model.transfer(content, compact_style, tile=512)
    assert len(calls) == 1 + 8


def test_progress_grows_to_1_and_cancels(compact_model: StyA2K, compact_style: EncodedStyle) -> None:
    contents = picture(64, 130, seed=1, batch=2)
    shares: list[float] = []
    for tile in (None, 64, "auto"):
        shares.clear()
        compact_model.transfer(contents, compact_style, tile=tile, progress=shares.append)  # type: ignore[arg-type]
        assert shares == sorted(set(shares))
        assert shares[-1] == 1
    shares.clear()

    def cancel(share: float) -> None:
        shares.append(share)
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compact_model.transfer(contents, compact_style, tile=64, progress=cancel)
    assert 0.3 < shares[-1] < 0.5


@pytest.mark.parametrize("tile", [0, 63, -64, 64.0, True, "all", "", float("nan")])
def test_a_tile_that_is_none_is_refused(compact_model: StyA2K, compact_style: EncodedStyle, tile: object) -> None:
    with pytest.raises(InputError, match="tile is"):
        compact_model.transfer(picture(64, 64), compact_style, tile=tile)  # type: ignore[arg-type]


@pytest.mark.parametrize("tile", [64, "auto"])
@pytest.mark.parametrize("strength", [0, 0.5, 1])
def test_reading_and_writing_in_pieces(
    compact_model: StyA2K, compact_style: EncodedStyle, strength: float, tile: int
) -> None:
    """Every pixel is written exactly once, and nothing outside the picture is asked for."""
    content = picture(75, 270, seed=1)
    result, written = torch.zeros_like(content), torch.zeros(75, 270)

    def read(rows: slice, columns: slice) -> Tensor:
        assert 0 <= rows.start < rows.stop <= 75
        assert 0 <= columns.start < columns.stop <= 270
        return content[..., rows, columns]

    def write(top: int, left: int, piece: Tensor) -> None:
        place = (slice(top, top + piece.shape[-2]), slice(left, left + piece.shape[-1]))
        result[(..., *place)] = piece
        written[place] += 1

    options = TransferOptions(strength, tile=tile)
    compact_model.transfer_streamed(read, write, (75, 270), compact_style, options)
    assert (written == 1).all()
    assert _apart(result, compact_model.transfer(content, compact_style, strength)) < 1e-4


def _columns_apart(one: Tensor, other: Tensor) -> tuple[int, int]:
    """The first and the last column in which they differ."""
    columns = (one != other).flatten(0, 2).any(dim=0).nonzero().flatten()
    return int(columns[0]), int(columns[-1])


def _apart(one: Tensor, other: Tensor) -> float:
    """The largest difference."""
    assert one.shape == other.shape
    return float((one.double() - other.double()).abs().max())
