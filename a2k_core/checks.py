"""What a transfer is asked for, checked before any work: each error says what was given and what is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from .config import StyA2KConfig
from .errors import InputError

if TYPE_CHECKING:
    from .encoded_style import EncodedStyle
    from .scene import Scene

MAX_STRENGTH = 2.0


def check_picture(image: Tensor, name: str) -> None:
    """Raise `InputError` unless `image` is a `[B, 3, H, W]` floating tensor with at least one picture and one pixel."""
    if not isinstance(image, Tensor):
        raise InputError(f"{name} is a {type(image).__name__}; pass a tensor [B, 3, H, W], RGB in 0..1")
    if image.ndim != 4 or image.shape[1] != 3 or 0 in image.shape:
        raise InputError(f"{name} has shape {list(image.shape)}; pass [B, 3, H, W] with B, H and W of at least 1")
    if not image.is_floating_point():
        raise InputError(f"{name} is {image.dtype}; pass floating point RGB in 0..1 (divide 8-bit values by 255)")


def check_tile(tile: object, grid: int) -> None:
    """Raise `InputError` unless `tile` is None, "auto" or a side of at least one cell of the grid."""
    if tile is None or tile == "auto" or (isinstance(tile, int) and not isinstance(tile, bool) and tile >= grid):
        return
    raise InputError(f'tile is {tile!r}; pass a side in pixels from {grid} up, "auto", or None for whole pictures')


def check_transfer(
    config: StyA2KConfig,
    count: int,
    encoded_style: EncodedStyle,
    strength: float,
    tile: object,
    keep_colours: float,
    scene: Scene | None = None,
) -> None:
    """Raise `InputError` unless a model of this configuration can do what `StyA2K.transfer` of `count` contents is asked for."""
    if encoded_style.batch not in (1, count):
        raise InputError(f"{encoded_style.batch} styles for {count} contents; pass one style, or one for each content")
    if tuple(level.mean.shape[1] for level in encoded_style.levels) != config.channels:
        raise InputError("the style was encoded by a model of another shape; encode it with the model that applies it")
    if not 0 <= strength <= MAX_STRENGTH:
        raise InputError(
            f"strength is {strength}; it must lie between 0 (the content) and {MAX_STRENGTH:g} (exaggerated)"
        )
    if not 0 <= keep_colours <= 1:
        raise InputError(
            f"keep_colours is {keep_colours}; it must lie between 0 (the style's colours) and 1 (the content's own)"
        )
    if scene and tuple(level.mean.shape[1] for level in scene.moments) != config.channels:
        raise InputError(
            "the scene was told by a model of another shape; tell it with the model that paints the frames"
        )
    check_tile(tile, config.grid)
