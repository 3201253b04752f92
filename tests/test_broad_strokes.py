"""Broad strokes: large flat areas get strokes of a painted copy; edges, tones and small pictures stay as they are."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from tiny_networks import COMPACT, assert_pictures_of_a_batch_are_alone, picture, random_model
from torch import Tensor

from a2k_core import EncodedStyle, StyA2K, broad_strokes, finishing, load_model
from a2k_core.broad_strokes import LARGEST, STRONGEST, enlarged, reduction, strokes_of
from a2k_core.checkpoint import bundled_weights


@pytest.fixture(scope="module")
def broad_model() -> StyA2K:
    return random_model(dataclasses.replace(COMPACT, broad_strokes=0.5))


@pytest.fixture(scope="module")
def style(broad_model: StyA2K) -> EncodedStyle:
    return broad_model.encode_style(picture(70, 90, seed=2))


@pytest.fixture
def _small_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of some hundred pixels a side count as large."""
    monkeypatch.setattr(broad_strokes, "PIXELS", 40 * 40)
    monkeypatch.setattr(broad_strokes, "LARGEST", 110 * 110)


def waves(height: int, width: int, period: int) -> Tensor:
    """`[1, 3, H, W]` of greys around 0, amplitude 0.1, that vary from left to right."""
    return (0.1 * torch.sin(torch.arange(width) * (2 * torch.pi / period))).expand(1, 3, height, width)


@pytest.mark.parametrize(
    ("height", "width", "factor"),
    [
        (1, 1, 1),
        (512, 512, 1),
        (768, 1024, 1),
        (720, 1280, 3),
        (1024, 1024, 3),
        (1080, 1920, 4),
        (2160, 3840, 4),
        (4096, 4096, 6),
        (8192, 8192, 12),
        (16384, 16384, 23),
        (1, 2**20, 3),
    ],
)
def test_copies_are_small_but_not_too_far_from_the_picture(height: int, width: int, factor: int) -> None:
    assert reduction(height, width) == factor


def test_no_picture_has_a_copy_that_grows_with_it() -> None:
    for side in range(1000, 30000, 500):
        assert (side / reduction(side, side)) ** 2 <= LARGEST


def test_strokes_are_what_neither_content_nor_tones_explain() -> None:
    content = 0.5 + 2 * waves(64, 96, 48)
    # Another contrast and another colour, which a linear function of greys explains.
    tinted = 0.3 * content + torch.tensor([0.1, 0.2, 0.3])[:, None, None]
    assert strokes_of(tinted, content, 0.5).abs().max() < 0.005
    flat = torch.full((1, 3, 64, 96), 0.5)
    assert strokes_of(flat + 0.3, flat, 0.5).abs().max() < 1e-6
    ripple = 0.2 * waves(64, 96, 8)
    found = strokes_of(flat + ripple, flat, 0.5)
    # Borders, where windows are cut, apart.
    torch.testing.assert_close(found[..., 16:-16], 0.5 * ripple[..., 16:-16], rtol=0, atol=0.002)
    assert strokes_of(flat + 20 * ripple, flat, 0.5).abs().max() == pytest.approx(STRONGEST, rel=0.01)


def test_there_are_none_beside_edges() -> None:
    content = torch.full((1, 3, 64, 128), 0.8)
    content[..., :64] = 0.1
    ripple = 0.2 * waves(64, 128, 8)
    found = strokes_of(content + ripple, content, 0.5)
    assert found[..., 60:68].abs().max() < 0.05 * ripple.abs().max()
    assert found[..., 90:110].abs().max() > 0.4 * ripple.abs().max()


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_a_part_is_enlarged_as_in_the_whole(factor: int) -> None:
    strokes = torch.randn(2, 3, 9, 11)
    whole = enlarged(strokes, factor, slice(0, 9 * factor), slice(0, 11 * factor))
    torch.testing.assert_close(whole, F.interpolate(strokes, scale_factor=factor, mode="bilinear"))
    for rows, columns in ((slice(0, 1), slice(3, 4)), (slice(5, 14), slice(8, 22)), (slice(9, 18), slice(0, 21))):
        torch.testing.assert_close(enlarged(strokes, factor, rows, columns), whole[..., rows, columns])


