"""What the drawn pictures show. `make_scene` builds one subject from a palette; the families decide how to paint it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..palettes import Palette, luma, shift
from . import abstract, indoors, landscapes, mountains, portrait, town
from .cast import Cast, cast_palette
from .scene import Scene

__all__ = ["SUBJECTS", "Cast", "Scene", "cast_palette", "make_scene"]

SUBJECTS: dict[str, Callable[..., Scene]] = {
    "countryside": landscapes.countryside,
    "sea": landscapes.seascape,
    "mountains": mountains.mountains,
    "town": town.town,
    "wood": landscapes.wood,
    "flowers": indoors.flowers,
    "fruit": indoors.fruit,
    "head": portrait.head,
    "discs": abstract.discs,
    "facets": abstract.facets,
    "drift": abstract.drift,
    "ribbons": abstract.ribbons,
}
"""Each takes `(rng, n, cast, swirls)`; `swirls` asks for a sky of vortices, where there is a sky."""

# Views make the most useful styles; pure abstractions are kept to about a fifth.
_WEIGHTS = {"countryside": 4.0, "sea": 2.5, "flowers": 2.5, "mountains": 2.0, "town": 2.0, "fruit": 2.0, "wood": 1.5}


def make_scene(
    rng: np.random.Generator,
    n: int,
    palette: Palette,
    subjects: tuple[str, ...] | None = None,
    swirls: bool = False,
    night: bool | None = None,
) -> Scene:
    """A scene of `n` by `n` pixels showing one of `subjects` (default: any), chosen by `rng`."""
    names = tuple(SUBJECTS) if subjects is None else subjects
    weights = np.array([_WEIGHTS.get(name, 1.0) for name in names])
    name = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    scene = SUBJECTS[name](rng, n, cast_palette(rng, palette, night), swirls)
    # Mixing with the palette's darks and lights dulls colours: give back saturation, and open up a flat picture.
    grey = luma(scene.colour)
    low, high = np.quantile(grey[::4, ::4], (0.03, 0.97))
    gain = max(1.0, min(1.6, 0.6 / float(high - low + 1e-3)))
    middle = float(np.clip((low + high) / 2, 0.35, 0.6)) if gain > 1 else 0.0
    scene.colour = np.clip((shift(scene.colour, 0.0, 1.2) - middle) * gain + middle, 0, 1).astype(np.float32)
    return scene
