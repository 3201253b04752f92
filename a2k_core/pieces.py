"""A picture put together of its pieces."""

from __future__ import annotations

from torch import Tensor


class Pieces:
    """Takes pieces `[B, C, h, w]` of a picture; one that covers it is the picture, without a copy.

    Args:
        height, width: of the picture.
    """

    def __init__(self, height: int, width: int) -> None:
        self._size = (height, width)
        self.picture: Tensor | None = None
        """`[B, C, H, W]`, contiguous unless it came as one, of the pieces' dtype and device; None before the first."""

    def put(self, top: int, left: int, piece: Tensor) -> None:
        """Put a piece where it belongs."""
        if piece.shape[-2:] == self._size:
            self.picture = piece
            return
        if self.picture is None:
            self.picture = piece.new_empty((*piece.shape[:2], *self._size))
        self.picture[..., top : top + piece.shape[-2], left : left + piece.shape[-1]] = piece
