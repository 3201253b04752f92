"""From the decoder to the result: what happens to decoded pixels, the same for whole pictures and tiles."""

from __future__ import annotations

import torch
from torch import Tensor

from ..network.statistics import EPSILON
from ..options import TransferOptions


def postprocess(
    decoded: Tensor,
    rebuilt: Tensor | None,
    content: Tensor,
    options: TransferOptions,
    strength: float | Tensor | None = None,
) -> Tensor:
    """Restore detail below full strength, preserve colors where asked, clamp.

    Args:
        decoded: the stylized picture as the decoder gives it, `[B, 3, H, W]`.
        rebuilt: the content encoded and decoded without a style, `[B, 3, H, W]`. None at full strength.
        content: `[B, 3, H, W]` RGB in 0..1.
        options: of the transfer.
        strength: the strength at each place, `[1 or B, 1, H, W]`; not given, that of the options.

    Returns:
        `[B, 3, H, W]` in 0..1, of the content's dtype, on the decoder's device.
    """
    image = decoded.float()
    content = content.to(image.device)
    if rebuilt is not None:
        kept = torch.as_tensor(1 - (options.strength if strength is None else strength), device=image.device)
        image = image + kept.clamp(min=0) * (content.float() - rebuilt.float())
    if options.preserve_color:
        image = preserve_color(image, content, options.preserve_color)
    return image.clamp(0, 1).to(content.dtype)


def preserve_color(image: Tensor, content: Tensor, amount: float) -> Tensor:
    """Give a stylized picture the colors of the content: the style's strokes in the hues of the content.

    Light and dark stay as stylized; how a color differs from gray is the content's (the luminance-only transfer of Gatys et al.,
    "Preserving Color in Neural Artistic Style Transfer", 2016, with the mean of red, green and blue for luminance).

    Args:
        image: `[B, 3, H, W]` RGB, about 0..1.
        content: `[B, 3, H, W]` RGB in 0..1, on the same device.
        amount: from 0, as stylized, to 1, the content's colors as far as there is room: near white and black there is little.

    Returns:
        `[B, 3, H, W]`, fp32.
    """
    image, content = image.float(), content.float()
    gray = image.mean(1, keepdim=True).clamp(0, 1)
    color = content - content.mean(1, keepdim=True)
    room = torch.where(color > 0, 1 - gray, gray)
    share = (room / color.abs().clamp(min=EPSILON)).amin(1, keepdim=True).clamp(max=1)
    return torch.lerp(image, torch.addcmul(gray, color, share), amount)
