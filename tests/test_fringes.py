"""Fringes: colours that stand beside a stroke's greys go; greys, strokes' own colours and the content's stay."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from example_pictures import examples, with_and_without
from tiny_networks import picture
from torch import Tensor

from a2k_core import EncodedStyle
from a2k_core.fringes import CELL, FAINT, OWN, WINDOW, fringe_correction

FLAT = torch.full((1, 3, 24, 32), 0.5)


def corrected(colours: Tensor, content: Tensor) -> Tensor:
    return fringe_correction(torch.cat([colours, content], dim=1))


def coloured(cells: Tensor) -> float:
    """How far colours are from grey, squared."""
    return float((cells - cells.mean(1, keepdim=True)).square().mean())


def leftover(cells: Tensor) -> Tensor:
    """What a ridge regression of colours on greys, in the window around each cell, leaves of them; in fp64."""
    given = cells[0].permute(1, 2, 0).double().numpy()
    left, half = np.zeros_like(given), WINDOW // 2
    for y, x in np.ndindex(*given.shape[:2]):
        around = slice(max(y - half, 0), y + half + 1), slice(max(x - half, 0), x + half + 1)
        window = given[around].reshape(-1, 3)
        grey = window.mean(1)
        colour, away = window - grey[:, None], grey - grey.mean()
        slope = away @ colour / len(away) / (away @ away / len(away) + FAINT)
        here = given[y, x].mean()
        left[y, x] = given[y, x] - here - colour.mean(0) - slope * (here - grey.mean())
    return torch.from_numpy(left).permute(2, 0, 1)[None]


def test_it_is_what_regressions_in_all_windows_leave() -> None:
    colours, content = picture(11, 14, seed=1), picture(11, 14, seed=2)
    own = F.avg_pool2d(leftover(content).square().sum(1, keepdim=True), WINDOW, 1, WINDOW // 2, count_include_pad=False)
    wanted = -OWN / (OWN + own) * leftover(colours)
    assert torch.allclose(corrected(colours, content), wanted.float(), atol=1e-4)


def test_a_stroke_out_of_register_loses_most_of_its_fringes_and_nothing_of_its_grey() -> None:
    columns = torch.arange(32.0)
    strokes = [0.5 + 0.3 * torch.exp(-(columns - 16 - shift).square()) for shift in (-0.5, 0.0, 0.5)]
    printed = torch.stack(strokes).view(1, 3, 1, 32).expand(1, 3, 24, 32)
    mended = printed + corrected(printed, FLAT)
    assert coloured(mended) < 0.3 * coloured(printed)
    assert torch.allclose(mended.mean(1), printed.mean(1), atol=1e-6)


def test_a_stroke_in_one_colour_keeps_it() -> None:
    stroke = 0.2 * picture(24, 32, seed=3).mean(1, keepdim=True) * torch.tensor([1.0, 0.4, -0.2]).view(3, 1, 1)
    assert coloured(corrected(FLAT + stroke, FLAT)) < 0.005 * coloured(stroke)


def test_small_coloured_things_of_the_content_stay_coloured() -> None:
    """Red and green squares of one grey; painted where the content has none, they pale."""
    red = torch.tensor([0.2, -0.2, 0.0]).view(3, 1, 1)
    squares = FLAT + red * torch.where((torch.arange(24)[:, None] + torch.arange(32)) % 2 == 0, 1.0, -1.0)
    kept, paled = (coloured(squares + corrected(squares, content)) for content in (squares, FLAT))
    assert kept > 0.95 * coloured(squares) and paled < 0.2 * coloured(squares)


def test_the_bundled_weights_leave_few_fringes() -> None:
    """At most seven tenths of what the network leaves by itself, on the mean of the example styles."""

    def left(image: Tensor, _: EncodedStyle) -> float:
        return float(leftover(F.avg_pool2d(image, CELL)).square().mean())

    mended, painted = with_and_without("mend_rims", examples("content", 256)[0], left)
    assert mended < 0.7 * painted
