"""Open views: fields, the sea, a wood."""

from __future__ import annotations

import numpy as np

from .. import shapes
from ..palettes import mix
from .cast import Cast
from .outdoors import boat, cypress, fields_of_land, hills, house, path_of_water, round_tree, sky
from .scene import Scene, around, ramp


def countryside(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Rolling fields under hills, with trees, a village, sometimes a river."""
    horizon = float(rng.uniform(0.34, 0.58))
    scene = sky(rng, n, cast, horizon, swirls)
    hills(rng, scene, cast, horizon, int(rng.integers(1, 4)), float(rng.uniform(0.3, 0.6)))
    ground = horizon + 0.08
    fields_of_land(rng, scene, cast, ground)
    if rng.random() < 0.4:
        path_of_water(rng, scene, cast, ground + 0.04)
    things = [(float(rng.uniform(ground + 0.02, 0.8)), int(rng.integers(3))) for _ in range(int(rng.integers(4, 10)))]
    for foot, what in sorted(things):
        near = 0.3 + 1.6 * (foot - horizon)
        x = float(rng.uniform(0.02, 0.98))
        if what == 0:
            house(rng, scene, cast, x, foot, 0.09 * near)
        elif what == 1:
            round_tree(rng, scene, cast, x, foot, 0.3 * near)
        else:
            cypress(rng, scene, cast, x, foot, 0.42 * near)
    if rng.random() < 0.5:  # something tall and close gives the view its depth
        tall = cypress if rng.random() < 0.6 else round_tree
        tall(
            rng,
            scene,
            cast,
            float(rng.choice([rng.uniform(0.1, 0.28), rng.uniform(0.72, 0.9)])),
            1.02,
            float(rng.uniform(0.7, 0.95)),
        )
    if rng.random() < 0.5:
        meadow(rng, scene, cast, float(rng.uniform(0.78, 0.9)))
    return scene


def meadow(rng: np.random.Generator, scene: Scene, cast: Cast, top: float) -> None:
    """Tall grass and blossoms along the foot of the picture."""
    grass = scene.new_label()
    for _ in range(170):
        x, foot = rng.uniform(-0.02, 1.02), rng.uniform(top + 0.05, 1.1)
        tint = mix(cast.near, mix(cast.middle, cast.sun, 0.3), float(rng.random()))
        blade = shapes.leaf(
            x,
            foot,
            rng.uniform(0.08, 0.2),
            rng.uniform(0.003, 0.006),
            -np.pi / 2 + rng.normal(0, 0.25),
            rng.normal(0, 0.15),
        )
        scene.fill(blade, tint, -np.pi / 2 + rng.normal(0, 0.2), 0.8, grass)
    tints = [cast.accent(rng) for _ in range(3)] + [mix(cast.light, cast.sun, 0.4)]
    for _ in range(int(rng.integers(25, 70))):
        x, y = rng.uniform(0, 1), rng.uniform(top - 0.06, 1.0)
        r = 0.008 + 0.018 * max(0.0, y - top + 0.06) / 0.2
        tint = tints[int(rng.integers(4))]
        scene.fill(shapes.blob(rng, x, y, r, r * 0.8, 0.2), tint, around(x, y), 1.0)
        scene.fill(shapes.ellipse(x, y, r * 0.3), mix(tint, cast.dark, 0.6), around(x, y), 1.0)


def seascape(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Water in bands that widen towards the viewer, a coast, sails, the sun's road on the waves."""
    horizon = float(rng.uniform(0.3, 0.55))
    scene = sky(rng, n, cast, horizon, swirls)
    deep, pale = cast.toned(cast.sky_high, 0.08 if cast.night else 0.22), mix(cast.sky_low, cast.sky_high, 0.3)
    if rng.random() < 0.6:
        line = shapes.ridge(rng, horizon, 0.08, 0.45)
        line[:, 1] = np.minimum(line[:, 1], horizon + 0.001)
        scene.fill(shapes.below(line, horizon + 0.01), mix(cast.far, cast.middle, float(rng.random())), 0.1, 0.5)
    scene.fill(shapes.box(-0.1, horizon, 1.1, 1.1), ramp(pale, deep, horizon, 1.0), 0.0, 0.4)
    road, y = float(rng.uniform(0.2, 0.8)), horizon + 0.01
    while y < 1.05:
        near = (y - horizon) / (1 - horizon)
        x = np.linspace(-0.05, 1.05, 90)
        swell = (
            (0.004 + 0.022 * near)
            * np.sin(x * (34 - 22 * near) + rng.uniform(0, 6))
            * (0.6 + 0.4 * np.sin(x * 5 + rng.uniform(0, 6)))
        )
        half = (0.003 + 0.02 * near) * (0.55 + 0.45 * np.sin(x * rng.uniform(4, 9) + rng.uniform(0, 6)))
        tint = [deep, pale, mix(deep, cast.accents[0], 0.3), mix(pale, cast.light, 0.35)][int(rng.integers(4))]
        scene.fill(
            shapes.ribbon(shapes.points(x, y + swell), half),
            mix(tint, deep, 0.3 * near),
            float(rng.normal(0, 0.15)),
            0.5,
        )
        y += 0.012 + 0.05 * near * float(rng.uniform(0.7, 1.3))
    glitter = scene.new_label()
    for _ in range(70):
        near = float(rng.random() ** 1.3)
        cx = road + rng.normal(0, 0.02 + 0.06 * near)
        cy = horizon + 0.01 + (1 - horizon) * near
        dash = shapes.ellipse(cx, cy, 0.012 + 0.03 * near * rng.random(), 0.002 + 0.005 * near)
        scene.fill(dash, mix(cast.sun, cast.light, 0.3), 0.0, 0.8, glitter)
    for _ in range(int(rng.integers(0, 4))):
        where = float(rng.uniform(0.06, 0.7)) ** 1.2
        boat(rng, scene, cast, float(rng.uniform(0.1, 0.9)), horizon + (1 - horizon) * where * 0.8, 0.05 + 0.22 * where)
    return scene


def wood(rng: np.random.Generator, n: int, cast: Cast, swirls: bool = False) -> Scene:
    """Trunks in a clearing, leaves above, dappled ground."""
    scene = sky(rng, n, cast, 0.7, swirls)
    ground = float(rng.uniform(0.66, 0.78))
    for depth in range(3):
        tint = mix(cast.far, cast.near, depth / 3)
        for _ in range(22):
            x, y, r = rng.uniform(-0.05, 1.05), rng.uniform(-0.05, 0.5), rng.uniform(0.07, 0.15)
            leafy = mix(mix(tint, cast.accent(rng), float(rng.uniform(0, 0.6))), cast.sky_low, 0.3 - 0.1 * depth)
            scene.fill(shapes.blob(rng, x, y, r, r * 0.7, 0.2), leafy, around(x, y), 0.5)
        line = shapes.ridge(rng, ground + 0.06 * depth, 0.02, 0.4)
        scene.fill(
            shapes.below(line), ramp(mix(tint, cast.accents[0], 0.35), mix(tint, cast.dark, 0.2), ground, 1.0), 0.1, 0.4
        )
        for x in rng.uniform(0, 1, 7 - 2 * depth):
            w, foot = 0.008 + 0.012 * depth * rng.uniform(0.7, 1.3), ground + 0.03 + 0.1 * depth
            path = shapes.curve(np.array([[x, foot], [x + rng.normal(0, 0.01), 0.4], [x + rng.normal(0, 0.03), -0.06]]))
            bark = mix(cast.light, cast.dark, float(rng.choice([0.15, 0.75]))) if depth else mix(tint, cast.dark, 0.3)
            shade = ramp(bark, mix(bark, cast.dark, 0.6), x - w, x + w, across=True)
            scene.fill(shapes.ribbon(path, np.linspace(1.25, 0.8, len(path)) * w), shade, np.pi / 2, 0.8)
    for _ in range(60):
        x, y = rng.uniform(0, 1), rng.uniform(ground + 0.1, 1)
        scene.fill(
            shapes.blob(rng, x, y, 0.03 * rng.uniform(0.3, 1), 0.008, 0.2),
            mix(cast.accent(rng), cast.sun, 0.4),
            0.0,
            0.6,
        )
    return scene
