"""What trails: however a picture is cut, it comes out as changed whole, and little of it waits."""

from __future__ import annotations

import itertools
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_networks import picture
from torch import Tensor

from a2k_core.contrast import added, contrast_change, contrast_matching, octaves, shown_greys
from a2k_core.regions import Region
from a2k_core.rims import mend_rims, mending_guide, rim_mending
from a2k_core.trailing import Trailing

GAINS = torch.tensor([[1.3, 0.8, 1.2, 0.7, 1.3]])


def after(mending: Trailing, region: Region, decoded: Tensor, content: Tensor) -> tuple[Region, Tensor, Trailing]:
    return mending.after(region, decoded, mending_guide(decoded, content))


def mended_in_pieces(regions: list[Region], bounds: Region, decoded: Tensor, content: Tensor) -> tuple[Tensor, Tensor]:
    """What comes out, and how often each pixel did."""
    result, times = torch.full_like(decoded, torch.nan), torch.zeros(decoded.shape[-2:])
    mending = Trailing(bounds, rim_mending(bounds, 1.0))
    for region in regions:
        place = region.within(bounds, 1)
        done, piece, mending = after(mending, region, decoded[place].clone(), content[place])
        result[done.within(bounds, 1)] = piece
        times[done.within(bounds, 1)[1:]] += 1
    return result, times


