"""The checkpoint of a run: everything that going on exactly needs, in one file that is whole or not there."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from a2k_core import StyA2K
from a2k_core.files.atomic_write import temporary_beside
from training.muon import Muon
from training.options import Stage


class ResumeError(ValueError):
    """A run cannot be resumed, or would overwrite another."""


_MISFITS = (KeyError, ValueError, TypeError, AttributeError, RuntimeError)
"""What loading raises when names, types or shapes are others."""


@dataclasses.dataclass
class Progress:
    """How far a run is."""

    stage: int = 0
    """Index of the stage in the preset."""

    step: int = 0
    """Steps done in this stage."""

    seconds: float = 0.0
    """Time spent in steps, over all stages and sittings."""


class StageState:
    """What changes during a stage.

    Args:
        stage: chooses the optimizer.
        model: the network.
        objective: the stage's module, which holds the network, or parts of it, and what is trained beside it.
    """

    def __init__(self, stage: Stage, model: StyA2K, objective: nn.Module) -> None:
        self.model = model
        self.objective = objective
        self.average = AveragedModel(model)
        self.parameters = [parameter for parameter in objective.parameters() if parameter.requires_grad]
        optimizer = Muon if stage.optimizer == "muon" else torch.optim.Adam
        self.optimizer = optimizer(self.parameters, lr=stage.lr)

    @property
    def averaged_model(self) -> StyA2K:
        """The network with averaged weights: the one that is shown and released."""
        model = self.average.module
        assert isinstance(model, StyA2K)
        return model

    def update_average(self, decay: float, step: int) -> None:
        """Move the average towards the network. Its memory is short at first, so that it is of use from the start."""
        self.average.multi_avg_fn = get_ema_multi_avg_fn(min(decay, (step + 1) / (step + 10)))
        self.average.update_parameters(self.model)

    def state_dict(self) -> dict[str, Any]:
        """All of it, for `load_state_dict`."""
        parts = {name: getattr(self, name).state_dict() for name in ("model", "objective", "average", "optimizer")}
        return {**parts, "random": torch.get_rng_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises:
            ResumeError: when it is of something else.
        """
        try:
            for name in ("model", "objective", "average", "optimizer"):
                getattr(self, name).load_state_dict(state[name])
            torch.set_rng_state(state["random"])
        except _MISFITS as error:
            raise ResumeError(f"the checkpoint does not fit this network ({_first_line(error)})") from error


def save_checkpoint(path: Path, recipe: dict[str, Any], progress: Progress, state: StageState) -> None:
    """Write to a temporary file and rename it: a kill at any moment leaves the old checkpoint or the new one."""
    saved = {"recipe": json.dumps(recipe), "progress": dataclasses.asdict(progress), "state": state.state_dict()}
    try:
        with temporary_beside(path) as temporary:
            torch.save(saved, temporary)
    except (OSError, RuntimeError) as error:  # torch has RuntimeError for a full disk
        reason = getattr(error, "strerror", None) or _first_line(error)
        raise OSError(f"{path}: cannot write the checkpoint ({reason}); is the disk full?") from error


def load_checkpoint(path: Path, recipe: dict[str, Any]) -> dict[str, Any]:
    """Read a checkpoint of the same recipe: `progress` and `state`.

    Raises:
        ResumeError: when it is missing or damaged, or another recipe's.
    """
    if not path.is_file():
        raise ResumeError(f"{path}: no checkpoint to resume; leave out --resume to start")
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises many kinds for a damaged file
        raise ResumeError(f"{path}: not a readable checkpoint ({_first_line(error)})") from error
    try:
        theirs = dict(json.loads(saved["recipe"]))
        Progress(**saved["progress"])
        saved["state"].keys()
    except _MISFITS as error:
        raise ResumeError(f"{path}: a file of another program, not a checkpoint of a run") from error
    ours = json.loads(json.dumps(recipe))
    if changed := sorted(name for name in ours if theirs.get(name) != ours[name]):
        details = "; ".join(f"{name} was {theirs.get(name)}, now {ours[name]}" for name in changed)
        raise ResumeError(f"{path}: the run has another recipe ({details}); start another one with --run-dir DIR")
    return saved


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
