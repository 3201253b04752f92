"""The command line: `a2k stylize`, `a2k encode`, `a2k convert`, `a2k info`. Reads the arguments; the commands do the work."""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal, NoReturn

from ..errors import StyA2KError, UsageError
from .console import Console, ConsoleHandler, occupy_standard_streams

STYLIZE_USAGE = """\
a2k stylize CONTENT STYLE [STYLE ...] -o OUT [options]
       a2k stylize CONTENT [CONTENT ...] --style STYLE [STYLE ...] -o OUT [options]"""

STYLIZE_EXAMPLES = """\
examples:
  a2k stylize photo.jpg painting.jpg -o result.png
      one picture in the style of another

  a2k stylize photo.jpg painting.jpg -o result.png --strength 0.4 0.7 1.0
      result_0.4.png, result_0.7.png and result_1.png

  a2k stylize photo.jpg wave.jpg fire.jpg -o results/
      results/photo_wave.jpg and results/photo_fire.jpg

  a2k stylize photo.jpg wave.jpg fire.jpg -o result.png --mix 3 1
      three quarters wave, one quarter fire, in one picture

  a2k stylize holiday/ painting.jpg -o holiday-painted
      every picture in holiday/ and the folders in it, in the same tree; one that cannot be read is reported and skipped

  a2k stylize in/*.jpg --style painting.jpg -o out/
      many contents: with --style, every picture before it is a content. Without it the first alone is, the others are styles

  a2k stylize holiday/ painting.jpg -o holiday-painted --size 1600 --skip-existing
      1600 pixels on the longer side; what an earlier run has painted is not painted again

  a2k stylize photo.jpg wave.safetensors -o result.png
      a style that `a2k encode wave.jpg -o wave.safetensors` or a Save Style node kept

  a2k stylize photo.jpg painting.jpg -o result.png --style-size 256
      a smaller style picture gives finer strokes, a larger one coarser strokes

  a2k stylize photo.jpg painting.jpg -o result.png --keep-colours
      the style's strokes in the colors of the photo

  a2k stylize photo.jpg oil.jpg --region sky.png wave.jpg --region dress.png fire.jpg -o result.png
      several styles at once, each where its mask is white; --mask and --strength-map say where to paint, and how strongly

  a2k stylize frames/ painting.jpg -o painted/ --video
      the frames of a video, with less flicker

  a2k stylize clip.mp4 painting.jpg -o painted.mp4
      a clip, with its sound; needs pip install "stya2k[video]". A folder of frames can be on either side

  a2k stylize clip.mp4 wave.jpg fire.jpg -o painted.mp4 --strength-over-time "0:0, 48:1" --mix-over-time "0:1 0, 96:0 1"
      from the clip itself to wave in 48 frames, and on to fire

  a2k stylize scan.png painting.jpg -o result.png --tile 512
      a picture of any size in little memory; without it, large pictures are computed in tiles that fit

Read are JPEG, PNG, WebP, GIF, BMP and TIFF; of an animation the first frame. Written are JPEG (quality 95), PNG and
WebP (quality 95), in sRGB. Size, orientation and transparency are kept; JPEG has no transparency: there the picture is
put on white. Camera data and other metadata are not kept.

exit status: 0 all written, 1 something failed, 2 wrong arguments, 130 interrupted
"""

ENCODE_EXAMPLES = """\
examples:
  a2k encode painting.jpg -o wave.safetensors
  a2k stylize photo.jpg wave.safetensors -o result.png

  a2k encode one.jpg two.jpg three.jpg -o artist.safetensors
      one style of several pictures of an artist; painting in it takes the attention once for each of them

The file holds what the model knows of the style, not the picture. It belongs to the model that encoded it. In ComfyUI, put it
into models/stya2k_styles and use Load Style.
"""

EXPLAIN_EXAMPLES = """\
example:
  a2k explain photo.jpg painting.jpg -o map.png

Three panels: the painting in colors that name its places; the photo, each block in the color of the place that it was matched to;
and the attention, white where one part of the painting decides, black where all of it has the same share.
"""

CONVERT_EXAMPLES = """\
example:
  a2k convert --vgg vgg_normalised.pth --a2k latest_net_A2K.pth --transform latest_net_transform.pth \\
      --decoder latest_net_decoder.pth -o stya2k.safetensors
  a2k stylize photo.jpg painting.jpg -o result.png --weights stya2k.safetensors

The files are not part of this package and their authors gave no licence for them: get them from their publishers, and
keep the result to yourself.
"""

