"""What several commands take."""

from __future__ import annotations

import argparse
from typing import Any, TypeAlias

from .types import path, whole_number

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What commands are added to."""


def command_of(commands: Commands, name: str, **texts: Any) -> argparse.ArgumentParser:
    """A command whose examples keep their lines. The texts are those of `ArgumentParser`."""
    return commands.add_parser(name, formatter_class=argparse.RawDescriptionHelpFormatter, **texts)


def add_style_options(command: argparse.ArgumentParser, *, mask: bool = True) -> None:
    """What every command takes that reads styles; with `mask`, the part of a style picture too."""
    add = command.add_argument
    add(
        "--style-size",
        metavar="N",
        type=whole_number,
        default=512,
        help="shrink the style until its short side has N pixels, which sets the scale of the strokes; smaller styles "
        "are not enlarged; 0 keeps every style as it is (default: 512)",
    )
    if mask:
        add(
            "--style-mask",
            metavar="FILE",
            type=path,
            help="a picture of any size that is white where to take the style from; for a single style picture",
        )
    add_weights(command)
    add("--device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps or xpu (default: the best there is)")
    add(
        "--dtype",
        choices=("auto", "fp32", "bf16", "fp16"),
        default="auto",
        help="number format of the computation; auto (default): bf16 for the compact network on processors that compute in it, "
        "else fp32. bf16 and fp16 are faster and smaller on most GPUs, fp32 is most exact",
    )


def add_weights(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--weights", metavar="FILE", type=path, help="a StyA2K .safetensors model (default: the bundled one)"
    )


def add_safetensors_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o", "--output", metavar="OUT", type=path, required=True, help="the .safetensors file to write"
    )
