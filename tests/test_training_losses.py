"""The losses: 0 where nothing is left to do, larger the farther away, and differentiable."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from training.losses import LOSSES, Painted, Seen
from training.options import PRESETS, load_preset

SIZES = ((8, 32), (8, 16), (16, 8), (16, 4), (16, 4))
"""Channels and side of five small levels; the all-to-key loss takes 8 heads."""


def features(seed: int, spread: float = 1.0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [spread * torch.rand((2, c, side, side), generator=generator) for c, side in SIZES]


def seen(levels: list[Tensor]) -> Seen:
    """Pictures with these features, at half size too. The first three channels of the first level are the pictures."""
    return Seen(lambda _: levels, levels[0][:, :3], levels)


def painted(stylized: list[Tensor], content: list[Tensor], style: list[Tensor]) -> Painted:
    original = features(5)
    return Painted(seen(stylized), seen(content), seen(style), seen(stylized), seen(original))


def test_content_loss_sees_shapes_and_not_their_strength() -> None:
    content = features(1)
    loss = LOSSES["content"]
    assert loss(painted([3 * level + 1 for level in content], content, features(2))) < 1e-3
    assert loss(painted(features(3), content, features(2))) > 1


@pytest.mark.parametrize("name", ["style", "global", "texture"])
def test_style_losses_do_not_ask_where(name: str) -> None:
    style = features(2)
    moved = [level.flip(2).roll(1, 3) for level in style]
    loss = LOSSES[name]
    assert loss(painted(moved, features(1), style)) < 1e-6
    assert loss(painted(features(3, spread=2), features(1), style)) > 0.05


def test_texture_loss_sees_which_channels_fire_together() -> None:
    """Each channel moved by itself keeps means and deviations, and loses what they say of each other."""
    base = torch.rand((2, 1, 32, 32), generator=torch.Generator().manual_seed(1))
    together = [base.repeat(1, 8, 1, 1)] * 5
    apart = [torch.cat([base.roll((3 * i, 5 * i), (2, 3)) for i in range(8)], dim=1)] * 5
    assert LOSSES["style"](painted(apart, together, together)) < 1e-6
    assert LOSSES["texture"](painted(apart, together, together)) > 0.5


def test_grain_loss_sees_a_weave_and_forgives_what_style_or_content_has() -> None:
    smooth = torch.linspace(0, 1, 32).expand(2, 8, 32, 32)
    rows = torch.arange(32)
    weave = smooth + 0.1 * ((rows[:, None] + rows) % 2)
    loss = LOSSES["grain"]
    assert loss(painted([weave] * 5, [smooth] * 5, [smooth] * 5)) > 1
    assert loss(painted([weave] * 5, [smooth] * 5, [weave] * 5)) == 0
    assert loss(painted([weave] * 5, [weave] * 5, [smooth] * 5)) == 0
    assert loss(painted([smooth] * 5, [weave] * 5, [weave] * 5)) == 0


def test_the_all_to_key_target_is_attention_plus_content() -> None:
    """With a style of one value all attention gives that value, twice, on top of the content."""
    content, style = features(1), [torch.full_like(level, 0.5) for level in features(2)]
    sums = [level + 1.0 for level in content]
    # A region's value is a mean of r positions and its center over r + 1, each weighted by a similarity of one half.
    loss = LOSSES["all_to_key"]
    near = loss(painted(sums, content, style))
    assert near < loss(painted(content, content, style))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_has_gradients(name: str) -> None:
    stylized = [level.requires_grad_() for level in features(3, spread=2)]
    LOSSES[name](painted(stylized, features(1), features(2))).backward()
    assert any(level.grad is not None and bool((level.grad != 0).any()) for level in stylized)
    assert all(level.grad is None or bool(torch.isfinite(level.grad).all()) for level in stylized)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_name_known_losses(name: str) -> None:
    preset = load_preset(name)
    painter = [stage for stage in preset.stages if stage.name == "painter"]
    assert painter
    for stage in painter:
        assert set(stage.losses) <= set(LOSSES)
        assert len(stage.losses) <= 6
