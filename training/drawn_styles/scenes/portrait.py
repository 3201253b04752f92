"""Heads."""

from __future__ import annotations

import numpy as np

from .. import shapes
from ..fields import Array
from ..palettes import mix
from .cast import Cast
from .indoors import room
from .scene import Scene, around, ramp


def head(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Head and shoulders in simple planes, lit from one side."""
    scene = room(rng, n, cast, 1.2)
    x, y, rx, ry = (
        0.5 + float(rng.normal(0, 0.03)),
        float(rng.uniform(0.36, 0.42)),
        float(rng.uniform(0.14, 0.17)),
        float(rng.uniform(0.2, 0.24)),
    )
    warm = cast.palette.colours[np.argmax(cast.palette.colours[:, 0] - cast.palette.colours[:, 2])]
    skin = cast.toned(warm, float(rng.uniform(0.3, 0.7)))
    lit, dim = mix(skin, cast.light, 0.4), mix(skin, cast.dark, 0.45)
    hair, coat = (
        cast.toned(cast.accent(rng), float(rng.uniform(0.05, 0.3))),
        cast.toned(cast.accent(rng), float(rng.uniform(0.12, 0.5))),
    )
    side = 1.0 if rng.random() < 0.5 else -1.0
    locks = float(rng.uniform(1.1, 2.4))
    scene.fill(
        shapes.blob(rng, x, y - ry * 0.1 + 0.1 * locks * ry, rx * 1.35, ry * locks * 0.72 + 0.06, 0.05),
        hair,
        around(x, y),
        0.5,
    )
    neck = shapes.box(x - rx * 0.48, y + ry * 0.5, x + rx * 0.48, y + ry * 1.7)
    scene.fill(neck, ramp(skin, dim, x - side * rx * 0.5, x + side * rx * 0.5, across=True), np.pi / 2, 0.6)
    top = y + ry * 1.35
    knots = np.array(
        [
            [x - 0.45, 1.1],
            [x - 0.36, top + 0.16],
            [x - rx * 0.55, top],
            [x, top + 0.06],
            [x + rx * 0.55, top],
            [x + 0.36, top + 0.16],
            [x + 0.45, 1.1],
        ]
    )
    scene.fill(
        shapes.curve(knots, 80),
        ramp(mix(coat, cast.light, 0.15), mix(coat, cast.dark, 0.5), x - side * 0.4, x + side * 0.4, across=True),
        around(x, 1.3),
        0.5,
    )
    for s in (-1, 1):
        lapel = np.array(
            [[x + s * rx * 0.5, top], [x + s * rx * 0.9, top + 0.1], [x + s * 0.02, 1.05], [x, top + 0.06]], np.float32
        )
        scene.fill(lapel, mix(coat, cast.accent(rng) if s > 0 else cast.light, 0.3), 1.2 * s, 0.6)
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    jaw = np.where(np.sin(t) > 0, 1 - 0.2 * np.sin(t) ** 2, 1.0)
    face = shapes.points(x + rx * np.cos(t) * jaw, y + ry * np.sin(t))
    scene.fill(face, ramp(lit, dim, x - side * rx, x + side * rx * 1.1, across=True), around(x, y), 0.7)
    eye = y - ry * 0.05
    for s in (-1, 1):
        ex = x + s * rx * 0.42
        scene.fill(shapes.ellipse(ex, eye - 0.004, rx * 0.3, ry * 0.13), mix(skin, cast.dark, 0.35), 0.0, 0.9)
        almond = np.concatenate([shapes.leaf(ex - rx * 0.23, eye, rx * 0.46, ry * 0.05, 0.0)])
        scene.fill(almond, mix(cast.light, skin, 0.25), 0.0, 1.0)
        scene.fill(shapes.ellipse(ex, eye, rx * 0.09, ry * 0.06), cast.dark, around(ex, eye), 1.0)
        brow = shapes.curve(
            np.array(
                [
                    [ex - rx * 0.28, eye - ry * 0.16 - 0.01 * s],
                    [ex, eye - ry * 0.23],
                    [ex + rx * 0.28, eye - ry * 0.16 + 0.01 * s],
                ]
            )
        )
        scene.fill(shapes.ribbon(brow, 0.006), hair, 0.0, 1.0)
    nose = np.array(
        [[x - side * 0.004, eye - ry * 0.1], [x + side * rx * 0.2, y + ry * 0.36], [x - side * rx * 0.1, y + ry * 0.4]],
        np.float32,
    )
    scene.fill(nose, mix(skin, cast.dark, 0.3), np.pi / 2, 1.0)
    mouth = y + ry * 0.6
    red = mix(skin, cast.toned(warm, 0.18), 0.75)
    scene.fill(shapes.leaf(x - rx * 0.33, mouth, rx * 0.66, ry * 0.055, 0.0), red, 0.0, 1.0)
    scene.fill(
        shapes.ribbon(
            shapes.curve(np.array([[x - rx * 0.34, mouth], [x, mouth + 0.005], [x + rx * 0.34, mouth]])), 0.0025
        ),
        mix(red, cast.dark, 0.6),
        0.0,
        1.0,
    )
    fringe(rng, scene, cast, hair, x, y, rx, ry)
    return scene


def fringe(
    rng: np.random.Generator, scene: Scene, cast: Cast, hair: Array, x: float, y: float, rx: float, ry: float
) -> None:
    """What frames the face above: swept hair, and sometimes a hat."""
    label = scene.new_label()
    part = float(rng.uniform(-0.5, 0.5))
    for k in range(14):
        a = np.pi * (1 + (k + 0.5) / 14)
        root = (x + part * rx, y - ry * 1.1)
        tip = (x + 1.13 * rx * np.cos(a), y + 0.95 * ry * np.sin(a) + 0.05 * abs(np.cos(a)))
        lock = shapes.curve(np.array([root, [(root[0] + tip[0]) / 2, min(root[1], tip[1]) - 0.02], tip]))
        tint = mix(hair, cast.light, float(rng.uniform(0, 0.3)))
        scene.fill(
            shapes.ribbon(lock, rx * 0.17 * np.linspace(1, 0.5, len(lock))),
            tint,
            float(np.arctan2(tip[1] - root[1], tip[0] - root[0])),
            0.6,
            label,
        )
    if rng.random() < 0.35:
        felt = cast.toned(cast.accent(rng), float(rng.uniform(0.1, 0.6)))
        brim = y - ry * 0.62
        crown = shapes.curve(
            np.array(
                [
                    [x - rx * 0.95, brim],
                    [x - rx * 0.8, brim - ry * 0.75],
                    [x, brim - ry * 0.95],
                    [x + rx * 0.8, brim - ry * 0.75],
                    [x + rx * 0.95, brim],
                ]
            ),
            60,
        )
        scene.fill(
            crown,
            ramp(mix(felt, cast.light, 0.2), mix(felt, cast.dark, 0.4), x - rx, x + rx, across=True),
            np.pi / 2,
            0.5,
        )
        scene.fill(shapes.box(x - rx * 0.97, brim - ry * 0.2, x + rx * 0.97, brim), cast.accent(rng), 0.0, 0.6)
        scene.fill(shapes.ellipse(x, brim + 0.005, rx * 1.75, ry * 0.2, 0.05), mix(felt, cast.dark, 0.25), 0.0, 0.6)
