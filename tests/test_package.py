"""The public names of the package."""

from __future__ import annotations

import pytest
import torch
from tiny_networks import picture

import a2k_core
from a2k_core import StyA2K, images, mixed_style, steady


@pytest.mark.parametrize("name", a2k_core.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(a2k_core, name).__name__ == name
    assert name in dir(a2k_core)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = a2k_core.nothing


def test_older_import_paths_lead_to_the_same() -> None:
    assert images.read_picture is a2k_core.read_picture
    assert images.write_picture is a2k_core.write_picture
    assert mixed_style.mix_styles is a2k_core.mix_styles
    assert steady.steadied is a2k_core.temporal_smoothing


def test_a_scene_is_clip_statistics(compact_model: StyA2K) -> None:
    frames, style = picture(64, 80, batch=2), compact_model.encode_style(picture(64, 64, seed=2))
    older = compact_model.transfer(frames, style, scene=compact_model.scene(frames, style, 0.5))
    assert torch.equal(older, compact_model.transfer(frames, style, clip=compact_model.clip_statistics(frames)))
