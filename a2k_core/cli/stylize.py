"""`a2k stylize`: pictures in, stylized pictures out."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ..errors import InputError, PictureError, StyA2KError, UsageError
from ..files.checkpoint import load_model
from ..files.image_buffer import Canvas, StoredPicture, to_tensor
from ..files.image_io import check_output, holds_alpha, read_picture, read_stored, write_canvas
from ..model import StyA2K
from ..network.encoded_style import check_shares, mix_styles
from ..network.statistics import ClipStatistics
from ..options import MAX_STRENGTH, Progress, Tile, TransferOptions
from ..rendering.device import DTYPES, best_device, best_dtype
from ..rendering.memory import is_out_of_memory, keep_freed_memory, release
from ..rendering.resize import resize_to_short_side
from ..video.frames import FrameStylizer, representative_frames
from .console import Console
from .plan import Job, plan_jobs, plan_variants


@dataclasses.dataclass(frozen=True)
class StylizeCommand:
    """Stylize a picture or a folder of pictures with every style at every strength."""

    content: Path
    """A picture, or a folder; see `plan_jobs`."""

    styles: Sequence[Path]
    """Picture files. Transparent ones are put on white."""

    output: str
    """A file or a folder; see `plan_jobs`."""

    strengths: Sequence[float] = (1.0,)
    """Each from 0 to 2."""

    preserve_color: float = 0.0

    mix: Sequence[float] | None = None
    """Shares of the styles, which then become one."""

    video: bool = False
    """Whether the pictures of the folder are frames of one video."""

    style_size: int = 512
    """Short side in pixels that larger styles are scaled to; 0 keeps them."""

    weights: Path | None = None
    """A model file; None takes the bundled one."""

    device: str | None = None
    """A device of torch's; None takes the best there is."""

    dtype: str = "auto"
    """A key of `DTYPES`, or "auto" for `best_dtype`."""

    tile: Tile = "auto"

    def run(self, console: Console) -> int:
        """Do all of it. Progress, and a line for each picture that fails, go to the console.

        Returns:
            The exit status: 0, or 1 when a picture of a folder failed.

        Raises:
            StyA2KError: when nothing can be done: a wrong argument, an unreadable style, model or single content.
        """
        self._check()
        variants = plan_variants(self.styles if self.mix is None else self.styles[:1], self.strengths)
        jobs = plan_jobs(self.content, self.output, variants, self.styles)
        # Styles before the model: one that cannot be read is known at once.
        pictures = [
            resize_to_short_side(read_picture(style).on_white(), self.style_size, enlarge=False)
            for style in self.styles
        ]
        console.status("loading the model")
        keep_freed_memory()
        model = load_model(self.weights, _usable_device(self.device))
        model.to(best_dtype(model.config, model.device) if self.dtype == "auto" else DTYPES[self.dtype])
        encoded = []
        for style, picture in zip(self.styles, pictures, strict=True):
            console.status(f"encoding {style}")
            with _memory_errors_of(style, picture.shape[-1], picture.shape[-2], model):
                encoded.append(model.encode_style(picture))
        if self.mix is not None:
            encoded = [mix_styles(encoded, self.mix)]
        clip = self._clip_statistics(model, jobs, console) if self.video else None
        painters = [
            FrameStylizer(
                model, encoded[variant.style], TransferOptions(variant.strength, self.preserve_color, self.tile, clip)
            )
            for variant in variants
        ]
        return self._run_jobs(jobs, painters, console)

    def _check(self) -> None:
        for strength in self.strengths:
            if not 0 <= strength <= MAX_STRENGTH:
                raise UsageError(
                    f"the strength is {strength:g}; it must lie between 0 (the content) and {MAX_STRENGTH:g}"
                )
        if not 0 <= self.preserve_color <= 1:
            raise UsageError(
                f"keep-colours is {self.preserve_color:g}; it must lie between 0 (the style's) and 1 (the content's own)"
            )
        if self.video and not self.content.is_dir():
            raise UsageError(f"{self.content} is one picture; --video takes a folder of frames")
        if self.mix is not None:
            try:
                check_shares(len(self.styles), self.mix)
            except InputError as error:
                raise UsageError(f"--mix has {error}") from error

    def _clip_statistics(self, model: StyA2K, jobs: Sequence[Job], console: Console) -> ClipStatistics:
        """Of some frames.

        Raises:
            StyA2KError: when one cannot be read, or they are not of one size.
        """
        console.status("reading some of the frames")
        first = read_stored(jobs[0].content)
        height, width = first.height, first.width
        frames = []
        for index in representative_frames(len(jobs), height, width):
            frame = read_stored(jobs[index].content)
            if (frame.height, frame.width) != (height, width):
                raise InputError(
                    f"{jobs[index].content} has {frame.width}x{frame.height} pixels, {jobs[0].content} {width}x{height}; "
                    "frames of one video have one size"
                )
            frames.append(to_tensor(frame.rgb))
        with _memory_errors_of(self.content, width, height, model):
            return model.clip_statistics(torch.cat(frames), self.tile)

    def _run_jobs(self, jobs: Sequence[Job], painters: Sequence[FrameStylizer], console: Console) -> int:
        folder = self.content.is_dir()
        start = time.monotonic()
        failed = 0
        for index, job in enumerate(jobs):
            prefix = f"{index + 1}/{len(jobs)} {job.content}"

            def progress(done: float, index: int = index, prefix: str = prefix) -> None:
                console.status(prefix + _progress_text(start, done, (index + done) / len(jobs)))

            (console.progress if folder else console.status)(prefix + _progress_text(start, 0, index / len(jobs)))
            try:
                _stylize_one(job, read_stored(job.content), painters, progress)
            except StyA2KError as error:
                if not folder:
                    raise
                console.line(f"a2k: {error}")
                failed += 1
        release(torch.device("cpu"))  # torch's libraries take 100 MB more while the process ends
        if failed:
            console.line(f"a2k: {failed} of {len(jobs)} contents failed")
            return 1
        count = len(jobs) * len(painters)
        taken = _duration(time.monotonic() - start)
        console.line(f"a2k: {count} {'picture' if count == 1 else 'pictures'} written in {taken}")
        return 0


