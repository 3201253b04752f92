"""`a2k stylize` of clips: a clip file or a folder of frames in, a clip file or a folder of frames out."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import logging
import os
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor

from ...errors import InputError, PictureError, UsageError
from ...files.clip_file import (
    WRITE_CLIP_SUFFIXES,
    ClipFrame,
    ClipReader,
    SoundPacket,
    clip_writer,
    is_clip,
    require_pyav,
)
from ...files.pictures.image_buffer import to_tensor
from ...files.pictures.image_io import read_stored, write_picture
from ...model import StyA2K
from ...network.style.encoded_style import check_shares
from ...options import MAX_STRENGTH, Tile
from ...video.frames import FrameStylizer
from ...video.scenes import Scene, find_scenes
from ...video.schedule import Schedule
from ..console import Console, duration, progress_text
from .masks import MaskFiles
from .painters import paint_frame
from .plan import Variant, pictures_in, refuse_overwriting

logger = logging.getLogger(__name__)

Guard = Callable[[int, int], contextlib.AbstractContextManager[None]]
"""Width and height of what is computed to a context."""

LINES = 10
"""Lines of progress of a clip where stderr is not a terminal."""


class FrameFolder:
    """The pictures of a folder as frames of one clip. Those that cannot be read are reported and left out."""

    def __init__(self, pictures: Sequence[Path], rate: Fraction) -> None:
        self._pictures = pictures
        self.rate = rate
        self.time_base = 1 / rate
        self.count = len(pictures)
        self.damaged = 0
        self._reported: set[Path] = set()

    def __iter__(self) -> Iterator[ClipFrame]:
        return self.frames()

    def frames(self, wanted: Container[int] | None = None) -> Iterator[ClipFrame]:
        """All, or those that come at the given places among those that can be read."""
        places = itertools.count()
        self.damaged = 0
        size: tuple[int, int] | None = None
        for index, path in enumerate(self._pictures):
            try:
                picture = read_stored(path)
            except PictureError as error:
                if path not in self._reported:
                    logger.warning("%s", error)
                self._reported.add(path)
                self.damaged += 1
                continue
            size = size or picture.rgb.size
            if picture.rgb.size != size:
                raise InputError(
                    f"{path} has {picture.width}x{picture.height} pixels, the frames before {size[0]}x{size[1]}; "
                    "frames of one video have one size"
                )
            place = next(places)
            if wanted is None or place in wanted:
                yield ClipFrame(to_tensor(picture.on_white()), index, index)


@dataclasses.dataclass(frozen=True)
class ClipJob:
    """What is read, and what is written of it."""

    content: Path
    source: ClipReader | FrameFolder
    outputs: tuple[Path, ...]
    """For each variant a clip file, or a picture file whose stem the number of the frame is put into at `{}`."""


def parse_schedules(strength: str | None, mix: str | None, styles: int) -> tuple[Schedule | None, Schedule | None]:
    """Keyframes of the strength, and of the shares of so many styles.

    Raises:
        UsageError: when they cannot be read, or a value is out of range.
    """
    try:
        strengths = None if strength is None else Schedule.of(strength)
        shares = None if mix is None else Schedule.parse(mix)
        if strengths is not None:
            strengths.check("the strength", 0, MAX_STRENGTH)
        for _, values in shares.keyframes if shares else ():
            check_shares(styles, values)
    except InputError as error:
        raise UsageError(str(error)) from error
    return strengths, shares


def plan_clip(
    content: Path, output: str, variants: Sequence[Variant], inputs: Iterable[Path], rate: Fraction
) -> ClipJob | None:
    """Find out whether a clip is asked for, and name the files made of it.

    Args:
        content, output, variants, inputs: as of `plan_jobs`.
        rate: frames a second of a clip that is made of a folder.

    Returns:
        None when neither the content nor the output is a clip.

    Raises:
        PictureError: when the content cannot be read.
        UsageError: when the output cannot take the result or would overwrite an input, or without PyAV.
    """
    out = Path(output)
    from_clip = is_clip(content)
    to_clip = is_clip(out) and not output.endswith(("/", os.sep))
    if not from_clip and not to_clip:
        return None
    require_pyav()
    if not content.exists():
        raise PictureError(f"{content}: no such file or folder")
    if not from_clip and not content.is_dir():
        raise UsageError(f"{content} is one picture; the clip {output} is made of a clip or of a folder of frames")
    if to_clip:
        if out.suffix.lower() not in WRITE_CLIP_SUFFIXES:
            raise UsageError(f"{out}: clips are written as {', '.join(WRITE_CLIP_SUFFIXES)}")
        if not out.parent.is_dir():
            raise UsageError(f"{out}: the folder {out.parent} does not exist")
        names = tuple(out.with_name(out.stem + variant.label + out.suffix) for variant in variants)
    elif out.is_dir() or output.endswith(("/", os.sep)):
        stem = content.stem.replace("{", "{{").replace("}", "}}")
        names = tuple(out / f"{stem}_{{:06}}{variant.label}.png" for variant in variants)
    else:
        raise UsageError(
            f"{output} is neither a clip ({', '.join(WRITE_CLIP_SUFFIXES)}) nor a folder; a folder must exist or end in /"
        )
    if to_clip:
        refuse_overwriting([*inputs, content], names)
    source = ClipReader(content) if from_clip else FrameFolder(pictures_in(content, out), rate)
    return ClipJob(content, source, names)


def scenes_of(job: ClipJob, model: StyA2K, tile: Tile, guard: Guard, console: Console) -> tuple[Scene, ...]:
    """Of a clip; the other arguments are those of `stylize_clip`.

    Raises:
        PictureError: when no frame can be read.
    """
    first = next(job.source.frames(), None)
    if first is None:
        raise PictureError(f"{job.content}: no frame can be read")

    def read(wanted: Sequence[int] | None) -> Iterator[Tensor]:
        console.status(f"reading {job.content}")
        return (frame.image for frame in job.source.frames(None if wanted is None else frozenset(wanted)))

    with guard(first.image.shape[-1], first.image.shape[-2]):
        return find_scenes(model, read, tile)


def stylize_clip(
    job: ClipJob, painters: Sequence[Callable[[], FrameStylizer]], masks: MaskFiles, guard: Guard, console: Console
) -> int:
    """Write all variants of a clip.

    Args:
        job: from `plan_clip`.
        painters: for each variant, makes what paints its frames.
        masks: of the frames.
        guard: turns a lack of memory into an error that says the size.
        console: shows the progress.

    Returns:
        The exit status: 0, or 1 when parts of the content could not be read.

    Raises:
        StyA2KError: when a clip cannot be written; then there is none.
    """
    start = time.monotonic()
    total = job.source.count * len(painters)
    done = 0
    for output, make in zip(job.outputs, painters, strict=True):
        painter = make()
        with _sink(job, output) as write:
            index = 0
            for item in job.source:
                if isinstance(item, SoundPacket):
                    write(item, index)
                    continue
                prefix = f"{min(done + 1, total)}/{total} {job.content}"
                line = done * LINES // total > (done - 1) * LINES // total
                (console.progress if line else console.status)(prefix + progress_text(start, 0, done / total))
                with guard(item.image.shape[-1], item.image.shape[-2]):
                    painted = paint_frame(painter, item.image, index, masks.of(item.number))
                if not torch.isfinite(painted).all():
                    raise InputError(
                        f"{job.content}: the result overflows in {painter.model.dtype}; use --dtype fp32 or bf16"
                    )
                write(dataclasses.replace(item, image=painted), index)
                index += 1
                done += 1
            if not index:
                raise PictureError(f"{job.content}: no frame can be read")
    what = "clip" if len(painters) == 1 else "clips"
    console.line(
        f"a2k: {len(painters)} {what} of {done // len(painters)} frames written in {duration(time.monotonic() - start)}"
    )
    if job.source.damaged:
        console.line(f"a2k: {job.content}: {job.source.damaged} damaged parts were left out")
        return 1
    return 0


@contextlib.contextmanager
def _sink(job: ClipJob, output: Path) -> Iterator[Callable[[ClipFrame | SoundPacket, int], None]]:
    """What takes the frames of one variant, and the sound."""
    if output.suffix.lower() == ".png":
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"{output.parent}: cannot make the folder ({error.strerror})") from error

        def write_frame(item: ClipFrame | SoundPacket, index: int) -> None:
            if isinstance(item, ClipFrame):
                write_picture(output.with_name(output.name.format(index)), item.image)

        yield write_frame
        return
    source = job.source if isinstance(job.source, ClipReader) else None
    with clip_writer(output, job.source.rate, job.source.time_base, source) as writer:

        def write(item: ClipFrame | SoundPacket, _: int) -> None:
            if isinstance(item, ClipFrame):
                writer.write(item.image, item.time)
            else:
                writer.pass_on(item)

        yield write
