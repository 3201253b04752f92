"""Keyframes as users write them, and the values between them."""

from __future__ import annotations

import pytest

from a2k_core import InputError
from a2k_core.video.schedule import Schedule


def test_values_lie_on_straight_lines_between_keyframes() -> None:
    schedule = Schedule.of(" 24:1.0 ,0 : 0, 48: 0.5")
    assert [schedule.at(frame)[0] for frame in (0, 6, 24, 36, 48, 1000)] == [0, 0.25, 1, 0.75, 0.5, 0.5]
    assert Schedule.of("10: 2").at(0) == (2,)


def test_several_values_a_keyframe() -> None:
    assert Schedule.parse("0: 1 0, 4: 0 2").at(1) == (0.75, 0.5)


def test_a_number_and_a_list_are_schedules() -> None:
    assert Schedule.of(0.5).at(7) == (0.5,)
    assert [Schedule.of([0, 1, 0.5]).at(frame)[0] for frame in range(4)] == [0, 1, 0.5, 0.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no keyframe"),
        ("0: 1,", "is no keyframe"),
        ("0.5: 1", "'0.5: 1' in the schedule '0.5: 1' is no keyframe"),
        ("-1: 1", "is no keyframe"),
        ("0: much", "is no keyframe"),
        ("0:", "is no keyframe"),
        ("0: nan", "is not finite"),
        ("0: 1, 0: 2", "frame 0 comes twice"),
        ("0: 1, 4: 1 2", "equally many"),
        ("0: 1 2", "2 values a frame"),
    ],
)
def test_errors_say_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Schedule.of(text)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(InputError, match="no keyframes"):
        Schedule.of([])
