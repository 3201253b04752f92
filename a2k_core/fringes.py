"""Fringes: within a few pixels, colours are made to go with greys.

A network that draws a stroke or an edge leaves its red, green and blue a little apart: one side shines red, the other blue, like a
print out of register. A stroke's own colour comes and goes with its grey, a fringe does not. So in small windows colours may be a
linear function of greys only: a guided filter (He et al., "Guided Image Filtering", ECCV 2010) whose guide is the picture itself.
Greys stay as they are, and so do colours where the content's own do not go with its greys. The paper has none of this.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .windows import grey_products, grey_regression, window_means

CELL = 4
"""Pixels. What is changed are the means of squares of this side: strokes are wider, and what is finer is hardly seen in colour."""

WINDOW = 3
"""Cells to a side in which one linear function has to do; what is wider may have a colour of its own."""

FAINT = 1e-4
"""Variance of greys in a window, of pictures in 0..1, that colours hardly follow: noise."""

OWN = 5e-4
"""How much of the kind the content may have, squared, for half to be taken away: small coloured things stay coloured."""


def fringe_correction(guide: Tensor) -> Tensor:
    """What has to be added to a decoded picture, without any grey: `[B, 3, h, w]`. Differentiable.

    Args:
        guide: `[B, 6, h, w]`, the means of squares of `CELL` pixels, RGB of what was decoded, then of the content it was made of.
            A cell depends on the `WINDOW` around it, of the content on those around these.
    """
    pictures = guide.unflatten(1, (2, 3))
    grey = pictures.mean(dim=2, keepdim=True)
    colour = pictures - grey
    means = window_means(grey_products(grey, colour).flatten(1, 2), WINDOW).unflatten(1, (2, 8))
    mean_grey, _, mean_colour, slope = grey_regression(means, FAINT)
    # What of the colours is no linear function of the greys in the window around.
    fringes, own = torch.addcmul(colour - mean_colour, slope, grey - mean_grey, value=-1).unbind(1)
    own = window_means(own.square().sum(dim=1, keepdim=True), WINDOW)
    return -OWN / (OWN + own) * fringes
