"""How a picture is stylized: what is in range, and the progress of a part of the work."""

from __future__ import annotations

import dataclasses

import pytest

from a2k_core import InputError, TransferOptions


@pytest.mark.parametrize(("strength", "preserve_color"), [(0, 0), (2, 1), (1.5, 0.5)])
def test_values_in_range_are_taken(strength: float, preserve_color: float) -> None:
    options = TransferOptions(strength, preserve_color)
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.strength = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"strength": -0.1}, "strength is -0.1"),
        ({"strength": 2.1}, "strength is 2.1"),
        ({"strength": float("nan")}, "strength is nan"),
        ({"preserve_color": -0.1}, "keep_colours is -0.1"),
        ({"preserve_color": 1.1}, "keep_colours is 1.1"),
        ({"preserve_color": float("nan")}, "keep_colours is nan"),
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        TransferOptions(**values)  # type: ignore[arg-type]


def test_a_part_reports_its_share_of_the_whole() -> None:
    shares: list[float] = []
    options = TransferOptions(0.7, tile=128, progress=shares.append)
    part = options.part(0.5, 0.75)
    assert part.progress is not None
    for done in (0.0, 0.5, 1.0):
        part.progress(done)
    assert shares == [0.5, 0.625, 0.75]
    assert dataclasses.replace(part, progress=None) == dataclasses.replace(options, progress=None)
    silent = TransferOptions()
    assert silent.part(0, 0.5) is silent
