"""Every knob of training, with its default, its reason, and the two presets."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any, Literal


def knob(default: Any, why: str) -> Any:
    """A field whose `why` is its help text."""
    return dataclasses.field(default=default, metadata={"help": why})


@dataclasses.dataclass(frozen=True)
class Options:
    """The defaults are those of the `compact` preset."""

    content: Path = knob(None, "folder of content photos, searched recursively")
    style: Path = knob(None, "folder of style pictures, searched recursively")
    out: Path = knob(None, "where the finished weights go, FILE.safetensors")
    extra_style: Path | None = knob(None, "folder of more style pictures, such as drawn ones; none is held out")
    run_dir: Path | None = knob(None, "folder for checkpoints, samples and logs; default: runs/NAME, after --out")
    resume: bool = knob(False, "continue the run in --run-dir exactly where its last checkpoint stands")

    init: Path | None = knob(None, "weights to start from, FILE.safetensors of the same network; for fine-tuning")

    preset: Literal["compact", "paper"] = knob(
        "compact", "the network and the recipe: compact (small, fast) or paper (VGG-19)"
    )
    features: Literal["distilled", "vgg-normalised", "torchvision"] = knob(
        "torchvision", "feature network of the losses, and frozen encoder of --preset paper"
    )
    feature_weights: Path | None = knob(
        None, "file of the feature network; torchvision downloads its own when this is not given"
    )

    pretrain_steps: int = knob(1500, "steps as an autoencoder first; without them the compact network starts from mud")
    steps: int = knob(
        20000, "steps of style training; pictures are clearly stylized after 500, palettes and strokes keep improving"
    )
    batch: int = knob(4, "pairs per step and process; small batches learn more per second on a CPU")
    pretrain_batch: int = knob(8, "pictures per autoencoder step and process")
    crop: int = knob(
        256, "side of the square crops, pixels, a multiple of 64: four blocks each way give routing a choice"
    )
    large_crop: int = knob(512, "side of the crops in the steps of --large-share, of so many fewer pairs")
    large_share: float = knob(
        0.0, "share of steps with large crops: more blocks to route to, as in large pictures; for GPUs"
    )
    zoom: float = knob(
        1.7, "crops are cut up to this much larger and scaled down, so that several texture scales are seen"
    )
    magnify: float = knob(4.0, "crops are cut up to this much smaller and scaled up: large soft pictures are seen too")
    turn: float = knob(
        0.5, "share of crops turned by any angle: strokes must not follow rows and columns of a camera or of JPEG"
    )
    grain: float = knob(
        0.025,
        "deviation of the noise under contents; that of the finished network is weaker, and what it then does with a smooth "
        "sky is calmer and follows the sky's own lines",
    )
    optimizer: Literal["muon", "adam"] = knob(
        "muon",
        "muon; or adam, the paper's, which from scratch takes more than twice as many steps to the same losses",
    )
    lr: float = knob(1e-3, "peak learning rate; the compact network has no pretrained part to protect")
    schedule: Literal["cosine", "paper"] = knob(
        "cosine", "cosine to 1/50 of the peak, or the paper's: constant, then x0.3 thrice"
    )
    warmup: int = knob(200, "steps of linear warm-up at the start of each stage; the first steps are noisy")
    clip: float = knob(1.0, "largest gradient norm; routing flips give rare spikes")
    ema: float = knob(
        0.999, "decay of the averaged weights, which are the ones released; about the last thousand steps"
    )

    style_weight: float = knob(16.0, "global mean and standard deviation of relu1_1..relu4_1 (the paper's L_global)")
    shallow_style_weight: float = knob(
        10.0, "once more relu1_1 and relu2_1, which hold palette and contrast; not in the paper"
    )
    deep_style_weight: float = knob(14.0, "the same at relu5_1, which holds the largest shapes; not in the paper")
    own_style_weight: float = knob(
        8.0, "means and deviations of the encoder's own features, which its residual aims at; not in the paper"
    )
    covariance_weight: float = knob(1.5, "covariances of relu1_1..relu4_1: which textures; not in the paper")
    spectrum_weight: float = knob(2.0, "log spectra of small windows: no screens, no checkerboards; not in the paper")
    spread_weight: float = knob(
        3.0, "flat fields and busy places as the style has them, instead of an even relief; not in the paper"
    )
    coherence_weight: float = knob(
        100.0, "strokes where the style has strokes, cells and grain where it has those; not in the paper"
    )
    isotropy_weight: float = knob(
        30.0, "texture has no direction of its own where the content is flat: no bricks, no screens; not in the paper"
    )
    lattice_weight: float = knob(
        20.0, "contrast that repeats every 2, 4 or 8 pixels, the mark of upsampling; not in the paper"
    )
    palette_weight: float = knob(20.0, "colours of the picture as a whole; not in the paper")
    match_weight: float = knob(
        5.0, "colours are near the style's before they are matched, so that half strength is half way; not in the paper"
    )
    patch_weight: float = knob(6.0, "distributions of small patches, which no network looks at; not in the paper")
    recompression_weight: float = knob(
        90.0, "a content and the same after strong JPEG give the same picture; every other step; not in the paper"
    )
    a2k_weight: float = knob(0.0, "parameter-free all-to-key loss (the paper's L_A2K; 1.25 there)")
    content_weight: float = knob(
        17.0, "normalised features at relu4_1 and relu5_1 stay the content's; not in the paper"
    )
    far_content_weight: float = knob(
        15.0, "the same at half the size: what is seen from afar, which fine strokes leave alone; not in the paper"
    )
    structure_weight: float = knob(10.0, "light and shade stay where the content has them; not in the paper")
    halo_weight: float = knob(
        200.0, "places alike in the content stay alike in colour: no glows beside towers; not in the paper"
    )
    rim_weight: float = knob(200.0, "the same for lightness: no pale rims beside towers; not in the paper")
    identity_weight: float = knob(
        8.0, "a picture in its own style stays itself; keeps detail and colours exact; every other step"
    )
    regression_weight: float = knob(
        0.2, "encoder features stay a linear map away from the feature network's relu3_1..5_1"
    )
    tv_weight: float = knob(0.02, "total variation; a little against grain, it cures no screen")
    range_weight: float = knob(30.0, "penalty for leaving 0..1, where the picture would clip")
    calibrate: bool = knob(
        True, "divide each feature level by its deviation over the styles: one scale for any feature network"
    )

    views: float = knob(
        0.5,
        "share of steps at which the feature network sees all pictures turned, mirrored, resized and with colours exchanged, "
        "so that results please more than one look of one network",
    )

    precision: Literal["fp32", "bf16", "fp16"] = knob("bf16", "autocast dtype of convolutions; statistics stay fp32")
    graphs: bool = knob(
        True, "on one CUDA device, capture steps as CUDA graphs: the same steps in a fraction of the time"
    )
    device: str = knob("auto", "cuda, cpu, ..; auto takes a GPU when there is one")
    workers: int = knob(2, "processes that read pictures, per training process")
    seed: int = knob(0, "weights, order and crops follow from it")
    validation: int = knob(8, "pictures of each folder that are kept out of training, for the sample grids")
    sample_every: int = knob(500, "steps between sample grids and validation losses")
    checkpoint_every: int = knob(500, "steps between checkpoints; a run that is killed repeats at most so many")
    log_every: int = knob(20, "steps between TensorBoard scalars")


PAPER: dict[str, Any] = {
    # The release: 8 pairs, 256 px, about 52k steps, lr 2e-4; 10 * L_global + 1.25 * L_A2K and nothing else.
    "pretrain_steps": 0,
    "steps": 52000,
    "batch": 8,
    "crop": 256,
    "zoom": 2.0,
    "magnify": 1.0,
    "turn": 0.0,
    "grain": 0.0,
    "optimizer": "adam",
    "lr": 2e-4,
    "schedule": "paper",
    "warmup": 0,
    "style_weight": 10.0,
    "shallow_style_weight": 0.0,
    "deep_style_weight": 0.0,
    "own_style_weight": 0.0,
    "covariance_weight": 0.0,
    "spectrum_weight": 0.0,
    "spread_weight": 0.0,
    "coherence_weight": 0.0,
    "isotropy_weight": 0.0,
    "lattice_weight": 0.0,
    "palette_weight": 0.0,
    "match_weight": 0.0,
    "patch_weight": 0.0,
    "recompression_weight": 0.0,
    "a2k_weight": 1.25,
    "content_weight": 0.0,
    "far_content_weight": 0.0,
    "views": 0.0,
    "structure_weight": 0.0,
    "halo_weight": 0.0,
    "rim_weight": 0.0,
    "identity_weight": 0.0,
    "regression_weight": 0.0,
    "tv_weight": 0.0,
    "range_weight": 0.0,
    "calibrate": False,
}

MACHINE_FIELDS = {
    "content",
    "style",
    "extra_style",
    "out",
    "run_dir",
    "resume",
    "feature_weights",
    "init",
    "device",
    "graphs",
    "workers",
    "sample_every",
    "checkpoint_every",
    "log_every",
}
"""What may differ when a run is resumed: where things are and how often it reports, never what is computed."""


def parse(argv: list[str] | None = None) -> Options:
    """Options from the command line, on top of the chosen preset's defaults. Exits with a message on bad input."""
    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Train StyA2K weights. Example: python training/train.py --content photos --style paintings --out mine.safetensors",
        formatter_class=argparse.RawTextHelpFormatter,
    )
    for field in dataclasses.fields(Options):
        _add_argument(parser, field)
    given = vars(parser.parse_args(argv))
    preset = PAPER if given.get("preset") == "paper" else {}
    options = Options(**{**preset, **given})
    _check(parser, options)
    return dataclasses.replace(options, run_dir=options.run_dir or Path("runs") / options.out.stem)


