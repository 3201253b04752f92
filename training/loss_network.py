"""The loss network: a frozen VGG that training compares pictures through, and learns its encoder from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

Kind = Literal["vgg16", "vgg19"]

DEPTHS: dict[Kind, tuple[int, ...]] = {"vgg16": (2, 2, 3, 3, 1), "vgg19": (2, 2, 4, 4, 1)}
"""Convolutions in each stage, up to relu5_1."""

WIDTHS = (64, 128, 256, 512, 512)

_HELP = (
    "Pass --loss-network FILE: torchvision's vgg16-397923af.pth or vgg19-dcbb9e9d.pth, AdaIN's vgg_normalised.pth, "
    "or a safetensors file of the original weights named conv1_1.weight .. conv5_1.bias (BGR, 0..255)"
)


class LossNetworkError(ValueError):
    """The weights of a loss network are missing or are not what was asked for."""


class LossNetwork(nn.Module):
    """relu1_1 .. relu5_1 of a VGG.

    Convolutions pad with zeros, as in the VGG's own training: reflection would take a quarter of a training step on a CPU.

    Args:
        kind: which VGG.
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.input = nn.Conv2d(3, 3, 1)
        self.stages = nn.ModuleList()
        width = 3
        for outputs, depth in zip(WIDTHS, DEPTHS[kind], strict=True):
            inputs = [width] + [outputs] * (depth - 1)
            self.stages.append(nn.ModuleList(nn.Conv2d(i, outputs, 3, padding=1) for i in inputs))
            width = outputs
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Five levels of `[B, 3, H, W]` RGB in 0..1, in the dtype of the weights whatever autocast is on."""
        levels: list[Tensor] = []
        with torch.autocast(images.device.type, enabled=False):
            x = self.input(images.to(self.input.weight.dtype))
            for stage in self.stages:
                if levels:
                    x = F.max_pool2d(x, 2)
                for index, convolution in enumerate(cast(nn.ModuleList, stage)):
                    x = F.relu(convolution(x))
                    if index == 0:
                        levels.append(x)
        return levels

    @torch.no_grad()
    def calibrate(self, images: Tensor) -> None:
        """Scale each level so that its features of these pictures deviate by 1.

        One factor a level, folded into the weights: ReLU and pooling let it through.
        """
        before = 1.0
        for stage, level in zip(self.stages, self(images), strict=True):
            scale = float(level.float().std())
            convolutions = [layer for layer in stage.modules() if isinstance(layer, nn.Conv2d)]
            convolutions[0].weight.mul_(before / scale)
            for convolution in convolutions:
                assert convolution.bias is not None
                convolution.bias.div_(scale)
            before = scale


def load_loss_network(kind: Kind, weights: Path | None) -> LossNetwork:
    """A loss network with pretrained weights.

    Args:
        kind: which VGG.
        weights: its file. None downloads torchvision's.

    Raises:
        LossNetworkError: when the weights are missing or do not fit. It says where to get them.
    """
    network = LossNetwork(kind)
    try:
        network.load_state_dict(_state(kind, weights))
    except (OSError, KeyError, RuntimeError, SafetensorError, AttributeError) as error:
        # torch and torchvision raise RuntimeError for missing tensors, wrong shapes and failed downloads alike.
        where = f"{weights}: " if weights else ""
        raise LossNetworkError(f"cannot load the loss network {kind}: {where}{error}. {_HELP}") from error
    return network


def _state(kind: Kind, weights: Path | None) -> dict[str, Tensor]:
    if weights is None:
        # Imported here: torchvision.models takes a second.
        from torchvision.models import VGG16_Weights, VGG19_Weights

        published = {"vgg16": VGG16_Weights, "vgg19": VGG19_Weights}[kind].IMAGENET1K_V1
        return _from_torchvision(kind, published.get_state_dict(progress=True, check_hash=True))
    if not weights.is_file():
        raise FileNotFoundError("no such file")
    if weights.suffix == ".safetensors":
        return _from_original(kind, load_file(weights))
    source = torch.load(weights, map_location="cpu", weights_only=True)
    return _from_torchvision(kind, source) if "features.0.weight" in source else _from_adain(kind, source)


def _from_torchvision(kind: Kind, source: dict[str, Tensor]) -> dict[str, Tensor]:
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    state = {"input.weight": torch.diag(1 / std)[:, :, None, None], "input.bias": -mean / std}
    index = 0
    for stage, depth in enumerate(DEPTHS[kind]):
        for layer in range(depth):
            for part in ("weight", "bias"):
                state[f"stages.{stage}.{layer}.{part}"] = source[f"features.{index}.{part}"]
            index += 2
        index += 1  # a pooling layer
    return state


def _from_original(kind: Kind, source: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights for BGR in 0..255, less the mean of ImageNet."""
    state = {
        "input.weight": 255 * torch.eye(3).flip(0)[:, :, None, None],
        "input.bias": -torch.tensor([103.939, 116.779, 123.68]),
    }
    for stage, depth in enumerate(DEPTHS[kind]):
        for layer in range(depth):
            for part in ("weight", "bias"):
                state[f"stages.{stage}.{layer}.{part}"] = source[f"conv{stage + 1}_{layer + 1}.{part}"].float()
    return state


def _from_adain(kind: Kind, source: dict[str, Tensor]) -> dict[str, Tensor]:
    if kind != "vgg19":
        raise KeyError("the file is a VGG-19 as AdaIN publishes it; the preset asks for a VGG-16")
    names = [f"stages.{stage}.{layer}" for stage, depth in enumerate(DEPTHS[kind]) for layer in range(depth)]
    indices = [0, 2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42]
    return {
        f"{name}.{part}": source[f"{index}.{part}"]
        for name, index in zip(["input", *names], indices, strict=True)
        for part in ("weight", "bias")
    }
