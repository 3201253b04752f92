"""A picture of the attention: where each part of a content takes its style from, and how sharply."""

from __future__ import annotations

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from .config import STRIDES
from .errors import InputError
from .model import StyA2K
from .network.attention.all_to_key import AllToKey
from .network.attention.blocks import pad_to_multiple, to_blocks
from .network.attention.functional import route
from .network.statistics import channel_moments, normalize
from .options import check_image

LEVELS = ("fine", "middle", "coarse")
"""The three levels of features: strokes, shapes, and the largest shapes."""

LONGER_SIDE = 1024
"""Pixels. Larger contents are drawn smaller."""

GAP = 8
"""White pixels between the panels."""

CORNERS = ((0.90, 0.15, 0.15), (0.95, 0.85, 0.10), (0.15, 0.25, 0.95), (0.10, 0.80, 0.45))
"""Colors of the painting's corners: upper left, upper right, lower left, lower right. Places between have colors between."""


@torch.no_grad()
def explain(model: StyA2K, content: Tensor, painting: Tensor, level: str = "fine") -> Tensor:
    """Draw where each block of a content takes its style from.

    Args:
        model: whose attention is drawn.
        content: `[1, 3, H, W]` RGB in 0..1.
        painting: `[1, 3, h, w]` RGB in 0..1, in the size it would be encoded in.
        level: one of `LEVELS`.

    Returns:
        `[1, 3, h, w]` in 0..1, fp32, on the CPU: three panels of one height. The painting in colors that name its places. The content,
        each block in the color of the place that it was matched to. The sharpness of the attention: white where one part of the
        painting decides, black where all of it has the same share.

    Raises:
        InputError: when one is not a single picture, or there is no such level.
    """
    for name, image in (("content", content), ("painting", painting)):
        check_image(image, name)
        if len(image) != 1:
            raise InputError(f"{name} has {len(image)} pictures; pass one")
    if level not in LEVELS:
        raise InputError(f"level is {level!r}; accepted: {', '.join(LEVELS)}")
    index = LEVELS.index(level)
    scale = LONGER_SIDE / max(content.shape[-2:])
    if scale < 1:
        size = [max(1, round(side * scale)) for side in content.shape[-2:]]
        content = F.interpolate(content, size=size, mode="bilinear", antialias=True)
    height, width = content.shape[-2:]
    places, sharpness = _attention(model, content, painting, index)
    side = STRIDES[index] * cast(AllToKey, model.attention[index]).block
    matched = F.interpolate(places, scale_factor=side)[..., :height, :width]
    sharp = F.interpolate(sharpness, scale_factor=STRIDES[index], mode="bilinear")[..., :height, :width]

    rows, columns = painting.shape[-2:]
    down, right = torch.meshgrid(
        (torch.arange(rows) + 0.5) / rows, (torch.arange(columns) + 0.5) / columns, indexing="ij"
    )
    key = _shaded(torch.stack([down, right])[None], painting.cpu())
    key = F.interpolate(key, size=(height, max(1, round(columns * height / rows))), mode="bilinear", antialias=True)
    gap = torch.ones(1, 3, height, GAP)
    panels = [key, gap, _shaded(matched, content.cpu()), gap, sharp.expand(-1, 3, -1, -1)]
    return torch.cat(panels, dim=3).clamp(0, 1)


def _attention(model: StyA2K, content: Tensor, painting: Tensor, index: int) -> tuple[Tensor, Tensor]:
    """Of one level, for its first head.

    Returns:
        The matched places, `[1, 2, rows, columns]` of blocks, down and right in 0..1 of the painting; and the sharpness at every
        position, `[1, 1, h, w]` in 0..1. Both on the CPU.
    """
    module = cast(AllToKey, model.attention[index])
    padded = pad_to_multiple(content.to(model.device, model.dtype), model.config.grid)
    features, of_style = model.encode_content(padded)[index], model.features(painting, "painting")[index]
    style = module.encode(of_style)
    query = module.query(normalize(features, channel_moments(features), features.dtype))
    distributed, progressive = query.chunk(2, dim=1)

    routes = route(to_blocks(progressive, module.block, module.heads), style.block_key)[0, 0].cpu()
    columns = of_style.shape[-1] // module.block
    side = STRIDES[index] * module.block
    down = ((routes // columns + 0.5) * side / painting.shape[-2]).clamp(max=1)
    right = ((routes % columns + 0.5) * side / painting.shape[-1]).clamp(max=1)
    shape = [length // module.block for length in features.shape[-2:]]
    places = torch.stack([down.view(shape), right.view(shape)])[None]

    depth = style.region_key.shape[-1]
    scores = torch.einsum("dhw,zd->zhw", distributed[0, :depth].float(), style.region_key[0, 0].float()) * module.scale
    shares = torch.softmax(scores, dim=0)
    entropy = -(shares * shares.clamp(min=1e-12).log()).sum(0)
    blocks = style.region_key.shape[2]
    sharpness = 1 - entropy / math.log(blocks) if blocks > 1 else torch.ones_like(entropy)
    return places, sharpness.clamp(0, 1)[None, None].cpu()


def _shaded(places: Tensor, image: Tensor) -> Tensor:
    """The colors of places, `[1, 2, H, W]`, as light and dark as a picture `[1, 3, H, W]`: `[1, 3, H, W]`."""
    corners = torch.tensor(CORNERS).view(4, 3, 1, 1)
    down, right = places[:, 0], places[:, 1]
    color = torch.lerp(torch.lerp(corners[0], corners[1], right), torch.lerp(corners[2], corners[3], right), down)
    light = 0.25 + 0.75 * image.float().mean(1, keepdim=True)
    return color[None] * light
