"""`a2k stylize` of pictures: every content of a run, to every file that is made of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ...errors import InputError, PictureError, StyA2KError
from ...files.pictures.image_buffer import Canvas, StoredPicture, to_tensor
from ...files.pictures.image_io import MAX_PIXELS, check_output, holds_alpha, read_stored, write_canvas
from ...model import StyA2K
from ...options import Progress
from ...rendering.hardware.memory import release
from ...video.scenes import Scene, find_scenes
from ..console import Console, duration, progress_text
from ..styles import memory_errors_of
from .options import StylizeOptions
from .plan import Job, Paint, Variant, plan_jobs


class PictureRun:
    """The pictures of a run.

    Args:
        options: of the run.
        variants: of style and strength.
        console: shows the progress.

    Raises:
        PictureError: when a content does not exist.
        UsageError: when the output cannot take the results.
    """

    def __init__(self, options: StylizeOptions, variants: Sequence[Variant], console: Console) -> None:
        self._options = options
        self._console = console
        jobs = plan_jobs(options.contents, options.output, variants, options.inputs)
        self.count = len(jobs)
        """How many contents there are for all shards."""
        self.jobs = self._left(jobs)
        """The contents of this shard that are left to paint."""

    def scenes(self, model: StyA2K) -> tuple[Scene, ...]:
        """Of the contents, which are frames of one video. One that cannot be read counts as the one before.

        Raises:
            StyA2KError: when the first one cannot be read, or they are not of one size.
        """
        first = self._read(self.jobs[0].content)

        def read(wanted: Sequence[int] | None) -> Iterator[Tensor]:
            frame = first
            for index in range(len(self.jobs)) if wanted is None else wanted:
                path = self.jobs[index].content
                self._console.status(f"reading {path}")
                with contextlib.suppress(PictureError):
                    frame = self._read(path)
                if (frame.height, frame.width) != (first.height, first.width):
                    raise InputError(
                        f"{path} has {frame.width}x{frame.height} pixels, {self.jobs[0].content} {first.width}x{first.height}; "
                        "frames of one video have one size"
                    )
                yield to_tensor(frame.rgb)

        with memory_errors_of(self._options.contents[0], first.width, first.height, model.device):
            return find_scenes(model, read, self._options.tile)

    def run(
        self, paints_of: Callable[[StoredPicture], Sequence[Paint]], device: torch.device, dtype: torch.dtype
    ) -> int:
        """Write everything.

        Args:
            paints_of: a content to what paints it in each variant.
            device, dtype: it is painted on and in.

        Returns:
            The exit status: 0, or 1 when a picture of a folder failed.
        """
        folder = len(self._options.contents) > 1 or self._options.contents[0].is_dir()
        start = time.monotonic()
        failed, written = 0, 0
        for index, job in enumerate(self.jobs):
            prefix = f"{index + 1}/{len(self.jobs)} {job.content}"

            def progress(done: float, index: int = index, prefix: str = prefix) -> None:
                self._console.status(prefix + progress_text(start, done, (index + done) / len(self.jobs)))

            (self._console.progress if folder else self._console.status)(
                prefix + progress_text(start, 0, index / len(self.jobs))
            )
            try:
                written += self._paint(job, paints_of, device, dtype, progress)
            except StyA2KError as error:
                if not folder:
                    raise
                self._console.line(f"a2k: {error}")
                failed += 1
        release(torch.device("cpu"))  # torch's libraries take 100 MB more while the process ends
        if failed:
            self._console.line(f"a2k: {failed} of {len(self.jobs)} contents failed")
            return 1
        taken = duration(time.monotonic() - start)
        self._console.line(f"a2k: {written} {'picture' if written == 1 else 'pictures'} written in {taken}")
        return 0

    def _left(self, jobs: list[Job]) -> list[Job]:
        first, shards = self._options.shard
        jobs = jobs[first - 1 :: shards]
        if not self._options.skip_existing:
            return jobs
        left = [job for job in jobs if not all(output.exists() for output in job.outputs)]
        if len(left) < len(jobs):
            self._console.line(f"a2k: {len(jobs) - len(left)} of {len(jobs)} contents are painted already")
        return left

    def _paint(
        self,
        job: Job,
        paints_of: Callable[[StoredPicture], Sequence[Paint]],
        device: torch.device,
        dtype: torch.dtype,
        progress: Progress,
    ) -> int:
        """Write all variants of a content, and return how many."""
        content = self._read(job.content)
        outputs = {
            number: output
            for number, output in enumerate(job.outputs)
            if not (self._options.skip_existing and output.exists())
        }
        for output in outputs.values():
            check_output(output, content.width, content.height)
        paints = paints_of(content)
        for done_before, (number, output) in enumerate(outputs.items()):

            def report(done: float, done_before: int = done_before) -> None:
                progress((done_before + done) / len(outputs))

            canvas = Canvas(content, holds_alpha(output))

            def write(top: int, left: int, piece: Tensor, canvas: Canvas = canvas) -> None:
                if not torch.isfinite(piece).all():
                    raise InputError(f"{job.content}: the result overflows in {dtype}; use --dtype fp32 or bf16")
                canvas.write(top, left, piece)

            with memory_errors_of(job.content, content.width, content.height, device):
                paints[number](content, job.number, write, canvas.nbytes, report)
            try:
                output.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise PictureError(f"{output}: cannot make the folder {output.parent} ({error.strerror})") from error
            write_canvas(output, canvas)
        return len(outputs)

    def _read(self, path: Path) -> StoredPicture:
        """A content, in the size that it is painted in."""
        content = read_stored(path)
        size = self._options.size
        if not size:
            return content
        height, width = content.size_of(size)
        if height * width > MAX_PIXELS:
            raise PictureError(
                f"{path}: {width}x{height} has {height * width / 1e6:.0f} megapixels; up to {MAX_PIXELS / 1e6:.0f} are "
                "written; choose a smaller --size"
            )
        return content.resized(height, width)
