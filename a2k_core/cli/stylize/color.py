"""`a2k stylize --color only`: contents in the colors of the style pictures, without the network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from ...files.pictures.image_buffer import StoredPicture, to_tensor
from ...network.regions import Region
from ...options import Progress, TransferOptions
from ...rendering.buffers import Write
from ...rendering.color.color_transfer import color_map
from ...rendering.masks import MaskReader
from ..styles import StyleFiles
from .masks import MaskFiles
from .plan import Paint, Variant

LONGER_SIDE = 512
"""Pixels of the small picture that color statistics are taken from."""

PIECE = 2048
"""Side in pixels of the pieces that are recolored at once."""


def small_picture(content: StoredPicture) -> Tensor:
    """A content for its color statistics, `[1, 3, H, W]`."""
    image = content.rgb.copy()
    image.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.BOX)
    return to_tensor(image)


def paints_colors(masks: MaskFiles, variants: Sequence[Variant], styles: StyleFiles) -> list[Paint]:
    """What recolors a content in each variant, where the masks say."""

    def paint_in(variant: Variant) -> Paint:
        reference = styles.pictures[variant.style]
        assert reference is not None, "StylizeOptions.check lets no saved style through"

        def paint(content: StoredPicture, number: int, write: Write, _held: int, _progress: Progress) -> None:
            recolor(content, reference, TransferOptions(variant.strength, mask=masks.of(number).mask), write)

        return paint

    return [paint_in(variant) for variant in variants]


def recolor(content: StoredPicture, reference: Tensor, options: TransferOptions, write: Write) -> None:
    """Write a content in the colors of a reference `[1, 3, H, W]`, as strongly and where the options say."""
    recolored = color_map(small_picture(content), reference)
    reader = None if options.mask is None else MaskReader(options.mask, content.height, content.width)
    for region in Region(0, 0, content.height, content.width).split(PIECE, 1):
        piece = content.read(slice(region.top, region.bottom), slice(region.left, region.right))
        painted = torch.lerp(piece, recolored(piece).clamp(0, 1), options.strength).clamp(0, 1)
        if reader is not None:
            painted = torch.lerp(piece, painted, reader.read(region, 1, piece.device))
        write(region.top, region.left, painted)
