"""`a2k serve`: a page in the browser with a place for a photo, a place for a painting or saved styles, and the result beside the photo."""

from __future__ import annotations

import functools
import importlib
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from ..errors import StyA2KError, UsageError
from ..files.models.checkpoint import load_model
from ..files.pictures.image_buffer import to_bytes, to_tensor
from ..files.pictures.image_io import read_stored
from ..files.pictures.thumbnail import SIDE
from ..files.style_file import fingerprint, load_style, read_thumbnail
from ..model import StyA2K
from ..network.style.encoded_style import EncodedStyle
from ..options import MAX_STRENGTH, Progress, TransferOptions
from ..rendering.hardware.device import best_dtype
from ..rendering.resize import resize_to_short_side
from .console import Console
from .styles import STYLE_SUFFIX, is_saved_style

STYLES_KEPT = 16
"""Encoded styles that are kept, so that another photo in the same style starts at once."""


def serve(weights: Path | None, host: str, port: int, console: Console, styles: Path | None = None) -> int:
    """Serve the page until the process is interrupted.

    Args:
        weights: a model file; None takes the bundled one.
        host: the address to listen at. With a loopback address only this machine reaches the page.
        port: to listen at.
        console: says where the page is.
        styles: a folder of saved styles to choose from.

    Returns:
        The exit status, 0.

    Raises:
        UsageError: without Gradio, without a saved style in the folder, or when the address cannot be listened at.
        CheckpointError: when the model cannot be loaded.
    """
    gradio = gradio_package()
    saved = [] if styles is None else saved_styles(styles)
    model = load_model(weights)
    fingerprint(model)  # before the cast, which changes the weights
    painter = Painter(model.to(best_dtype(model.config, model.device)))
    if not is_loopback(host):
        console.line(f"a2k: everyone who reaches {host} can use the page")
    console.line(f"a2k: http://{host}:{port}, until Ctrl+C")
    try:
        page(painter, gradio, saved).launch(server_name=host, server_port=port, share=False, quiet=True)
    except OSError as error:
        raise UsageError(f"cannot listen at {host}:{port} ({error}); choose another with --port") from error
    return 0


def gradio_package() -> Any:
    """Gradio.

    Raises:
        UsageError: when it is not installed.
    """
    try:
        return importlib.import_module("gradio")
    except ImportError as error:
        raise UsageError("a2k serve needs the package gradio; install it with: pip install 'stya2k[serve]'") from error


def saved_styles(folder: Path) -> list[Path]:
    """The saved styles in a folder, by name.

    Raises:
        UsageError: when there are none.
    """
    files = sorted(path for path in folder.glob(f"*{STYLE_SUFFIX}") if path.is_file())
    if not files:
        example = folder / f"painting{STYLE_SUFFIX}"
        raise UsageError(f"{folder}: no saved styles; keep one with: a2k encode painting.jpg -o {example}")
    return files


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Painter:
    """Paints one picture file in the style of another, or in a saved style.

    Args:
        model: paints.
    """

    def __init__(self, model: StyA2K) -> None:
        self._model = model
        self._style = functools.lru_cache(STYLES_KEPT)(self._encode)

    def __call__(
        self,
        photo: str | None,
        painting: str | None,
        strength: float = 1.0,
        preserve_color: float = 0.0,
        style_size: int = 512,
        progress: Progress | None = None,
    ) -> tuple[Image.Image, Image.Image]:
        """The photo and the photo painted, both RGB, transparent pictures on white.

        Args:
            photo, painting: files; the painting may be a saved style.
            strength, preserve_color: as of `TransferOptions`.
            style_size: short side in pixels that a larger painting is scaled to; 0 keeps it. A saved style has its own.
            progress: as of `TransferOptions`.

        Raises:
            StyA2KError: when a picture is missing or cannot be read, or a number is out of range.
        """
        if photo is None or painting is None:
            raise UsageError("drop in a photo and a painting first")
        before = read_stored(photo).on_white()
        options = TransferOptions(strength, preserve_color, "auto", progress=progress)
        painted = self._model.transfer_with(to_tensor(before), self._style(painting, int(style_size)), options)
        return before, Image.fromarray(to_bytes(painted))

    def _encode(self, painting: str, style_size: int) -> EncodedStyle:
        if is_saved_style(Path(painting)):
            return load_style(painting, fingerprint(self._model))
        picture = to_tensor(read_stored(painting).on_white())
        return self._model.encode_style(resize_to_short_side(picture, style_size, enlarge=False))


def page(painter: Painter, gradio: Any, styles: Sequence[Path] = ()) -> Any:
    """The page, as Gradio's `Blocks`, with a gallery of saved styles where there are any."""

    progress = gradio.Progress()  # Gradio shows its bar where a parameter has this default

    def paint(
        photo: str | None,
        painting: str | None,
        chosen: int | None,
        strength: float,
        preserve_color: float,
        style_size: int,
        bar: Any = progress,
    ) -> tuple[Image.Image, Image.Image]:
        try:
            painting = painting if chosen is None else str(styles[chosen])
            return painter(photo, painting, strength, preserve_color, style_size, bar)
        except StyA2KError as error:
            raise gradio.Error(str(error)) from error

    def choose(event: Any) -> tuple[int, None]:
        return event.index, None  # the painting makes room

    choose.__annotations__["event"] = gradio.SelectData  # by this Gradio passes what was chosen

    def drop(painting: str | None, chosen: int | None) -> tuple[int | None, Any]:
        kept = None if painting else chosen
        return kept, gradio.Gallery(selected_index=kept)

    with gradio.Blocks(title="StyA2K", analytics_enabled=False) as blocks:
        gradio.Markdown("# StyA2K\nDrop in a photo and a painting, then press **Paint**.")
        with gradio.Row():
            photo = gradio.Image(type="filepath", sources=["upload", "clipboard"], label="Photo", height=320)
            painting = gradio.Image(type="filepath", sources=["upload", "clipboard"], label="Painting", height=320)
        chosen = gradio.State(None)
        if styles:
            blank = Image.new("RGB", (SIDE, SIDE), "gray")
            shown = [(read_thumbnail(path) or blank, path.stem) for path in styles]
            label = "Saved styles, in place of the painting"
            gallery = gradio.Gallery(shown, label=label, columns=8, height=240, interactive=False, allow_preview=False)
            gallery.select(choose, None, [chosen, painting])
            painting.change(drop, [painting, chosen], [chosen, gallery])
        with gradio.Row():
            strength = gradio.Slider(0, MAX_STRENGTH, 1.0, step=0.05, label="Strength")
            preserve_color = gradio.Slider(0, 1, 0.0, step=0.05, label="Keep the photo's colors")
            style_size = gradio.Slider(0, 2048, 512, step=32, label="Size of the strokes (style size)")
        button = gradio.Button("Paint", variant="primary")
        result = gradio.ImageSlider(label="Before and after", type="pil", format="png", interactive=False)
        for folder, target in (("content", photo), ("style", painting)):
            if files := examples(folder):
                gradio.Examples([[str(file)] for file in files], [target], label=f"Examples: {target.label}")
        button.click(
            paint, [photo, painting, chosen, strength, preserve_color, style_size], result, concurrency_limit=1
        )
    return blocks


def examples(folder: str) -> list[Path]:
    """Pictures that come with the package: in a checkout beside it, installed inside it."""
    package = Path(__file__).resolve().parents[1]
    return sorted(
        (*(package / "examples" / folder).glob("*.jpg"), *(package.parent / "examples" / folder).glob("*.jpg"))
    )
