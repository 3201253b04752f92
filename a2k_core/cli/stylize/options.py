"""What a `stylize` run is asked to do, and whether it goes together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from ...errors import InputError, UsageError
from ...files.pictures.picture_folder import pictures_below
from ...options import Tile, TransferOptions
from ..styles import check_mix, is_saved_style


@dataclasses.dataclass(frozen=True)
class StylizeOptions:
    """Pictures, folders of pictures or a clip, with every style at every strength."""

    contents: Sequence[Path]
    """Pictures and folders; see `plan_jobs`."""

    styles: Sequence[Path]
    """Picture files, of which transparent ones are put on white; and saved styles."""

    output: str
    """A file or a folder; see `plan_jobs`."""

    strengths: Sequence[float] = (1.0,)
    """Each from 0 to 2."""

    preserve_color: float = 0.0

    stroke_size: float = 0.0
    """Relative to the picture; 0 leaves strokes a size in pixels. See `TransferOptions`."""

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
    """A picture that is white where contents are painted; see `read_mask`. Or a folder or a clip with one for each content."""

    strength_map: Path | None = None
    """A picture whose gray the strength is multiplied by, or a folder or a clip as of masks."""

    regions: Sequence[tuple[Path, Path]] = ()
    """A mask, or a folder or a clip of them, and a style file each. Elsewhere contents are painted in `styles`, or stay as they are when
    there are none."""

    shard: tuple[int, int] = (1, 1)
    """`(k, n)`: every n-th content from the k-th on, so that n runs share the work."""

    @property
    def painted_styles(self) -> Sequence[Path]:
        """The styles that contents are painted in one after the other; their names tell the results apart."""
        mixed = self.mix is not None or self.mix_over_time is not None
        return (self.styles[:1] if mixed else self.styles) or [style for _, style in self.regions[:1]]

    @property
    def inputs(self) -> list[Path]:
        """Every file that is read beside the contents."""
        maps = [self.mask, self.strength_map, self.style_mask, *(mask for mask, _ in self.regions)]
        files = [file for path in maps if path for file in (pictures_below(path) if path.is_dir() else [path])]
        return [*self.styles, *(style for _, style in self.regions), *files]

    def check(self) -> None:
        """Raise `UsageError` for numbers out of range and options that do not go together."""
        for strength in self.strengths:
            try:
                TransferOptions(strength, self.preserve_color, stroke_size=self.stroke_size)
            except InputError as error:
                raise UsageError(str(error)) from error
        if not 1 <= self.shard[0] <= self.shard[1]:
            raise UsageError(f"--shard is {self.shard[0]}/{self.shard[1]}; the shards of 8 runs are 1/8 to 8/8")
        if self.color in ("matched", "only"):
            self._check_color()
        if self.mix is not None:
            check_mix(len(self.styles), self.mix)

    def check_video(self, of_clip: bool) -> None:
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
        if frames and self.stroke_size:
            raise UsageError(
                "--stroke-size is for pictures; strokes of a video have a size in pixels, see --style-size"
            )
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
        if self.color == "only" and (self.mix is not None or self.regions or self.strength_map or self.stroke_size):
            raise UsageError(
                "--color only moves colors alone; it takes neither --mix, --region, --strength-map nor --stroke-size"
            )