INFO_EXAMPLES = """\
examples:
  a2k info                            the bundled weights
  a2k info stya2k.safetensors --json  for programs
"""

SERVE_EXAMPLES = """\
examples:
  a2k serve               a page at http://127.0.0.1:7860, for this machine alone
  a2k serve --port 8080   at another port

It needs the package gradio: pip install 'stya2k[serve]'
"""


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
    arguments = _arguments(argv)
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
        from .stylize import StylizeCommand

        return StylizeCommand(
            contents=arguments.contents,
            styles=arguments.style,
            output=arguments.output,
            strengths=arguments.strength,
            preserve_color=arguments.keep_colours or (1.0 if arguments.color == "content" else 0.0),
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
        ).run(console)
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
        from ..files.convert import convert_checkpoints

        convert_checkpoints(
            vgg=arguments.vgg,
            a2k=arguments.a2k,
            transform=arguments.transform,
            decoder=arguments.decoder,
            output=arguments.output,
        )
        console.line(f"a2k: {arguments.output} written")
        return 0
    if arguments.command == "serve":
        from .serve import serve

        return serve(arguments.weights, arguments.host, arguments.port, console)
    from .info import info

    return info(arguments.file, as_json=arguments.json)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
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


def _add_stylize(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "stylize",
        help="paint pictures, or folders of pictures, in the style of others",
        usage=STYLIZE_USAGE,
        description="Paint pictures, or folders of pictures, in the style of other pictures.",
        epilog=STYLIZE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add(
        "pictures",
        metavar="CONTENT STYLE",
        type=_path,
        nargs="*",
        help="first the picture to paint, or a folder of them, from 1x1 pixel up, or a clip; then the pictures whose colors and strokes to "
        "take, or saved styles. With --style all of these are contents. Options that take several values read up to the next "
        "option: name the pictures before them, or after --",
    )
    add(
        "--style",
        metavar="STYLE",
        type=_path,
        nargs="+",
        default=[],
        help="the styles, where there are several contents: pictures, or files of `a2k encode`",
    )
    add(
        "-o",
        "--output",
        metavar="OUT",
        type=_not_empty,
        required=True,
        help="a file (.jpg, .jpeg, .png or .webp; replaced if it exists) or a folder (one that exists, or a name that "
        "ends in /), or a clip (.mp4, .mov, .mkv or .webm). "
        "Several styles or strengths put _style and _strength behind the name. Inputs are never replaced",
    )
    add(
        "--strength",
        metavar="S",
        type=_number,
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
        type=_number,
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
        type=_number,
        nargs="+",
        help="mix all the styles into one, with these shares of each: 1 1 is half of either",
    )
    add(
        "--mask",
        metavar="FILE",
        type=_path,
        help="a picture of any size that is white where to paint, gray where in part; black keeps the content's pixels exactly",
    )
    add(
        "--strength-map",
        metavar="FILE",
        type=_path,
        help="a gray picture of any size: the strength is multiplied by it, from black, 0, to white, 1. Strokes become fainter "
        "where a mask shows the photo through them",
    )
    add(
        "--region",
        metavar=("MASK", "STYLE"),
        type=_path,
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
        type=_rate,
        default=Fraction(24),
        help="frames a second of a clip that is made of a folder: 25, 29.97 or 30000/1001 (default: 24)",
    )
    add(
        "--size",
        metavar="N",
        type=_positive_number,
        default=0,
        help="scale contents, up or down, until the longer side has N pixels, and paint them in that size (default: their own)",
    )
    add("--skip-existing", action="store_true", help="leave results that are there already as they are")
    add(
        "--shard",
        metavar="K/N",
        type=_shard,
        default=(1, 1),
        help="paint every N-th content from the K-th on: 1/8 to 8/8 in eight runs, on as many machines, paint all of them",
    )
    _add_style_options(command)
    add(
        "--tile",
        metavar="N",
        type=_tile,
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
        type=_whole_number,
        default=512,
        help="shrink the style until its short side has N pixels, which sets the scale of the strokes; smaller styles "
        "are not enlarged; 0 keeps every style as it is (default: 512)",
    )
    if mask:
        add(
            "--style-mask",
            metavar="FILE",
            type=_path,
            help="a picture of any size that is white where to take the style from; for a single style picture",
        )
    add("--weights", metavar="FILE", type=_path, help="a StyA2K .safetensors model (default: the bundled one)")
    add("--device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps or xpu (default: the best there is)")
    add(
        "--dtype",
        choices=("auto", "fp32", "bf16", "fp16"),
        default="auto",
        help="number format of the computation; auto (default): bf16 for the compact network on processors that compute in it, "
        "else fp32. bf16 and fp16 are faster and smaller on most GPUs, fp32 is most exact",
    )


def _add_encode(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "encode",
        help="keep the style of a picture as a file",
        description="Keep the style of a picture as a file, to be used in its place.",
        epilog=ENCODE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "pictures",
        metavar="STYLE",
        type=_path,
        nargs="+",
        help="a picture whose style to keep; several, and saved styles, are mixed into one",
    )
    command.add_argument(
        "--mix", metavar="SHARE", type=_number, nargs="+", help="shares of the styles (default: equal ones)"
    )
    command.add_argument(
        "-o", "--output", metavar="OUT", type=_path, required=True, help="the .safetensors file to write"
    )
    _add_style_options(command)


def _add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "explain",
        help="draw where a picture takes its style from",
        description="Draw where each part of a picture takes its style from, and how sharply attention falls.",
        epilog=EXPLAIN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("content", metavar="CONTENT", type=_path, help="the picture to paint")
    add("style", metavar="STYLE", type=_path, help="the picture whose style to take")
    add("-o", "--output", metavar="OUT", type=_path, required=True, help="a .jpg, .jpeg, .png or .webp file")
    add(
        "--level",
        choices=("fine", "middle", "coarse"),
        default="fine",
        help="features of which size: strokes (default), shapes, or the largest shapes",
    )
    _add_style_options(command, mask=False)


def _add_convert(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "convert",
        help="turn the published weights of the paper's authors into a model file",
        description="Turn the weights that the paper's authors published into one StyA2K model file.",
        epilog=CONVERT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option, meaning in (
        ("--vgg", "the encoder, vgg_normalised.pth, as pytorch-AdaIN publishes it"),
        ("--a2k", "the attention at relu3_1, latest_net_A2K.pth"),
        ("--transform", "the attentions at relu4_1 and relu5_1, latest_net_transform.pth"),
        ("--decoder", "the decoder, latest_net_decoder.pth"),
    ):
        command.add_argument(option, metavar="FILE", type=_path, required=True, help=meaning)
    command.add_argument(
        "-o", "--output", metavar="OUT", type=_path, required=True, help="the .safetensors file to write"
    )


def _add_info(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "info",
        help="say what a model file is",
        description="Say what a model file is: its shape, size, training and licence.",
        epilog=INFO_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "file", metavar="FILE", type=_path, nargs="?", help="a .safetensors model (default: the bundled one)"
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "serve",
        help="paint in the browser, on a page of this machine",
        description="Serve a page with two places to drop pictures into, sliders, and the result beside the photo.",
        epilog=SERVE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--weights", metavar="FILE", type=_path, help="a StyA2K .safetensors model (default: the bundled one)"
    )
    command.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="where to listen (default: 127.0.0.1, which this machine alone reaches; 0.0.0.0 lets everyone in)",
    )
    command.add_argument("--port", metavar="N", type=_whole_number, default=7860, help="(default: 7860)")


def _not_empty(text: str) -> str:
    """An empty name would mean the current folder: with a shell's empty variable, hardly what was meant."""
    if not text:
        raise argparse.ArgumentTypeError("is an empty name; give the name of a file or a folder, . for this one")
    return text


def _path(text: str) -> Path:
    return Path(_not_empty(text))


def _tile(text: str) -> int | Literal["auto"]:
    return "auto" if text == "auto" else _whole_number(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number; name pictures before this option, or put -- between"
        ) from None


def _shard(text: str) -> tuple[int, int]:
    first, slash, count = text.partition("/")
    if not (slash and first.isdecimal() and count.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shard; pass K/N, as in 2/8")
    return int(first), int(count)


def _positive_number(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of pixels, a whole number from 1 up")
    return int(text)


def _rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a frame rate; give 25, 29.97 or 30000/1001")
    return rate.limit_denominator(100_000)


def _whole_number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)
