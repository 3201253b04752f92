"""The command `a2k`: runs what the arguments ask for."""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Sequence

from ..errors import StyA2KError, UsageError
from .arguments.parser import read_arguments
from .console import Console, ConsoleHandler, occupy_standard_streams


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the arguments after the program's name; None takes the process's own.

    Returns:
        The exit status: 0 good, 1 something failed, 2 wrong arguments, 130 interrupted.

    Raises:
        SystemExit: from argparse: 0 after `--help`, 2 for arguments it does not understand.
    """
    occupy_standard_streams()
    arguments = read_arguments(argv)
    console = Console()
    handler = ConsoleHandler(console)
    package = logging.getLogger("a2k_core")
    level = package.level
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            # Pillow warns about oddities in files that it reads all the same.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            return _run(arguments, console)
    except KeyboardInterrupt:
        console.line("a2k: interrupted")
        return 130
    except (StyA2KError, OSError) as error:
        console.line(f"a2k: {error}")
        return 2 if isinstance(error, UsageError) else 1
    finally:
        console.clear()
        package.setLevel(level)
        package.removeHandler(handler)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    # Imported here: torch takes seconds, which --help and a mistyped option need not wait for.
    if arguments.command == "stylize":
        from .stylize.command import stylize
        from .stylize.options import StylizeOptions

        options = StylizeOptions(
            contents=arguments.contents,
            styles=arguments.style,
            output=arguments.output,
            strengths=arguments.strength,
            preserve_color=arguments.keep_colours or (1.0 if arguments.color == "content" else 0.0),
            stroke_size=arguments.stroke_size,
            color=arguments.color,
            mix=arguments.mix,
            video=arguments.video,
            strength_over_time=arguments.strength_over_time,
            mix_over_time=arguments.mix_over_time,
            frame_rate=arguments.frame_rate,
            style_size=arguments.style_size,
            style_mask=arguments.style_mask,
            weights=arguments.weights,
            device=arguments.device,
            dtype=arguments.dtype,
            tile=arguments.tile,
            size=arguments.size,
            mask=arguments.mask,
            strength_map=arguments.strength_map,
            regions=arguments.region,
            skip_existing=arguments.skip_existing,
            shard=arguments.shard,
        )
        return stylize(options, console)
    if arguments.command == "encode":
        from .encode import EncodeCommand

        return EncodeCommand(
            pictures=arguments.pictures,
            mix=arguments.mix,
            output=arguments.output,
            style_size=arguments.style_size,
            style_mask=arguments.style_mask,
            weights=arguments.weights,
            device=arguments.device,
            dtype=arguments.dtype,
        ).run(console)
    if arguments.command == "explain":
        from .explain import ExplainCommand

        return ExplainCommand(
            content=arguments.content,
            style=arguments.style,
            output=arguments.output,
            level=arguments.level,
            style_size=arguments.style_size,
            weights=arguments.weights,
            device=arguments.device,
            dtype=arguments.dtype,
        ).run(console)
    if arguments.command == "convert":
        from ..files.models.convert import convert_checkpoints

        convert_checkpoints(
            vgg=arguments.vgg,
            a2k=arguments.a2k,
            transform=arguments.transform,
            decoder=arguments.decoder,
            output=arguments.output,
        )
        console.line(f"a2k: {arguments.output} written")
        return 0
    if arguments.command == "export":
        from .export import export

        return export(arguments.weights, arguments.output, console)
    if arguments.command == "serve":
        from .serve import serve

        return serve(arguments.weights, arguments.host, arguments.port, console, arguments.styles)
    from .info import info

    return info(arguments.file, as_json=arguments.json)
