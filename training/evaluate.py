"""Measure whether weights paint: `python training/evaluate.py --content DIR --style DIR --weights FILE [FILE ...]`.

Color is taken out first. Every picture becomes gray and gets the gray histogram of the style (for `content`: of the content),
so that palette and contrast count for nothing. What is left is texture and shape, seen by the VGG-16 of ImageNet.

    painted   share of the way from the photo to the style: 1 - d(picture) / d(photo), d the relative Gram distance to the
              style, mean of relu2_1, relu3_1 and relu4_1. 0 is a recolored photo
    strokes   the same at relu4_1 alone, where strokes and shapes of 20 to 60 px are
    content   squared distance of normalized relu4_1 to the photo's. 0 is the photo; published painters have 0.8 to 1.3
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from a2k_core import StyA2KError, load_model
from a2k_core.files.pictures.image_io import read_picture, write_picture
from training.data import find_pictures, hold_out
from training.loss_network import LossNetwork, LossNetworkError, load_loss_network
from training.losses import normalized

SIZE = 384
"""Pictures are measured at this size, squeezed to squares."""


class Score(NamedTuple):
    """See the module's docstring."""

    painted: float
    strokes: float
    content: float


@torch.no_grad()
def score(network: LossNetwork, content: Tensor, style: Tensor, picture: Tensor) -> Score:
    """Measure one picture. All are `[1, 3, H, W]` RGB in 0..1, of any sizes."""
    content, style, picture = (
        F.interpolate(image, size=(SIZE, SIZE), mode="bicubic", antialias=True).clamp(0, 1)
        for image in (content, style, picture)
    )
    target = network(gray_with_histogram(style, style))
    photo, ours = (gram_distances(network(gray_with_histogram(image, style)), target) for image in (content, picture))
    shapes, original = (normalized(network(gray_with_histogram(image, content))[3]) for image in (picture, content))
    return Score(
        painted=1 - sum(ours) / sum(photo),
        strokes=1 - ours[-1] / photo[-1],
        content=F.mse_loss(shapes, original).item(),
    )


def gray_with_histogram(image: Tensor, of: Tensor) -> Tensor:
    """`[1, 3, H, W]` in gray, its values replaced by rank with those of another picture of the same size."""
    ours, theirs = ((x * x.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1) for x in (image, of))
    ranks = ours.flatten().argsort(stable=True).argsort()
    return theirs.flatten().sort().values[ranks].view(1, 1, *image.shape[2:]).expand(1, 3, -1, -1)


def gram_distances(picture: list[Tensor], style: list[Tensor]) -> list[float]:
    """Relative distances of the Gram matrices at relu2_1, relu3_1 and relu4_1."""
    distances = []
    for ours, theirs in zip(picture[1:4], style[1:4], strict=True):
        gram, target = (x.float().flatten(2)[0] for x in (ours, theirs))
        gram, target = (x @ x.T / x.shape[1] for x in (gram, target))
        distances.append(((gram - target).norm() / target.norm()).item())
    return distances


def main(argv: list[str] | None = None) -> int:
    """Run the command. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--content", type=Path, required=True, metavar="DIR", help="folder of photos")
    add("--style", type=Path, required=True, metavar="DIR", help="folder of paintings")
    add("--weights", type=Path, nargs="+", metavar="FILE", help="model files to compare; without it the bundled one")
    add("--loss-network", type=Path, metavar="FILE", help="weights of VGG-16; without it torchvision downloads its own")
    add("--count", type=int, default=6, help="pictures of each folder, evenly spaced (default 6): 36 pairs")
    add("--out", type=Path, metavar="DIR", help="also write the pictures there")
    options = parser.parse_args(argv)
    try:
        evaluate(options)
    except (FileNotFoundError, LossNetworkError, StyA2KError) as error:
        print(f"evaluate.py: {error}", file=sys.stderr)
        return 1
    return 0


def evaluate(options: argparse.Namespace) -> None:
    """Print a line of means for every model file."""
    network = load_loss_network("vgg16", options.loss_network)
    contents, styles = (
        hold_out(find_pictures(folder), options.count)[1] for folder in (options.content, options.style)
    )
    print(f"{'weights':32s} painted strokes content   ({len(contents) * len(styles)} pairs)")
    for weights in options.weights or [None]:
        model = load_model(weights)
        name = weights.stem if weights else "bundled"
        scores = []
        for painting in styles:
            style = read_picture(painting).on_white()
            encoded = model.encode_style(style)
            for photo in contents:
                content = read_picture(photo).on_white()
                picture = model.transfer(content, encoded)
                scores.append(score(network, content, style, picture))
                if options.out:
                    folder = options.out / name
                    folder.mkdir(parents=True, exist_ok=True)
                    write_picture(folder / f"{photo.stem}_{painting.stem}.png", picture)
        means = Score(*(sum(values) / len(values) for values in zip(*scores, strict=True)))
        print(f"{name:32s} {means.painted:7.3f} {means.strokes:7.3f} {means.content:7.3f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
