"""The feature network that the losses look through: a frozen VGG-19 of one of three origins."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from a2k_core import StyA2KConfig
from a2k_core.encoder import VGG19_DEPTHS, VGGEncoder
from a2k_core.statistics import channel_moments

FULL_WIDTHS = (64, 128, 256, 512, 512)
DISTILLED_WIDTHS = (16, 32, 64, 128, 128)
HELP = {
    "torchvision": "torchvision could not download it; put vgg19-dcbb9e9d.pth (from torchvision's model page) where it looks, "
    "or pass the file with --feature-weights",
    "vgg-normalised": "it is the vgg_normalised.pth that the pytorch-AdaIN project publishes; pass it with --feature-weights",
    "distilled": "it is the 16x distilled VGG-19 of Collaborative-Distillation (MIT) as safetensors, convolutions named conv0, "
    "conv11 .. conv51 and conv11_aux .. conv51_aux; pass it with --feature-weights",
}


class FeatureNetworkError(ValueError):
    """The weights of a feature network are missing or are not what was asked for."""


def load_encoder(
    kind: Literal["distilled", "vgg-normalised", "torchvision"], weights: Path | None, config: StyA2KConfig
) -> VGGEncoder:
    """A frozen encoder with pretrained weights.

    Args:
        kind: which VGG-19.
        weights: its file; `torchvision` downloads its own when it is None.
        config: widths and channels; see `encoder_config`.

    Raises:
        FeatureNetworkError: when the weights are missing or do not fit; says where to get them.
    """
    encoder = VGGEncoder(config)
    try:
        state = {"distilled": _distilled, "vgg-normalised": _normalised, "torchvision": _torchvision}[kind](weights)
        needed = encoder.state_dict().keys()
        encoder.load_state_dict({name: tensor for name, tensor in state.items() if name in needed})
    except (OSError, KeyError, RuntimeError, SafetensorError, AttributeError) as error:
        # torch and torchvision raise RuntimeError for missing tensors, wrong shapes and failed downloads alike.
        where = f"{weights} " if weights else ""
        raise FeatureNetworkError(
            f"cannot load the {kind} feature network: {where}{error}. To get it: {HELP[kind]}"
        ) from error
    return encoder.requires_grad_(False).eval()


def encoder_config(kind: Literal["distilled", "vgg-normalised", "torchvision"], *, wide: bool) -> StyA2KConfig:
    """The paper's configuration with the given encoder. `wide` keeps the paper's channels for a distilled one."""
    if kind != "distilled":
        return StyA2KConfig.paper()
    channels = (256, 512, 512) if wide else DISTILLED_WIDTHS[2:]
    return StyA2KConfig(backbone="vgg", encoder_widths=DISTILLED_WIDTHS, channels=channels)


class FeatureNetwork(nn.Module):
    """relu1_1 .. relu5_1 of a frozen VGG-19."""

    def __init__(self, encoder: VGGEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, images: Tensor) -> list[Tensor]:
        """Five levels of `[B, 3, H, W]` RGB in 0..1, in the encoder's dtype whatever autocast is on."""
        # Autocast would turn each layer's features to fp32 for padding and back.
        with torch.autocast(images.device.type, enabled=False):
            return self.encoder.all_levels(images.to(self.encoder.conv0.weight.dtype))

    @torch.no_grad()
    def calibrate(self, styles: Tensor) -> None:
        """Divide each level by one number, so that the features of these pictures deviate by 1 on average at each.

        ReLUs let factors through, so the weights take them up.
        """
        scales = [channel_moments(level).std.mean() for level in self.encoder.all_levels(styles)]
        before = torch.ones_like(scales[0])
        for stage, scale in zip(self.encoder.stages, scales, strict=True):
            convolutions = [layer for layer in stage.modules() if isinstance(layer, nn.Conv2d)]
            convolutions[0].weight.mul_(before / scale)
            for convolution in convolutions:
                assert convolution.bias is not None
                convolution.bias.div_(scale)
            before = scale


def _convolutions() -> list[str]:
    """Our names of the convolutions of VGG-19, in its order, up to relu5_1."""
    return [f"stages.{stage}.{index}" for stage, depth in enumerate(VGG19_DEPTHS) for index in range(depth)]


def _distilled(weights: Path | None) -> dict[str, Tensor]:
    source = load_file(_existing(weights))
    state = {f"conv0.{part}": source[f"conv0.{part}"] for part in ("weight", "bias")}
    for stage, depth in enumerate(VGG19_DEPTHS):
        for index in range(depth):
            for part in ("weight", "bias"):
                state[f"stages.{stage}.{index}.{part}"] = source[f"conv{stage + 1}{index + 1}.{part}"]
    for level in range(3):
        for part in ("weight", "bias"):
            state[f"widen.{level}.0.{part}"] = source[f"conv{level + 3}1_aux.{part}"]
    return state


def _normalised(weights: Path | None) -> dict[str, Tensor]:
    source = torch.load(_existing(weights), map_location="cpu", weights_only=True)
    names = ["conv0", *_convolutions()]
    indices = [0, 2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42]
    return {
        f"{name}.{part}": source[f"{index}.{part}"]
        for name, index in zip(names, indices, strict=True)
        for part in ("weight", "bias")
    }


def _torchvision(weights: Path | None) -> dict[str, Tensor]:
    # Imported here: torchvision.models takes a second to import.
    from torchvision.models import VGG19_Weights

    if weights is None:
        source = VGG19_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
    else:
        source = torch.load(_existing(weights), map_location="cpu", weights_only=True)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    state = {"conv0.weight": torch.diag(1 / std)[:, :, None, None], "conv0.bias": -mean / std}
    indices = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28]
    for name, index in zip(_convolutions(), indices, strict=True):
        for part in ("weight", "bias"):
            state[f"{name}.{part}"] = source[f"features.{index}.{part}"]
    return state


def _existing(weights: Path | None) -> Path:
    if weights is None or not weights.is_file():
        raise FileNotFoundError("there is no such file" if weights else "no file was given")
    return weights
