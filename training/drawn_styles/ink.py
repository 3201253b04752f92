"""Ink on white: pen hatching, bold brush drawing with washes, mountains in mist."""

from __future__ import annotations

import numpy as np

from . import shapes
from .brush import Brush, Canvas, Strokes, trace
from .fields import Array, IntArray, blur, coordinates, edges, fractal, noise, sample
from .oil import scatter
from .palettes import Palette, choose_palette, luma, mix
from .scenes import make_scene
from .watercolour import paper_grain


def ink(rng: np.random.Generator, size: int) -> Array:
    """One of three ways to draw in ink, on white or toned paper."""
    palette = choose_palette(rng)
    way = rng.random()
    if way < 0.4:
        return hatched(rng, size, palette)
    return misty(rng, size, palette) if way < 0.7 else brushed(rng, size, palette)


def _paper(rng: np.random.Generator, m: int, size: int, palette: Palette) -> Array:
    white = mix(np.array([0.985, 0.975, 0.95], np.float32), palette.light, float(rng.choice([0.0, 0.3, 0.8])))
    return white + (0.012 * paper_grain(rng, m, size) + 0.02 * fractal(rng, m, 3, 3))[..., None]


def hatched(rng: np.random.Generator, size: int, palette: Palette) -> Array:
    """Pen strokes in several directions, one more for each step of darkness, and a shaky outline."""
    m = 2 * size
    scene = make_scene(rng, size, palette, night=False)
    light = luma(scene.colour)
    low, high = np.quantile(light, (0.03, 0.97))
    light = np.clip((light - low) / (high - low + 1e-3), 0, 1) ** 0.65
    canvas = Canvas(rng, size, _paper(rng, m, size, palette))
    colour = mix(palette.dark * 0.5, palette.colours[0], float(rng.choice([0.0, 0.0, 0.5])))
    if rng.random() < 0.3:
        canvas.colour *= mix(np.ones(3, np.float32), blur(scene.colour, 0.01 * size).repeat(2, 0).repeat(2, 1), 0.35)
    tilt, follow = float(rng.uniform(0.4, 1.2)), float(rng.choice([0.0, 0.5, 1.0]))
    pen = Brush(bristles=1, dry=0.08, taper=0.3, body=0.0, streaks=0.03, edge=0.1)
    width, pitch = float(rng.uniform(0.0009, 0.0014)), float(rng.uniform(0.006, 0.0085))
    for turn, level in ((0.0, 0.8), (0.0, 0.58), (1.1, 0.45), (2.1, 0.28), (0.5, 0.16)):
        angle = (follow * scene.angle + tilt + turn + 0.15 * noise(rng, size, 5)).astype(np.float32)
        x, y = scatter(rng, int(0.85 / (pitch * 0.055)), np.clip((level - light) * 8, 0, 1))
        path = trace(angle, x, y, rng.uniform(0.03, 0.07, len(x)).astype(np.float32), 7)
        tone = sample(light, path[..., 0], path[..., 1])
        inside = np.cumprod(tone[:, 1:] < level + 0.07, 1).sum(1) / (path.shape[1] - 1)
        widths = width * rng.uniform(0.8, 1.3, len(x)) * (1.5 - 0.6 * sample(light, x, y))
        canvas.lay(Strokes(path, widths.astype(np.float32), np.broadcast_to(colour, (len(x), 3)), reach=inside), pen)
    canvas.colour = mix(canvas.colour, colour, 0.92 * _outline(rng, scene.label.repeat(2, 0).repeat(2, 1), 0.9, 2))
    return canvas.finish(0.0, 0.0)


def _outline(rng: np.random.Generator, label: IntArray, weight: float, passes: int) -> Array:
    """Contours drawn `passes` times by an unsteady hand, about 2 x `weight` pixels wide where the pen presses."""
    m = label.shape[0]
    x, y = coordinates(m)
    total = np.zeros((m, m), np.float32)
    for _ in range(passes):
        line = edges(sample(label, x + 0.0028 * fractal(rng, m, 11, 3), y + 0.0028 * fractal(rng, m, 11, 3)))
        swell = weight * (1 + 0.7 * noise(rng, m, 10))
        soft = blur(line.astype(np.float32), weight * 1.3)
        total = np.maximum(total, np.clip((soft * 3.2 * weight - 0.75 + 0.4 * (swell / weight - 1)) * 3, 0, 1))
    return total


