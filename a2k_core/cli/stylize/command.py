"""`a2k stylize`: pictures in, stylized pictures out."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor

from ...errors import InputError, PictureError, StyA2KError, UsageError
from ...files.image_buffer import Canvas, StoredPicture, to_tensor
from ...files.image_io import MAX_PIXELS, check_output, holds_alpha, read_mask, read_stored, write_canvas
from ...model import StyA2K
from ...network.encoded_style import EncodedStyle, mix_styles
from ...network.region_style import region_style
from ...options import MAX_STRENGTH, Progress, Tile, TransferOptions
from ...rendering.memory import release
from ...video.frames import FrameStylizer
from ...video.scenes import Scene, find_scenes
from ..console import Console, duration, progress_text
from ..styles import StyleFiles, check_mix, is_saved_style, memory_errors_of, open_model
from .clip import parse_schedules, plan_clip, scenes_of, stylize_clip
from .color import recolor, small_picture
from .plan import Job, Variant, plan_jobs, plan_variants


@dataclasses.dataclass(frozen=True)
class StylizeCommand:
    """Stylize pictures or folders of pictures with every style at every strength."""

    contents: Sequence[Path]
    """Pictures and folders; see `plan_jobs`."""

    styles: Sequence[Path]
    """Picture files, of which transparent ones are put on white; and saved styles."""

    output: str
    """A file or a folder; see `plan_jobs`."""

    strengths: Sequence[float] = (1.0,)
    """Each from 0 to 2."""

    preserve_color: float = 0.0

    color: str = "style"
    """One of `COLORS`; "content" is for `preserve_color` to say."""

    mix: Sequence[float] | None = None
    """Shares of the styles, which then become one."""

    video: bool = False
    """Whether the pictures of the folder are frames of one video. A clip always is one."""

    strength_over_time: str | None = None
    """Keyframes of the strength of a video, see `Schedule.parse`."""

    mix_over_time: str | None = None
    """Keyframes of the shares of the styles, which then become one."""

    frame_rate: Fraction = Fraction(24)
    """Frames a second of a clip made of a folder."""

    style_size: int = 512
    """Short side in pixels that larger styles are scaled to; 0 keeps them."""

    style_mask: Path | None = None
    """A picture that is white where to take the style from; for a single style picture."""

    weights: Path | None = None
    """A model file; None takes the bundled one."""

    device: str | None = None
    """A device of torch's; None takes the best there is."""

    dtype: str = "auto"
    """A key of `DTYPES`, or "auto" for `best_dtype`."""

    tile: Tile = "auto"

    size: int = 0
    """Longer side in pixels that contents are scaled to before they are painted; 0 keeps them."""

    skip_existing: bool = False
    """Whether results that are there already are left as they are."""

    mask: Path | None = None
    """A picture that is white where contents are painted; see `read_mask`."""

    strength_map: Path | None = None
    """A picture whose gray the strength is multiplied by."""

    regions: Sequence[tuple[Path, Path]] = ()
    """A mask and a style file each. Elsewhere contents are painted in `styles`, or stay as they are when there are none."""

    shard: tuple[int, int] = (1, 1)
    """`(k, n)`: every n-th content from the k-th on, so that n runs share the work."""

    def run(self, console: Console) -> int:
        """Do all of it. Progress, and a line for each picture that fails, go to the console.

        Returns:
            The exit status: 0, or 1 when a picture of a folder failed.

        Raises:
            StyA2KError: when nothing can be done: a wrong argument, an unreadable style, model or single content.
        """
        self._check()
        region_styles = [style for _, style in self.regions]
        mixed = self.mix is not None or self.mix_over_time is not None
        variants = plan_variants((self.styles[:1] if mixed else self.styles) or region_styles[:1], self.strengths)
        maps = [
            path
            for path in (self.mask, self.strength_map, self.style_mask, *(mask for mask, _ in self.regions))
            if path
        ]
        inputs = [*self.styles, *region_styles, *maps]
        clip_job = plan_clip(self.contents[0], self.output, variants, inputs, self.frame_rate)
        strength, shares = parse_schedules(self.strength_over_time, self.mix_over_time, len(self.styles))
        self._check_clip(clip_job is not None)
        jobs = [] if clip_job else self._jobs(variants, inputs, console)
        if not (clip_job or jobs):
            console.line("a2k: nothing to do")
            return 0
        mask, strength_map = (None if path is None else read_mask(path) for path in (self.mask, self.strength_map))
        masks = [read_mask(path) for path, _ in self.regions]
        # Styles before the model: one that cannot be read is known at once.
        styles = StyleFiles([*self.styles, *region_styles], self.style_size, self.style_mask)
        model = open_model(self.weights, self.device, self.dtype, console)

        def painter(encoded: Sequence[EncodedStyle], scenes: Sequence[Scene], variant: Variant) -> FrameStylizer:
            options = TransferOptions(
                variant.strength, self.preserve_color, self.tile, mask=mask, strength_map=strength_map
            )
            style = encoded if shares else encoded[variant.style]
            return FrameStylizer(model, style, options, strength=strength, shares=shares, scenes=scenes)

        if clip_job:
            guard = functools.partial(memory_errors_of, self.contents[0], model=model)
            encoded = self._encoded(model, styles, masks, console)
            scenes = scenes_of(clip_job, model, self.tile, guard, console)
            makers = [functools.partial(painter, encoded, scenes, variant) for variant in variants]
            return stylize_clip(clip_job, makers, guard, console)
        scenes = self._scenes(model, jobs, console) if self.video else ()

        def painters_in(styles: StyleFiles) -> list[FrameStylizer]:
            encoded = self._encoded(model, styles, masks, console)
            return [painter(encoded, scenes, variant) for variant in variants]

        if self.color == "matched":
            return self._run_jobs(jobs, lambda content: painters_in(styles.recolored(small_picture(content))), console)
        painters = painters_in(styles)
        if self.color == "only":
            pictures = [styles.pictures[variant.style] for variant in variants]
            return self._run_jobs(jobs, lambda content: painters, console, pictures)
        return self._run_jobs(jobs, lambda content: painters, console)

    def _jobs(self, variants: Sequence[Variant], inputs: Sequence[Path], console: Console) -> list[Job]:
        """The contents of this shard that are left to paint."""
        jobs = plan_jobs(self.contents, self.output, variants, inputs)
        first, shards = self.shard
        jobs = jobs[first - 1 :: shards]
        if not self.skip_existing:
            return jobs
        left = [job for job in jobs if not all(output.exists() for output in job.outputs)]
        if len(left) < len(jobs):
            console.line(f"a2k: {len(jobs) - len(left)} of {len(jobs)} contents are painted already")
        return left

    def _encoded(
        self, model: StyA2K, styles: StyleFiles, masks: Sequence[Tensor], console: Console
    ) -> list[EncodedStyle]:
        """The styles that contents are painted in: mixed, and with their regions."""
        encoded = styles.encode(model, console)
        encoded, in_regions = encoded[: len(self.styles)], encoded[len(self.styles) :]
        if self.mix is not None:
            encoded = [mix_styles(encoded, self.mix)]
        if not self.regions:
            return encoded
        rests: list[EncodedStyle | None] = [*encoded] or [None]
        return [region_style(list(zip(in_regions, masks, strict=True)), rest) for rest in rests]

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
        if not 1 <= self.shard[0] <= self.shard[1]:
            raise UsageError(f"--shard is {self.shard[0]}/{self.shard[1]}; the shards of 8 runs are 1/8 to 8/8")
        if self.color in ("matched", "only"):
            self._check_color()
        if self.mix is not None:
            check_mix(len(self.styles), self.mix)

    def _check_clip(self, of_clip: bool) -> None:
        """Of a clip, of a folder whose frames are a video, and of what only these take."""
        if self.video and not of_clip and not (len(self.contents) == 1 and self.contents[0].is_dir()):
            given = "one picture" if len(self.contents) == 1 else f"one of {len(self.contents)} contents"
            raise UsageError(f"{self.contents[0]} is {given}; --video takes a folder of frames or a clip")
        if of_clip and len(self.contents) > 1:
            raise UsageError(f"{self.contents[0]} is one of {len(self.contents)} contents; a clip is painted alone")
        frames = self.video or of_clip
        if frames and (self.skip_existing or self.shard != (1, 1)):
            raise UsageError("a video takes neither --skip-existing nor --shard: each frame depends on the one before")
        if frames and self.color in ("matched", "only"):
            raise UsageError(f"--color {self.color} goes by each picture, so that frames of a video would flicker")
        if of_clip and self.size:
            raise UsageError("--size is for pictures; a clip keeps its size")
        for over_time, instead, given_too in (
            (self.strength_over_time, "strength", len(self.strengths) > 1),
            (self.mix_over_time, "mix", self.mix is not None),
        ):
            if over_time is not None and given_too:
                raise UsageError(f"--{instead}-over-time takes the place of --{instead}; give one of them")
            if over_time is not None and not frames:
                raise UsageError(f"--{instead}-over-time is for a clip, or for a folder with --video")
        if self.mix_over_time is not None and self.regions:
            raise UsageError("--mix-over-time does not go with --region; use --mix")

    def _check_color(self) -> None:
        for style in (*self.styles, *(style for _, style in self.regions)):
            if is_saved_style(style):
                raise UsageError(f"--color {self.color} needs the picture of a style; {style} is a saved style")
        if self.color == "only" and (self.mix is not None or self.regions or self.strength_map):
            raise UsageError("--color only moves colors alone; it takes neither --mix, --region nor --strength-map")

    def _scenes(self, model: StyA2K, jobs: Sequence[Job], console: Console) -> tuple[Scene, ...]:
        """Of the pictures of a folder. One that cannot be read counts as the one before.

        Raises:
            StyA2KError: when the first one cannot be read, or they are not of one size.
        """
        first = self._read(jobs[0].content)

        def read(wanted: Sequence[int] | None) -> Iterator[Tensor]:
            frame = first
            for index in range(len(jobs)) if wanted is None else wanted:
                path = jobs[index].content
                console.status(f"reading {path}")
                with contextlib.suppress(PictureError):
                    frame = self._read(path)
                if (frame.height, frame.width) != (first.height, first.width):
                    raise InputError(
                        f"{path} has {frame.width}x{frame.height} pixels, {jobs[0].content} {first.width}x{first.height}; "
                        "frames of one video have one size"
                    )
                yield to_tensor(frame.rgb)

        with memory_errors_of(self.contents[0], first.width, first.height, model):
            return find_scenes(model, read, self.tile)

    def _run_jobs(
        self,
        jobs: Sequence[Job],
        painters_for: Callable[[StoredPicture], Sequence[FrameStylizer]],
        console: Console,
        references: Sequence[Tensor | None] = (),
    ) -> int:
        """Write everything. With references, contents take their colors alone: one for each variant."""
        folder = len(self.contents) > 1 or self.contents[0].is_dir()
        start = time.monotonic()
        failed, written = 0, 0
        for index, job in enumerate(jobs):
            prefix = f"{index + 1}/{len(jobs)} {job.content}"

            def progress(done: float, index: int = index, prefix: str = prefix) -> None:
                console.status(prefix + progress_text(start, done, (index + done) / len(jobs)))

            (console.progress if folder else console.status)(prefix + progress_text(start, 0, index / len(jobs)))
            try:
                written += self._stylize_one(job, index, painters_for, progress, references)
            except StyA2KError as error:
                if not folder:
                    raise
                console.line(f"a2k: {error}")
                failed += 1
        release(torch.device("cpu"))  # torch's libraries take 100 MB more while the process ends
        if failed:
            console.line(f"a2k: {failed} of {len(jobs)} contents failed")
            return 1
        taken = duration(time.monotonic() - start)
        console.line(f"a2k: {written} {'picture' if written == 1 else 'pictures'} written in {taken}")
        return 0

    def _stylize_one(
        self,
        job: Job,
        frame: int,
        painters_for: Callable[[StoredPicture], Sequence[FrameStylizer]],
        progress: Progress,
        references: Sequence[Tensor | None],
    ) -> int:
        """Write all variants of a content, the `frame`th of the run, and return how many."""
        content = self._read(job.content)
        size = content.height, content.width
        outputs = {
            number: output for number, output in enumerate(job.outputs) if not (self.skip_existing and output.exists())
        }
        for output in outputs.values():
            check_output(output, content.width, content.height)
        painters = painters_for(content)
        for index, (number, output) in enumerate(outputs.items()):
            painter = painters[number]
            canvas = Canvas(content, holds_alpha(output))
            model, style = painter.model, painter.style

            def write(top: int, left: int, piece: Tensor, canvas: Canvas = canvas, model: StyA2K = model) -> None:
                if not torch.isfinite(piece).all():
                    raise InputError(f"{job.content}: the result overflows in {model.dtype}; use --dtype fp32 or bf16")
                canvas.write(top, left, piece)

            def report(done: float, index: int = index) -> None:
                progress((index + done) / len(outputs))

            with memory_errors_of(job.content, content.width, content.height, model):
                reference = references[number] if references else None
                if reference is not None:
                    recolor(content, reference, painter.options, write)
                elif self.video:
                    write(0, 0, painter(to_tensor(content.rgb), frame, progress=report))
                else:
                    options = dataclasses.replace(painter.options, progress=report)
                    model.transfer_streamed(content.read, write, size, style, options, reserved=canvas.nbytes)
            try:
                output.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise PictureError(f"{output}: cannot make the folder {output.parent} ({error.strerror})") from error
            write_canvas(output, canvas)
        return len(outputs)

    def _read(self, path: Path) -> StoredPicture:
        """A content, in the size that it is painted in."""
        content = read_stored(path)
        if not self.size:
            return content
        height, width = content.size_of(self.size)
        if height * width > MAX_PIXELS:
            raise PictureError(
                f"{path}: {width}x{height} has {height * width / 1e6:.0f} megapixels; up to {MAX_PIXELS / 1e6:.0f} are written; "
                "choose a smaller --size"
            )
        return content.resized(height, width)
