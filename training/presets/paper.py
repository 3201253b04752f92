"""The published network with the published losses (section 4.1, and the authors' release): a frozen VGG-19 as encoder."""

from a2k_core import StyA2KConfig
from training.options import Preset, Stage

PRESET = Preset(
    network=StyA2KConfig.paper(),
    loss_network="vgg19",
    short_side=(512, 512),
    stages=(
        Stage(
            "painter",
            steps=52_000,
            batch=8,
            lr=2e-4,
            optimizer="adam",
            schedule="steps",
            warmup=0,
            losses={"global": 10.0, "all_to_key": 1.25},
        ),
    ),
    clip=float("inf"),
)
