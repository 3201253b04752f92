"""The parts of a view outdoors: sky, sun, clouds, hills, trees, houses, boats."""

from __future__ import annotations

import numpy as np

from .. import shapes
from ..fields import Array, fractal, sample
from ..palettes import mix
from .cast import Cast
from .scene import Scene, Shading, around, ramp


def swirling(rng: np.random.Generator, centres: list[tuple[float, float, float]], base: float = 0.0) -> Shading:
    """A direction field that flows along `base` and turns about each (x, y, reach)."""
    drift = fractal(rng, 128, 3, 3)
    spins = [1.0 if k % 2 else -1.0 for k in range(len(centres))]

    def angle(x: Array, y: Array) -> Array:
        turn = base + 0.9 * sample(drift, x, y)
        vx, vy = np.cos(turn), np.sin(turn)
        for (cx, cy, reach), spin in zip(centres, spins, strict=True):
            dx, dy = x - cx, y - cy
            pull = 6 * np.exp(-((dx**2 + dy**2) / reach**2)) / (np.sqrt(dx**2 + dy**2) + 1e-4)
            vx, vy = vx - spin * dy * pull, vy + spin * dx * pull
        return np.asarray(np.arctan2(vy, vx))

    return angle


def sky(rng: np.random.Generator, n: int, cast: Cast, horizon: float, swirls: bool = False) -> Scene:
    """A new scene that is all sky down to `horizon`, with a sun or a moon, clouds or stars."""
    sun = (
        float(rng.uniform(0.15, 0.85)),
        float(rng.uniform(0.12, max(0.2, horizon - 0.1))),
        float(rng.uniform(0.04, 0.1)),
    )
    centres = [(sun[0], sun[1], 3 * sun[2])]
    if swirls:
        for _ in range(int(rng.integers(2, 5))):
            centres.append((float(rng.uniform(0, 1)), float(rng.uniform(0.05, horizon)), float(rng.uniform(0.1, 0.2))))
    mottle = fractal(rng, 128, 4, 4)
    fade = ramp(cast.sky_high, cast.sky_low, 0.0, horizon)

    def colour(x: Array, y: Array) -> Array:
        glow = np.exp(-((x - sun[0]) ** 2 + (y - sun[1]) ** 2) / (2 * (3.2 * sun[2]) ** 2)) * 0.55
        base = mix(fade(x, y), cast.sun, glow)
        return base + (0.05 * sample(mottle, x, y))[..., None]

    scene = Scene(n, colour, swirling(rng, centres))
    scene.focus = sun[:2]
    for cx, cy, reach in centres[1:]:  # each vortex shows as pale and deep arms winding into its eye
        for arm in range(6):
            t = np.linspace(0.12, 1, 40)
            turn = arm * np.pi / 3 + 3.2 * t
            path = shapes.points(cx + reach * t * np.cos(turn), cy + 0.75 * reach * t * np.sin(turn))
            tint = mix(cast.sky_low, cast.light, 0.4) if arm % 2 else mix(cast.sky_high, cast.sun, 0.25)
            scene.fill(shapes.ribbon(path, reach * 0.05 * np.sin(np.pi * t) + 0.001), tint)
    if cast.night:
        for _ in range(int(rng.integers(9, 20))):
            x, y, r = rng.uniform(0.03, 0.97), rng.uniform(0.03, horizon - 0.06), rng.uniform(0.004, 0.013)
            for scale, amount in ((3.0, 0.2), (2.0, 0.45), (1.0, 0.95)):
                tint = mix(cast.sky_low, cast.sun, amount)
                scene.fill(shapes.ellipse(x, y, r * scale), tint, around(x, y), 0.9)
    for scale, amount in ((2.3, 0.3), (1.6, 0.6), (1.0, 1.0)):
        disc = shapes.ellipse(sun[0], sun[1], sun[2] * scale)
        scene.fill(disc, mix(mix(cast.sky_low, cast.sun, 0.3), cast.sun, amount), around(*sun[:2]), 0.6)
    if not cast.night or rng.random() < 0.3:
        for _ in range(int(rng.integers(0, 5))):
            cloud(rng, scene, cast, rng.uniform(0, 1), rng.uniform(0.08, horizon * 0.8), rng.uniform(0.08, 0.2))
    return scene


def cloud(rng: np.random.Generator, scene: Scene, cast: Cast, x: float, y: float, width: float) -> None:
    """A heap of rounded lumps over a flat shaded base."""
    body, shade = mix(cast.sky_low, cast.light, 0.75), mix(cast.sky_low, cast.sky_high, 0.6)
    label = scene.new_label()
    lumps = [
        (x + width * rng.uniform(-0.8, 0.8), y - width * rng.uniform(0, 0.25), width * rng.uniform(0.2, 0.42))
        for _ in range(7)
    ]
    for cx, cy, r in lumps:
        scene.fill(shapes.blob(rng, cx, cy + r * 0.25, r, r * 0.6, 0.06), shade, around(cx, cy), 0.4, label)
    for cx, cy, r in lumps:
        scene.fill(
            shapes.blob(rng, cx, cy, r, r * 0.6, 0.06),
            ramp(body, shade, cy - r * 0.4, cy + r),
            around(cx, cy),
            0.4,
            label,
        )


