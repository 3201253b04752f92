"""From what the decoder gives to the result."""

from __future__ import annotations

from torch import Tensor

from .own_colours import with_own_colours


def finished(
    decoded: Tensor, reconstructed: Tensor | None, content: Tensor, strength: float, keep_colours: float
) -> Tensor:
    """The result for a region of a picture.

    Args:
        decoded: `[B, 3, h, w]`, unclamped.
        reconstructed: the content as encoding and decoding leave it, `[B, 3, h, w]`; below full strength only.
        content: `[B, 3, h, w]` RGB in 0..1, of any device and floating dtype.
        strength, keep_colours: see `StyA2K.transfer`.

    Returns:
        `[B, 3, h, w]` in 0..1, of the content's dtype and device.
    """
    image = decoded.float()
    own = content.to(decoded.device)
    if reconstructed is not None:
        image = image.to(own.dtype) + (1 - strength) * (own - reconstructed.float().to(own.dtype))
    if keep_colours:
        image = with_own_colours(image, own, keep_colours)
    return image.to(content).clamp(0, 1)
