"""Neon on dark: glowing tubes along contours, over a grid, or in spinning curves."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from . import shapes
from .fields import Array, blur, coordinates, edges, fork, fractal, from_image, noise, sample, shrink
from .palettes import Palette, choose_palette, luma, mix, shift
from .scenes import make_scene
from .tiles import without_slivers

Line = tuple[Array, Array, float]
"""Points `[k, 2]`, colour, width (units of the side)."""


def neon(rng: np.random.Generator, size: int) -> Array:
    """Light in tubes before a dark wall or a night sky."""
    palette = choose_palette(rng, "arcade" if rng.random() < 0.4 else None)
    colours = _vivid(palette)
    m = 2 * size
    way = rng.random()
    if way < 0.4:
        tubes = _contours(rng, m, palette, colours)
    else:
        lines = skyline(rng, colours) if way < 0.68 else spirals(rng, colours)
        tubes = _draw(lines, m)
    return shrink(_glow(rng, tubes, palette, m), 2)


def _vivid(palette: Palette) -> Array:
    """The palette as light: saturated and bright."""
    colours = shift(palette.colours, 0.0, 1.9)
    colours = colours + (0.5 - luma(colours))[:, None] * 0.7
    return np.clip(colours, 0.02, 1).astype(np.float32)


def _draw(lines: list[Line], m: int) -> Array:
    """Lines on black; later ones add their light to earlier ones by the brighter value."""
    sheet = np.zeros((m, m, 3), np.float32)
    for points, colour, width in lines:
        mask = Image.new("L", (m, m))
        path = [(float(x), float(y)) for x, y in points * m]
        ImageDraw.Draw(mask).line(path, fill=255, width=max(2, round(width * m)), joint="curve")
        sheet = np.maximum(sheet, from_image(mask)[..., None] * colour)
    return sheet


def _contours(rng: np.random.Generator, m: int, palette: Palette, colours: Array) -> Array:
    """The contours of a scene as tubes, each thing in its own colour."""
    subjects = ("head", "town", "flowers", "mountains", "discs", "countryside", "fruit", "ribbons", "facets")
    scene = make_scene(rng, m // 2, palette, subjects, night=True)
    whole = without_slivers(scene.label, 0.004 * m).astype(np.int32).repeat(2, 0).repeat(2, 1)
    x, y = coordinates(m)
    label = sample(whole, x + 0.002 * fractal(rng, m, 14, 2), y + 0.002 * fractal(rng, m, 14, 2))
    width = float(rng.uniform(1.0, 1.7)) * m / 1024
    line = np.clip(blur(edges(label).astype(np.float32), width) * width * 2.6 - 0.25, 0, 1)
    tint = colours[fork(rng).integers(0, 6, int(label.max()) + 1)][label]
    gaps = np.clip(noise(rng, m, 16) * 6 + 5.2, 0.08, 1)  # where the tube is painted out
    fill = 0.1 * np.clip(scene.colour, 0, 1).repeat(2, 0).repeat(2, 1) * (rng.random() < 0.6)
    return np.asarray(tint * (line * gaps)[..., None] + fill, np.float32)


def skyline(rng: np.random.Generator, colours: Array) -> list[Line]:
    """A striped sun, hills or towers in outline, a floor grid in perspective."""
    horizon = float(rng.uniform(0.52, 0.68))
    floor, high, sun = colours[rng.permutation(6)[:3]]
    lines: list[Line] = []
    centre = float(rng.uniform(0.3, 0.7))
    for k in range(1, 15):
        lines.append((np.array([[0, y := horizon + (1 - horizon) * (k / 14) ** 2.1], [1, y]]), floor, 0.0025))
    for k in np.linspace(-3, 3, 31):
        lines.append((np.array([[centre + k * 0.16, horizon], [centre + k * 1.2, 1.0]]), floor, 0.0025))
    r = float(rng.uniform(0.16, 0.26))
    for k, y in enumerate(np.linspace(-1, 1, int(rng.integers(13, 22)))):
        half = r * np.sqrt(max(0.0, 1 - y**2))
        if horizon + (y - 0.25) * r < horizon:
            row = horizon + (y - 0.25) * r
            tint = mix(sun, high, k / 20)
            lines.append((np.array([[centre - half, row], [centre + half, row]]), tint, 0.006))
    if rng.random() < 0.5:
        for depth in range(2):
            ridge = shapes.ridge(rng, horizon - 0.03, 0.12 - 0.05 * depth, 0.6, 33)
            ridge[:, 1] = np.minimum(ridge[:, 1], horizon)
            lines.append((ridge, high, 0.004))
            for k in range(0, 33, 2):
                lines.append((np.array([ridge[k], [ridge[k, 0] + 0.02, horizon]]), mix(high, floor, 0.5), 0.002))
    else:
        x = 0.0
        while x < 1:
            w, h = float(rng.uniform(0.04, 0.1)), float(rng.uniform(0.08, 0.36))
            lines.append(
                (np.array([[x, horizon], [x, horizon - h], [x + w, horizon - h], [x + w, horizon]]), high, 0.004)
            )
            for wy in np.arange(horizon - h + 0.02, horizon - 0.02, 0.03):
                for wx in np.arange(x + 0.012, x + w - 0.012, 0.016):
                    if rng.random() < 0.4:
                        lines.append((np.array([[wx, wy], [wx + 0.007, wy]]), colours[rng.integers(6)], 0.007))
            x += w + float(rng.uniform(0.0, 0.03))
    return lines


def spirals(rng: np.random.Generator, colours: Array) -> list[Line]:
    """Nested polygons, roses and loops that turn about one or two centres."""
    lines: list[Line] = []
    for _ in range(int(rng.integers(2, 5))):
        cx, cy, reach = float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.32, 0.6))
        first, last = colours[rng.integers(6)], colours[rng.integers(6)]
        count, twist = int(rng.integers(7, 16)), float(rng.normal(0, 0.2))
        way = int(rng.integers(3))
        sides, petals = int(rng.integers(3, 8)), int(rng.integers(2, 7))
        for k in range(count):
            t = (k + 1) / count
            if way == 0:
                a = np.linspace(0, 2 * np.pi, sides + 1) + twist * k
                r = np.full(sides + 1, reach * t)
            else:
                a = np.linspace(0, 2 * np.pi, 240)
                swing = np.cos(petals * a + twist * 3 * k) if way == 1 else np.cos((petals + 0.5) * 2 * a) * 0.4
                r = reach * t * (0.75 + 0.25 * swing)
                a = a + twist * k
            lines.append((shapes.points(cx + r * np.cos(a), cy + r * np.sin(a)), mix(first, last, t), 0.0035))
    return lines


def _glow(rng: np.random.Generator, tubes: Array, palette: Palette, m: int) -> Array:
    """White-hot cores, coloured halos, and the wall they light."""
    x, y = coordinates(m)
    wall = mix(
        palette.dark * 0.35, palette.dark * 0.8, np.clip(0.4 + 0.5 * fractal(rng, m, 3, 3) + 0.4 * (1 - y), 0, 1)
    )
    surface = 1 + 0.18 * fractal(rng, m, 40, 3)
    if rng.random() < 0.35:  # bricks
        rows = np.floor(y * 26)
        seam = (np.abs((y * 26) % 1 - 0.5) > 0.44) | (np.abs((x * 11 + 0.5 * (rows % 2)) % 1 - 0.5) > 0.475)
        surface = surface * (1 - 0.55 * blur(seam.astype(np.float32), 1.5))
    near, middle, far = blur(tubes, 0.004 * m), blur(tubes, 0.013 * m), blur(tubes, 0.05 * m)
    light = 1.2 * near + 1.4 * middle + 1.5 * far
    core = np.clip(blur(tubes, 1.0), 0, 1)
    picture = wall * surface[..., None] * (1 + 2.5 * far) + light * (0.55 + 0.25 * surface[..., None]) + core
    hot = np.clip(luma(core) * 2.2 - 0.5, 0, 1) * 0.75
    picture = mix(picture, np.ones(3, np.float32), hot)
    return np.clip(1 - np.exp(-1.25 * np.clip(picture, 0, None)), 0, 1)
