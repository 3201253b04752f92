"""The networks that are trained: built, initialised, or taken from a released file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from a2k_core import CheckpointError, StyA2K, StyA2KConfig, load_model
from feature_network import encoder_config, load_encoder
from options import Options


def build_model(options: Options) -> StyA2K:
    """The preset's network, initialised: a frozen VGG encoder and N(0, 0.02) for `paper`, all trained for `compact`."""
    if options.preset == "compact":
        return initialise_compact(StyA2K(StyA2KConfig.compact()))
    config = encoder_config(options.features, wide=True)
    model = StyA2K(config)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    model.encoder = load_encoder(options.features, options.feature_weights, config)
    return model


def initialise_compact(model: StyA2K) -> StyA2K:
    """He initialisation for its leaky activations; the four sub-pixels of the output start equal, at mid-grey."""
    for module in (model.encoder, model.merge, model.decoder):
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=0.2)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
    output = [layer for layer in model.decoder.modules() if isinstance(layer, nn.Conv2d)][-1]
    with torch.no_grad():
        output.weight.copy_(output.weight[::4].repeat_interleave(4, dim=0) / 4)
        if output.bias is not None:
            output.bias.fill_(0.5)
    return model


def matching_weights(path: Path, model: StyA2K) -> dict[str, Tensor]:
    """The tensors of a released file, for a network that has the same ones; what has no weights may differ.

    Raises:
        CheckpointError: when it is no such file.
    """
    loaded = load_model(path, device="cpu", dtype=torch.float32)
    state = loaded.state_dict()
    if {name: tensor.shape for name, tensor in state.items()} != {n: t.shape for n, t in model.state_dict().items()}:
        raise CheckpointError(f"{path}: --init has the configuration {loaded.config}; this run trains {model.config}")
    return state
