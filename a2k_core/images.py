"""Older import path of `a2k_core.read_picture` and `a2k_core.write_picture`."""

from .files.pictures.image_io import read_picture, write_picture

__all__ = ["read_picture", "write_picture"]
