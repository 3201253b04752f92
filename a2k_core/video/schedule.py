"""Values that change over the frames of a clip: keyframes, and straight lines between them."""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Sequence

from ..errors import InputError

Values = tuple[float, ...]

EXAMPLE = '"0: 0, 48: 1"'
"""How keyframes are written."""


@dataclasses.dataclass(frozen=True)
class Schedule:
    """What one or more numbers are at each frame.

    Raises:
        InputError: when there are no keyframes, or they do not hold equally many values.
    """

    keyframes: tuple[tuple[int, Values], ...]
    """Frames, counted from 0 and rising, with the values there. Before the first and after the last nothing changes."""

    def __post_init__(self) -> None:
        if not self.keyframes:
            raise InputError(f"no keyframes; write frame: value, as in {EXAMPLE}")
        counts = {len(values) for _, values in self.keyframes}
        if len(counts) > 1:
            raise InputError(f"keyframes of {sorted(counts)} values; give each keyframe equally many")

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read keyframes: `0: 0, 48: 1`, or with several values each `0: 1 0, 48: 0 1`. In any order, each frame once.

        Raises:
            InputError: when it is written otherwise.
        """
        keyframes: dict[int, Values] = {}
        for part in text.split(","):
            key, _, rest = part.partition(":")
            try:
                frame, values = int(key), tuple(float(value) for value in rest.split())
                if frame < 0 or not values:
                    raise ValueError
            except ValueError as error:
                raise InputError(
                    f"{part.strip()!r} in the schedule {text!r} is no keyframe; write frame: value, as in {EXAMPLE}"
                ) from error
            if not all(map(math.isfinite, values)):
                raise InputError(f"{part.strip()!r} in the schedule {text!r} is not finite; give plain numbers")
            if frame in keyframes:
                raise InputError(f"frame {frame} comes twice in the schedule {text!r}; give each frame once")
            keyframes[frame] = values
        return cls(tuple(sorted(keyframes.items())))

    @classmethod
    def of(cls, values: float | Sequence[float] | str | Schedule) -> Schedule:
        """A schedule of one number: the same at all frames, one a frame, or keyframes as text.

        Raises:
            InputError: as `parse` does, or when it holds several numbers a frame.
        """
        if isinstance(values, str):
            schedule = cls.parse(values)
        elif isinstance(values, Schedule):
            schedule = values
        elif isinstance(values, (int, float)):
            schedule = cls(((0, (float(values),)),))
        else:
            schedule = cls(tuple((frame, (float(value),)) for frame, value in enumerate(values)))
        if schedule.width != 1:
            raise InputError(f"{schedule.width} values a frame; give one, as in {EXAMPLE}")
        return schedule

    @property
    def width(self) -> int:
        """How many values there are at each frame."""
        return len(self.keyframes[0][1])

    def at(self, frame: int) -> Values:
        """The values at a frame."""
        after = bisect.bisect_right(self.keyframes, frame, key=lambda keyframe: keyframe[0])
        if after == 0 or after == len(self.keyframes):
            return self.keyframes[min(after, len(self.keyframes) - 1)][1]
        (first, start), (last, end) = self.keyframes[after - 1], self.keyframes[after]
        share = (frame - first) / (last - first)
        return tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))

    def check(self, name: str, lowest: float, highest: float) -> None:
        """Raise `InputError` unless all values lie in a range."""
        for frame, values in self.keyframes:
            for value in values:
                if not lowest <= value <= highest:
                    raise InputError(
                        f"{name} is {value:g} at frame {frame}; it must lie between {lowest:g} and {highest:g}"
                    )
