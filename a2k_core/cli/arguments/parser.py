"""The arguments of every command, as `argparse` reads them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from ..console import Console
from .examples import (
    CONVERT_EXAMPLES,
    ENCODE_EXAMPLES,
    EXPLAIN_EXAMPLES,
    INFO_EXAMPLES,
    SERVE_EXAMPLES,
    STYLIZE_EXAMPLES,
    STYLIZE_USAGE,
)
from .types import not_empty, number, path, positive_number, rate, shard, tile, whole_number

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What commands are added to."""


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
        _sort_pictures(arguments, pictures)
    return arguments


def _sort_pictures(arguments: argparse.Namespace, pictures: list[Path]) -> None:
    """Say which pictures are contents and which are styles: with --style all are contents, without it the first."""

    def refuse(problem: str) -> NoReturn:
        raise SystemExit(_say(f"a2k stylize: {problem}"))

    if arguments.style:
        if not pictures:
            refuse(
                "no picture to paint; name it before --style: a2k stylize photo.jpg --style painting.jpg -o result.png"
            )
        arguments.contents = pictures
    else:
        if not pictures:
            refuse("no picture to paint; start with: a2k stylize photo.jpg painting.jpg -o result.png")
        if len(pictures) == 1 and not arguments.region:
            refuse(f"no style for {pictures[0]}; name a painting behind it, or with --style")
        arguments.contents, arguments.style = pictures[:1], pictures[1:]
        if len(pictures) > 3 and arguments.mix is None:
            _say(
                f"a2k: {pictures[0]} in {len(pictures) - 1} styles; to paint several contents, name the styles with --style"
            )


def _say(text: str) -> int:
    """A line for wrong arguments, and their exit status."""
    Console().line(text)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="a2k",
        description="Paint pictures in the style of other pictures (All-to-Key Attention, Zhu et al., ICCV 2023).",
        epilog="a2k stylize --help shows examples. Start with: a2k stylize photo.jpg painting.jpg -o result.png",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_stylize(commands)
    _add_encode(commands)
    _add_explain(commands)
    _add_convert(commands)
    _add_info(commands)
    _add_serve(commands)
    return parser


def _command(commands: Commands, name: str, **texts: Any) -> argparse.ArgumentParser:
    """A command whose examples keep their lines. The texts are those of `ArgumentParser`."""
    return commands.add_parser(name, formatter_class=argparse.RawDescriptionHelpFormatter, **texts)


def _add_stylize(commands: Commands) -> None:
    command = _command(
        commands,
        "stylize",
        help="paint pictures, or folders of pictures, in the style of others",
        usage=STYLIZE_USAGE,
        description="Paint pictures, or folders of pictures, in the style of other pictures.",
        epilog=STYLIZE_EXAMPLES,
    )
    add = command.add_argument
    add(
        "pictures",
        metavar="CONTENT STYLE",
        type=path,
        nargs="*",
        help="first the picture to paint, or a folder of them, from 1x1 pixel up, or a clip; then the pictures whose colors and strokes to "
        "take, or saved styles. With --style all of these are contents. Options that take several values read up to the next "
        "option: name the pictures before them, or after --",
    )
    add(
        "--style",
        metavar="STYLE",
        type=path,
        nargs="+",
        default=[],
        help="the styles, where there are several contents: pictures, or files of `a2k encode`",
    )
    add(
        "-o",
        "--output",
        metavar="OUT",
        type=not_empty,
        required=True,
        help="a file (.jpg, .jpeg, .png or .webp; replaced if it exists) or a folder (one that exists, or a name that "
        "ends in /), or a clip (.mp4, .mov, .mkv or .webm). "
        "Several styles or strengths put _style and _strength behind the name. Inputs are never replaced",
    )
    add(
        "--strength",
        metavar="S",
        type=number,
        nargs="+",
        default=[1.0],
        help="how much style, from 0 (the content itself) over 1 (the full style) to 2 (exaggerated); several make "
        "a picture each (default: 1)",
    )
    add(
        "--keep-colours",
        "--keep-colors",
        "--preserve-color",
        metavar="K",
        type=number,
        nargs="?",
        const=1.0,
        default=0.0,
        help="from 0 (all colors are the style's) to 1 (the content keeps its own and takes the style's strokes); 1 when "
        "no number follows (default: 0)",
    )
    add(
        "--color",
        choices=("style", "content", "matched", "only"),
        default="style",
        help="where colors come from. style: the style (default). content: the content, under the style's light and dark; as "
        "--keep-colours 1. matched: the style picture is first given the colors of the content, mean and covariance. only: the "
        "content is given the colors of the style picture, without strokes",
    )
    add(
        "--mix",
        metavar="SHARE",
        type=number,
        nargs="+",
        help="mix all the styles into one, with these shares of each: 1 1 is half of either",
    )
    add(
        "--mask",
        metavar="FILE",
        type=path,
        help="a picture of any size that is white where to paint, gray where in part; black keeps the content's pixels exactly",
    )
    add(
        "--strength-map",
        metavar="FILE",
        type=path,
        help="a gray picture of any size: the strength is multiplied by it, from black, 0, to white, 1. Strokes become fainter "
        "where a mask shows the photo through them",
    )
    add(
        "--region",
        metavar=("MASK", "STYLE"),
        type=path,
        nargs=2,
        action="append",
        default=[],
        help="paint where MASK is white in STYLE; may come several times. Elsewhere the other styles are painted, or nothing when "
        "there are none",
    )
    add(
        "--video",
        action="store_true",
        help="treat the pictures in the folder as frames of one video, of one size and in the order of their names: colors and "
        "strokes do not change with what enters and leaves the picture, still areas flicker less and, where OpenCV is installed, "
        "strokes move with what they paint. A clip file is always treated so",
    )
    add(
        "--strength-over-time",
        metavar="KEYS",
        help='strengths at frames of a video, counted from 0, with straight lines between them: "0:0, 48:1"',
    )
    add(
        "--mix-over-time",
        metavar="KEYS",
        help='mix all the styles into one, with shares that change: "0:1 0, 48:0 1" goes from the first style to the second',
    )
    add(
        "--frame-rate",
        "--fps",
        metavar="N",
        type=rate,
        default=Fraction(24),
        help="frames a second of a clip that is made of a folder: 25, 29.97 or 30000/1001 (default: 24)",
    )
    add(
        "--size",
        metavar="N",
        type=positive_number,
        default=0,
        help="scale contents, up or down, until the longer side has N pixels, and paint them in that size (default: their own)",
    )
    add("--skip-existing", action="store_true", help="leave results that are there already as they are")
    add(
        "--shard",
        metavar="K/N",
        type=shard,
        default=(1, 1),
        help="paint every N-th content from the K-th on: 1/8 to 8/8 in eight runs, on as many machines, paint all of them",
    )
    _add_style_options(command)
    add(
        "--tile",
        metavar="N",
        type=tile,
        default="auto",
        help="side in pixels of the tiles that pictures are computed in, 64 or more; the result is the same, smaller tiles "
        "take less memory and more time (default: auto, whole pictures or the largest tiles that fit)",
    )


