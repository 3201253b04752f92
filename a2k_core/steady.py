"""Older import path and name of `a2k_core.temporal_smoothing`."""

from .video.temporal_smoothing import temporal_smoothing as steadied

__all__ = ["steadied"]