def _stylize_one(job: Job, content: StoredPicture, painters: Sequence[FrameStylizer], progress: Progress) -> None:
    """Write all variants of a content."""
    size = content.height, content.width
    for output in job.outputs:
        check_output(output, content.width, content.height)
    for index, (output, painter) in enumerate(zip(job.outputs, painters, strict=True)):
        canvas = Canvas(content, holds_alpha(output))
        model, style = painter.model, painter.style

        def write(top: int, left: int, piece: Tensor, canvas: Canvas = canvas, model: StyA2K = model) -> None:
            if not torch.isfinite(piece).all():
                raise InputError(f"{job.content}: the result overflows in {model.dtype}; use --dtype fp32 or bf16")
            canvas.write(top, left, piece)

        def report(done: float, index: int = index) -> None:
            progress((index + done) / len(painters))

        with _memory_errors_of(job.content, content.width, content.height, model):
            if painter.options.clip:
                write(0, 0, painter(to_tensor(content.rgb), progress=report))
            else:
                options = dataclasses.replace(painter.options, progress=report)
                model.transfer_streamed(content.read, write, size, style, options, reserved=canvas.nbytes)
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"{output}: cannot make the folder {output.parent} ({error.strerror})") from error
        write_canvas(output, canvas)


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


def _progress_text(start: float, done: float, share: float) -> str:
    """How much of the picture is done, and how long all the rest takes at this pace."""
    percent = f", {done:.0%}" if 0 < done < 1 else ""
    left = f", {_duration((time.monotonic() - start) * (1 / share - 1))} left" if 0 < share < 1 else ""
    return percent + left


def _duration(seconds: float) -> str:
    """`4.2 s`, `3 min 05 s` or `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
