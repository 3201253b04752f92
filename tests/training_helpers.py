"""What the training tests share: a loss network with random weights, and folders of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from training.loss_network import DEPTHS, WIDTHS


def write_vgg16(path: Path) -> Path:
    """A file with the names and shapes of VGG-16 and random weights that keep the signal's size."""
    generator = torch.Generator().manual_seed(0)
    state, width = {}, 3
    for stage, (outputs, depth) in enumerate(zip(WIDTHS, DEPTHS["vgg16"], strict=True), start=1):
        for layer in range(1, depth + 1):
            scale = (2 / (9 * width)) ** 0.5
            weight = torch.randn(outputs, width, 3, 3, generator=generator) * scale
            state[f"conv{stage}_{layer}.weight"] = weight.half()
            state[f"conv{stage}_{layer}.bias"] = torch.zeros(outputs).half()
            width = outputs
    save_file(state, path)
    return path


def write_pictures(folder: Path, count: int, seed: int) -> Path:
    """Smooth random pictures of different sizes."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for index in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
        size = (int(random.integers(70, 120)), int(random.integers(70, 120)))
        coarse.resize(size, Image.Resampling.BICUBIC).save(folder / f"{index}.png")
    return folder
