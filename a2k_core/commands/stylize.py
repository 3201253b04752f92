"""`a2k stylize`: pictures in, stylized pictures out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ..checkpoint import load_model
from ..checks import MAX_STRENGTH
from ..content import reading
from ..encoded_style import EncodedStyle
from ..errors import InputError, PictureError, StyA2KError
from ..hardware import best_device, best_dtype
from ..images import check_output, holds_alpha, read_picture, read_stored, shrink_to_short_side, write_canvas
from ..memory import is_out_of_memory, keep_freed_memory, release
from ..mixed_style import check_shares, mix_styles
from ..model import StyA2K
from ..pixels import Canvas, StoredPicture, to_tensor
from ..scene import Scene, spread_over
from ..steady import steadied
from ..tiling import Tile
from . import UsageError
from .console import Console
from .plan import Job, Variant, plan_jobs, plan_variants

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def stylize(
    content: Path,
    styles: Sequence[Path],
    output: str,
    console: Console,
    *,
    strengths: Sequence[float] = (1.0,),
    weights: Path | None = None,
    style_size: int = 512,
    device: str | None = None,
    dtype: str = "auto",
    tile: Tile = "auto",
    keep_colours: float = 0.0,
    video: bool = False,
    mix: Sequence[float] | None = None,
) -> int:
    """Stylize a picture or a folder of pictures with every style at every strength.

    Args:
        content, output: see `plan_jobs`.
        styles: picture files; transparent ones are put on white.
        console: takes progress, and one line for each picture that fails.
        strengths: each from 0 to 2.
        weights: a model file; None takes the bundled one.
        style_size: the short side in pixels that styles are shrunk to; 0 keeps them.
        device: a device of torch's, or None for the best there is.
        dtype: a key of `DTYPES`, or "auto" for `best_dtype`.
        tile, keep_colours: as for `StyA2K.transfer`.
        video: whether the pictures of the folder are frames of one video.
        mix: shares of the styles, which are then one.

    Returns:
        The exit status: 0, or 1 when a picture of a folder failed.

    Raises:
        StyA2KError: when nothing can be done: a wrong argument, an unreadable style, model or single content.
    """
    for strength in strengths:
        if not 0 <= strength <= MAX_STRENGTH:
            raise UsageError(f"the strength is {strength:g}; it must lie between 0 (the content) and {MAX_STRENGTH:g}")
    if not 0 <= keep_colours <= 1:
        raise UsageError(
            f"keep-colours is {keep_colours:g}; it must lie between 0 (the style's) and 1 (the content's own)"
        )
    if video and not content.is_dir():
        raise UsageError(f"{content} is one picture; --video takes a folder of frames")
    if mix is not None:
        try:
            check_shares(len(styles), mix)
        except InputError as error:
            raise UsageError(f"--mix has {error}") from error
    variants = plan_variants(styles if mix is None else styles[:1], strengths)
    jobs = plan_jobs(content, output, variants, styles)
    # Styles before the model: one that cannot be read is known at once.
    pictures = [shrink_to_short_side(read_picture(style).on_white(), style_size) for style in styles]
    console.status("loading the model")
    keep_freed_memory()
    model = load_model(weights, _usable_device(device))
    model.to(best_dtype(model.config, model.device) if dtype == "auto" else DTYPES[dtype])
    encoded = []
    for style, picture in zip(styles, pictures, strict=True):
        console.status(f"encoding {style}")
        with _memory_errors_of(style, picture.shape[-1], picture.shape[-2], model):
            encoded.append(model.encode_style(picture))
    if mix is not None:
        encoded = [mix_styles(encoded, mix)]
    scenes: list[Scene | None] = [None for _ in variants]
    if video:
        console.status("looking at some of the frames")
        frames = _some_frames(jobs)
        with _memory_errors_of(content, frames.shape[-1], frames.shape[-2], model):
            scenes = [
                model.scene(frames, encoded[style], strength, tile, keep_colours=keep_colours) if strength else None
                for style, strength in ((variant.style, variant.strength) for variant in variants)
            ]
    folder = content.is_dir()
    start = time.monotonic()
    failed = 0
    steady: Tensor | None = None

    def say(index: int, done: float) -> str:
        """Which picture it is, how much of it is done, and how long the rest takes at this pace."""
        share = (index + done) / len(jobs)
        percent = f", {done:.0%}" if 0 < done < 1 else ""
        left = f", {_duration((time.monotonic() - start) * (1 / share - 1))} left" if 0 < share < 1 else ""
        return f"{index + 1}/{len(jobs)} {jobs[index].content}{percent}{left}"

    for index, job in enumerate(jobs):
        (console.progress if folder else console.status)(say(index, 0))

        def progress(done: float, index: int = index) -> None:
            console.status(say(index, done))

        try:
            stored = read_stored(job.content)
            if video:
                steady = steadied(to_tensor(stored.rgb), steady)
            _stylize_one(model, job, stored, steady, variants, encoded, scenes, tile, keep_colours, progress)
        except StyA2KError as error:
            if not folder:
                raise
            console.line(f"a2k: {error}")
            failed += 1
    release(torch.device("cpu"))  # or torch's libraries, which take 100 MB more while the process ends, add to its peak
    if failed:
        console.line(f"a2k: {failed} of {len(jobs)} contents failed")
    else:
        count = len(jobs) * len(variants)
        taken = _duration(time.monotonic() - start)
        console.line(f"a2k: {count} {'picture' if count == 1 else 'pictures'} written in {taken}")
    return 1 if failed else 0


def _stylize_one(
    model: StyA2K,
    job: Job,
    content: StoredPicture,
    steady: Tensor | None,
    variants: Sequence[Variant],
    encoded: Sequence[EncodedStyle],
    scenes: Sequence[Scene | None],
    tile: Tile,
    keep_colours: float,
    progress: Callable[[float], None],
) -> None:
    """Write all variants of a content; those of a scene are painted of it as it was steadied."""
    height, width = content.height, content.width
    for output in job.outputs:
        check_output(output, width, height)
    for index, (output, variant, scene) in enumerate(zip(job.outputs, variants, scenes, strict=True)):
        canvas = Canvas(content, holds_alpha(output))

        def write(top: int, left: int, piece: Tensor, canvas: Canvas = canvas) -> None:
            if not torch.isfinite(piece).all():
                raise InputError(f"{job.content}: the result overflows in {model.dtype}; use --dtype fp32 or bf16")
            canvas.write(top, left, piece)

        def report(done: float, index: int = index) -> None:
            progress((index + done) / len(variants))

        with _memory_errors_of(job.content, width, height, model):
            model.transfer_pieces(
                content.read if scene is None or steady is None else reading(steady),
                write,
                height,
                width,
                encoded[variant.style],
                variant.strength,
                tile,
                report,
                reserved=canvas.nbytes,
                keep_colours=keep_colours,
                scene=scene,
            )
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"{output}: cannot make the folder {output.parent} ({error.strerror})") from error
        write_canvas(output, canvas)


def _some_frames(jobs: Sequence[Job]) -> Tensor:
    """Frames that stand for the video, `[K, 3, H, W]`.

    Raises:
        StyA2KError: when one cannot be read, or they are not of one size.
    """
    first = read_stored(jobs[0].content)
    height, width = first.height, first.width
    frames = []
    for index in spread_over(len(jobs), height, width):
        frame = read_stored(jobs[index].content)
        if (frame.height, frame.width) != (height, width):
            raise InputError(
                f"{jobs[index].content} has {frame.width}x{frame.height} pixels, {jobs[0].content} {width}x{height}; "
                "frames of one video have one size"
            )
        frames.append(to_tensor(frame.rgb))
    return torch.cat(frames)


def _usable_device(name: str | None) -> torch.device | None:
    """The device of that name, tried out; None for none."""
    if name is None:
        return None
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(f"the device {name} cannot be used here; {best_device()} can") from error
    return device


@contextlib.contextmanager
def _memory_errors_of(path: Path, width: int, height: int, model: StyA2K) -> Iterator[None]:
    """Turn torch's running out of memory, which has no type of its own on a CPU, into a line for the user."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(
            f"{path}: {width}x{height} pixels need more memory than {model.device} has; make the picture smaller"
        ) from error


def _duration(seconds: float) -> str:
    """`4.2 s`, `3 min 05 s` or `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