def misty(rng: np.random.Generator, size: int, palette: Palette) -> Array:
    """Ranges that fade downwards into mist, a pale sun, reeds or bamboo before them."""
    m = 2 * size
    x, y = coordinates(m)
    sheet = _paper(rng, m, size, palette)
    grain = paper_grain(rng, m, size)
    tint = mix(palette.dark, palette.colours[1], float(rng.choice([0.0, 0.15, 0.6])))
    take = -np.log(np.clip(tint, 0.03, 1))
    load = np.zeros((m, m), np.float32)
    count = int(rng.integers(3, 6))
    for k in range(count):
        depth = (k + 1) / count
        line = shapes.ridge(rng, 0.25 + 0.5 * depth, 0.22 * (1 - 0.45 * depth), float(rng.uniform(0.45, 0.62)))
        top = np.interp(x[0] + 0.0, line[:, 0], line[:, 1]).astype(np.float32)[None] + 0.004 * fractal(rng, m, 30, 3)
        under = y - top
        fade = np.exp(-under / (0.08 + 0.12 * rng.random())) * (0.75 + 0.45 * fractal(rng, m, 5, 4))
        cliffs = np.clip(fractal(rng, m, 14, 4, 0.6) + 0.6 * noise(rng, m, 40, 8) - 0.1, 0, 1) * np.exp(-under / 0.1)
        body = np.clip(under * m * 0.35, 0, 1) * np.clip(fade + 0.5 * cliffs, 0, 2)
        load = load * (1 - 0.5 * np.clip(under * 30, 0, 1)) + depth**1.5 * 0.95 * body * (1 + 0.16 * grain)
    picture = sheet * np.exp(-np.clip(load, 0, 2)[..., None] * take)
    sun = (float(rng.uniform(0.15, 0.85)), float(rng.uniform(0.1, 0.28)), float(rng.uniform(0.035, 0.08)))
    red = palette.colours[np.argmax(palette.colours[:, 0] - palette.colours[:, 1:].mean(1))]
    disc = np.clip((sun[2] - np.hypot(x - sun[0], y - sun[1])) * m * 0.3, 0, 1) * np.clip(0.8 + 0.2 * grain, 0, 1)
    picture = mix(picture, sheet * red, disc * np.exp(-3 * load))
    canvas = Canvas(rng, size, picture)
    bamboo(rng, canvas, tint) if rng.random() < 0.55 else reeds(rng, canvas, tint)
    return canvas.finish(0.0, 0.0)


def _wet(rng: np.random.Generator, tint: Array, count: int, thin: float) -> tuple[Array, Array]:
    """Ink colours from full to diluted for `count` strokes, and the paler other half of the brush."""
    first = mix(tint * 0.6, np.ones(3, np.float32), rng.uniform(0, thin, count).astype(np.float32))
    return first, mix(first, np.ones(3, np.float32), 0.2)


def bamboo(rng: np.random.Generator, canvas: Canvas, tint: Array) -> None:
    """Jointed stalks and bunches of pointed leaves."""
    wood, leaves, blades = [], [], []
    for _ in range(int(rng.integers(2, 5))):
        x, lean, width = float(rng.uniform(0.05, 0.95)), float(rng.normal(0, 0.06)), float(rng.uniform(0.007, 0.016))
        y = 1.03
        while y > -0.05:
            step = float(rng.uniform(0.12, 0.18))
            ends = np.array([[x, y], [x + lean * step, y - step + 0.008]])
            wood.append((shapes.curve(ends, 12), width))
            if rng.random() < 0.65 and y < 0.9:
                for _ in range(int(rng.integers(3, 7))):
                    a, size = rng.normal(0.6, 0.6), rng.uniform(0.09, 0.17)
                    side = 1 if rng.random() < 0.5 else -1
                    start = np.array([x + side * 0.03, y - 0.01 + rng.normal(0, 0.015)])
                    tip = start + size * np.array([side * np.cos(a), np.sin(a)])
                    middle = (start + tip) / 2 + [0, -0.012]
                    leaves.append(shapes.curve(np.array([start, middle, tip]), 12))
                    blades.append(size * 0.075)
            x, y = x + lean * step, y - step
    stalk, pale = _wet(rng, tint, len(wood), 0.45)
    path = np.stack([line for line, _ in wood])
    widths = np.array([w for _, w in wood], np.float32)
    canvas.lay(Strokes(path, widths, stalk, pale), Brush(bristles=14, dry=0.4, body=0, streaks=0.16, square=True))
    if leaves:
        colour, second = _wet(rng, tint, len(leaves), 0.35)
        canvas.lay(
            Strokes(np.stack(leaves), np.array(blades, np.float32), colour, second),
            Brush(bristles=8, dry=0.2, body=0, taper=0.5),
        )