@given(
    st.sampled_from([16, 32, 64]), st.integers(1, 400), st.integers(1, 400), st.integers(1, 4), st.integers(0, 2**32)
)
@settings(max_examples=40, deadline=None)
def test_any_cut_gives_the_whole_and_every_pixel_once(grid: int, height: int, width: int, side: int, seed: int) -> None:
    """Also pieces that are smaller than the reach, and cuts that become finer on the way, as when memory runs out."""
    bounds = Region(0, 0, -(-height // grid) * grid, -(-width // grid) * grid)
    regions: list[Region] = []
    random = Random(seed)
    for region in bounds.split(side * grid, grid):
        regions += region.split(grid, grid) if random.random() < 0.5 else [region]
    content, decoded = (picture(bounds.bottom, bounds.right, seed=seed) for seed in (1, 2))
    result, times = mended_in_pieces(regions, bounds, decoded, content)
    assert (times == 1).all()
    assert torch.allclose(result, mend_rims(decoded, content), atol=1e-5)
    # What trails can be trailed in turn.
    mending, matching = Trailing(bounds, rim_mending(bounds, 1.0)), Trailing(bounds, contrast_matching(GAINS))
    both = torch.full_like(decoded, torch.nan)
    for region in regions:
        place = region.within(bounds, 1)
        done, piece, mending = after(mending, region, decoded[place].clone(), content[place])
        if done.area:
            done, piece, matching = matching.after(done, piece, shown_greys(piece))
            both[done.within(bounds, 1)] = piece
    assert torch.allclose(both, added(contrast_change(octaves(shown_greys(result)), GAINS), result), atol=1e-5)


def test_one_piece_is_mended_where_it_is() -> None:
    bounds = Region(0, 0, 64, 96)
    content, decoded = picture(64, 96, seed=1), picture(64, 96, seed=2)
    wanted = mend_rims(decoded, content)
    done, piece, waiting = after(Trailing(bounds, rim_mending(bounds, 1.0)), bounds, decoded, content)
    assert done == bounds and piece is decoded and torch.equal(piece, wanted)
    assert waiting.pictures == waiting.guides == ()


@pytest.mark.parametrize("strength", [0, 0.5, 1, 1.7])
def test_by_half_strength_it_is_half_mended_and_what_comes_along_stays(strength: float) -> None:
    bounds = Region(0, 0, 96, 160)
    content, decoded, other = (picture(96, 160, seed=seed) for seed in (1, 2, 3))
    mending, both = Trailing(bounds, rim_mending(bounds, strength)), torch.cat([decoded, other], dim=1)
    result = torch.empty_like(both)
    for region in bounds.split(64, 32):
        place = region.within(bounds, 1)
        done, piece, mending = after(mending, region, both[place].clone(), content[place])
        result[done.within(bounds, 1)] = piece
    wanted = torch.lerp(decoded, mend_rims(decoded, content), min(strength, 1))
    assert torch.allclose(result[:, :3], wanted, atol=1e-5)
    assert torch.equal(result[:, 3:], other)


def test_strips_wait_and_not_pictures() -> None:
    """Of a long picture no more than of a short one; what waits does not keep the pieces it came from."""

    def most_waiting(height: int) -> int:
        bounds = Region(0, 0, height, 512)
        content, decoded = picture(height, 512, seed=1), picture(height, 512, seed=2)
        mending, most = Trailing(bounds, rim_mending(bounds, 1.0)), 0
        for region in bounds.split(128, 64):
            place = region.within(bounds, 1)
            _, _, mending = after(mending, region, decoded[place].clone(), content[place])
            held = [patch.untyped_storage().nbytes() for _, patch in (*mending.pictures, *mending.guides)]
            most = max(most, sum(held))
        return most

    lag = rim_mending(Region(0, 0, 1024, 512), 1.0).lag
    strip = 3 * 4 * 512 * (lag + 128)
    assert most_waiting(2048) == most_waiting(1024) < strip


def test_a_piece_that_comes_again_in_parts_makes_no_difference() -> None:
    """When memory runs out after a piece was mended, and before it was used, what waited before is taken up again."""
    bounds = Region(0, 0, 128, 256)
    content, decoded = picture(128, 256, seed=1), picture(128, 256, seed=2)
    mending, result = Trailing(bounds, rim_mending(bounds, 1.0)), torch.full_like(decoded, torch.nan)
    first, second = bounds.split(128, 64)
    for region, kept in ((first, True), (second, False), *((part, True) for part in second.split(64, 64))):
        place = region.within(bounds, 1)
        done, piece, waiting = after(mending, region, decoded[place].clone(), content[place])
        if kept:
            result[done.within(bounds, 1)], mending = piece, waiting
    assert torch.allclose(result, mend_rims(decoded, content), atol=1e-5)


def test_what_waits_is_not_changed_where_it_is() -> None:
    """Nor where what can be mended is just one piece that waits: it would be mended twice when its neighbour comes again."""
    lag = rim_mending(Region(0, 0, 1, 1), 1.0).lag
    bounds = Region(0, 0, lag, 3 * lag)
    content, decoded = picture(lag, 3 * lag, seed=1), picture(lag, 3 * lag, seed=2)
    first, second = (bounds._replace(left=index * lag, right=(index + 1) * lag) for index in (0, 1))
    place = first.within(bounds, 1)
    _, _, mending = after(Trailing(bounds, rim_mending(bounds, 1.0)), first, decoded[place], content[place])
    place = second.within(bounds, 1)
    done, mended, _ = after(mending, second, decoded[place].clone(), content[place])
    assert done == first
    once = mended.clone()
    _, again, _ = after(mending, second, decoded[place].clone(), content[place])
    assert torch.equal(again, once)


def test_regions_with_and_without_each_other() -> None:
    """Every cell of a small board lies in what is shared, in one of the parts outside, or not in the region at all."""
    region = Region(2, 3, 6, 8)
    board = torch.zeros(10, 10)
    for top, left in itertools.product(range(0, 9, 2), repeat=2):
        other = Region(top, left, top + 3, left + 2)
        cover = board.clone()
        shared = region.shared(other)
        for part in (*region.outside(other), *([shared] if shared else [])):
            assert part.area > 0
            cover[part.top : part.bottom, part.left : part.right] += 1
        wanted = board.clone()
        wanted[2:6, 3:8] = 1
        assert torch.equal(cover, wanted)
        assert (shared is None) == (region.outside(other) == [region])


def test_what_trails_keeps_to_the_edges() -> None:
    bounds = Region(0, 0, 192, 256)
    assert bounds.trailing(40, bounds) == bounds
    assert Region(0, 0, 64, 64).trailing(40, bounds) == Region(0, 0, 24, 24)
    assert Region(64, 192, 128, 256).trailing(40, bounds) == Region(24, 152, 88, 256)
    assert Region(0, 0, 32, 192).trailing(40, bounds).area == 0
