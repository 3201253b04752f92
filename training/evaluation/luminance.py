"""Luminance, and the measures that need nothing more: structural similarity and clipping."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def luminance(image: Tensor) -> Tensor:
    """Luma (Rec. 709 weights on sRGB values) of `[1, 3, H, W]`, `[1, 1, H, W]` in 0..1."""
    return (image * image.new_tensor([0.2126, 0.7152, 0.0722])[:, None, None]).sum(dim=1, keepdim=True)


def blur(grey: Tensor, deviation: float, radius: int) -> Tensor:
    """Gaussian blur of `[B, 1, H, W]` without padding: each side loses `radius` pixels at both ends."""
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32, device=grey.device)
    kernel = torch.exp(-(offsets**2) / (2 * deviation**2))
    kernel = kernel / kernel.sum()
    return F.conv2d(F.conv2d(grey, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))


def ssim(first: Tensor, second: Tensor) -> float:
    """Structural similarity of two luminances, 1 the same (Wang et al., 2004: Gaussian window of 11 px, deviation 1.5)."""
    stacked = torch.cat([first, second, first**2, second**2, first * second])
    mean1, mean2, square1, square2, product = blur(stacked, 1.5, 5)
    variances = square1 - mean1**2 + square2 - mean2**2
    covariance = product - mean1 * mean2
    small1, small2 = 0.01**2, 0.03**2
    similar = (2 * mean1 * mean2 + small1) * (2 * covariance + small2)
    return (similar / ((mean1**2 + mean2**2 + small1) * (variances + small2))).mean().item()


def clipped_share(image: Tensor) -> float:
    """Share of the pixels of `[1, 3, H, W]` with a channel at 0 or 255 of 8 bits."""
    levels = (image * 255).round()
    return ((levels <= 0) | (levels >= 255)).any(dim=1).float().mean().item()