def hills(rng: np.random.Generator, scene: Scene, cast: Cast, horizon: float, count: int, rough: float) -> None:
    """Ranges of hills, one before the other, from hazy to near."""
    for k in range(count):
        depth = k / max(1, count - 1) if count > 1 else 0.5
        line = shapes.ridge(rng, horizon + 0.1 * depth, 0.13 * (1 - 0.5 * depth), rough * (1 - 0.3 * depth))
        body = mix(cast.far, cast.middle, depth)
        body = mix(body, cast.accent(rng), 0.15)
        slope = float(rng.uniform(-0.5, 0.5))
        top, bottom = float(line[:, 1].min()), horizon + 0.2
        scene.fill(shapes.below(line), ramp(mix(body, cast.light, 0.12), body * 0.9, top, bottom), slope, 0.35)


def fields_of_land(rng: np.random.Generator, scene: Scene, cast: Cast, top: float) -> None:
    """Ground in overlapping rolling strips, some with rows of crops that run towards the viewer."""
    edge = top
    vanishing = float(rng.uniform(0.2, 0.8))
    strip = 0
    while edge < 1.02:
        line = shapes.ridge(rng, edge, 0.02 + 0.05 * (edge - top), 0.35)
        body = mix(cast.middle, cast.near, min(1.0, (edge - top) / (1 - top)))
        body = mix(body, cast.accent(rng), float(rng.uniform(0.0, 0.45)))
        flow = float(rng.normal(0, 0.2))
        scene.fill(shapes.below(line), ramp(mix(body, cast.light, 0.15), body * 0.92, edge, edge + 0.2), flow, 0.45)
        if strip > 0 and rng.random() < 0.55:
            rows = int(rng.integers(7, 15))
            label, tint = scene.new_label(), cast.toned(mix(body, cast.accent(rng), 0.6), float(rng.uniform(0.15, 0.6)))
            for x in np.linspace(-0.9, 1.9, rows * 2):
                foot = vanishing + (x - vanishing) * 1.9
                y0 = float(np.interp(x, line[:, 0], line[:, 1]))
                strip_of_row = np.array(
                    [[x - 0.006, y0], [x + 0.006, y0], [foot + 0.03, 1.06], [foot - 0.03, 1.06]], np.float32
                )
                scene.fill(strip_of_row, tint, float(np.arctan2(1.06 - y0, foot - x)), 0.5, label)
        edge += (0.06 + 0.55 * (edge - top)) * float(rng.uniform(0.7, 1.3)) + 0.03
        strip += 1


def path_of_water(rng: np.random.Generator, scene: Scene, cast: Cast, top: float) -> None:
    """A river or a road that winds from the horizon to the foot of the picture."""
    y = np.linspace(top, 1.05, 60)
    near = (y - top) / (1.05 - top)
    x = rng.uniform(0.3, 0.7) + 0.22 * np.sin(near * rng.uniform(3, 6) + rng.uniform(0, 6)) * (0.2 + near)
    body = mix(cast.sky_low, cast.light, 0.25)
    outline = shapes.ribbon(shapes.points(x, y), 0.004 + 0.1 * near**1.6)
    scene.fill(outline, ramp(body, mix(cast.sky_high, body, 0.4), top, 1.0), 0.3, 0.5)


def round_tree(rng: np.random.Generator, scene: Scene, cast: Cast, x: float, foot: float, height: float) -> None:
    """A trunk under a crown of lumps, dark first and lit ones last."""
    label = scene.new_label()
    trunk = shapes.ribbon(
        shapes.curve(np.array([[x, foot], [x + height * rng.normal(0, 0.03), foot - height * 0.5]])), height * 0.035
    )
    scene.fill(trunk, mix(cast.dark, cast.accents[-1], 0.25), np.pi / 2, 0.8)
    body = mix(cast.near, cast.accent(rng), float(rng.uniform(0.1, 0.5)))
    for k in range(16):
        t = k / 15
        r = height * rng.uniform(0.13, 0.24) * (1 - 0.35 * t)
        cx = x + height * (rng.normal(0, 0.14) - 0.05 * t)
        cy = foot - height * (0.62 + rng.uniform(-0.14, 0.2) + 0.08 * t)
        tint = mix(cast.toned(body, 0.1 if cast.night else 0.14), mix(body, cast.sun, 0.45), t)
        scene.fill(shapes.blob(rng, cx, cy, r, r * 0.85, 0.14), tint, around(cx, cy), 0.7, label)


