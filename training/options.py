"""What a training run is: presets say what is computed, options say where and how often it reports."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from a2k_core import StyA2KConfig

PRESETS = ("compact", "paper")


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of training, with a learning-rate schedule of its own."""

    name: Literal["encoder", "painter"]
    """`encoder` distills the loss network into the network's encoder. `painter` trains all but the encoder."""

    steps: int

    batch: int
    """Photos, and as many paintings, in a step."""

    lr: float
    """Peak learning rate."""

    optimizer: Literal["muon", "adam"] = "muon"

    schedule: Literal["cosine", "steps"] = "cosine"
    """Cosine to 1/50 of the peak; or constant for two fifths, then x0.3 at each further fifth, as published."""

    warmup: int = 100
    """Steps of linear warm-up."""

    losses: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """`painter` only: weights of the losses, by their name in `losses.LOSSES`."""


@dataclasses.dataclass(frozen=True)
class Preset:
    """A recipe: everything that decides what is computed."""

    network: StyA2KConfig
    loss_network: Literal["vgg16", "vgg19"]
    stages: tuple[Stage, ...]

    short_side: tuple[int, int]
    """Pictures are scaled so that their short side has between so many pixels, then cut. Strokes are learned at this scale."""

    crop: int = 256
    """Side of the squares that are cut, in pixels, a multiple of 64."""

    ema: float = 0.998
    """Decay of the averaged weights, which are the ones released."""

    clip: float = 1.0
    """Largest gradient norm."""


@dataclasses.dataclass(frozen=True)
class Options:
    """The command line."""

    content: Path
    style: Path
    out: Path
    run_dir: Path
    preset_name: str
    preset: Preset
    loss_network: Path | None
    weights: Path | None
    resume: bool
    seed: int
    device: str
    precision: Literal["fp32", "bf16"]
    workers: int
    validation: int
    sample_every: int
    checkpoint_every: int
    log_every: int

    @property
    def recipe(self) -> dict[str, Any]:
        """What decides the result: stored in checkpoints and in the released file."""
        return {
            "preset": self.preset_name,
            "seed": self.seed,
            "precision": self.precision,
            "started_from": self.weights.name if self.weights else None,
            **dataclasses.asdict(self.preset),
        }


def load_preset(name: str) -> Preset:
    """The recipe in `training/presets/NAME.py`."""
    preset: Preset = importlib.import_module(f"training.presets.{name}").PRESET
    return preset


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("is an empty name; give the name of a file or a folder, . for this one")
    return Path(text)


def parse(argv: list[str] | None = None) -> Options:
    """Read the command line. Exits with a message on bad input."""
    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Train StyA2K weights.",
        epilog="example: python training/train.py --content photos --style paintings --out mine.safetensors",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--content", type=_path, required=True, metavar="DIR", help="folder of photos, searched recursively")
    add("--style", type=_path, required=True, metavar="DIR", help="folder of paintings, searched recursively")
    add("--out", type=_path, required=True, metavar="FILE", help="where the finished weights go, a .safetensors file")
    add("--preset", choices=PRESETS, default="compact", help="the recipe, a file in training/presets")
    add(
        "--loss-network",
        type=_path,
        metavar="FILE",
        help="weights of the VGG; without it torchvision downloads its own",
    )
    add(
        "--weights",
        type=_path,
        metavar="FILE",
        help="train this file further: its encoder stays, the painter learns on",
    )
    add("--run-dir", type=_path, metavar="DIR", help="checkpoint, samples and logs; without it runs/NAME, after --out")
    add("--resume", action="store_true", help="go on from the checkpoint in --run-dir")
    add("--seed", type=int, default=0, help="decides initial weights, crops and their order")
    add("--device", default="auto", help="cpu, cuda, cuda:1, mps; auto takes a GPU where there is one")
    add("--precision", choices=("fp32", "bf16"), default="bf16", help="of the convolutions")
    add("--workers", type=int, default=2, help="processes that read pictures ahead")
    for stage in ("encoder", "painter"):
        add(f"--{stage}-steps", type=int, metavar="N", help=f"steps of the {stage} stage; without it the preset's")
    add("--batch", type=int, metavar="N", help="photos in a step, in every stage; without it the preset's")
    add("--crop", type=int, metavar="PIXELS", help="side of the crops, a multiple of 64; without it the preset's")
    add("--validation", type=int, default=6, help="pictures of each folder that are kept out, for the samples")
    add("--sample-every", type=int, default=500, help="steps between sample sheets")
    add("--checkpoint-every", type=int, default=500, help="steps between checkpoints")
    add("--log-every", type=int, default=20, help="steps between TensorBoard scalars")
    given = vars(parser.parse_args(argv))

    if given["out"].suffix != ".safetensors":
        parser.error(f"--out is {given['out']}; weights are written as FILE.safetensors")
    for name in ("batch", "crop", "validation", "sample_every", "checkpoint_every", "log_every"):
        if given[name] is not None and given[name] < 1:
            parser.error(f"--{name.replace('_', '-')} is {given[name]}; it must be at least 1")
    for name in ("encoder_steps", "painter_steps", "seed", "workers"):
        if given[name] is not None and given[name] < 0:
            parser.error(f"--{name.replace('_', '-')} is {given[name]}; it must not be negative")
    if given["crop"] is not None and given["crop"] % 64:
        parser.error(f"--crop is {given['crop']}; it must be a multiple of 64")

    preset = load_preset(given["preset"])
    steps = {stage: given.pop(f"{stage}_steps") for stage in ("encoder", "painter")}
    batch, crop = given.pop("batch"), given.pop("crop")
    stages = preset.stages
    if given["weights"]:
        stages = tuple(stage for stage in stages if stage.name != "encoder")
    stages = tuple(
        dataclasses.replace(
            stage,
            steps=stage.steps if steps[stage.name] is None else steps[stage.name],
            batch=batch or stage.batch,
        )
        for stage in stages
    )
    preset = dataclasses.replace(preset, stages=stages, crop=crop or preset.crop)
    given["run_dir"] = given["run_dir"] or Path("runs") / given["out"].stem
    return Options(preset_name=given.pop("preset"), preset=preset, **given)
