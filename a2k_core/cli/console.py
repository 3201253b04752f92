"""What the command line says on stderr: lines that stay, and one line of progress on a terminal."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import sys
import time
from typing import TextIO


class Console:
    """Writes to stderr, so that stdout carries results only. Work goes on when nobody listens any more: see `LastingStream`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = LastingStream(stream or sys.stderr)
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


class LastingStream(io.TextIOBase):
    """Text to a stream that may be closed, full, or gone with its terminal or its pipe. What cannot be written is dropped.

    Args:
        stream: None, as Python has it for a stderr that was closed before it started, drops everything.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write all of it, or nothing."""
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):  # ValueError: closed
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                self._stream.flush()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the stream."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def fileno(self) -> int:
        """Of the stream."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()


def occupy_standard_streams() -> None:
    """Open what was closed of stdin, stdout and stderr, to nothing. A picture's file would else take its number, and with it all
    that libraries say."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def print_result(text: str) -> None:
    """Print to stdout, whatever letters it can show, and whether or not the reader of a pipe takes all of it."""
    if sys.stdout is None:
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:
        # Python flushes stdout once more at its end, and would complain there.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
