"""The pictures in a folder and in the folders below it."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections import Counter
from pathlib import Path

from .picture_formats import PLUG_INS, RAW_SUFFIXES, READ_SUFFIXES, UNREAD_SUFFIXES

logger = logging.getLogger(__name__)


def pictures_below(folder: Path, excluded: Path | None = None) -> list[Path]:
    """Picture files by their suffixes, folder by folder, each sorted. What is hidden (a dot in front) is left out.

    Links to folders elsewhere are followed, to each once. Pictures in formats that are not read are counted in a warning in the log,
    and so is a folder that cannot be read.

    Args:
        folder: where to look.
        excluded: a folder that is left out.
    """
    found = _Found()
    root = folder.resolve()
    left_out = {excluded.resolve()} if excluded else set()
    for name, folders, files in os.walk(folder, onerror=_warn, followlinks=True):
        here = Path(name)
        folders[:] = [sub for sub in _shown(folders) if _is_entered(here / sub, root, left_out)]
        for file in _shown(files):
            found.add(here / file)
    if found.unread:
        logger.warning("%s: left out %s", folder, found.left_out())
    return found.pictures


def _is_entered(folder: Path, root: Path, left_out: set[Path]) -> bool:
    """Whether to look into a folder. A link's target is added to `left_out`."""
    target = folder.resolve()
    if target in left_out:
        return False
    if folder.is_symlink():
        if target.is_relative_to(root) or root.is_relative_to(target):
            return False  # found at its own place, or a circle
        left_out.add(target)
    return True


@dataclasses.dataclass
class _Found:
    pictures: list[Path] = dataclasses.field(default_factory=list)
    unread: Counter[str] = dataclasses.field(default_factory=Counter)

    def add(self, path: Path) -> None:
        suffix = path.suffix.lower()
        if suffix in READ_SUFFIXES:
            self.pictures.append(path)
        elif suffix in UNREAD_SUFFIXES:
            self.unread[suffix] += 1

    def left_out(self) -> str:
        counts = ", ".join(f"{count} {suffix}" for suffix, count in sorted(self.unread.items()))
        advice = ["develop raw files first"] if self.unread.keys() & set(RAW_SUFFIXES) else []
        if self.unread.keys() & {".heic", ".heif", ".hif"}:
            advice.append(f"`pip install {PLUG_INS['HEIF'][1]}` makes HEIC readable")
        return "; ".join([f"pictures that are not read here: {counts}", *advice])


def _shown(names: list[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("."))


def _warn(error: OSError) -> None:
    logger.warning("%s: left out; it cannot be read (%s)", error.filename, error.strerror)
