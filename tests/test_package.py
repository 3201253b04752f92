"""The public names of the package."""

from __future__ import annotations

import pytest

import a2k_core
from a2k_core import images


@pytest.mark.parametrize("name", a2k_core.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(a2k_core, name).__name__ == name
    assert name in dir(a2k_core)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = a2k_core.nothing


def test_the_older_path_of_reading_and_writing_pictures_leads_to_the_same() -> None:
    assert images.read_picture is a2k_core.read_picture
    assert images.write_picture is a2k_core.write_picture
