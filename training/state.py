"""The state of a run: everything that continuing it exactly needs, in one file that is whole or not there."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from a2k_core import StyA2K
from options import MACHINE_FIELDS, Options


class ResumeError(ValueError):
    """A run cannot be resumed, or would overwrite another."""


@dataclasses.dataclass
class TrainingState:
    """What changes while training. Data position, learning rate and stage follow from the step."""

    objective: nn.Module
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    step: int = 0
    seconds: float = 0.0

    @property
    def averaged_model(self) -> StyA2K:
        """The network with the averaged weights: the one that is shown and released."""
        model = self.average.module
        assert isinstance(model, StyA2K)
        return model

    def save(self, path: Path, options: Options) -> None:
        """Write to a temporary file and rename: a kill at any moment leaves the old checkpoint or the new one."""
        temporary = path.with_name(path.name + ".part")
        with temporary.open("wb") as file:
            torch.save(
                {
                    "options": _recipe(options),
                    "objective": self.objective.state_dict(),
                    "average": self.average.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "scaler": self.scaler.state_dict(),
                    "random": torch.get_rng_state(),
                    "step": self.step,
                    "seconds": self.seconds,
                },
                file,
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def load(self, path: Path, options: Options) -> None:
        """Continue from a checkpoint.

        Raises:
            ResumeError: when it is missing or damaged, or was made with other options.
        """
        if not path.is_file():
            raise ResumeError(f"{path}: no checkpoint to resume; leave out --resume to start")
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch.load raises many kinds for a damaged file
            raise ResumeError(f"{path}: not a readable checkpoint ({error})") from error
        recipe = _recipe(options)
        if changed := sorted(name for name in recipe if saved["options"].get(name) != recipe[name]):
            old = ", ".join(f"--{name.replace('_', '-')} {saved['options'].get(name)}" for name in changed)
            raise ResumeError(
                f"{path}: the run was started with {old}; resume with the same, or start another with --run-dir DIR"
            )
        self.objective.load_state_dict(saved["objective"])
        self.average.load_state_dict(saved["average"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        torch.set_rng_state(saved["random"])
        self.step, self.seconds = saved["step"], saved["seconds"]


def _recipe(options: Options) -> dict[str, Any]:
    """The options that decide what is computed."""
    return {name: value for name, value in dataclasses.asdict(options).items() if name not in MACHINE_FIELDS}
