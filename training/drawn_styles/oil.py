"""Oil paint: broad underpainting, then ever smaller strokes along the forms; and its variant laid with a knife."""

from __future__ import annotations

import numpy as np

from .brush import Brush, Canvas, Strokes, trace
from .fields import Array, blur, noise, sample
from .palettes import choose_palette, mix, shift
from .scenes import Scene, make_scene


def scatter(rng: np.random.Generator, count: int, weight: Array | None = None) -> tuple[Array, Array]:
    """`count` well spread points (a jittered grid, shuffled); with a `weight` field, thinned where it is low."""
    side = int(np.ceil(np.sqrt(count)))
    k = rng.permutation(side * side)
    x = (k % side + rng.random(len(k))) / side
    y = (k // side + rng.random(len(k))) / side
    x, y = (1.06 * x - 0.03).astype(np.float32), (1.06 * y - 0.03).astype(np.float32)
    if weight is None:
        return x, y
    keep = rng.random(len(x)) < sample(weight, x, y)
    return x[keep], y[keep]


def strokes_over(
    rng: np.random.Generator,
    reference: Array,
    angle: Array,
    width: float,
    length: float,
    cover: float,
    *,
    weight: Array | None = None,
    hue: float = 0.12,
    light: float = 0.05,
    accent: Array | None = None,
    stop: float = 0.22,
    steps: int = 10,
) -> Strokes:
    """Strokes of half `width` and full `length` that cover the picture `cover` times, coloured from `reference`.

    A stroke ends where the picture's colour departs from its own by more than `stop`. `accent` colours (`[k, 3]`) are mixed
    into some strokes.
    """
    count = max(4, int(cover / (2 * width * length)))
    x, y = scatter(rng, count, weight)
    count = len(x)
    lengths = (length * rng.uniform(0.6, 1.25, count)).astype(np.float32)
    path = trace(angle, x, y, lengths, steps)
    colour = sample(reference, x, y)
    along = sample(reference, path[..., 0], path[..., 1])
    apart = np.abs(along - colour[:, None]).max(-1) > stop
    middle = path.shape[1] // 2
    # Both halves start from the seed point: hold the path still once it has left its colour.
    for order in (range(middle + 1, path.shape[1]), range(middle - 1, -1, -1)):
        blocked = np.zeros(count, bool)
        back = -1 if order.step > 0 else 1
        for k in order:
            blocked |= apart[:, k]
            path[blocked, k] = path[blocked, k + back]
    tinted = shift(
        colour,
        rng.normal(0, hue, count).astype(np.float32),
        rng.uniform(0.9, 1.35, count).astype(np.float32),
        rng.normal(0, light, count).astype(np.float32),
    )
    if accent is not None:
        pick = accent[rng.integers(0, len(accent), count)]
        tinted = mix(tinted, pick, np.where(rng.random(count) < 0.3, rng.uniform(0.1, 0.45, count), 0.0))
    second = shift(tinted, rng.normal(0, 2 * hue, count), rng.uniform(0.9, 1.2, count), rng.normal(0, 2 * light, count))
    widths = width * rng.uniform(0.7, 1.3, count)
    return Strokes(path, widths.astype(np.float32), np.clip(tinted, 0, 1), np.clip(second, 0, 1))


def wander(rng: np.random.Generator, scene: Scene, amount: float) -> Array:
    """The scene's directions, loosened by noise."""
    return scene.angle + amount * noise(rng, scene.n, 7)


def canvas_weave(rng: np.random.Generator, m: int, pitch: float) -> Array:
    """The height of a plain canvas: crossing threads, a little uneven. -1..1."""
    axis = np.arange(m) * (2 * np.pi / pitch)
    wave = np.sin(axis + 2 * noise(rng, m, 9)) * np.sin(axis[:, None] + 2 * noise(rng, m, 9))
    return np.asarray(wave + 0.3 * noise(rng, m, m / 4), np.float32)


def oil(rng: np.random.Generator, size: int) -> Array:
    """A picture in oils, from smooth to vigorous."""
    palette = choose_palette(rng)
    scene = make_scene(rng, size, palette)
    vigour = float(rng.uniform(0.0, 1.0))
    manner = str(rng.choice(["along", "along", "hatched", "dabs", "soft"]))
    reference = blur(scene.colour, 0.003 * size)
    # The underpainting shows between the strokes: the picture's own masses, thinned and pulled towards one warm or dark tone.
    toned = mix(blur(scene.colour, 0.015 * size), mix(palette.dark, palette.colours[0], 0.6), 0.35)
    canvas = Canvas(rng, size, toned.repeat(2, 0).repeat(2, 1))
    canvas.height += 0.4 * canvas_weave(rng, canvas.m, 6)
    big = 0.015 + 0.012 * vigour
    reach = {"along": 6.0, "hatched": 5.0, "dabs": 2.2, "soft": 7.0}[manner]
    angle = wander(rng, scene, 0.5)
    if manner == "hatched":  # parallel strokes over everything, the way some build form from colour alone
        angle = 0.25 * angle + float(rng.uniform(0.5, 1.1)) * (1 if rng.random() < 0.5 else -1)
    cover = 0.55 if manner == "soft" else 1.0
    accents = palette.colours
    broad = Brush(bristles=9, dry=0.25, body=0.35, streaks=0.09, opacity=cover)
    strokes = strokes_over(rng, blur(reference, 0.01 * size), angle, big, big * reach * 1.4, 2.2, hue=0.14, stop=0.4)
    canvas.lay(strokes, broad)
    middle = Brush(bristles=8, dry=0.3, body=0.45 + 0.4 * vigour, streaks=0.1, opacity=cover)
    strokes = strokes_over(rng, reference, angle, big * 0.5, big * reach, 1.9, accent=accents, light=0.06)
    canvas.lay(strokes, middle)
    fine = Brush(bristles=6, dry=0.25, body=0.5 + 0.5 * vigour, streaks=0.08, opacity=max(cover, 0.8))
    weight = np.clip(scene.detail * 1.3 - 0.15, 0.05, 1)
    small = strokes_over(rng, scene.colour, scene.angle, big * 0.25, big * 0.4 * reach, 2.2, weight=weight, hue=0.1)
    canvas.lay(small, fine)
    weight = np.clip(scene.detail - 0.5, 0, 1) ** 1.2
    canvas.lay(strokes_over(rng, scene.colour, scene.angle, 0.0032, 0.018, 1.6, weight=weight, hue=0.06), fine)
    return canvas.finish(0.25 + 0.2 * vigour)


def knife(rng: np.random.Generator, size: int) -> Array:
    """Slabs of paint laid with a knife in a few directions."""
    palette = choose_palette(rng)
    scene = make_scene(rng, size, palette)
    ground = mix(blur(scene.colour, 0.01 * size), palette.dark, 0.25)
    canvas = Canvas(rng, size, ground.repeat(2, 0).repeat(2, 1))
    turns = rng.uniform(0, np.pi, 4)
    block = (noise(rng, size, 9) * 3 + noise(rng, size, 20) * 2).astype(int) % 4
    angle = (0.35 * np.round(scene.angle / 0.6) * 0.6 + turns[block] + 0.12 * noise(rng, size, 12)).astype(np.float32)
    slab = Brush(bristles=5, grain=1.2, dry=0.22, body=0.3, streaks=0.05, edge=0.1, square=True)
    for width, cover, weight in (
        (0.05, 2.0, None),
        (0.027, 1.8, None),
        (0.014, 1.7, np.clip(scene.detail * 1.5, 0.2, 1)),
        (0.006, 1.3, np.clip(scene.detail * 1.5 - 0.5, 0, 1)),
    ):
        strokes = strokes_over(
            rng, scene.colour, angle, width, width * 3.2, cover, weight=weight, hue=0.1, light=0.05, stop=0.2, steps=6
        )
        canvas.lay(strokes, slab)
    return canvas.finish(0.42, 0.1)
