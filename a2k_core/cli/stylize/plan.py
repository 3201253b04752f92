"""Which files a `stylize` run reads and writes, settled before anything is computed."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ...errors import PictureError, UsageError
from ...files.pictures.image_buffer import StoredPicture
from ...files.pictures.image_io import check_output
from ...files.pictures.picture_folder import pictures_below
from ...files.pictures.picture_formats import READ_SUFFIXES, WRITE_SUFFIXES
from ...options import Progress
from ...rendering.buffers import Write

Paint = Callable[[StoredPicture, int, Write, int, Progress], None]
"""Paints a content, the n-th of the run, piece by piece. Then come the bytes that its result holds, and what takes the progress."""


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way in which every content is stylized."""

    style: int
    """Index into the styles of the run."""

    strength: float
    """0 to 2."""

    label: str
    """What tells its files apart, to be put behind the stem: `_wave_0.5`; empty when there is one variant only."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A content and the files made of it."""

    content: Path
    outputs: tuple[Path, ...]
    """One for each variant, in their order."""

    number: int
    """Of the content among all of the run, counted from 0."""


def plan_variants(styles: Sequence[Path], strengths: Iterable[float]) -> list[Variant]:
    """Every style with every strength. Styles of one name are numbered; a strength given twice counts once."""
    numbers = {f"{strength:g}": strength for strength in strengths}
    names: list[str] = []
    for style in styles:
        name, count = style.stem, 1
        while name in names:
            count += 1
            name = f"{style.stem}-{count}"
        names.append(name)
    return [
        Variant(
            style=index,
            strength=strength,
            label=(f"_{name}" if len(names) > 1 else "") + (f"_{number}" if len(numbers) > 1 else ""),
        )
        for index, name in enumerate(names)
        for number, strength in numbers.items()
    ]


def plan_jobs(contents: Sequence[Path], output: str, variants: Sequence[Variant], inputs: Iterable[Path]) -> list[Job]:
    """Find the contents and name the files made of them.

    Args:
        contents: picture files, and folders that are searched with all folders in them. At least one.
        output: a picture file when there is one content and it is a file; or a folder: one that exists, one written with a slash
            at its end, or any when there is a folder among the contents or several of them.
        variants: from `plan_variants`.
        inputs: other files of the run that must not be overwritten.

    Raises:
        PictureError: when a content does not exist or is a folder without pictures.
        UsageError: when `output` cannot take the results, would overwrite an input, or two results have one name.
    """
    out = Path(output)
    if missing := [content for content in contents if not content.exists()]:
        raise PictureError(f"{missing[0]}: no such file or folder")
    if len(contents) > 1 or contents[0].is_dir():
        if out.is_file() or (out.suffix.lower() in WRITE_SUFFIXES and not out.is_dir()):
            if len(contents) == 1:
                raise UsageError(f"{contents[0]} is a folder, so the output must be one too, not the file {output}")
            raise UsageError(
                f"there are {len(contents)} contents, so the output must be a folder, not the file {output}"
            )
        named = [pair for content in contents for pair in _named(content, out)]
    elif out.is_dir() or output.endswith(("/", os.sep)):
        named = _named(contents[0], out)
    else:
        try:
            check_output(out)
        except PictureError as error:
            raise UsageError(f"{error}; a folder must exist or end in /") from error
        if not out.parent.is_dir():
            raise UsageError(f"{out}: the folder {out.parent} does not exist")
        named = [(contents[0], out)]
    jobs = [
        Job(
            source, tuple(target.with_name(target.stem + variant.label + target.suffix) for variant in variants), number
        )
        for number, (source, target) in enumerate(named)
    ]
    _refuse_collisions(jobs)
    refuse_overwriting([*inputs, *(job.content for job in jobs)], [path for job in jobs for path in job.outputs])
    return jobs


def _named(content: Path, output: Path) -> list[tuple[Path, Path]]:
    """A file, or every picture of a folder, with its place in the folder `output`."""
    if content.is_dir():
        return _name_in_folder(content, pictures_in(content, output), output)
    return [(content, output / (content.stem + _kept_suffix(content)))]


def pictures_in(folder: Path, output: Path) -> list[Path]:
    """Pictures of a folder and its folders, sorted; neither hidden ones nor what an earlier run left in `output`."""
    found = pictures_below(folder, excluded=None if output.resolve() == folder.resolve() else output)
    if not found:
        raise PictureError(f"{folder}: no pictures in this folder; looked for {', '.join(READ_SUFFIXES)}")
    return found


def _name_in_folder(folder: Path, pictures: Sequence[Path], output: Path) -> list[tuple[Path, Path]]:
    """The same tree below `output`.

    A suffix that cannot be written becomes .png: scan.tif gives scan.png, or scan.tif.png when another picture gives
    scan.png too.
    """
    targets = [picture.with_name(picture.stem + _kept_suffix(picture)) for picture in pictures]
    counts = Counter(targets)
    named = []
    for picture, target in zip(pictures, targets, strict=True):
        clashes = target != picture and counts[target] > 1
        unique = picture.with_name(f"{picture.name}.png") if clashes else target
        named.append((picture, output / unique.relative_to(folder)))
    return named


def _kept_suffix(picture: Path) -> str:
    return picture.suffix if picture.suffix.lower() in WRITE_SUFFIXES else ".png"


def _refuse_collisions(jobs: Iterable[Job]) -> None:
    sources: dict[str, Path] = {}
    for job in jobs:
        for output in job.outputs:
            key = os.path.normcase(output)
            if key in sources:
                raise UsageError(f"{output} would be made of {sources[key]} and of {job.content}; rename one of them")
            sources[key] = job.content


def refuse_overwriting(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Raise `UsageError` when an output is one of the inputs."""
    # By identity, not by name: links and file systems that ignore case give one file several names.
    identities = {(status.st_dev, status.st_ino) for status in (path.stat() for path in inputs if path.exists())}
    for output in outputs:
        if output.exists() and (output.stat().st_dev, output.stat().st_ino) in identities:
            raise UsageError(f"{output} is an input of this run and would be overwritten; choose another output")