def reeds(rng: np.random.Generator, canvas: Canvas, tint: Array) -> None:
    """Bent stems rising from one place at the foot, and a few birds far off."""
    root, count = float(rng.uniform(0.15, 0.85)), int(rng.integers(14, 36))
    start = np.stack([root + rng.normal(0, 0.06, count), np.full(count, 1.03)], -1)
    height, lean = rng.uniform(0.15, 0.5, count), rng.normal(0.05, 0.16, count)
    middle = start + np.stack([lean * 0.3, -0.6 * height], -1)
    tip = start + np.stack([lean, -height + 0.25 * np.abs(lean)], -1)
    path = np.stack([shapes.curve(np.array(knots), 16) for knots in zip(start, middle, tip, strict=True)])
    colour, second = _wet(rng, tint, count, 0.4)
    widths = rng.uniform(0.0015, 0.005, count).astype(np.float32)
    canvas.lay(Strokes(path, widths, colour, second), Brush(bristles=4, dry=0.3, body=0, taper=0.5))
    birds = int(rng.integers(2, 7))
    at = np.stack([rng.uniform(0.1, 0.9, birds), rng.uniform(0.08, 0.3, birds)], -1)
    wings = []
    for x, y in at:
        s = rng.uniform(0.008, 0.016)
        wings.append(
            shapes.curve(
                np.array([[x - 2 * s, y - 0.5 * s], [x - s, y - s], [x, y], [x + s, y - s], [x + 2 * s, y - 0.4 * s]]),
                12,
            )
        )
    dark = np.broadcast_to(tint * 0.6, (birds, 3))
    canvas.lay(
        Strokes(np.stack(wings), np.full(birds, 0.0016, np.float32), dark), Brush(bristles=1, dry=0, body=0, taper=0.4)
    )


def brushed(rng: np.random.Generator, size: int, palette: Palette) -> Array:
    """Heavy uneven outlines, solid darks, dry-brushed half tones, grey washes."""
    m = 2 * size
    subjects = ("countryside", "flowers", "fruit", "head", "town", "wood", "mountains", "ribbons")
    scene = make_scene(rng, size, palette, subjects, night=False)
    light = luma(scene.colour)
    light = np.clip((light - light.min()) / (light.max() - light.min() + 1e-3), 0, 1)
    grain = paper_grain(rng, m, size)
    tint = palette.dark * 0.55
    steps = blur(np.floor(light * 4) / 3, 0.004 * size).repeat(2, 0).repeat(2, 1)
    wash = np.clip(0.62 - steps, 0, 1) * (0.9 + 0.35 * fractal(rng, m, 4, 4) + 0.1 * grain)
    sheet = _paper(rng, m, size, palette) * np.exp(-wash[..., None] * -np.log(np.clip(tint + 0.08, 0.03, 1)) * 0.8)
    canvas = Canvas(rng, size, sheet)
    dark = np.clip((0.42 - light) * 4, 0, 1)
    x, y = scatter(rng, 900, dark)
    path = trace(scene.angle, x, y, rng.uniform(0.06, 0.16, len(x)).astype(np.float32), 9)
    off = sample(light, path[..., 0], path[..., 1]) > 0.5
    reach = np.cumprod(~off[:, 1:], 1).sum(1) / (path.shape[1] - 1)
    widths = rng.uniform(0.004, 0.011, len(x)).astype(np.float32)
    brush = Brush(bristles=16, grain=2, dry=1.1, body=0, streaks=0.05, edge=0.5, taper=0.2)
    canvas.lay(Strokes(path, widths, np.broadcast_to(tint, (len(x), 3)), reach=reach), brush)
    line = _outline(rng, scene.label.repeat(2, 0).repeat(2, 1), float(rng.uniform(1.6, 2.8)) * size / 512, 1)
    canvas.colour = mix(canvas.colour, tint, line * np.clip(1.3 + 0.6 * grain + noise(rng, m, 9), 0, 1) * 0.95)
    return canvas.finish(0.0, 0.0)
