"""Thread: tapestry weave, cross-stitch, satin-stitch embroidery and knotted geometric rugs."""

from __future__ import annotations

import numpy as np

from .brush import Brush, Canvas, Strokes, trace
from .fields import Array, coordinates, fork, fractal, noise, relief, sample, shrink
from .oil import scatter
from .palettes import Palette, choose_palette, mix, shift
from .scenes import make_scene


def textile(rng: np.random.Generator, size: int) -> Array:
    """One of four ways to make a picture of thread."""
    palette = choose_palette(rng)
    way = rng.random()
    if way < 0.3:
        return embroidery(rng, size, palette)
    cells = int(rng.choice([48, 64, 80])) if way < 0.55 else int(rng.choice([72, 96, 120]))
    design = rug(rng, cells, palette) if way > 0.78 else _charted(rng, cells, palette)
    return cross_stitch(rng, size, palette, design) if way < 0.55 else weave(rng, size, design)


def _charted(rng: np.random.Generator, cells: int, palette: Palette) -> Array:
    """A scene as a chart of `cells` x `cells` threads in a limited set of dyed yarns."""
    scene = make_scene(rng, cells * 3, palette)
    yarns = np.concatenate(
        [
            palette.colours,
            [palette.light, palette.dark],
            mix(palette.colours, palette.light, 0.45),
            mix(palette.colours, palette.dark, 0.4),
        ]
    )
    small = mix(shrink(scene.colour, 3), scene.colour[1::3, 1::3], 0.6)
    near = np.argmin(((small[:, :, None] - yarns) ** 2).sum(-1), -1)
    return np.asarray(mix(small, yarns[near], 0.75), np.float32)


