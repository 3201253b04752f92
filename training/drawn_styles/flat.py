"""Flat vector pictures: posters of a scene, cut paper, overlapping transparent shapes, tiles of simple geometry."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from . import shapes
from .fields import Array, blur, fork, fractal, from_image, mean_by, noise, shrink
from .palettes import Palette, choose_palette, mix, shift
from .scenes import make_scene


def flat(rng: np.random.Generator, size: int) -> Array:
    """One of four manners, each with few colours and clean edges."""
    palette = choose_palette(rng)
    m = 3 * size if size <= 512 else 2 * size
    way = rng.random()
    if way < 0.45:
        picture = poster(rng, m, palette)
    elif way < 0.6:
        picture = cut_paper(rng, m, palette)
    elif way < 0.8:
        picture = overlaps(rng, m, palette)
    else:
        picture = quilt(rng, m, palette)
    return shrink(np.clip(picture, 0, 1), m // size)


def poster(rng: np.random.Generator, m: int, palette: Palette) -> Array:
    """A scene in the palette's own inks, with or without a light grain."""
    scene = make_scene(rng, m, palette)
    if rng.random() < 0.4:
        return np.asarray(shift(scene.colour, 0.0, 1.2))
    means = mean_by(scene.label, scene.colour)
    inks = np.concatenate([palette.colours, [palette.light, palette.dark], mix(palette.colours, palette.light, 0.5)])
    near = np.argmin(((means[:, None] - inks) ** 2).sum(-1), 1)
    picture = mix(means, inks[near], 0.85)[scene.label]
    if rng.random() < 0.5:  # sprayed grain towards one side of each shape
        spray = fork(rng).random(((m + 1) // 2, (m + 1) // 2)).astype(np.float32).repeat(2, 0).repeat(2, 1)[:m, :m]
        shade = np.clip((means.mean(1)[scene.label] - scene.colour.mean(-1)) * 3 + 0.08, 0, 0.6)
        picture = mix(picture, picture * 0.62, 0.8 * (spray < shade))
    return np.asarray(picture)


def cut_paper(rng: np.random.Generator, m: int, palette: Palette) -> Array:
    """Sheets with wavy or leafy cut-outs laid over each other, each casting a soft shadow."""
    order = palette.colours[np.argsort(palette.colours.mean(1))]
    if rng.random() < 0.5:
        order = order[::-1]
    picture: Array = np.broadcast_to(mix(order[-1], palette.light, 0.4), (m, m, 3)).astype(np.float32)
    layers = int(rng.integers(5, 8))
    rings = rng.random() < 0.5
    cx, cy = rng.uniform(0.35, 0.65, 2)
    for k in range(layers):
        tint = mix(order[(len(order) - 1) * (layers - 1 - k) // layers], palette.colours[k % 6], 0.15)
        t = (k + 1) / layers
        if rings:
            r = 0.06 + 0.56 * t  # the sheet on top has the widest hole
            mask = 1 - _mask(shapes.blob(rng, cx, cy, r, r, 0.2, 160), m)
        else:
            line = shapes.ridge(rng, 0.15 + 0.8 * t, 0.14, 0.3)
            mask = _mask(shapes.below(line), m)
        shadow = np.roll(blur(mask, 0.014 * m), (int(0.008 * m) * (1 if rings else -1), int(0.008 * m)), (0, 1))
        picture = picture * (1 - 0.42 * shadow * (1 - mask))[..., None]
        fibre = 0.02 * noise(rng, m, m / 6)
        picture = mix(picture, tint + fibre[..., None], mask)
    return picture


def _mask(outline: Array, m: int) -> Array:
    """A filled outline, `[m, m]`, 0 or 1."""
    sheet = Image.new("L", (m, m))
    ImageDraw.Draw(sheet).polygon([(float(x), float(y)) for x, y in outline * m], fill=255)
    return from_image(sheet)


def overlaps(rng: np.random.Generator, m: int, palette: Palette) -> Array:
    """Discs, bars, rings and triangles in transparent inks."""
    picture = np.broadcast_to(mix(palette.light, palette.colours[0], 0.08), (m, m, 3)).astype(np.float32)
    for k in range(int(rng.integers(9, 22))):
        x, y, r = (
            rng.uniform(0.05, 0.95),
            rng.uniform(0.05, 0.95),
            float(rng.uniform(0.05, 0.3)) * (1.2 if k < 4 else 0.7),
        )
        way, turn = int(rng.integers(6)), float(rng.choice([0, np.pi / 4, np.pi / 2, rng.uniform(0, np.pi)]))
        if way <= 1:
            mask = _mask(shapes.ellipse(x, y, r, k=160), m)
        elif way == 2:
            mask = _mask(shapes.ellipse(x, y, r, k=160), m) - _mask(shapes.ellipse(x, y, r * 0.7, k=160), m)
        elif way == 3:
            mask = _mask(shapes.star(x, y, r, r * 0.5, 3, turn), m)
        elif way == 4:
            ends = np.array(
                [
                    [x - np.cos(turn) * r * 2, y - np.sin(turn) * r * 2],
                    [x + np.cos(turn) * r * 2, y + np.sin(turn) * r * 2],
                ]
            )
            mask = _mask(shapes.ribbon(ends, r * 0.14), m)
        else:
            half = shapes.ellipse(x, y, r, k=160)[:81]
            mask = _mask(half, m)
        tint = palette.colours[rng.integers(6)]
        cover = float(rng.choice([0.0, 1.0], p=[0.6, 0.4]))
        picture = mix(picture, mix(picture * mix(tint, np.ones(3, np.float32), 0.1), tint, cover), mask)
    for _ in range(int(rng.integers(0, 9))):
        a, b = rng.uniform(0, 1, (2, 2))
        picture = mix(picture, palette.dark, _mask(shapes.ribbon(np.array([a, b]), 0.002), m))
    return picture * (1 + 0.02 * fractal(rng, m, m / 8, 2))[..., None]


def quilt(rng: np.random.Generator, m: int, palette: Palette) -> Array:
    """A grid of squares, each with a quarter disc, a half, a leaf, stripes or a ring."""
    cells = int(rng.integers(3, 8))
    picture = np.zeros((m, m, 3), np.float32)
    inks = np.concatenate([palette.colours, [palette.light, palette.dark]])
    local = (np.arange(m) + 0.5) * cells / m
    cell = np.minimum(local.astype(int), cells - 1)
    u, v = np.broadcast_to(local % 1, (m, m)), np.broadcast_to((local % 1)[:, None], (m, m))
    pick = rng.integers(0, 10, (cells, cells))
    way = pick[cell[:, None], cell[None]]
    flip_x, flip_y = (
        (rng.random((cells, cells)) < 0.5)[cell[:, None], cell[None]],
        (rng.random((cells, cells)) < 0.5)[cell[:, None], cell[None]],
    )
    u, v = np.where(flip_x, 1 - u, u), np.where(flip_y, 1 - v, v)
    first = rng.integers(0, 8, (cells, cells))
    second = (first + rng.integers(1, 8, (cells, cells))) % 8
    middle = np.hypot(u - 0.5, v - 0.5)
    figures = [
        np.hypot(u, v) < 1,
        u + v < 1,
        middle < 0.36,
        (middle < 0.46) & (middle > 0.26),
        (np.hypot(u, v) < 1) & (np.hypot(1 - u, 1 - v) < 1),
        (u * 4).astype(int) % 2 == 0,
        np.hypot(u - 0.5, v) < 0.5,
        (np.hypot(u, v) < 1) & (np.hypot(u, v) > 0.5),
        np.abs(u - 0.5) + np.abs(v - 0.5) < 0.5,
        np.minimum(np.hypot(u, v), np.hypot(1 - u, 1 - v)) < 0.5,
    ]
    inside = np.select([way == k for k in range(10)], figures)
    index = np.where(inside, first[cell[:, None], cell[None]], second[cell[:, None], cell[None]])
    picture = inks[index]
    return np.asarray(picture * (1 + 0.02 * fractal(rng, m, m / 8, 2))[..., None])