@pytest.mark.usefixtures("_small_copies")
@pytest.mark.parametrize("size", [(130, 150), (2, 6500), (401, 360)], ids=str)
@pytest.mark.parametrize("strength", [0.4, 1.0, 1.7])
def test_tiles_give_the_whole(broad_model: StyA2K, style: EncodedStyle, size: tuple[int, int], strength: float) -> None:
    """Sizes that no reduction divides."""
    content = picture(*size, seed=1)
    whole = broad_model.transfer(content, style, strength)
    for tile in (64, 128, "auto"):
        assert float((broad_model.transfer(content, style, strength, tile=tile) - whole).abs().max()) < 1e-4  # type: ignore[arg-type]


@pytest.mark.usefixtures("_small_copies")
def test_they_change_large_pictures_only(
    broad_model: StyA2K, style: EncodedStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = picture(150, 140, seed=1), picture(90, 90, seed=1)
    with_strokes = [broad_model.transfer(content, style) for content in (large, small)]
    monkeypatch.setattr(broad_model, "config", dataclasses.replace(broad_model.config, broad_strokes=0.0))
    without = [broad_model.transfer(content, style) for content in (large, small)]
    assert float((with_strokes[0] - without[0]).abs().mean()) > 1e-3
    assert torch.equal(with_strokes[1], without[1])


@pytest.mark.usefixtures("_small_copies")
def test_each_picture_of_a_batch_has_strokes_of_its_own(broad_model: StyA2K) -> None:
    assert_pictures_of_a_batch_are_alone(broad_model)


@pytest.mark.usefixtures("_small_copies")
def test_next_to_no_strength_changes_next_to_nothing(broad_model: StyA2K, style: EncodedStyle) -> None:
    content = picture(150, 140, seed=1)
    assert float((broad_model.transfer(content, style, 1e-3) - content).abs().max()) < 5e-3


@pytest.mark.usefixtures("_small_copies")
def test_colours_of_pictures_that_are_not_held_come_from_the_painted_copy(
    broad_model: StyA2K, style: EncodedStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture(300, 310, seed=1)
    held = broad_model.transfer(content, style)
    monkeypatch.setattr(finishing, "COLOURS_OF_ITSELF", 200 * 200)
    whole = broad_model.transfer(content, style)
    torch.testing.assert_close(broad_model.transfer(content, style, tile=64), whole, rtol=0, atol=1e-4)
    assert 0 < (whole - held).abs().max() < 0.2


@pytest.mark.usefixtures("_small_copies")
def test_progress_counts_the_copy_and_cancels_in_it(broad_model: StyA2K, style: EncodedStyle) -> None:
    content = picture(130, 150, seed=1)
    shares: list[float] = []
    broad_model.transfer(content, style, tile=64, progress=shares.append)
    assert shares == sorted(set(shares))
    assert shares[0] < 0.1 and shares[-1] == 1

    def cancel(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broad_model.transfer(content, style, progress=cancel)


@pytest.fixture(scope="module")
def bundled() -> tuple[StyA2K, StyA2K]:
    """The bundled network, and the same without broad strokes."""
    with_strokes, without = load_model(bundled_weights()), load_model(bundled_weights())
    without.config = dataclasses.replace(without.config, broad_strokes=0.0)
    return with_strokes, without


def test_a_sky_gets_coarser_strokes_and_a_tower_no_glow(bundled: tuple[StyA2K, StyA2K]) -> None:
    """960 px: a clear sky from light to dark, and a dark tower in its middle."""
    content = torch.linspace(0.75, 0.5, 960)[:, None].expand(1, 3, 960, 960).clone()
    content[:, 2] += 0.2
    content[..., 300:, 400:560] = 0.15
    style = picture(320, 320, seed=4)
    made = [model.transfer(content, model.encode_style(style)).mean(dim=1, keepdim=True) for model in bundled]
    # Waves of some 24 to 100 px: means of squares of 12, less those around.
    coarse = [F.avg_pool2d(image[..., 16:-16, 16:340], 12) for image in made]
    with_strokes, without = (float((image - F.avg_pool2d(image, 5, 1, 2)).std()) for image in coarse)
    assert with_strokes > 1.1 * without
    beside = [float((image[..., 400:, 370:400].mean() - image[..., 400:, 260:320].mean()).abs()) for image in made]
    assert beside[0] < beside[1] + 0.02
