"""`a2k stylize`: pictures in, stylized pictures out."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ..checkpoint import best_device, load_model
from ..encoded_style import EncodedStyle
from ..errors import InputError, PictureError, StyA2KError
from ..images import check_output, read_picture, shrink_to_short_side, write_picture
from ..model import MAX_STRENGTH, StyA2K
from . import UsageError
from .console import Console
from .plan import Job, Variant, plan_jobs, plan_variants

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

_OUT_OF_MEMORY = re.compile("out of memory|not enough memory|can't allocate memory")


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
    dtype: str = "fp32",
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
        dtype: a key of `DTYPES`.

    Returns:
        The exit status: 0, or 1 when a picture of a folder failed.

    Raises:
        StyA2KError: when nothing can be done: a wrong argument, an unreadable style, model or single content.
    """
    for strength in strengths:
        if not 0 <= strength <= MAX_STRENGTH:
            raise UsageError(f"the strength is {strength:g}; it must lie between 0 (the content) and {MAX_STRENGTH:g}")
    variants = plan_variants(styles, strengths)
    jobs = plan_jobs(content, output, variants, styles)
    # Styles before the model: one that cannot be read is known at once.
    pictures = [shrink_to_short_side(read_picture(style).on_white(), style_size) for style in styles]
    console.status("loading the model")
    model = load_model(weights, _usable_device(device), DTYPES[dtype])
    encoded = []
    for style, picture in zip(styles, pictures, strict=True):
        console.status(f"encoding {style}")
        with _memory_errors_of(style, picture, model):
            encoded.append(model.encode_style(picture))
    folder = content.is_dir()
    start = time.monotonic()
    failed = 0
    for done, job in enumerate(jobs):
        left = f", {_duration((time.monotonic() - start) / done * (len(jobs) - done))} left" if done else ""
        (console.progress if folder else console.status)(f"{done + 1}/{len(jobs)} {job.content}{left}")
        try:
            _stylize_one(model, job, variants, encoded)
        except StyA2KError as error:
            if not folder:
                raise
            console.line(f"a2k: {error}")
            failed += 1
    if failed:
        console.line(f"a2k: {failed} of {len(jobs)} contents failed")
    else:
        count = len(jobs) * len(variants)
        taken = _duration(time.monotonic() - start)
        console.line(f"a2k: {count} {'picture' if count == 1 else 'pictures'} written in {taken}")
    return 1 if failed else 0


def _stylize_one(model: StyA2K, job: Job, variants: Sequence[Variant], encoded: Sequence[EncodedStyle]) -> None:
    """Read a content once and write all its variants."""
    picture = read_picture(job.content)
    height, width = picture.image.shape[-2:]
    for output in job.outputs:
        check_output(output, width, height)
    for output, variant in zip(job.outputs, variants, strict=True):
        with _memory_errors_of(job.content, picture.image, model):
            result = model.transfer(picture.image, encoded[variant.style], variant.strength)
        if not torch.isfinite(result).all():
            raise InputError(f"{job.content}: the result overflows in {model.dtype}; use --dtype fp32 or bf16")
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"{output}: cannot make the folder {output.parent} ({error.strerror})") from error
        write_picture(output, result, picture.alpha)


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
def _memory_errors_of(path: Path, image: Tensor, model: StyA2K) -> Iterator[None]:
    """Turn torch's running out of memory, which has no type of its own on a CPU, into a line for the user."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not (isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error))):
            raise
        height, width = image.shape[-2:]
        raise InputError(
            f"{path}: {width}x{height} pixels need more memory than {model.device} has; make the picture smaller"
        ) from error


def _duration(seconds: float) -> str:
    """`4.2 s`, `3 min 05 s` or `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
