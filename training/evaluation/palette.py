"""How far two palettes are apart: a sliced Wasserstein distance in Oklab."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from a2k_core.statistics import rising

DIRECTIONS = 32
SAMPLES = 16384

# Ottosson, "A perceptual color space for image processing", 2020: linear sRGB to cone responses, their roots to L, a, b.
_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def oklab(colours: Tensor) -> Tensor:
    """sRGB in 0..1, `[..., 3]`, to Oklab: L in 0..1, a and b within about 0.4 of 0."""
    linear = torch.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    cones = (linear @ linear.new_tensor(_TO_CONES).T).clamp_min(0) ** (1 / 3)
    return cones @ linear.new_tensor(_TO_LAB).T


def palette(image: Tensor) -> Tensor:
    """The sorted projections of a picture's colours on fixed directions, `[DIRECTIONS, SAMPLES]`.

    Colours are of evenly spaced pixels of `[1, 3, H, W]`; a small picture has some of them more than once.
    """
    pixels = image[0].flatten(1).T
    evenly = torch.linspace(0, len(pixels) - 1, SAMPLES, dtype=torch.float64).round().long()
    return rising((oklab(pixels[evenly]) @ _directions().to(image).T).T)


def palette_distance(ours: Tensor, theirs: Tensor) -> float:
    """Mean over directions of the 1-Wasserstein distance of two `palette`s, in Oklab units: 0.02 is just visible."""
    return (ours - theirs).abs().mean().item()


def _directions() -> Tensor:
    """Directions evenly spread over half a sphere, a Fibonacci spiral."""
    index = torch.arange(DIRECTIONS, dtype=torch.float64)
    height = 1 - (index + 0.5) / DIRECTIONS
    angle = index * math.pi * (3 - 5**0.5)
    radius = (1 - height**2).sqrt()
    return torch.stack([height, radius * angle.cos(), radius * angle.sin()], dim=1).float()
