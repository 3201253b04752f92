"""The arguments of `a2k stylize`."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

from ..console import Console
from .examples import STYLIZE_EXAMPLES, STYLIZE_USAGE
from .shared import Commands, add_style_options, command_of
from .types import not_empty, number, path, positive_number, rate, shard, tile


def add_stylize(commands: Commands) -> None:
    command = command_of(
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
    add_style_options(command)
    _add_look(command.add_argument_group("how it looks"))
    _add_places(command.add_argument_group("where"))
    _add_video(command.add_argument_group("clips, and frames of a video"))
    _add_runs(command.add_argument_group("many and large pictures"))


def _add_look(group: argparse._ArgumentGroup) -> None:
    """How it looks: strength, colors, mixture."""
    add = group.add_argument
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
        "--stroke-size",
        metavar="N",
        type=number,
        default=0.0,
        help="size of the strokes relative to the picture, so that a photo looks alike in all sizes: 1 as in a picture whose longer side "
        "has 512 pixels, from 0.25 (fine) to 4 (broad); 0 leaves them a size in pixels. Not for video (default: 0)",
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


def _add_places(group: argparse._ArgumentGroup) -> None:
    """Where it is painted, and in what."""
    add = group.add_argument
    add(
        "--mask",
        metavar="FILE",
        type=path,
        help="a picture of any size that is white where to paint, gray where in part; black keeps the content's pixels exactly. A "
        "folder of pictures, in the order of their names, or a clip has a mask for each content or frame; so it is with the masks of "
        "the next two options",
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


def _add_video(group: argparse._ArgumentGroup) -> None:
    """What only frames of a video take."""
    add = group.add_argument
    add(
        "--video",
        action="store_true",
        help="treat the pictures in the folder as frames of one video, of one size and in the order of their names: colors and "
        "strokes do not change with what enters and leaves a scene, still areas flicker less and, where OpenCV is installed, strokes "
        "move with what they paint. A clip file is always treated so",
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


def _add_runs(group: argparse._ArgumentGroup) -> None:
    """Runs over many pictures, and large ones."""
    add = group.add_argument
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
    add(
        "--tile",
        metavar="N",
        type=tile,
        default="auto",
        help="side in pixels of the tiles that pictures are computed in, 64 or more; the result is the same, smaller tiles "
        "take less memory and more time (default: auto, whole pictures or the largest tiles that fit)",
    )


def sort_pictures(arguments: argparse.Namespace, pictures: list[Path]) -> None:
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
