"""What arguments are read as: each takes the text and gives the value, or says what is accepted."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import Literal


def not_empty(text: str) -> str:
    """An empty name would mean the current folder: with a shell's empty variable, hardly what was meant."""
    if not text:
        raise argparse.ArgumentTypeError("is an empty name; give the name of a file or a folder, . for this one")
    return text


def path(text: str) -> Path:
    return Path(not_empty(text))


def tile(text: str) -> int | Literal["auto"]:
    return "auto" if text == "auto" else whole_number(text)


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number; name pictures before this option, or put -- between"
        ) from None


def shard(text: str) -> tuple[int, int]:
    first, slash, count = text.partition("/")
    if not (slash and first.isdecimal() and count.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shard; pass K/N, as in 2/8")
    return int(first), int(count)


def positive_number(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of pixels, a whole number from 1 up")
    return int(text)


def rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a frame rate; give 25, 29.97 or 30000/1001")
    return rate.limit_denominator(100_000)


def whole_number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)
