"""Woodcut and linocut: tone cut as lines that swell, follow the forms and end in points; one to four printed blocks."""

from __future__ import annotations

import numpy as np

from .fields import Array, IntArray, blur, coordinates, distance, edges, fractal, mean_by, noise, resize, sample, shrink
from .palettes import Palette, choose_palette, luma, mix, shift, tone
from .scenes import Scene, make_scene


def woodcut(rng: np.random.Generator, size: int) -> Array:
    """A relief print."""
    palette = choose_palette(rng)
    m = 2 * size
    subjects = ("countryside", "sea", "mountains", "wood", "town", "flowers", "head", "drift", "fruit")
    scene = make_scene(rng, m, palette, subjects)
    x, y = coordinates(m)
    # The knife does not follow a drawing exactly: every contour is shaken a little, finely and broadly.
    dx, dy = (0.0035 * fractal(rng, m, 10, 2) + 0.0009 * noise(rng, m, 90) for _ in range(2))
    label = sample(scene.label, x + dx, y + dy)
    picture = sample(scene.colour, x + dx, y + dy)
    light = luma(picture)
    low, high = np.quantile(light[::4, ::4], (0.02, 0.98))
    light = np.clip((light - low) / (high - low + 1e-3), 0, 1)
    contour = shrink(edges(label).astype(np.float32), 2) > 0
    away = resize(distance(contour, max(16, size // 6)), m) * 2 / m
    phase = cut_lines(rng, scene, label, away, x, y)
    wave = np.abs(2 * (phase % 1) - 1)
    ink = 0.5 + (1.02 - light + 0.13 * fractal(rng, m, 26, 2) - wave) * 3.2 / _slope(phase)
    ink = np.where(light > 0.93, 0.0, np.where(light < 0.1, 1.0, ink))
    line = float(rng.uniform(0.0018, 0.0036)) * (1 + 0.5 * noise(rng, m, 14))
    outline = np.clip((line - away) * m * 0.6 + 0.5, 0, 1)
    dark_side = blur(light, 0.006 * m) < 0.3
    ink = np.where(dark_side, np.minimum(ink, 1 - outline), np.maximum(ink, outline))  # white lines between darks
    return shrink(_print(rng, np.clip(ink, 0, 1), picture, label, palette, size), 2)


def cut_lines(rng: np.random.Generator, scene: Scene, label: IntArray, away: Array, x: Array, y: Array) -> Array:
    """A phase for every pixel: a line is cut wherever it passes a whole number. Each thing has its own way of lines."""
    kinds = int(label.max()) + 1
    way = rng.integers(0, 5, kinds)
    way[0] = rng.choice([1, 3, 4])  # the sky or wall is the largest: waves, rays or grain, never contour lines
    turn = rng.choice([0.0, 0.35, -0.35, np.pi / 2, 0.9], kinds) + rng.normal(0, 0.08, kinds)
    pitch = float(rng.uniform(58, 96))
    rate = (pitch * rng.uniform(0.85, 1.3, kinds)).astype(np.float32)[label]
    a, kind = turn.astype(np.float32)[label], way[label]
    m = label.shape[0]
    bend = 0.05 * fractal(rng, m, 3, 3)
    along, across = x * np.cos(a) + y * np.sin(a), y * np.cos(a) - x * np.sin(a)
    swell = 0.007 * np.sin(along * 55 + 14 * noise(rng, m, 3))
    dx, dy = x - scene.focus[0], y - scene.focus[1]
    r = np.hypot(dx, dy)
    rays = np.arctan2(dy, dx) / (2 * np.pi) * rate * 1.6
    grain = 0.35 * fractal(rng, m, 2, 3, 0.4)
    choices = [across + bend, across + bend * 0.6 + swell, away, r + 0.25 * bend, y * 0.7 + grain]
    phase = np.select([kind == k for k in range(5)], [c * rate for c in choices])
    burst = (way[0] == 3) & (rng.random() < 0.5)
    return np.where((label == 0) & burst, rays, phase).astype(np.float32)


def _slope(phase: Array) -> Array:
    """How fast the lines follow each other, in cycles a pixel: keeps the edge of a cut equally sharp everywhere."""
    down, right = np.gradient(phase)
    return np.clip(np.hypot(down, right), 0.01, 0.35) * 8


def _print(rng: np.random.Generator, ink: Array, picture: Array, label: IntArray, palette: Palette, size: int) -> Array:
    """Ink on paper: the key block over none, one or several colour blocks, each a little starved and grained."""
    m = ink.shape[0]
    grain = noise(rng, m, 130, 5) + 0.6 * noise(rng, m, 300, 16)
    if rng.random() < 0.5:
        grain = grain.T
    speck = fractal(rng, m, size / 3, 2)
    starved = np.clip((speck + 0.35 * grain + 0.5 * fractal(rng, m, 4, 3) - 0.95) * 3, 0, 0.85)
    paper = (
        mix(palette.light, np.array([0.97, 0.94, 0.87], np.float32), 0.5)
        + (0.018 * fractal(rng, m, size / 4, 2))[..., None]
    )
    style = rng.random()
    if style < 0.3:
        under = paper
    elif style < 0.6:  # one tint, with a hand-wiped gradation
        tint = palette.colours[int(rng.integers(6))]
        wipe = np.clip(0.75 + 0.5 * noise(rng, m, 1.5) + 0.14 * grain, 0.1, 1)
        block = luma(picture) < float(rng.uniform(0.5, 0.85))
        under = mix(paper, paper * tone(palette, tint, 0.55), wipe * block * (1 - 0.5 * starved))
    else:  # a block for each of the palette's colours
        inks = np.concatenate([palette.colours, palette.light[None]])
        mean = shift(mean_by(label, picture), 0.0, 1.3, 0.1)
        nearest = np.argmin(((mean[:, None] - inks) ** 2).sum(-1), 1)
        flat = inks[nearest][label]
        fade = np.clip(0.88 + 0.35 * noise(rng, m, 2, 1.5) + 0.1 * grain, 0.25, 1) * (1 - 0.4 * starved)
        under = mix(paper, mix(flat, paper * flat, 0.5), fade)
        ink = ink * float(rng.uniform(0.7, 1.0))
    black = palette.dark * (0.55 if style < 0.6 else 0.8)
    return np.clip(mix(under, black, ink * (0.97 - starved - 0.04 * np.clip(grain, 0, 1))), 0, 1)
