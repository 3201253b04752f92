"""The stages of training: what each learns, and the loss of one step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from a2k_core import StyA2K
from a2k_core.network.noise import PERIOD
from a2k_core.network.statistics import channel_moments
from training.loss_network import WIDTHS, LossNetwork
from training.losses import LOSSES, Painted, Seen
from training.options import Stage

Terms = dict[str, Tensor]
"""Weighted loss terms by name; the loss is their sum."""


class EncoderStage(nn.Module):
    """Distills relu3_1, relu4_1 and relu5_1 of the loss network into the model's encoder.

    A 1x1 convolution brings each level to the loss network's channels. It is dropped afterwards.
    """

    def __init__(self, model: StyA2K, loss_network: LossNetwork) -> None:
        super().__init__()
        self.encoder = model.encoder
        self.heads = nn.ModuleList(
            nn.Conv2d(ours, theirs, 1) for ours, theirs in zip(model.config.channels, WIDTHS[2:], strict=True)
        )
        self._loss_network = (loss_network,)  # in a tuple: no part of what is saved

    def forward(self, photos: Tensor, paintings: Tensor) -> Terms:
        """Squared error of each level, relative to the variance of each channel."""
        images = torch.cat([photos, paintings])
        with torch.no_grad():
            targets = self._loss_network[0](images)[2:]
        terms = {}
        for name, head, level, target in zip(
            ("relu3_1", "relu4_1", "relu5_1"), self.heads, self.encoder(images), targets, strict=True
        ):
            variance = target.float().var((0, 2, 3), keepdim=True)
            # Channels that hardly fire would count for more than they show.
            variance = variance.clamp(min=0.1 * float(variance.mean()))
            terms[name] = ((head(level) - target).float().square() / variance).mean()
        return terms


class PainterStage(nn.Module):
    """Trains attention and decoder. The encoder stays as it is."""

    def __init__(self, model: StyA2K, loss_network: LossNetwork, stage: Stage) -> None:
        super().__init__()
        self.model = model
        self.model.encoder.requires_grad_(False)
        self.weights = dict(stage.losses)
        self.with_identity = any(name.startswith("identity") for name in self.weights)
        self._loss_network = (loss_network,)

    def forward(self, photos: Tensor, paintings: Tensor) -> Terms:
        """Paints every photo in the painting of its index; for the identity losses also a quarter of either in itself."""
        model, see = self.model, self._loss_network[0]
        count = len(photos)
        rebuilt = max(1, count // 4) if self.with_identity else 0
        with torch.no_grad():
            seen_photos, seen_paintings = Seen(see, photos), Seen(see, paintings)
            contents = torch.cat([photos, photos[:rebuilt], paintings[:rebuilt]])
            styles = torch.cat([paintings, photos[:rebuilt], paintings[:rebuilt]])
            # Anywhere in the plane of noise, so that the network does not learn one part of it by heart.
            top, left = torch.randint(PERIOD, (2,)).tolist()
            content = model.encode_content(contents, top, left)
            style = model.encoder(styles)
        encoded = model.encode_style_features(style)
        moments = [channel_moments(level) for level in content]
        features = model.stylize(content, moments, encoded, 1.0)
        images = model.decode(features).float()
        levels = see(images)
        own = [
            torch.cat([photo[:rebuilt], painting[:rebuilt]])
            for photo, painting in zip(seen_photos.levels, seen_paintings.levels, strict=True)
        ]
        painted = Painted(
            stylized=Seen(see, images[:count], [level[:count] for level in levels]),
            content=seen_photos,
            style=seen_paintings,
            rebuilt=Seen(see, images[count:], [level[count:] for level in levels]),
            original=Seen(see, contents[count:], own),
        )
        return {name: weight * LOSSES[name](painted) for name, weight in self.weights.items()}


def build_stage(stage: Stage, model: StyA2K, loss_network: LossNetwork) -> EncoderStage | PainterStage:
    """The module that computes this stage's losses."""
    if stage.name == "encoder":
        return EncoderStage(model, loss_network)
    return PainterStage(model, loss_network, stage)


def learning_rate(stage: Stage, step: int) -> float:
    """Of a step of a stage, by its schedule."""
    warm = min(1.0, (step + 1) / (stage.warmup + 1))
    done = step / stage.steps
    if stage.schedule == "steps":
        return stage.lr * warm * 0.3 ** max(0, int(5 * done) - 1)
    return stage.lr * warm * (0.02 + 0.98 * 0.5 * (1 + float(torch.cos(torch.tensor(torch.pi * done)))))
