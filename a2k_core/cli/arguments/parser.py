"""The arguments of the command line, as `argparse` reads them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .commands import add_convert, add_encode, add_explain, add_export, add_info, add_serve
from .stylize import add_stylize, sort_pictures


def read_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments, with the pictures of `stylize` sorted into `contents` and `style`."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if arguments.command == "stylize":
        # argparse takes the pictures before or after an option, not both; the others are in the rest.
        pictures = [*arguments.pictures, *(Path(word) for word in rest if not word.startswith("-"))]
        rest = [word for word in rest if word.startswith("-") and word != "--"]
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.command == "stylize":
        sort_pictures(arguments, pictures)
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="a2k",
        description="Paint pictures in the style of other pictures (All-to-Key Attention, Zhu et al., ICCV 2023).",
        epilog="a2k stylize --help shows examples. Start with: a2k stylize photo.jpg painting.jpg -o result.png",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_stylize(commands)
    add_encode(commands)
    add_explain(commands)
    add_convert(commands)
    add_export(commands)
    add_info(commands)
    add_serve(commands)
    return parser
