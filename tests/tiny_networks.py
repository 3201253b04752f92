"""Tiny configurations, models with random weights, and pictures, for every test that needs a network."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2k_core import StyA2K, StyA2KConfig
from a2k_core.network.attention.all_to_key import AllToKey

COMPACT = StyA2KConfig(
    backbone="compact",
    encoder_widths=(8, 8, 8, 16),
    channels=(8, 8, 16),
    attention_channels=(4, 4, 4),
    decoder_widths=(12, 8, 4),
    heads=2,
    scaled_logits=True,
    residual="adain",
    overlap=True,
    noise=0.05,
    color_match=True,
)
PAPER = StyA2KConfig(backbone="vgg", encoder_widths=(4, 4, 16, 16, 16), channels=(16, 16, 16), heads=2)


def random_model(config: StyA2KConfig, seed: int = 0) -> StyA2K:
    """A model of random weights whose pictures vary inside 0..1, so that clamping does not hide what is computed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = StyA2K(config)
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.normal_(bias_of(module), std=0.1)
            if isinstance(module, AllToKey):
                nn.init.constant_(module.alpha, 0.7)
                nn.init.constant_(module.beta, -0.4)
    last = [module for module in model.decoder.modules() if isinstance(module, nn.Conv2d)][-1]
    with torch.no_grad():
        side = max(64, config.grid)
        image = model(picture(side, side, seed=1), picture(side, side, seed=2))
        gain = 0.15 / image.std()
        last.weight.mul_(gain)
        bias_of(last).sub_(image.mean()).mul_(gain).add_(0.5)
    return model.requires_grad_(False).eval()


def bias_of(conv: nn.Conv2d) -> Tensor:
    """Every convolution here has one."""
    assert conv.bias is not None
    return conv.bias


def picture(height: int, width: int, seed: int = 0, batch: int = 1) -> Tensor:
    """`[batch, 3, height, width]` in 0..1: soft shapes with some grain, different for every seed."""
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.rand((batch, 3, height // 8 + 2, width // 8 + 2), generator=generator)
    grain = torch.randn((batch, 3, height, width), generator=generator)
    soft = F.interpolate(shapes, size=(height, width), mode="bilinear")
    return (soft + 0.05 * grain).clamp(0, 1)


def assert_pictures_of_a_batch_are_alone(model: StyA2K) -> None:
    """Two contents, each with a style of its own, come out together as one by one."""
    contents = torch.cat([picture(130, 150, seed=1), 0.4 * picture(130, 150, seed=3)])
    styles = model.encode_style(picture(64, 64, seed=2, batch=2))
    together = model.transfer(contents, styles)
    for index in range(2):
        alone = model.transfer(contents[index : index + 1], styles.part(index, index + 1))
        torch.testing.assert_close(together[index : index + 1], alone, rtol=0, atol=1e-4)
