"""Fixtures: the tiny networks of `tiny_networks.py`, and a seed for every test."""

from __future__ import annotations

import pytest
import torch
from tiny_networks import COMPACT, PAPER, random_model

from a2k_core import StyA2K, StyA2KConfig, load_model


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def compact_config() -> StyA2KConfig:
    """A tiny network with everything the compact preset switches on."""
    return COMPACT


@pytest.fixture
def paper_config() -> StyA2KConfig:
    """A tiny network with the shape of the paper's."""
    return PAPER


@pytest.fixture(scope="session")
def compact_model() -> StyA2K:
    """Shared by the whole session: do not change it."""
    return random_model(COMPACT)


@pytest.fixture(scope="session")
def paper_model() -> StyA2K:
    """Shared by the whole session: do not change it."""
    return random_model(PAPER)


@pytest.fixture(params=["compact", "paper"])
def model(request: pytest.FixtureRequest) -> StyA2K:
    """Each of the two tiny models in turn; shared by the whole session: do not change it."""
    chosen: StyA2K = request.getfixturevalue(f"{request.param}_model")
    return chosen


@pytest.fixture(scope="session")
def bundled_model() -> StyA2K:
    """The weights that come with the package, shared by the whole session: do not change it."""
    return load_model(device="cpu", dtype=torch.float32)