def cypress(rng: np.random.Generator, scene: Scene, cast: Cast, x: float, foot: float, height: float) -> None:
    """A dark flame of a tree, its tongues leaning over each other."""
    label = scene.new_label()
    for k in range(9):
        t = k / 8
        tint = mix(cast.toned(cast.near, 0.05), mix(cast.near, cast.accents[0], 0.35), t * rng.uniform(0.3, 1))
        foot_x, lean = x + height * 0.09 * rng.normal() * (1 - t), height * rng.normal(0, 0.05)
        y = np.linspace(foot, foot - height * (1 - 0.45 * t * rng.random()), 30)
        s = (foot - y) / height
        path = shapes.points(foot_x + lean * s + height * 0.025 * np.sin(7 * s + rng.uniform(0, 6)), y)
        scene.fill(
            shapes.ribbon(
                path, height * 0.085 * (1 - 0.5 * t) * np.sin(np.pi * np.clip(s * 0.93 + 0.07, 0, 1) ** 0.7) ** 0.8
            ),
            tint,
            -np.pi / 2 + lean,
            0.6,
            label,
        )


def house(rng: np.random.Generator, scene: Scene, cast: Cast, x: float, foot: float, size: float) -> None:
    """A gabled house with a lit wall, a shaded wall, windows and a door."""
    wall = cast.toned(mix(cast.light, cast.accent(rng), 0.2), 0.3 if cast.night else float(rng.uniform(0.6, 0.85)))
    roof = cast.toned(cast.accent(rng), 0.16 if cast.night else 0.3)
    w, h, side = size * rng.uniform(0.5, 0.8), size * rng.uniform(0.4, 0.6), size * rng.uniform(0.4, 0.9)
    peak = size * rng.uniform(0.25, 0.5)
    front = np.array(
        [[x, foot], [x + w, foot], [x + w, foot - h], [x + w / 2, foot - h - peak], [x, foot - h]], np.float32
    )
    scene.fill(shapes.box(x + w, foot - h, x + w + side, foot), mix(wall, cast.dark, 0.35), 0.0, 0.8)
    slant = np.array(
        [
            [x + w / 2, foot - h - peak],
            [x + w / 2 + side, foot - h - peak],
            [x + w + side, foot - h],
            [x + w, foot - h],
        ],
        np.float32,
    )
    scene.fill(front, wall, np.pi / 2, 0.8)
    scene.fill(slant, roof, np.arctan2(peak, w / 2), 0.8)
    glass = cast.sun if cast.night else mix(cast.dark, cast.sky_high, 0.3)
    for px in (0.18, 0.62):
        scene.fill(shapes.box(x + w * px, foot - h * 0.85, x + w * (px + 0.2), foot - h * 0.5), glass, np.pi / 2, 1.0)
    for px in (0.2, 0.6):
        scene.fill(
            shapes.box(x + w + side * px, foot - h * 0.75, x + w + side * (px + 0.18), foot - h * 0.4), glass, 0.0, 1.0
        )


def boat(rng: np.random.Generator, scene: Scene, cast: Cast, x: float, waterline: float, size: float) -> None:
    """A sailing boat and its broken reflection."""
    sail = cast.toned(cast.accent(rng), float(rng.uniform(0.35, 0.85)))
    lean = float(rng.uniform(-0.1, 0.1))
    for k in range(7):
        y = waterline + size * (0.08 + 0.1 * k)
        half = size * (0.3 - 0.03 * k) * rng.uniform(0.5, 1.1)
        scene.fill(
            shapes.ellipse(x + size * rng.normal(0, 0.05), y, half, size * 0.02),
            mix(sail, cast.sky_high, 0.25 + 0.07 * k),
            0.0,
            0.8,
        )
    hull = np.array([[-0.5, -0.1], [0.5, -0.14], [0.36, 0.06], [-0.36, 0.06]]) * size + [x, waterline]
    main = np.array([[0.02, -1.15], [0.04, -0.18], [0.42, -0.2], [0.3, -0.6]]) * size
    jib = np.array([[-0.02, -1.05], [-0.03, -0.2], [-0.4, -0.2], [-0.22, -0.6]]) * size
    for outline, tint in ((main, sail), (jib, mix(sail, cast.light, 0.4))):
        bent = shapes.curve(np.concatenate([outline, outline[:1]]), 40)
        bent[:, 0] += lean * -bent[:, 1]
        scene.fill(bent + np.array([x, waterline], np.float32), tint, np.pi / 2, 0.9)
    scene.fill(hull.astype(np.float32), mix(cast.dark, cast.accent(rng), 0.3), 0.0, 0.9)