def rug(rng: np.random.Generator, cells: int, palette: Palette) -> Array:
    """Stepped medallions, diamonds and borders, mirrored both ways."""
    half = cells // 2
    u, v = np.meshgrid(np.arange(half), np.arange(half))
    inks = np.concatenate([palette.colours, [palette.light, palette.dark]])
    order = rng.permutation(8)
    step = int(rng.integers(2, 5))
    diamond = (u // step * step + v // step * step) // int(rng.integers(4, 8))
    period = int(rng.choice([8, 12, 16]))
    motif = np.abs((u % period) - period // 2) // 2 + np.abs((v % period) - period // 2) // 2
    way = int(rng.integers(3))
    index = diamond % 6 if way == 0 else (motif + (diamond if way == 1 else 0)) % 5
    edge = np.maximum(u, v)
    band = (half - 1 - edge) // 3
    teeth = ((u + v) // 2) % 2
    index = np.where(band < 4, 4 + (band + teeth * (band % 2)) % 4, index)
    quarter = inks[order[index]]
    side = np.concatenate([quarter[:, ::-1], quarter], 1)
    return np.concatenate([side[::-1], side], 0).astype(np.float32)


def weave(rng: np.random.Generator, size: int, design: Array) -> Array:
    """Weft over warp: each thread rounded, twisted and a little uneven in its dye."""
    m, cells = 2 * size, design.shape[0]
    x, y = coordinates(m)
    x, y = x + 0.0025 * noise(rng, m, 6), y + 0.0025 * noise(rng, m, 6)
    u, v = x * cells, y * cells * 1.0
    column, row = np.floor(u).astype(int), np.floor(v).astype(int)
    over = (column + row) % 2 == 0
    colour = sample(design, (column + 0.5) / cells, (row + 0.5) / cells)
    fu, fv = u - column - 0.5, v - row - 0.5
    # A weft thread bulges where it passes over the warp; the warp shows between as a narrow ridge.
    bulge = np.where(
        over,
        np.cos(fu * np.pi) * np.sqrt(np.clip(1 - (fv * 2.0) ** 2, 0, 1)),
        0.72 * np.cos(fv * np.pi) * np.sqrt(np.clip(1 - (fu * 2.3) ** 2, 0, 1)),
    )
    twist = np.sin((fu * (1 + 0.4 * over) + fv * 2.2) * 9 + 6 * noise(rng, m, cells / 4))
    dye = 0.05 * noise(rng, m, 4, cells) + 0.03 * noise(rng, m, cells, 6)
    height = bulge * m / cells * 0.45 + 0.05 * twist * m / cells
    shade = relief(height, 0.6)
    lit = colour * (0.5 + 0.58 * bulge + 0.28 * shade + 0.07 * twist)[..., None] + dye[..., None]
    return shrink(np.clip(lit, 0, 1), 2)


def cross_stitch(rng: np.random.Generator, size: int, palette: Palette, design: Array) -> Array:
    """Crossed stitches of shiny thread on an open-weave cloth; the palest colour is left as cloth."""
    m, cells = 2 * size, design.shape[0]
    x, y = coordinates(m)
    u, v = x * cells, y * cells
    column, row = np.floor(u), np.floor(v)
    fu, fv = u - column - 0.5, v - row - 0.5
    colour = sample(design, (column + 0.5) / cells, (row + 0.5) / cells)
    cloth = mix(palette.light, np.ones(3, np.float32), 0.3)
    pores = np.cos(u * 2 * np.pi) * np.cos(v * 2 * np.pi)
    ground = (
        cloth
        * (0.9 + 0.1 * noise(rng, m, cells * 2, cells / 3))[..., None]
        * (1 - 0.3 * np.clip(pores - 0.4, 0, 1))[..., None]
    )
    bare = ((colour - cloth) ** 2).sum(-1) < float(rng.choice([0.0, 0.12, 0.2]))
    picture, height = ground, 0.6 * noise(rng, m, cells * 2)
    wobble = 0.05 * noise(rng, m, cells / 2)
    for across, along in (((fu + fv) / 2, fu - fv), ((fu - fv) / 2, fu + fv)):
        d = (across + wobble) / 0.21
        on = (np.abs(d) < 1) & (np.abs(along) < 1.02) & ~bare
        round_ = np.sqrt(np.clip(1 - d**2, 0, 1))
        strand = np.sin(d * 5 + along * 7) * 0.06
        sheen = 0.66 + 0.44 * round_ + strand - 0.14 * np.abs(along) ** 3
        picture = np.where(on[..., None], colour * sheen[..., None], picture)
        height = np.where(on, (round_ + 0.4 - 0.35 * along**2) * m / cells * 0.2, height)
    lit = picture * (1 + 0.25 * relief(height, 0.7))[..., None]
    return shrink(np.clip(lit, 0, 1), 2)


def embroidery(rng: np.random.Generator, size: int, palette: Palette) -> Array:
    """Satin stitches laid side by side along the forms, on a linen ground."""
    scene = make_scene(
        rng, size, palette, ("flowers", "countryside", "sea", "mountains", "head", "fruit", "discs", "wood")
    )
    m = 2 * size
    x, y = coordinates(m)
    linen = mix(palette.light, palette.colours[0], float(rng.uniform(0, 0.5)))
    cloth = 0.1 * np.sin(x * size * 1.25 + 2 * noise(rng, m, 8)) * np.sin(y * size * 1.25 + 2 * noise(rng, m, 8))
    canvas = Canvas(rng, size, linen + (cloth + 0.04 * fractal(rng, m, 20, 2))[..., None])
    thread = Brush(bristles=2.2, grain=0.8, dry=0.0, taper=0.12, body=0.9, streaks=0.13, edge=0.0)
    bare = (scene.label == 0) & (rng.random() < 0.45)
    width = float(rng.uniform(0.0019, 0.0028))
    colour = shift(scene.colour, 0.0, 1.25)
    # One direction for each thing is what makes satin stitch shine: the light changes from shape to shape.
    turn = fork(rng).uniform(-0.35, 0.35, int(scene.label.max()) + 1).astype(np.float32)
    angle = (scene.angle + turn[scene.label] + 0.12 * noise(rng, size, 5)).astype(np.float32)
    for cover, length in ((2.2, 0.045), (2.2, 0.035)):
        sx, sy = scatter(rng, int(cover / (2 * width * length)), (~bare).astype(np.float32))
        lengths = (length * rng.uniform(0.7, 1.2, len(sx))).astype(np.float32)
        path = trace(angle, sx, sy, lengths, 9)
        here = sample(scene.label, sx, sy)
        inside = sample(scene.label, path[..., 0], path[..., 1]) == here[:, None]
        mid = path.shape[1] // 2
        for k in range(mid + 1, path.shape[1]):
            path[:, k] = np.where(inside[:, k, None], path[:, k], path[:, k - 1])
        for k in range(mid - 1, -1, -1):
            path[:, k] = np.where(inside[:, k, None], path[:, k], path[:, k + 1])
        tint = sample(colour, sx, sy)
        shine = 0.1 * np.cos(2 * (sample(angle, sx, sy) - 0.8))
        tint = shift(tint, rng.normal(0, 0.05, len(sx)), 1.0, shine + rng.normal(0, 0.03, len(sx)))
        order = np.argsort(here, kind="stable")  # things in front are stitched last
        canvas.lay(Strokes(path[order], np.full(len(sx), width, np.float32), np.clip(tint[order], 0, 1)), thread)
    return canvas.finish(0.4, 0.08)
