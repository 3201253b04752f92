"""The network that comes with the project. Two stages: learn to see, then learn to paint."""

from a2k_core import StyA2KConfig
from training.options import Preset, Stage

PRESET = Preset(
    network=StyA2KConfig.compact(),
    loss_network="vgg16",
    # Paintings of 320 px are enlarged, so that strokes come out as large as the style's when both pictures have 512 px.
    short_side=(320, 546),
    stages=(
        # relu3_1, relu4_1 and relu5_1 of the VGG, seen by a small encoder, which then stays as it is.
        Stage("encoder", steps=2000, batch=4, lr=2e-3),
        Stage(
            "painter",
            steps=5000,
            batch=4,
            lr=1e-3,
            losses={
                "content": 2.0,
                "style": 10.0,
                "texture": 8.0,
                "grain": 2.0,
                "identity_pixels": 50.0,
                "identity_features": 1.0,
            },
        ),
    ),
)
