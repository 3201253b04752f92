"""The painting in the contrast and the colors of the style: one linear map of colors, measured on a small copy of the content.

Attention gives each place the colors of the style that fit it, but as means over many blocks: paler than the style itself. The map gives
them their range back. Tiles and whole pictures get the same one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...network.attention.blocks import pad_to_multiple
from ...network.network import StyleNetwork
from ...network.statistics import channel_moments
from ...network.style.colors import ColorMap, color_moments, pooled_moments
from ...network.style.encoded_style import EncodedStyle
from ...network.style.region_style import RegionStyle
from ..buffers import Read
from .color_transfer import widening_map

SIDE = 512
"""Pixels of the longer side of the small copy at most."""

ROWS = 2**22
"""Pixels of a content that are read at once."""


def reduction(height: int, width: int) -> int:
    """Side of the squares of pixels that become one pixel of the small copy. A content of up to `SIDE` is its own copy."""
    return max(1, math.ceil(max(height, width) / SIDE))


def small_copy(read: Read, height: int, width: int) -> Tensor:
    """The content at a whole fraction of its size, `[B, 3, h, w]`, fp32: every pixel is a mean over a square."""
    factor = reduction(height, width)
    rows = max(1, ROWS // (width * factor)) * factor
    return torch.cat(
        [
            F.avg_pool2d(read(slice(top, min(top + rows, height)), slice(0, width)).float(), factor, ceil_mode=True)
            for top in range(0, height, rows)
        ],
        dim=2,
    )


def matches_colors(network: StyleNetwork, style: EncodedStyle) -> bool:
    """Whether the network does, and the colors of the style are known."""
    return network.config.color_match and all(part.colors for region in _regions(style) for _, part in region.parts())


def color_maps(network: StyleNetwork, small: Tensor, style: EncodedStyle, *, together: bool = False) -> list[ColorMap]:
    """What brings the painting of a content to the colors of its style: one map, or one for each region of a `RegionStyle`.

    Each is measured as if the whole picture were painted in its style. The map of a mixture lies between those of its styles.

    Args:
        network: paints the small copies.
        small: `[B, 3, h, w]` from `small_copy`, on the network's device.
        style: on the device, in the network's dtype.
        together: the copies are frames of one video, which share their maps. They are painted one by one.

    Returns:
        No map where colors are not matched, see `matches_colors`.
    """
    if not matches_colors(network, style):
        return []
    contents = []
    for copies in small.split(1) if together else [small]:
        features = network.encode_content(
            pad_to_multiple(copies.to(next(network.parameters()).dtype), network.config.grid)
        )
        contents.append((features, [channel_moments(level) for level in features]))
    height, width = small.shape[-2:]

    def map_to(part: EncodedStyle) -> ColorMap:
        measured = [
            color_moments(network.decode(network.stylize(*content, part, 1.0))[..., :height, :width])
            for content in contents
        ]
        assert part.colors
        return widening_map(pooled_moments(measured), part.colors)

    return [mean_map([(share, map_to(part)) for share, part in region.parts()]) for region in _regions(style)]


def _regions(style: EncodedStyle) -> Sequence[EncodedStyle]:
    """The style of each region; a style without regions has one."""
    return style.styles if isinstance(style, RegionStyle) else (style,)


def mean_map(maps: Sequence[tuple[float, ColorMap]]) -> ColorMap:
    """The map between several, with a share of each; the shares add up to 1."""
    matrix = sum((share * color_map.matrix for share, color_map in maps[1:]), maps[0][0] * maps[0][1].matrix)
    shift = sum((share * color_map.shift for share, color_map in maps[1:]), maps[0][0] * maps[0][1].shift)
    return ColorMap(matrix, shift)


def matched(image: Tensor, maps: Sequence[ColorMap], shares: Sequence[Tensor], amount: float | Tensor) -> Tensor:
    """Apply maps to a painting.

    Args:
        image: `[B, 3, H, W]`, fp32.
        maps: from `color_maps`.
        shares: with several maps, the share of each at each pixel, `[1 or B, 1, H, W]`.
        amount: 0 to 1, a number or `[1 or B, 1, H, W]`.
    """
    if len(maps) == 1 and not shares:
        recolored = maps[0](image)
    else:
        recolored = image * (1 - sum(shares, torch.zeros_like(shares[0]))).clamp(min=0)
        for color_map, share in zip(maps, shares, strict=True):
            recolored = recolored + share * color_map(image)
    return recolored if isinstance(amount, float) and amount == 1 else torch.lerp(image, recolored, amount)
