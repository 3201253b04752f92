"""How a scene is told: some frames of a video are painted as one picture, and what that needed to know of itself is kept."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from torch import Tensor

from .broad_strokes import reduction
from .content import Content, reading
from .encoded_style import EncodedStyle
from .errors import InputError
from .finishing import COLOURS_OF_ITSELF
from .progress import Progress, share_of
from .scene import Scene
from .tiling import COPY_TILE, Tile, TiledTransfer, reduced_copy

if TYPE_CHECKING:
    from .model import StyA2K


def tell_scene(
    model: StyA2K,
    frames: Tensor,
    style: EncodedStyle,
    strength: float,
    keep_colours: float,
    tile: Tile,
    progress: Progress | None,
) -> Scene:
    """See `StyA2K.scene`, which checks all but how large they are: the frames are painted as one picture, all below one another."""
    count, _, height, width = frames.shape
    if count * height * width > COLOURS_OF_ITSELF:
        raise InputError(
            f"frames of {width}x{height} pixels, {count} at once, are too large to tell a scene from: "
            f"together they may have {COLOURS_OF_ITSELF:,} pixels; pass fewer or smaller ones"
        )
    how = (style, strength, keep_colours)

    def on_a_page(pictures: Tensor, progress: Progress | None) -> TiledTransfer:
        page = _page(pictures)
        return TiledTransfer(model, reading(page), _drop, (1, page.shape[2], page.shape[3]), *how, None, progress)

    factor = reduction(height, width) if model.config.broad_strokes else 1
    if factor == 1:
        return on_a_page(frames, progress).tell(tile)
    # Each frame has a copy, which is a frame of a scene itself; the copies are painted twice, for that and for their strokes.
    share = 2 / (2 + factor**2)
    parts = [progress and share_of(progress, *part) for part in ((0, share / 2), (share / 2, share), (share, 1))]
    shape, grid = (count, height, width), model.config.grid
    _, copies = reduced_copy(Content(reading(frames), shape, grid), factor, grid, model.device)
    of_copies = on_a_page(copies, parts[0]).tell(COPY_TILE)
    of_frames = Scene(strength, keep_colours, [], None, None, of_copies)
    each = TiledTransfer(model, reading(frames), _drop, shape, *how, of_frames, parts[1])
    each.paint_copy()
    assert each.strokes is not None
    strokes = _page(each.strokes.pixels(each.bounds))
    told = on_a_page(frames, parts[2])
    told.strokes = Content(reading(strokes), (1, strokes.shape[2], strokes.shape[3]), grid)
    return dataclasses.replace(told.tell(tile), copy=of_copies)


def _page(pictures: Tensor) -> Tensor:
    """`[K, 3, H, W]` below one another: `[1, 3, K * H, W]`."""
    return pictures.transpose(0, 1).flatten(1, 2)[None]


def _drop(top: int, left: int, piece: Tensor) -> None:
    """Takes a result that nobody wants."""
