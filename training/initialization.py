"""Networks before training."""

from __future__ import annotations

import torch
from torch import nn

from a2k_core import StyA2K
from training.loss_network import LossNetwork


def initialize(model: StyA2K, loss_network: LossNetwork) -> StyA2K:
    """Give a network its first weights.

    `compact`: torch's defaults, which are small: with He initialization the first pictures were so far off that the painter never
    recovered. The four sub-pixels of each output start equal, at mid-gray.
    `vgg` (paper): the loss network's VGG-19 as encoder, N(0, 0.02) and zero bias elsewhere, as published.
    """
    if model.config.backbone == "vgg":
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        state = {name.replace("input.", "conv0."): tensor for name, tensor in loss_network.state_dict().items()}
        model.encoder.load_state_dict(state)
        return model
    output = [layer for layer in model.decoder.modules() if isinstance(layer, nn.Conv2d)][-1]
    with torch.no_grad():
        output.weight.copy_(output.weight[::4].repeat_interleave(4, dim=0))
        assert output.bias is not None
        output.bias.fill_(0.5)
    return model
