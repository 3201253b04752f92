"""What the command line says on stderr: lines that stay, and one line of progress on a terminal."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from typing import TextIO


class Console:
    """Writes to stderr, so that stdout carries results only."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._status = ""

    def line(self, text: str) -> None:
        """A line that stays, whatever is in it: names of files may hold line breaks and terminal commands."""
        self.clear()
        self._stream.write(_printable(text) + "\n")
        self._stream.flush()

    def status(self, text: str) -> None:
        """Replace the line of progress; nothing where stderr is not a terminal."""
        if not self._terminal:
            return
        columns = shutil.get_terminal_size().columns - 1
        shown = _printable(text)[: max(columns, 10)]
        self._stream.write("\r" + shown.ljust(len(self._status)))
        self._stream.flush()
        self._status = shown

    def progress(self, text: str) -> None:
        """A step of the work: the line of progress on a terminal, elsewhere a line that stays."""
        if self._terminal:
            self.status(text)
        else:
            self.line(text)

    def clear(self) -> None:
        """Remove the line of progress."""
        if self._status:
            self._stream.write("\r" + " " * len(self._status) + "\r")
            self._stream.flush()
            self._status = ""


class ConsoleHandler(logging.Handler):
    """Shows log records as lines of a console."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.line(f"a2k: {record.getMessage()}")


def progress_text(start: float, done: float, share: float) -> str:
    """How much of one piece of the work is done, and how long all the rest takes at this pace."""
    percent = f", {done:.0%}" if 0 < done < 1 else ""
    left = f", {duration((time.monotonic() - start) * (1 / share - 1))} left" if 0 < share < 1 else ""
    return percent + left


def duration(seconds: float) -> str:
    """`4.2 s`, `3 min 05 s` or `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
