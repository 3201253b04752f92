"""What the training tests share: a feature network with random weights, and folders of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from a2k_core.encoder import VGG19_DEPTHS
from feature_network import DISTILLED_WIDTHS


def write_distilled(path: Path) -> Path:
    """A file with the names and shapes of the distilled VGG-19 and random weights that keep the signal's size."""
    generator = torch.Generator().manual_seed(0)
    state = {"conv0.weight": torch.eye(3)[:, :, None, None].clone(), "conv0.bias": torch.zeros(3)}
    width = 3
    for stage, (outputs, depth, full) in enumerate(
        zip(DISTILLED_WIDTHS, VGG19_DEPTHS, (64, 128, 256, 512, 512), strict=True), start=1
    ):
        for index in range(1, depth + 1):
            scale = (2 / (9 * width)) ** 0.5
            state[f"conv{stage}{index}.weight"] = torch.randn(outputs, width, 3, 3, generator=generator) * scale
            state[f"conv{stage}{index}.bias"] = torch.zeros(outputs)
            width = outputs
        state[f"conv{stage}1_aux.weight"] = torch.randn(full, outputs, 1, 1, generator=generator) * outputs**-0.5
        state[f"conv{stage}1_aux.bias"] = torch.zeros(full)
    save_file(state, path)
    return path


def write_pictures(folder: Path, count: int, seed: int) -> Path:
    """Smooth random pictures of different sizes with some noise, as a smooth style alone gives a grain too smooth to learn from."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for index in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
        size = (int(random.integers(70, 120)), int(random.integers(70, 120)))
        smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.float32)
        noisy = smooth + random.normal(0, 12, smooth.shape)
        Image.fromarray(noisy.clip(0, 255).round().astype(np.uint8)).save(folder / f"{index}.png")
    return folder
