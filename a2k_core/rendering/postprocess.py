"""From the decoder to the result: what happens to decoded pixels, the same for whole pictures and tiles."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..network.style.colors import ColorMap
from ..options import TransferOptions
from .color.color_match import matched
from .color.color_transfer import preserve_color


def postprocess(
    decoded: Tensor,
    rebuilt: Tensor | None,
    content: Tensor,
    options: TransferOptions,
    strength: float | Tensor | None = None,
    maps: Sequence[ColorMap] = (),
    shares: Sequence[Tensor] = (),
) -> Tensor:
    """Match colors, restore detail below full strength, preserve colors where asked, clamp.

    Args:
        decoded: the stylized picture as the decoder gives it, `[B, 3, H, W]`.
        rebuilt: the content encoded and decoded without a style, `[B, 3, H, W]`. None at full strength.
        content: `[B, 3, H, W]` RGB in 0..1.
        options: of the transfer.
        strength: the strength at each place, `[1 or B, 1, H, W]`; not given, that of the options.
        maps, shares: as of `matched`.

    Returns:
        `[B, 3, H, W]` in 0..1, of the content's dtype, on the decoder's device.
    """
    image = decoded.float()
    content = content.to(image.device)
    if strength is None:
        strength = options.strength
    if maps:
        image = matched(
            image, maps, shares, strength.clamp(max=1) if isinstance(strength, Tensor) else min(strength, 1.0)
        )
    if rebuilt is not None:
        kept = torch.as_tensor(1 - strength, dtype=torch.float32, device=image.device)
        image = image + kept.clamp(min=0) * (content.float() - rebuilt.float())
    if options.preserve_color:
        image = preserve_color(image, content, options.preserve_color)
    return image.clamp(0, 1).to(content.dtype)
