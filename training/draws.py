"""What chance decides in a training step: all of it follows from the step's number."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from texture_losses import patch_filters
from torch import Tensor
from views import SIZES, View

from a2k_core.devices import to_device
from options import Options

WHITE_PERIOD = 1024
"""Side in pixels of the white noise that grain is made of while training."""

Again = Literal["contents", "styles", "recompressed"]


class Plan(NamedTuple):
    """The choices on which it depends what a step computes."""

    again: Again | None
    """What a quarter of the batch goes through the network once more for.

    Contents or styles in their own style, which has to leave them as they are, or contents recompressed, as strokes must
    not grow from the marks of compression; in turns where both are wanted.
    """

    view_size: float | None
    """One of `SIZES` in steps at which the feature network looks from elsewhere."""


class Draws(NamedTuple):
    """The choices that are numbers only, as tensors on the device: a captured step reads them anew."""

    offset: Tensor
    """`[2]`: row and column of the repeating white noise at the first pixel of the grain."""

    colours: Tensor
    """`[3]`, of a `View`."""

    turns: Tensor
    """`[3]`, of a `View`."""

    filters: Tensor
    """`[scales, directions, 3, side, side]`, of the patch loss."""

    def view(self, size: float) -> View:
        """How the feature network looks."""
        return View(size, self.colours, self.turns)


def draw(options: Options, step: int, device: torch.device, *, training: bool = True) -> tuple[Plan, Draws]:
    """The choices of a step of style training; validation has the one plain view."""
    random = torch.Generator().manual_seed(step)
    offset = torch.randint(WHITE_PERIOD, (2,), generator=random)
    looks_elsewhere = torch.rand((), generator=random).item() < options.views
    size = SIZES[int(torch.randint(len(SIZES), (), generator=random))]
    turns = torch.randint(2, (3,), generator=random).bool()
    colours = torch.randperm(3, generator=random)
    draws = Draws(*(to_device(x, device) for x in (offset, colours, turns, patch_filters(random))))
    return Plan(again(options, step), size if training and looks_elsewhere else None), draws


def again(options: Options, step: int) -> Again | None:
    """The `Plan.again` of a step."""
    identity, robust = options.identity_weight > 0, options.recompression_weight > 0
    if identity and not (robust and step % 2):
        return "styles" if step // 2 % 2 else "contents"
    return "recompressed" if robust else None


def quarter(batch: int) -> int:
    """How many pictures of a batch go through once more."""
    return max(batch // 4, 1)
