"""The content's own colours on what is painted: strokes of the style in the hues of the content.

What is light and what is dark stays as painted; how a colour differs from grey is the content's (the luminance-only
transfer of Gatys et al., "Preserving Color in Neural Artistic Style Transfer", 2016, with means of red, green and blue for luminance).
"""

from __future__ import annotations

import torch
from torch import Tensor

from .statistics import EPSILON


def with_own_colours(painted: Tensor, content: Tensor, amount: float) -> Tensor:
    """Give what is painted the colours of the content at the same places.

    Args:
        painted: `[B, 3, H, W]` RGB, about 0..1.
        content: `[B, 3, H, W]` RGB in 0..1, of the same device.
        amount: from 0, as painted, to 1, all of the content's colours that there is room for: what is painted nearly white or
            nearly black has room for little.

    Returns:
        `[B, 3, H, W]`, fp32.
    """
    painted, content = painted.float(), content.float()
    grey = painted.mean(1, keepdim=True).clamp(0, 1)
    colour = content - content.mean(1, keepdim=True)
    room = torch.where(colour > 0, 1 - grey, grey)
    share = (room / colour.abs().clamp(min=EPSILON)).amin(1, keepdim=True).clamp(max=1)
    return torch.lerp(painted, torch.addcmul(grey, colour, share), amount)
