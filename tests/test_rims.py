"""Rims: what the network adds beside edges goes, edges, strokes and colours stay, in a picture whole or in parts."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
import torch.nn.functional as F
from example_pictures import with_and_without
from tiny_networks import COMPACT, picture, random_model
from torch import Tensor

from a2k_core import EncodedStyle, fringes
from a2k_core.fringes import fringe_correction
from a2k_core.rims import (
    CELL,
    COLOURED,
    CONTRAST,
    FAINT,
    FLAT,
    SQUARE,
    WIDE,
    WIDE_CONTRAST,
    WINDOW,
    mend_rims,
    mending_guide,
    reach,
    wide_window,
)


def tower(side: int = 128) -> Tensor:
    """`[1, 3, side, side]`: a dark tower, from column 56 to 72, before a bright sky."""
    content = torch.full((1, 3, side, side), 0.8)
    content[..., side // 4 :, 56:72] = 0.2
    return content


def recoloured(content: Tensor) -> Tensor:
    """Every colour mixed anew, the same way everywhere."""
    mix = torch.tensor([[0.2, 0.5, -0.3], [-0.4, 0.1, 0.6], [0.3, 0.3, 0.3]])
    return torch.einsum("ij,bjhw->bihw", mix, content) + torch.tensor([0.4, 0.3, 0.1]).view(3, 1, 1)


def test_pale_rims_beside_a_tower_fade_and_the_tower_stays() -> None:
    content = tower()
    painted = recoloured(content)
    rimmed = painted.clone()
    rimmed[..., 40:56] += 0.2
    rimmed[..., 72:88] += 0.2
    wrong = mend_rims(rimmed, content)[..., 56:120, :] - painted[..., 56:120, :]
    assert wrong[..., 40:56].mean() < 0.7 * 0.2 and wrong[..., 72:88].mean() < 0.7 * 0.2
    assert wrong[..., 56:72].abs().mean() < 0.02
    # What is added is smooth: edges are as sharp as they were.
    assert (mend_rims(rimmed, content) - rimmed).diff(dim=3).abs().max() < 0.03


def test_coloured_rims_fade_more_than_grey_ones() -> None:
    """Beside a wall little darker than the sky; the colour added has no grey."""
    content = torch.full((1, 3, 128, 128), 0.6)
    content[..., :64] = 0.5
    left = []
    for rim in (torch.tensor([0.1, 0.1, 0.1]), torch.tensor([0.1, -0.1, 0.0])):
        rimmed = content.clone()
        rimmed[..., 64:80] += rim.view(3, 1, 1)
        left.append((mend_rims(rimmed, content) - content)[..., 64:80].square().mean() / rim.square().mean())
    grey, coloured = left
    assert coloured < 0.8 * grey < 0.8


def test_a_wide_glow_beside_a_wall_fades() -> None:
    """More than half of one that reaches 96 pixels into the sky; what lies beyond stays about as it is."""
    content = torch.full((1, 3, 768, 768), 0.8)
    content[..., :64] = 0.2
    painted = recoloured(content)
    glow = torch.zeros(768)
    glow[64:160] = 0.2 * torch.linspace(1, 0, 96)
    wrong = (mend_rims(painted + glow, content) - painted).mean((0, 1, 2))
    assert wrong[64:160].mean() < 0.5 * glow[64:160].mean()
    assert wrong[160:].abs().max() < 0.04 and wrong[:64].abs().max() < 0.07


def test_any_linear_change_of_colours_stays() -> None:
    content = picture(96, 128, seed=1)
    painted = recoloured(content)
    assert (mend_rims(painted, content) - painted).abs().max() < 0.02


def test_strokes_stay() -> None:
    """On flat ground all of them, but for fringes, beside edges those finer than a cell."""
    flat = torch.full((1, 3, 96, 128), 0.3)
    strokes = picture(96, 128, seed=2)
    assert torch.allclose(mend_rims(strokes, flat).mean(1), strokes.mean(1), atol=1e-4)
    in_one_colour = 0.3 + strokes.mean(1, keepdim=True) * torch.tensor([0.6, 0.3, -0.1]).view(3, 1, 1)
    assert (mend_rims(in_one_colour, flat) - in_one_colour).square().mean() < 0.001 * in_one_colour.var()
    content = tower()
    columns = torch.arange(128)
    fine = 0.2 * torch.sin(columns * (2 * torch.pi / 4)).expand(1, 3, 128, 128)
    assert torch.allclose(mend_rims(content + fine, content) - mend_rims(content, content), fine, atol=1e-5)


def regressed(colours: Tensor, guide: Tensor, window: int, half_at: float) -> Tensor:
    """What a ridge regression of the colours on the guide's, in the window around each place, changes them by; in fp64. Greys are
    changed by half at a contrast, colours at less."""
    given, of = (cells[0].permute(1, 2, 0).double().numpy() for cells in (colours, guide))
    changes, half = np.zeros_like(given), window // 2
    for y, x in np.ndindex(*given.shape[:2]):
        around = slice(max(y - half, 0), y + half + 1), slice(max(x - half, 0), x + half + 1)
        theirs, own = given[around].reshape(-1, 3), of[around].reshape(-1, 3)
        away = own - own.mean(0)
        covariance, shared = away.T @ away / len(own), away.T @ (theirs - theirs.mean(0)) / len(own)
        function = np.linalg.solve(covariance + FAINT * np.eye(3), shared)
        expected = theirs.mean(0) + (of[y, x] - own.mean(0)) @ function
        contrast = np.trace(covariance)
        change = expected - given[y, x]
        grey = change.mean()
        changes[y, x] = contrast / (contrast + half_at) * grey
        changes[y, x] += contrast / (contrast + COLOURED * half_at) * (change - grey)
    return torch.from_numpy(changes).permute(2, 0, 1)[None]


def test_it_is_what_regressions_in_all_windows_say() -> None:
    """One after the other, of wide cells first; the last row and column of these are narrow."""
    content, image = picture(112, 200, seed=3), picture(112, 200, seed=4)
    changed = mend_rims(image, content) - image
    colours, guide = (F.avg_pool2d(given.double(), CELL) for given in (image, content))
    squares = [F.avg_pool2d(cells, WIDE, ceil_mode=True) for cells in (colours, guide)]
    relief = F.avg_pool2d(
        (guide - F.interpolate(squares[1], scale_factor=WIDE)[..., :14, :25]).square(), WIDE, ceil_mode=True
    ).sum(1)
    wide = FLAT / (FLAT + relief) * regressed(*squares, 5, WIDE_CONTRAST)
    glows = F.interpolate(wide, scale_factor=WIDE, mode="bilinear")[..., :14, :25]
    wanted = glows + regressed(colours + glows, guide, WINDOW, CONTRAST)
    finer = F.interpolate(wanted, scale_factor=CELL // fringes.CELL, mode="bilinear").float()
    finer += fringe_correction(mending_guide(image, content))
    assert torch.allclose(changed, F.interpolate(finer, scale_factor=fringes.CELL, mode="bilinear"), atol=2e-5)
    assert glows.abs().max() > 0.003 and wanted.abs().max() > 0.02


def test_windows_are_as_wide_as_half_of_the_picture_up_to_a_glow_on_both_sides() -> None:
    windows = {64: 5, 256: 5, 320: 5, 512: 9, 767: 11, 768: 13, 1024: 13, 4096: 13}
    assert {side: wide_window(side, 2048) for side in windows} == windows
    assert wide_window(2048, 512) == 9


def test_windows_of_the_largest_pictures_are_narrower() -> None:
    assert wide_window(16384, 16384) == wide_window(16384, 768) == 9
    assert wide_window(16384, 320) == 5


def test_nothing_farther_than_its_reach_matters() -> None:
    content, image = picture(512, 640, seed=5), picture(512, 640, seed=6)
    here, far = slice(320, 352), reach(9)
    whole = mend_rims(image, content)[..., here]
    first, last = (here.start - far) // SQUARE * SQUARE, -(-(here.stop + far) // SQUARE) * SQUARE
    for nearest, farther in ((first, first - SQUARE), (last - SQUARE, last)):
        changed = image.clone()
        changed[..., farther : farther + SQUARE] += 100
        assert torch.allclose(mend_rims(changed, content)[..., here], whole, atol=1e-6)
        changed[..., nearest : nearest + SQUARE] += 100
        assert not torch.allclose(mend_rims(changed, content)[..., here], whole, atol=1e-4)


def test_the_dtype_stays() -> None:
    content, image = picture(64, 64, seed=7), picture(64, 64, seed=8)
    low = mend_rims(image.bfloat16(), content)
    assert low.dtype is torch.bfloat16
    assert torch.allclose(low.float(), mend_rims(image, content), atol=0.02)


def test_each_picture_of_a_batch_is_mended_by_itself() -> None:
    contents, images = picture(64, 64, seed=9, batch=2), picture(64, 64, seed=10, batch=2)
    both = mend_rims(images, contents)
    for index in range(2):
        alone = mend_rims(images[index : index + 1], contents[index : index + 1])
        assert torch.allclose(both[index : index + 1], alone, atol=1e-6)


def test_gradients_flow() -> None:
    content = tower(64).double()
    image = (picture(64, 64, seed=11).double() + content).requires_grad_()
    mend_rims(image, content).square().mean().backward()
    assert image.grad is not None and image.grad.isfinite().all() and image.grad.abs().max() > 0


def test_beside_a_tower_the_bundled_weights_leave_the_sky_its_colour() -> None:
    """Three quarters of the rim that the network leaves by itself, or less, on the mean of the example styles."""

    def rim(image: Tensor, _: EncodedStyle) -> float:
        rows = image[0, :, 96:240]
        beside, apart = (rows[..., columns].mean((1, 2)) for columns in (slice(76, 84), slice(140, 240)))
        return float((beside - apart).norm())

    mended, painted = with_and_without("mend_rims", tower(256), rim)
    assert mended < 0.75 * painted


def test_tiles_are_mended_as_the_whole_is() -> None:
    """Without a match of colours nothing is held: what is mended of a picture is written at once."""
    model = random_model(dataclasses.replace(COMPACT, colour_match=False))
    content, style = picture(300, 340, seed=12), model.encode_style(picture(128, 128, seed=13))
    whole = model.transfer(content, style)
    assert torch.allclose(model.transfer(content, style, tile=128), whole, atol=1e-3)
    model.config = dataclasses.replace(model.config, mend_rims=False)
    assert not torch.allclose(model.transfer(content, style), whole, atol=5e-3)
