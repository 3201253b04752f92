"""Still lifes: a room, vessels, flowers, fruit."""

from __future__ import annotations

import numpy as np

from .. import shapes
from ..fields import Array, fractal, sample
from ..palettes import mix
from .cast import Cast
from .scene import Scene, around, ramp, rounded


def room(rng: np.random.Generator, n: int, cast: Cast, table: float) -> Scene:
    """A wall (plain, striped or with a window's light) and a table top."""
    wall = cast.toned(cast.accent(rng), float(rng.uniform(0.15, 0.7)))
    mottle = fractal(rng, 128, 4, 4)
    glow = (float(rng.uniform(0.1, 0.9)), float(rng.uniform(0, 0.4)))

    def colour(x: Array, y: Array) -> Array:
        light = np.exp(-((x - glow[0]) ** 2 + (y - glow[1]) ** 2) / 0.3) * 0.4
        return mix(wall, cast.light, light) + (0.06 * sample(mottle, x, y))[..., None]

    drift = fractal(rng, 128, 3, 2)
    scene = Scene(n, colour, lambda x, y: 0.8 + 1.2 * sample(drift, x, y))
    scene.focus = (0.5, 0.45)
    if rng.random() < 0.35:
        stripe, label, count = mix(wall, cast.accent(rng), 0.5), scene.new_label(), int(rng.integers(4, 9))
        for k in range(count):
            scene.fill(shapes.box((k + 0.25) / count, -0.1, (k + 0.75) / count, table), stripe, np.pi / 2, 0.3, label)
    cloth = cast.toned(cast.accent(rng), float(rng.uniform(0.35, 0.8)))
    scene.fill(
        shapes.below(shapes.ridge(rng, table, 0.01, 0.3)),
        ramp(cloth, mix(cloth, cast.dark, 0.35), table, 1.05),
        0.05,
        0.4,
    )
    if rng.random() < 0.5:
        label, tint = scene.new_label(), mix(cloth, cast.accent(rng), 0.7)
        for x in np.linspace(-0.6, 1.6, int(rng.integers(8, 16))):
            edge = np.array(
                [[x * 0.6 + 0.2, table + 0.01], [x * 0.6 + 0.215, table + 0.01], [x + 0.03, 1.06], [x, 1.06]],
                np.float32,
            )
            scene.fill(edge, tint, np.pi / 2, 0.5, label)
    return scene


def vessel(
    rng: np.random.Generator, scene: Scene, cast: Cast, x: float, foot: float, width: float, height: float
) -> None:
    """A turned vase or jar with a shadow, a sheen and perhaps a band."""
    body = cast.toned(cast.accent(rng), float(rng.uniform(0.2, 0.65)))
    t = np.linspace(0, 1, 40)
    belly, neck = rng.uniform(0.25, 0.55), rng.uniform(0.35, 0.7)
    profile = shapes.curve(np.array([[0, 0.55], [belly, 1.0], [0.8, neck], [1.0, neck * 1.25]]), 40)
    half = np.interp(t, profile[:, 0], profile[:, 1]) * width
    y = foot - t * height
    shadow = shapes.ellipse(x + width * 0.9, foot, width * 1.7, height * 0.07)
    scene.fill(shadow, mix(scene.colour[min(scene.n - 1, int(foot * scene.n)), 0], cast.dark, 0.5), 0.0, 0.5)
    axis = shapes.points(np.full(40, x), y)

    def tall(px: Array, py: Array) -> Array:  # up the side, leaning with the belly's outline
        return np.asarray(np.pi / 2 - 0.8 * (px - x) / width * np.cos((foot - py) / height * np.pi))

    scene.fill(
        shapes.ribbon(axis, half),
        ramp(mix(body, cast.light, 0.35), mix(body, cast.dark, 0.6), x - width, x + width, across=True),
        tall,
        0.7,
    )
    if rng.random() < 0.6:
        band = slice(12, 20)
        tint = cast.accent(rng)
        scene.fill(
            shapes.ribbon(axis[band], half[band]),
            ramp(tint, mix(tint, cast.dark, 0.6), x - width, x + width, across=True),
            0.0,
            0.8,
        )
    sheen = shapes.ribbon(
        shapes.points(x - half[6:30] * 0.55, y[6:30]), width * 0.09 * np.sin(np.linspace(0, np.pi, 24))
    )
    scene.fill(sheen, mix(body, cast.light, 0.75), np.pi / 2, 0.9)


def blossom(rng: np.random.Generator, scene: Scene, cast: Cast, x: float, y: float, r: float, tint: Array) -> None:
    """A flower seen from the front: rings of petals about an eye."""
    petals, turn = int(rng.integers(5, 13)), rng.uniform(0, 6)
    rings = int(rng.integers(1, 4))
    for ring in range(rings):
        size = r * (1 - 0.28 * ring)
        for k in range(petals):
            a = turn + 2 * np.pi * (k + 0.5 * ring) / petals
            petal = shapes.leaf(x, y, size * rng.uniform(0.85, 1.1), size * 2.4 / petals, a, float(rng.normal(0, 0.08)))
            shade = mix(
                mix(tint, cast.dark, 0.3),
                mix(tint, cast.light, 0.35),
                float(np.clip(0.5 - 0.5 * np.sin(a + 0.6) + 0.15 * ring, 0, 1)),
            )
            scene.fill(petal, shade, a, 0.9)
    scene.fill(
        shapes.blob(rng, x, y, r * 0.24, r * 0.24, 0.1),
        rounded(cast.sun, cast.dark, cast.light, x, y, r * 0.24),
        around(x, y),
        1.0,
    )