def _add_argument(parser: argparse.ArgumentParser, field: dataclasses.Field[Any]) -> None:
    flag = "--" + field.name.replace("_", "-")
    text = field.metadata["help"]
    if field.name in PAPER:
        text += f" (default {field.default}; paper {PAPER[field.name]})"
    elif field.default is not None:
        text += f" (default {field.default})"
    kind = str(field.type)
    # SUPPRESS leaves a flag out unless it is given, so that presets can be told from choices.
    if kind == "bool":
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
    elif kind.startswith("Literal"):
        choices = [choice.strip(" '\"") for choice in kind[len("Literal[") : -1].split(",")]
        parser.add_argument(flag, choices=choices, default=argparse.SUPPRESS, help=text)
    else:
        convert = {"int": int, "float": float, "str": str}.get(kind, Path)
        required = field.name in ("content", "style", "out")
        parser.add_argument(
            flag,
            type=convert,
            default=argparse.SUPPRESS,
            help=text,
            required=required,
            metavar=kind.split(" ")[0].upper(),
        )


def _check(parser: argparse.ArgumentParser, options: Options) -> None:
    if options.out.suffix != ".safetensors":
        parser.error(f"--out is {options.out}; weights are written as FILE.safetensors")
    for name in ("crop", "large_crop"):
        if getattr(options, name) < 64 or getattr(options, name) % 64:
            parser.error(f"--{name.replace('_', '-')} is {getattr(options, name)}; it must be a multiple of 64")
    for name in ("steps", "batch", "pretrain_batch", "sample_every", "checkpoint_every", "log_every", "validation"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} is {getattr(options, name)}; it must be at least 1")
    for name in ("pretrain_steps", "warmup", "workers", "seed"):
        if getattr(options, name) < 0:
            parser.error(f"--{name.replace('_', '-')} is {getattr(options, name)}; it must not be negative")
    for name in ("zoom", "magnify"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; it must be at least 1")
    for name in ("turn", "grain", "views", "large_share"):
        if not 0 <= getattr(options, name) <= 1:
            parser.error(f"--{name} is {getattr(options, name)}; it must lie between 0 and 1")
    if not 0 <= options.ema < 1:
        parser.error(f"--ema is {options.ema}; it must be at least 0 and below 1")
    if options.features != "torchvision" and options.feature_weights is None:
        parser.error(f"--features {options.features} needs --feature-weights FILE")
