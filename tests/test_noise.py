"""The noise under contents: the same everywhere and every time, without edges, and only where a configuration asks for it."""

from __future__ import annotations

import dataclasses

import torch
from tiny_networks import COMPACT, PAPER, picture, random_model

from a2k_core.network.noise import PERIOD, noise


def test_a_part_gets_the_noise_of_the_whole() -> None:
    whole = noise(torch.zeros(1, 3, 1100, 1200))
    part = noise(torch.zeros(1, 3, 64, 96), top=1030, left=400)
    assert torch.equal(part, whole[..., 1030:1094, 400:496])


def test_the_plane_repeats_without_an_edge() -> None:
    plane = noise(torch.zeros(1, 3, 2 * PERIOD, PERIOD + 1))
    assert torch.equal(plane[..., :PERIOD, :], plane[..., PERIOD:, :])
    assert torch.equal(plane[..., :1], plane[..., PERIOD:])
    steps = plane.diff(dim=2).abs().mean((0, 1, 3))
    assert steps[PERIOD - 1] < 1.2 * steps.mean()
    whole = plane[..., :PERIOD, :PERIOD]
    assert abs(whole.mean()) < 1e-5
    assert abs(whole.std() - 1) < 1e-5


def test_it_has_the_dtype_of_the_picture_and_works_in_inference_mode() -> None:
    with torch.inference_mode():
        assert noise(torch.zeros(1, 3, 8, 8, dtype=torch.bfloat16)).dtype == torch.bfloat16
    weight = torch.ones(1, requires_grad=True)
    (weight * noise(torch.zeros(1, 3, 8, 8))).sum().backward()


def test_flat_contents_differ_from_place_to_place_by_the_noise_alone() -> None:
    content, style = torch.full((1, 3, 128, 128), 0.5), picture(64, 64, seed=2)
    with_noise, without = (random_model(dataclasses.replace(COMPACT, noise=level)) for level in (0.05, 0.0))
    inside = (..., slice(40, 88), slice(40, 88))  # away from the borders
    varied = with_noise.transfer(content, with_noise.encode_style(style))[inside]
    repeated = without.transfer(content, without.encode_style(style))[inside]
    assert torch.allclose(repeated[..., :16, :], repeated[..., 16:32, :], atol=1e-5)
    assert not torch.allclose(varied[..., :16, :], varied[..., 16:32, :], atol=1e-2)


def test_the_paper_has_none() -> None:
    model = random_model(PAPER)
    image = picture(64, 64)
    for level, plain in zip(model.encode_content(image), model.encoder(image), strict=True):
        assert torch.equal(level, plain)