def flowers(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """A bunch of flowers in a vase."""
    table = float(rng.uniform(0.68, 0.8))
    scene = room(rng, n, cast, table)
    x, foot, height = float(rng.uniform(0.42, 0.58)), table + 0.1, float(rng.uniform(0.25, 0.34))
    mouth = foot - height
    heads = []
    for _ in range(int(rng.integers(9, 20))):
        a, reach = rng.uniform(-np.pi * 0.97, -np.pi * 0.03), float(np.sqrt(rng.random()))
        heads.append(
            (x + 0.36 * reach * np.cos(a), mouth - 0.05 + 0.42 * reach * np.sin(a), float(rng.uniform(0.05, 0.1)))
        )
    green = min((cast.near, cast.middle, *cast.accents), key=lambda c: float(max(c[0], c[2]) - c[1]))
    for hx, hy, _ in heads:
        stem = shapes.curve(np.array([[x, mouth + 0.05], [(x + hx) / 2, (mouth + hy) / 2 - 0.02], [hx, hy]]))
        scene.fill(shapes.ribbon(stem, 0.005), cast.toned(green, 0.2), -np.pi / 2, 0.8)
    for _ in range(int(rng.integers(16, 34))):
        hx, hy, _ = heads[int(rng.integers(len(heads)))]
        a = rng.uniform(0, 2 * np.pi)
        tint = cast.toned(mix(green, cast.accent(rng), 0.15), float(rng.uniform(0.1, 0.4)))
        scene.fill(
            shapes.leaf(hx, hy, rng.uniform(0.08, 0.16), rng.uniform(0.012, 0.03), a, float(rng.normal(0, 0.15))),
            tint,
            a,
            0.8,
        )
    vessel(rng, scene, cast, x, foot, height * float(rng.uniform(0.28, 0.4)), height)
    tints = [cast.toned(cast.accent(rng), float(rng.uniform(0.3, 0.75))) for _ in range(3)]
    for hx, hy, r in heads:
        blossom(rng, scene, cast, hx, hy, r, tints[int(rng.integers(3))])
    for _ in range(int(rng.integers(0, 5))):
        fallen = (float(rng.uniform(0.1, 0.9)), float(rng.uniform(table + 0.05, 0.97)))
        scene.fill(shapes.leaf(*fallen, 0.05, 0.014, float(rng.uniform(0, 6))), tints[0], 0.3, 0.8)
    return scene


def fruit(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Fruit, a dish, a bottle or a jug on a cloth."""
    table = float(rng.uniform(0.42, 0.58))
    scene = room(rng, n, cast, table)
    for _ in range(int(rng.integers(1, 3))):
        height = float(rng.uniform(0.3, 0.45))
        vessel(
            rng,
            scene,
            cast,
            float(rng.uniform(0.15, 0.85)),
            table + float(rng.uniform(0.08, 0.16)),
            height * 0.26,
            height,
        )
    if rng.random() < 0.7:
        x, y = float(rng.uniform(0.35, 0.65)), float(rng.uniform(0.72, 0.8))
        dish = cast.toned(cast.accent(rng), 0.75)
        scene.fill(shapes.ellipse(x + 0.04, y + 0.04, 0.34, 0.11), mix(dish, cast.dark, 0.7), 0.0, 0.4)
        scene.fill(shapes.ellipse(x, y, 0.33, 0.115), dish, around(x, y), 0.6)
        scene.fill(shapes.ellipse(x, y - 0.006, 0.27, 0.085), mix(dish, cast.dark, 0.15), around(x, y), 0.6)
    tints = [cast.toned(cast.accent(rng), float(rng.uniform(0.2, 0.6))) for _ in range(3)]
    for y in np.sort(rng.uniform(table + 0.12, 0.9, int(rng.integers(4, 10)))):
        x, r = float(rng.uniform(0.12, 0.88)), float(rng.uniform(0.06, 0.1))
        tint = tints[int(rng.integers(3))]
        scene.fill(
            shapes.ellipse(x + r * 0.5, y + r * 0.75, r * 1.2, r * 0.32),
            mix(scene.colour[-1, 0], cast.dark, 0.5),
            0.0,
            0.4,
        )
        pear = rng.random() < 0.3
        ball = rounded(tint, mix(tint, cast.dark, 0.75), mix(tint, cast.light, 0.6), x, y, r, 1.0)
        if pear:
            scene.fill(shapes.blob(rng, x + 0.02, y - r * 0.9, r * 0.55, r * 0.85, 0.03), ball, around(x, y), 0.7)
        scene.fill(shapes.blob(rng, x, y, r, r * 0.94, 0.03), ball, around(x, y), 0.7)
        scene.fill(
            shapes.ellipse(x - r * 0.35, y - r * 0.4, r * 0.16, r * 0.1, 0.7), mix(tint, cast.light, 0.85), 0.7, 1.0
        )
        top = y - r * (1.6 if pear else 0.8)
        scene.fill(shapes.leaf(x, top, r * 0.5, r * 0.05, -1.2, 0.2), cast.dark, -1.2, 1.0)
        if rng.random() < 0.5:
            scene.fill(shapes.leaf(x, top, r * 0.8, r * 0.2, -0.4), cast.toned(cast.near, 0.25), -0.4, 0.9)
    return scene
