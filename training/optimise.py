"""Optimise pictures pixel by pixel: `python training/optimise.py --content DIR --style DIR --out DIR --feature-weights FILE`.

What the losses of training would give if no network had to be quick: a few hundred steps for every single picture. The mark
that `evaluate.py --baseline optimised=DIR` holds against weights.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

# Run as a script, the folder of this file is on the path, the project's is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from a2k_core import StyA2KError
from a2k_core.statistics import channel_moments
from evaluation.networks import TRAINED
from evaluation.pictures import choose_pairs, find_by_stem, read_sized, save_stylized
from feature_network import FeatureNetwork, FeatureNetworkError, encoder_config, load_encoder
from losses import content_loss, global_loss, range_loss
from options import Options

log = logging.getLogger("optimise")


def main(argv: list[str] | None = None) -> int:
    """Run the script. Returns the exit status: 0 done, 1 bad input."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = parse(argv)
    try:
        run(options)
    except (FileNotFoundError, StyA2KError, FeatureNetworkError) as error:
        log.error("optimise.py: %s", error)
        return 1
    return 0


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Options from the command line. Exits with a message on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, text in (
        ("content", "folder of contents"),
        ("style", "folder of styles"),
        ("out", "folder of the results"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="DIR", help=text)
    parser.add_argument("--features", choices=TRAINED, default="distilled", help="feature network of the losses")
    parser.add_argument("--feature-weights", type=Path, metavar="FILE", help="its file")
    parser.add_argument("--size", type=int, default=256, metavar="PX", help="short side of contents and styles")
    parser.add_argument("--pairs", type=int, metavar="N", help="so many pairs, every picture as often; default: all")
    parser.add_argument("--steps", type=int, default=300, help="Adam steps for each picture")
    parser.add_argument("--lr", type=float, default=0.02, help="of Adam, on pixels in 0..1, falling to 0")
    options = parser.parse_args(argv)
    if options.steps < 1 or options.size < 64 or (options.pairs is not None and options.pairs < 1):
        parser.error("--steps and --pairs must be at least 1, --size at least 64")
    return options


def run(options: argparse.Namespace) -> None:
    """Optimise every pair and write SIZE/CONTENT__STYLE.png below the output folder."""
    contents, styles = find_by_stem(options.content), find_by_stem(options.style)
    config = encoder_config(options.features, wide=False)
    features = FeatureNetwork(load_encoder(options.features, options.feature_weights, config))
    features.to(memory_format=torch.channels_last)
    # One scale for all levels, from all styles, as in training.
    squares = [_middle_square(read_sized(path, options.size)) for path in styles.values()]
    features.calibrate(torch.cat(squares))
    folder = options.out / str(options.size)
    folder.mkdir(parents=True, exist_ok=True)
    for pair in tqdm(choose_pairs(list(contents), list(styles), options.pairs), unit="picture"):
        content = read_sized(contents[pair.content], options.size)
        style = read_sized(styles[pair.style], options.size)
        save_stylized(folder, pair, optimise(features, content, style, options.steps, options.lr))


def optimise(features: FeatureNetwork, content: Tensor, style: Tensor, steps: int, lr: float) -> Tensor:
    """The picture, `[1, 3, H, W]` in 0..1, that starts as the content and lowers training's losses of style and content."""
    weights = Options()
    with torch.no_grad():
        of_content, of_style = features(content), [channel_moments(level) for level in features(style)]
    image = content.clone().contiguous(memory_format=torch.channels_last).requires_grad_(True)
    optimizer = torch.optim.Adam([image], lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        levels = features(image)
        moments = [channel_moments(level) for level in levels]
        loss = (
            weights.style_weight * global_loss(moments[:4], of_style[:4])
            + weights.shallow_style_weight * global_loss(moments[:2], of_style[:2])
            + weights.deep_style_weight * global_loss(moments[4:], of_style[4:])
            + weights.content_weight * content_loss(levels[3:], of_content[3:])
            + weights.range_weight * range_loss(image)
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
    return image.detach().clamp(0, 1)


def _middle_square(image: Tensor) -> Tensor:
    side = min(image.shape[-2:])
    top, left = (image.shape[-2] - side) // 2, (image.shape[-1] - side) // 2
    return image[..., top : top + side, left : left + side]


if __name__ == "__main__":
    sys.exit(main())
