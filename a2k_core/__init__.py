"""All-to-Key Attention for Arbitrary Style Transfer (Zhu et al., ICCV 2023): the network, its weights, its pictures.

Load a model with `load_model`, encode a style once with `StyA2K.encode_style`, apply it with `StyA2K.transfer`.
"""

from .checkpoint import load_model, save_model
from .config import StyA2KConfig
from .encoded_style import EncodedStyle
from .errors import CheckpointError, ConfigError, InputError, PictureError, StyA2KError
from .model import StyA2K

__all__ = [
    "CheckpointError",
    "ConfigError",
    "EncodedStyle",
    "InputError",
    "PictureError",
    "StyA2K",
    "StyA2KConfig",
    "StyA2KError",
    "load_model",
    "save_model",
]