def _add_style_options(command: argparse.ArgumentParser, *, mask: bool = True) -> None:
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
    _add_weights(command)
    add("--device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps or xpu (default: the best there is)")
    add(
        "--dtype",
        choices=("auto", "fp32", "bf16", "fp16"),
        default="auto",
        help="number format of the computation; auto (default): bf16 for the compact network on processors that compute in it, "
        "else fp32. bf16 and fp16 are faster and smaller on most GPUs, fp32 is most exact",
    )


def _add_weights(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--weights", metavar="FILE", type=path, help="a StyA2K .safetensors model (default: the bundled one)"
    )


def _add_safetensors_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o", "--output", metavar="OUT", type=path, required=True, help="the .safetensors file to write"
    )


def _add_encode(commands: Commands) -> None:
    command = _command(
        commands,
        "encode",
        help="keep the style of a picture as a file",
        description="Keep the style of a picture as a file, to be used in its place.",
        epilog=ENCODE_EXAMPLES,
    )
    command.add_argument(
        "pictures",
        metavar="STYLE",
        type=path,
        nargs="+",
        help="a picture whose style to keep; several, and saved styles, are mixed into one",
    )
    command.add_argument(
        "--mix", metavar="SHARE", type=number, nargs="+", help="shares of the styles (default: equal ones)"
    )
    _add_safetensors_output(command)
    _add_style_options(command)


def _add_explain(commands: Commands) -> None:
    command = _command(
        commands,
        "explain",
        help="draw where a picture takes its style from",
        description="Draw where each part of a picture takes its style from, and how sharply attention falls.",
        epilog=EXPLAIN_EXAMPLES,
    )
    add = command.add_argument
    add("content", metavar="CONTENT", type=path, help="the picture to paint")
    add("style", metavar="STYLE", type=path, help="the picture whose style to take")
    add("-o", "--output", metavar="OUT", type=path, required=True, help="a .jpg, .jpeg, .png or .webp file")
    add(
        "--level",
        choices=("fine", "middle", "coarse"),
        default="fine",
        help="features of which size: strokes (default), shapes, or the largest shapes",
    )
    _add_style_options(command, mask=False)


def _add_convert(commands: Commands) -> None:
    command = _command(
        commands,
        "convert",
        help="turn the published weights of the paper's authors into a model file",
        description="Turn the weights that the paper's authors published into one StyA2K model file.",
        epilog=CONVERT_EXAMPLES,
    )
    for option, meaning in (
        ("--vgg", "the encoder, vgg_normalised.pth, as pytorch-AdaIN publishes it"),
        ("--a2k", "the attention at relu3_1, latest_net_A2K.pth"),
        ("--transform", "the attentions at relu4_1 and relu5_1, latest_net_transform.pth"),
        ("--decoder", "the decoder, latest_net_decoder.pth"),
    ):
        command.add_argument(option, metavar="FILE", type=path, required=True, help=meaning)
    _add_safetensors_output(command)


def _add_info(commands: Commands) -> None:
    command = _command(
        commands,
        "info",
        help="say what a model file is",
        description="Say what a model file is: its shape, size, training and licence.",
        epilog=INFO_EXAMPLES,
    )
    command.add_argument(
        "file", metavar="FILE", type=path, nargs="?", help="a .safetensors model (default: the bundled one)"
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _add_serve(commands: Commands) -> None:
    command = _command(
        commands,
        "serve",
        help="paint in the browser, on a page of this machine",
        description="Serve a page with two places to drop pictures into, sliders, and the result beside the photo.",
        epilog=SERVE_EXAMPLES,
    )
    _add_weights(command)
    command.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="where to listen (default: 127.0.0.1, which this machine alone reaches; 0.0.0.0 lets everyone in)",
    )
    command.add_argument("--port", metavar="N", type=whole_number, default=7860, help="(default: 7860)")
