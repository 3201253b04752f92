"""The arguments of the commands other than `a2k stylize`."""

from __future__ import annotations

from .examples import (
    CONVERT_EXAMPLES,
    ENCODE_EXAMPLES,
    EXPLAIN_EXAMPLES,
    EXPORT_EXAMPLES,
    INFO_EXAMPLES,
    SERVE_EXAMPLES,
)
from .shared import Commands, add_safetensors_output, add_style_options, add_weights, command_of
from .types import number, path, whole_number


def add_encode(commands: Commands) -> None:
    command = command_of(
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
    add_safetensors_output(command)
    add_style_options(command)


def add_explain(commands: Commands) -> None:
    command = command_of(
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
    add_style_options(command, mask=False)


def add_convert(commands: Commands) -> None:
    command = command_of(
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
    add_safetensors_output(command)


def add_export(commands: Commands) -> None:
    command = command_of(
        commands,
        "export",
        help="write a model as an ONNX file, for programs without torch",
        description="Write a model as an ONNX file, for programs without torch. It takes some minutes.",
        epilog=EXPORT_EXAMPLES,
    )
    command.add_argument("--onnx", action="store_true", help="as ONNX, the only format there is so far")
    command.add_argument("-o", "--output", metavar="OUT", type=path, required=True, help="the .onnx file to write")
    add_weights(command)


def add_info(commands: Commands) -> None:
    command = command_of(
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


def add_serve(commands: Commands) -> None:
    command = command_of(
        commands,
        "serve",
        help="paint in the browser, on a page of this machine",
        description="Serve a page with two places to drop pictures into, sliders, and the result beside the photo.",
        epilog=SERVE_EXAMPLES,
    )
    add_weights(command)
    command.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="where to listen (default: 127.0.0.1, which this machine alone reaches; 0.0.0.0 lets everyone in)",
    )
    command.add_argument("--port", metavar="N", type=whole_number, default=7860, help="(default: 7860)")
    command.add_argument(
        "--styles",
        metavar="FOLDER",
        type=path,
        help="saved styles to choose from in place of a painting; see a2k encode",
    )
