"""The networks that pictures are compared through: trained classifiers, and one that has learned nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from feature_network import FeatureNetwork, FeatureNetworkError, encoder_config, load_encoder

TRAINED = ("distilled", "vgg-normalised", "torchvision")
NETWORKS = (*TRAINED, "random")


def load_network(name: str, weights: Path | None) -> nn.Module:
    """A frozen network that maps `[1, 3, H, W]` in 0..1 to a list of levels, shallow to deep.

    Args:
        name: one of `NETWORKS`.
        weights: file of a trained one; `random` has none.

    Raises:
        FeatureNetworkError: when it cannot be loaded, or the name is unknown.
    """
    if name == "random":
        return RandomPyramid()
    if name not in TRAINED:
        raise FeatureNetworkError(f"there is no feature network {name}; choose from {', '.join(NETWORKS)}")
    kind = cast(Literal["distilled", "vgg-normalised", "torchvision"], name)
    return FeatureNetwork(load_encoder(kind, weights, encoder_config(kind, wide=False)))


class RandomPyramid(nn.Module):
    """Two random convolutions at each of five scales, the same ones every time.

    Filters that nothing was trained on or against: a second opinion that shares no weights, no training pictures and no
    blind spots with a classifier. Statistics of random multi-scale filters describe textures about as well as trained ones
    do (Ustyuzhaninov et al., ICLR 2017).
    """

    SCALES = 5
    WIDTH = 32

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        first = torch.randn(self.WIDTH, 3, 5, 5, generator=generator)
        # Half of the filters see texture alone, the others colour and brightness too.
        first[::2] -= first[::2].mean(dim=(2, 3), keepdim=True)
        second = torch.randn(self.WIDTH, self.WIDTH, 3, 3, generator=generator)
        self.first: Tensor
        self.second: Tensor
        # Unit filters, and twice the power behind a ReLU, keep the signal's size.
        self.register_buffer("first", first / first.flatten(1).norm(dim=1)[:, None, None, None])
        self.register_buffer("second", second / second.flatten(1).norm(dim=1)[:, None, None, None] * 2**0.5)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Five levels at scales 1, 1/2 .. 1/16, 32 channels each; the short side must have at least 48 px."""
        levels: list[Tensor] = []
        x = images - 0.5
        for scale in range(self.SCALES):
            x = F.avg_pool2d(x, 2) if scale else x
            hidden = F.relu(F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), self.first))
            levels.append(F.relu(F.conv2d(F.pad(hidden, (1, 1, 1, 1), mode="reflect"), self.second)))
        return levels
