"""Comics and pop prints: flat colour, dots in angled screens, black outlines, panels and bursts."""

from __future__ import annotations

import numpy as np

from .fields import Array, blur, coordinates, distance, edges, fork, mean_by, noise, resize, sample, shrink
from .palettes import Palette, choose_palette, luma, mix, shift
from .scenes import make_scene

# The classic screen angles keep the dots of the inks from forming coarse moire patterns.
_ANGLES = {"cyan": 15, "magenta": 75, "yellow": 0, "black": 45}


def comic(rng: np.random.Generator, size: int) -> Array:
    """One picture, or a page of two to four panels."""
    palette = choose_palette(rng)
    m = 2 * size
    page = np.broadcast_to(mix(palette.light, np.ones(3, np.float32), 0.6), (m, m, 3)).copy()
    for left, top, right, bottom in _layout(rng):
        w, h = int((right - left) * m), int((bottom - top) * m)
        side = max(w, h, 32)
        panel = _panel(rng, side, palette, size)
        row, column = (side - h) // 2, (side - w) // 2
        y0, x0 = int(top * m), int(left * m)
        page[y0 : y0 + h, x0 : x0 + w] = panel[row : row + h, column : column + w]
        frame = max(2, int(0.004 * m))
        for strip in (
            np.s_[y0 : y0 + frame, x0 : x0 + w],
            np.s_[y0 + h - frame : y0 + h, x0 : x0 + w],
            np.s_[y0 : y0 + h, x0 : x0 + frame],
            np.s_[y0 : y0 + h, x0 + w - frame : x0 + w],
        ):
            page[strip] = palette.dark * 0.4
    return shrink(np.clip(page, 0, 1), 2)


def _layout(rng: np.random.Generator) -> list[tuple[float, float, float, float]]:
    """Panels as left, top, right, bottom."""
    if rng.random() < 0.62:
        return [(0.0, 0.0, 1.0, 1.0)]
    a, b, gap = float(rng.uniform(0.38, 0.62)), float(rng.uniform(0.38, 0.62)), 0.014
    low, high = 0.022, 0.978
    upper, lower = (low, low, high, a - gap / 2), (low, a + gap / 2, high, high)
    way = int(rng.integers(3))
    if way == 0:
        return [upper, lower]
    split_lower = [(low, lower[1], b - gap / 2, high), (b + gap / 2, lower[1], high, high)]
    if way == 1:
        return [upper, *split_lower]
    c = 1 - b
    return [(low, low, c - gap / 2, upper[3]), (c + gap / 2, low, high, upper[3]), *split_lower]


def _panel(rng: np.random.Generator, m: int, palette: Palette, size: int) -> Array:
    subjects = ("head", "head", "town", "sea", "countryside", "flowers", "fruit", "mountains", "discs", "wood")
    scene = make_scene(rng, m, palette, subjects, night=False)
    x, y = coordinates(m)
    label, colour = scene.label, np.clip(shift(scene.colour**0.78, 0.0, 1.5), 0, 1)
    flat = _inked(mean_by(label, colour), palette)[label]
    grey = luma(colour)
    if rng.random() < 0.4:  # a burst behind the scene
        turn = np.arctan2(y - scene.focus[1], x - scene.focus[0]) / (2 * np.pi) * int(rng.integers(10, 26))
        rays = ((turn % 1) > 0.5) & (label == 0)
        flat = np.where(rays[..., None], mix(flat, palette.colours[0], 0.7), flat)
    pitch = float(rng.uniform(3.2, 6.0)) * size / 512 * 2  # in pixels of the doubled picture
    if rng.random() < 0.5:  # four-colour printing of everything
        picture = _four_colour(mix(flat, colour, 0.5), pitch)
    else:  # flat colour; dots only model the shade and tint some areas
        shade = np.clip((luma(flat) - grey) * 4 + 0.12, 0, 0.85)
        tinted = fork(rng).random(int(label.max()) + 1)[label] < 0.35
        dots = _screen(np.where(tinted, 0.35, shade), pitch, np.deg2rad(45))
        second = mix(flat * 0.72, palette.dark, 0.2) if rng.random() < 0.6 else flat * palette.colours[1]
        picture = mix(flat, second, dots)
    ink = palette.dark * 0.35
    contour = shrink(edges(label).astype(np.float32), 2) > 0 if m % 2 == 0 else edges(label)
    away = resize(distance(contour, 12), m) * (2 if m % 2 == 0 else 1)
    width = float(rng.uniform(1.4, 2.6)) * size / 512 * (1 + 0.45 * noise(rng, m, 8))
    picture = mix(picture, ink, np.clip(width - away + 0.5, 0, 1))
    solid = np.clip((0.1 - blur(grey, 1.0)) * 12, 0, 1)
    paper = mix(palette.light, np.ones(3, np.float32), 0.4)
    return mix(picture, ink, solid) * paper * (1 + 0.015 * noise(rng, m, m / 3))[..., None]


def _inked(means: Array, palette: Palette) -> Array:
    """Each thing's mean colour pulled to the nearest of a few clear inks."""
    pure = np.concatenate([shift(palette.colours, 0.0, 1.2, 0.04), palette.light[None], palette.dark[None]])
    near = np.argmin(((means[:, None] - pure) ** 2).sum(-1), 1)
    return np.clip(mix(means, pure[near], 0.65), 0, 1).astype(np.float32)


def _screen(amount: Array, pitch: float, angle: float) -> Array:
    """Round dots whose area is the amount, `[m, m]`; smooth at their edges."""
    m = amount.shape[0]
    x, y = coordinates(m)
    u, v = (x * np.cos(angle) + y * np.sin(angle)) * m / pitch, (y * np.cos(angle) - x * np.sin(angle)) * m / pitch
    cell_x, cell_y = np.floor(u) + 0.5, np.floor(v) + 0.5
    # The whole dot takes the amount found at its middle: dots stay round.
    cx = (cell_x * np.cos(angle) - cell_y * np.sin(angle)) * pitch / m
    cy = (cell_x * np.sin(angle) + cell_y * np.cos(angle)) * pitch / m
    radius = np.sqrt(np.clip(sample(amount, cx, cy), 0, 1) / np.pi) * 1.12
    return np.clip((radius - np.hypot(u - cell_x, v - cell_y)) * pitch * 0.8 + 0.5, 0, 1) * (radius > 0.1)


def _four_colour(colour: Array, pitch: float) -> Array:
    """The picture as cyan, magenta, yellow and black dots over white."""
    short = 1 - np.clip(colour, 0, 1)
    black = short.min(-1) ** 2 * 0.7
    inks = {"cyan": (0.0, 0.62, 0.86), "magenta": (0.88, 0.12, 0.5), "yellow": (1.0, 0.9, 0.1)}
    sheet = np.ones_like(colour)
    for k, (name, rgb) in enumerate(inks.items()):
        amount = np.clip((short[..., k] - 0.6 * black) * 1.1, 0, 1)
        dots = _screen(amount, pitch, np.deg2rad(_ANGLES[name]))
        sheet = sheet * mix(np.ones(3, np.float32), np.array(rgb, np.float32), dots)
    return sheet * (1 - 0.9 * _screen(black, pitch, np.deg2rad(_ANGLES["black"])))[..., None]
