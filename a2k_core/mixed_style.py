"""Older import path of `a2k_core.mix_styles`."""

from .network.style.encoded_style import mix_styles

__all__ = ["mix_styles"]
