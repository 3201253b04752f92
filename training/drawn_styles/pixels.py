"""Pixel art: a scene in few colours on a coarse grid, with ordered dithering and dark outlines."""

from __future__ import annotations

import numpy as np

from .fields import Array, edges, shrink
from .palettes import Palette, choose_palette, luma, mix, shift
from .scenes import make_scene

_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.47


def ramp_of(palette: Palette, steps: int) -> Array:
    """The inks: each colour with `steps` of shade, the dark and the light."""
    inks = [palette.dark[None], palette.light[None], palette.colours]
    for k in range(1, steps):
        inks.append(shift(mix(palette.colours, palette.dark, 0.38 * k), -0.12, 1.15))
        inks.append(shift(mix(palette.colours, palette.light, 0.34 * k), 0.12, 1.0))
    return np.clip(np.concatenate(inks), 0, 1).astype(np.float32)


def pixel(rng: np.random.Generator, size: int) -> Array:
    """A small picture shown large; its pixels stay whole and sharp."""
    palette = choose_palette(rng)
    cells = int(rng.choice([64, 80, 96, 128]))
    scene = make_scene(rng, cells * 4, palette)
    small = shrink(scene.colour, 4)
    # The commonest thing in each cell, rather than a blend, keeps shapes crisp.
    label, crisp = scene.label[2::4, 2::4], scene.colour[2::4, 2::4]
    small = mix(crisp, small, 0.35)
    inks = ramp_of(palette, int(rng.integers(2, 4)))
    dither = float(rng.choice([0.0, 0.06, 0.12, 0.2]))
    pattern = np.tile(_BAYER, (cells // 4, cells // 4))
    wanted = shift(small, 0.0, 1.15) + (dither * pattern)[..., None]
    weight = np.array([0.3, 0.59, 0.11], np.float32)
    far = (((wanted[:, :, None] - inks) ** 2) * weight).sum(-1) + 0.5 * (luma(wanted)[..., None] - luma(inks)) ** 2
    picture = inks[np.argmin(far, -1)]
    if rng.random() < 0.45:
        outline = edges(label) & (luma(small) < 0.75) & (scene.detail[2::4, 2::4] > 0.45)
        picture = np.where(outline[..., None], mix(picture, palette.dark, 0.75), picture)
    index = np.minimum((np.arange(size) * cells) // size, cells - 1)
    large = picture[index[:, None], index[None]]
    if rng.random() < 0.25 and size >= 2 * cells:  # a faint screen grid
        lines = np.where(np.diff(index, prepend=-1) > 0, 0.86, 1.0).astype(np.float32)
        large = large * (lines[:, None] * lines[None])[..., None]
    return np.asarray(large, np.float32)
