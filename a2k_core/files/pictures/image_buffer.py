"""8-bit pictures, three or four bytes a pixel, that are read and written region by region: for those too large to be tensors."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


@dataclasses.dataclass(frozen=True)
class StoredPicture:
    """A picture, upright and in sRGB."""

    rgb: Image.Image
    """Of mode RGB; where the picture is transparent, whatever color the file has there."""

    alpha: Image.Image | None = None
    """Of mode L, 0 is transparent; None when there is no transparency."""

    @property
    def height(self) -> int:
        return self.rgb.height

    @property
    def width(self) -> int:
        return self.rgb.width

    def size_of(self, longer_side: int) -> tuple[int, int]:
        """Height and width of the picture when its longer side has so many pixels."""
        scale = longer_side / max(self.height, self.width)
        return max(1, round(self.height * scale)), max(1, round(self.width * scale))

    def resized(self, height: int, width: int) -> StoredPicture:
        """The picture at another size, antialiased."""
        if (height, width) == (self.height, self.width):
            return self
        rgb, alpha = (
            None if image is None else image.resize((width, height), Image.Resampling.LANCZOS)
            for image in (self.rgb, self.alpha)
        )
        assert rgb is not None
        return StoredPicture(rgb, alpha)

    def on_white(self) -> Image.Image:
        """The picture as it looks on a white page, mode RGB."""
        if self.alpha is None:
            return self.rgb
        return Image.composite(self.rgb, Image.new("RGB", self.rgb.size, "white"), self.alpha)

    def read(self, rows: slice, columns: slice) -> Tensor:
        """`[1, 3, rows, columns]`, fp32, RGB in 0..1; the slices need a start and a stop inside the picture."""
        return to_tensor(self.rgb.crop((columns.start, rows.start, columns.stop, rows.stop)))


class Canvas:
    """The result, of a content's size and alpha.

    Args:
        content: what is stylized.
        transparent: whether the alpha is kept; otherwise the result is put on white.
    """

    def __init__(self, content: StoredPicture, transparent: bool) -> None:
        self._alpha = content.alpha
        self._transparent = transparent
        mode = "RGBA" if transparent and content.alpha else "RGB"
        self.image = Image.new(mode, content.rgb.size)
        """RGB, or RGBA where the alpha is kept; black where nothing was written yet."""

    @property
    def nbytes(self) -> int:
        """Of the whole picture; the system counts them as used only once they are written."""
        return 4 * self.image.width * self.image.height

    def write(self, top: int, left: int, piece: Tensor) -> None:
        """Write `[1, 3, h, w]` RGB, clamped to 0..1 and rounded."""
        height, width = piece.shape[-2:]
        piece = piece.clamp(0, 1)
        if self._alpha is not None:
            alpha = to_tensor(self._alpha.crop((left, top, left + width, top + height))).to(piece)
            piece = torch.cat([piece, alpha], dim=1) if self._transparent else on_white(piece, alpha)
        self.image.paste(Image.fromarray(to_bytes(piece)), (left, top))


def on_white(image: Tensor, alpha: Tensor) -> Tensor:
    """`[1, 3, H, W]` with an alpha `[1, 1, H, W]` as it looks on a white page."""
    return image * alpha + (1 - alpha)


def to_tensor(image: Image.Image) -> Tensor:
    """An L or RGB picture to `[1, C, H, W]`, fp32 in 0..1."""
    pixels = np.array(image).reshape(image.height, image.width, -1)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float().contiguous() / 255


def to_bytes(image: Tensor) -> NDArray[np.uint8]:
    """`[1, C, H, W]` to `[H, W, C]`, clamped to 0..1 and rounded to 8 bits."""
    levels = image[0].detach().float().clamp(0, 1).mul(255).round().to(torch.uint8)
    return levels.permute(1, 2, 0).cpu().numpy()
