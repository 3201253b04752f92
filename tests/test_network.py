"""The compact network: its encoder and decoder once more, by the names of its tensors."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from reference import compact_decode, compact_encode
from tiny_networks import COMPACT, picture, random_model

from a2k_core import StyA2K, StyA2KConfig

EQUAL_CHANNELS = dataclasses.replace(COMPACT, encoder_widths=(4, 8, 16, 16), channels=(8, 16, 16))


@pytest.mark.parametrize("config", [COMPACT, EQUAL_CHANNELS], ids=["narrow", "equal"])
def test_encoder_and_decoder_are_what_their_tensors_say(config: StyA2KConfig) -> None:
    model = random_model(config)
    state, image = model.state_dict(), picture(64, 96, seed=1, batch=2)
    assert ("narrow.weight" in state) == (config.channels[1] != config.channels[2])
    features = model.encoder(image)
    for found, expected in zip(features, compact_encode(state, image), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    decoded = model.decode(features)
    assert decoded.shape == image.shape
    torch.testing.assert_close(decoded, compact_decode(state, *features), rtol=1e-4, atol=1e-4)


def test_levels_have_their_strides_and_channels(model: StyA2K) -> None:
    channels = model.config.channels
    for level, stride, width in zip(model.features(picture(50, 100)), (4, 8, 16), channels, strict=True):
        assert level.shape == (1, width, 64 // stride, 128 // stride)
