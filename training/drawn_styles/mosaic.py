"""Mosaic: small stones set along the contours, with mortar between them."""

from __future__ import annotations

import numpy as np

from .fields import Array, blur, fractal, noise, relief, shrink
from .palettes import choose_palette, luma, mix, shift
from .scenes import make_scene
from .tiles import contour_angle, joints, tile


def mosaic(rng: np.random.Generator, size: int) -> Array:
    """Glass or stone tesserae in the colours of a scene."""
    palette = choose_palette(rng)
    subjects = ("countryside", "sea", "flowers", "fruit", "head", "discs", "drift", "ribbons", "town")
    scene = make_scene(rng, size, palette, subjects)
    across = int(rng.integers(30, 54))
    m = 2 * size
    tiling = tile(rng, scene, across, contour_angle(scene, 1.5 / across), m, power=float(rng.choice([3.0, 8.0])))
    tint = tiling.mean(np.repeat(np.repeat(scene.colour, 2, 0), 2, 1))
    tint = mix(tint, palette.colours[np.argmin(((tint[:, None] - palette.colours) ** 2).sum(-1), 1)], 0.2)
    count = tiling.count
    tint = shift(tint, rng.normal(0, 0.12, count), rng.uniform(1.0, 1.45, count), rng.normal(0, 0.055, count))
    pitch = m / across
    gap = joints(tiling.owner, pitch * float(rng.uniform(0.1, 0.16)))
    gap = np.maximum(gap, np.clip((tiling.distance - 1.5) * 6, 0, 1))
    # Each stone is a little tilted and rounded: it catches the light in its own way.
    height = (1 - blur(gap, pitch * 0.07)) * pitch * 0.22 + 0.25 * noise(rng, m, m / 5)
    tilt = rng.normal(0, 0.09, (count, 2)).astype(np.float32)[tiling.owner]
    rows, columns = (np.mgrid[:m, :m] / m).astype(np.float32)
    middle_x, middle_y = tiling.x.astype(np.float32)[tiling.owner], tiling.y.astype(np.float32)[tiling.owner]
    lean = ((columns - middle_x) * tilt[..., 0] + (rows - middle_y) * tilt[..., 1]) * across * 1.6
    grain = 0.05 * fractal(rng, m, m / 16, 3) + lean
    stone = tint.astype(np.float32)[tiling.owner] + grain[..., None]
    base = palette.dark if rng.random() < 0.45 else mix(palette.light, palette.dark, 0.25)
    mortar = (
        mix(base, np.float32(luma(base)) * np.ones(3, np.float32), 0.5) + (0.05 * fractal(rng, m, m / 8, 3))[..., None]
    )
    shade = relief(height, 0.8)[..., None]
    lit = mix(stone, mortar, gap) * (1 + 0.35 * shade) + 0.12 * np.clip(shade, 0, 1) ** 2
    return shrink(np.clip(lit, 0, 1).astype(np.float32), 2)
