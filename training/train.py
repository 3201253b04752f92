"""Train StyA2K weights: `python training/train.py --content DIR --style DIR --out FILE.safetensors`.

Ctrl-C or SIGTERM finishes the step, saves and stops. `--resume` goes on from there, to the same weights as a run that was
not interrupted.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor, nn
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from a2k_core import CheckpointError, StyA2K, StyA2KError, load_model, save_model
from a2k_core.cli.console import LastingStream, occupy_standard_streams
from a2k_core.files.models.checkpoint import read_info
from a2k_core.rendering.hardware.device import best_device, usable_device
from a2k_core.rendering.hardware.memory import keep_freed_memory
from training.data import CropDataset, batches, find_pictures, hold_out, read_squares
from training.initialization import initialize
from training.loss_network import LossNetworkError, load_loss_network
from training.options import Options, Stage, parse
from training.report import Reporter
from training.stages import build_stage, learning_rate
from training.state import Progress, ResumeError, StageState, load_checkpoint, save_checkpoint

log = logging.getLogger("train")

MAX_SKIPPED = 50
"""Steps in a row without a finite gradient, after which a run ends."""


def main(argv: list[str] | None = None) -> int:
    """Run the command. Returns the exit status: 0 done, 1 bad input, 130 interrupted and saved."""
    occupy_standard_streams()
    options = parse(argv)
    with contextlib.redirect_stderr(LastingStream(sys.stderr)):  # a run outlives its terminal
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        try:
            with logging_redirect_tqdm(), StopRequest() as stop:
                return Run(options).train(stop)
        except (OSError, StyA2KError, LossNetworkError, ResumeError, DivergedError) as error:
            log.error("train.py: %s", error)
            return 1


class DivergedError(RuntimeError):
    """Step after step gave no finite loss."""


class Run:
    """One training run, from the folders to the finished file.

    Raises:
        OSError: when a folder is missing or empty, or cannot be written to.
        StyA2KError: when no picture can be read, or the device or --weights cannot be used.
        LossNetworkError: when the loss network cannot be loaded.
        ResumeError: when there is nothing to resume, or something that would be overwritten.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.preset = options.preset
        self.checkpoint = options.run_dir / "checkpoint.pt"
        if self.checkpoint.exists() and not options.resume:
            raise ResumeError(f"{options.run_dir} holds a run; continue it with --resume, or choose another --run-dir")
        # Now, not after hours.
        if not options.out.parent.is_dir():
            raise FileNotFoundError(f"{options.out.parent} is not a folder; --out needs one that exists")
        if options.run_dir.is_file():
            raise NotADirectoryError(f"{options.run_dir} is a file; --run-dir takes a folder")
        options.run_dir.mkdir(parents=True, exist_ok=True)
        for pattern in (".a2k-*.part", "samples/.a2k-*.part"):
            for left in options.run_dir.glob(pattern):  # by a sitting that was killed
                left.unlink()
        for folder in (options.out.parent, options.run_dir):
            if not os.access(folder, os.W_OK):
                raise PermissionError(f"{folder} cannot be written to; choose another folder")
        self.saved = load_checkpoint(self.checkpoint, options.recipe) if options.resume else None
        self.progress = Progress(**self.saved["progress"]) if self.saved else Progress()

        self.device = best_device() if options.device == "auto" else usable_device(options.device)
        keep_freed_memory()  # a fifth of a step's time on a CPU
        torch.manual_seed(options.seed)
        self.contents, held_contents = hold_out(find_pictures(options.content), options.validation)
        self.styles, held_styles = hold_out(find_pictures(options.style), options.validation)
        self.sample_contents, self.sample_styles = (
            # Some of the others where a held-out one cannot be read, or there is but one picture.
            read_squares([*held, *kept], 256, max(1, len(held))).to(self.device)
            for kept, held in ((self.contents, held_contents), (self.styles, held_styles))
        )
        self.loss_network = load_loss_network(self.preset.loss_network, options.loss_network)
        self.model = self._first_model()
        some = self.styles[:: math.ceil(len(self.styles) / 32)]
        self.loss_network.calibrate(read_squares(some, self.preset.crop))
        self.dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
        self.loss_network.to(self.device, self.dtype).to(memory_format=torch.channels_last)
        self.model.to(self.device).to(memory_format=torch.channels_last)
        self.terms: dict[str, float] = {}
        self.skipped = 0

    def train(self, stop: StopRequest) -> int:
        """The stages one after the other, then the released file. Returns the exit status."""
        log.info(
            "%d photos, %d paintings, %s, in %s",
            len(self.contents),
            len(self.styles),
            self.device,
            self.options.run_dir,
        )
        reporter = Reporter(self.options.run_dir, self._total_step())
        for index, stage in enumerate(self.preset.stages):
            if index < self.progress.stage:
                continue
            if index > self.progress.stage:
                self.progress.stage, self.progress.step = index, 0
            state = StageState(stage, self.model, build_stage(stage, self.model, self.loss_network).to(self.device))
            if self.saved:
                state.load_state_dict(self.saved["state"])
                self.saved = None
            self._run_stage(stage, state, reporter, stop)
            save_checkpoint(self.checkpoint, self.options.recipe, self.progress, state)
            if stop.asked:
                reporter.close()
                log.info("saved at step %d of stage %s; go on with --resume", self.progress.step, stage.name)
                return 130
            self.model.load_state_dict(state.averaged_model.state_dict())
        reporter.close()
        save_model(self.model, self.options.out, self.metadata())
        log.info("wrote %s after %.0f minutes", self.options.out, self.progress.seconds / 60)
        return 0

    def _first_model(self) -> StyA2K:
        """The network before the first step, fp32 on the CPU."""
        if self.options.weights is None:
            return initialize(StyA2K(self.preset.network), self.loss_network)
        model = load_model(self.options.weights, "cpu", torch.float32).train().requires_grad_(True)
        if model.config != self.preset.network:
            raise CheckpointError(
                f"{self.options.weights} holds another network than preset {self.options.preset_name} trains; "
                "leave out --weights, or choose its preset"
            )
        return model

    def _run_stage(self, stage: Stage, state: StageState, reporter: Reporter, stop: StopRequest) -> None:
        options, progress = self.options, self.progress
        seed = (options.seed, progress.stage)
        crops = CropDataset(self.contents, self.styles, stage.batch, self.preset.crop, self.preset.short_side, seed)
        pairs = batches(crops, range(progress.step, stage.steps), options.workers)
        bar = tqdm(pairs, stage.name, stage.steps, initial=progress.step, unit="step", dynamic_ncols=True)
        for photos, paintings in bar:
            started = time.perf_counter()
            terms = self._step(stage, state, photos, paintings)
            progress.step += 1
            progress.seconds += time.perf_counter() - started
            last = progress.step == stage.steps
            if progress.step % options.log_every == 0 or last:
                self.terms = {name: term.item() for name, term in terms.items()}
                loss = sum(self.terms.values())
                bar.set_postfix_str(f"loss {loss:.3f}")
                reporter.scalars(stage.name, {**self.terms, "loss": loss}, self._total_step())
            if stage.name == "painter" and (progress.step % options.sample_every == 0 or last):
                sheet = f"{progress.step:07d}"
                reporter.sheet(state.averaged_model, self.sample_contents, self.sample_styles, sheet)
            if progress.step % options.checkpoint_every == 0:
                save_checkpoint(self.checkpoint, options.recipe, progress, state)
            if stop.asked:
                return

    def _step(self, stage: Stage, state: StageState, photos: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        """One step of the optimizer. Returns the loss terms."""
        photos, paintings = (
            images.to(self.device, torch.float32, memory_format=torch.channels_last) / 255
            for images in (photos, paintings)
        )
        for group in state.optimizer.param_groups:
            group["lr"] = learning_rate(stage, self.progress.step)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            terms: dict[str, Tensor] = state.objective(photos, paintings)
        state.optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        norm = nn.utils.clip_grad_norm_(state.parameters, self.preset.clip)
        if torch.isfinite(norm):
            self.skipped = 0
            state.optimizer.step()
        else:
            self._skip(terms, norm)
        state.update_average(self.preset.ema, self.progress.step)
        return terms

    def _skip(self, terms: dict[str, Tensor], norm: Tensor) -> None:
        """One bad step must not end a run of hours, but many in a row do not get better."""
        self.skipped += 1
        loss = sum(term.item() for term in terms.values())
        log.warning("step %d was skipped: the loss is %g, its gradient %g", self.progress.step + 1, loss, norm.item())
        if self.skipped == MAX_SKIPPED:
            raise DivergedError(
                f"{MAX_SKIPPED} steps in a row were skipped, as they gave no finite gradient; the weights have gone wrong. "
                "Start again with another --seed, or with --precision fp32"
            )

    def _total_step(self) -> int:
        """Steps done over all stages."""
        return sum(stage.steps for stage in self.preset.stages[: self.progress.stage]) + self.progress.step

    def metadata(self) -> dict[str, object]:
        """What the released file says of its training; no path of this machine."""
        return {
            "training": {
                **self.options.recipe,
                "photos": len(self.contents),
                "paintings": len(self.styles),
                "commit": commit(),
                "minutes": round(self.progress.seconds / 60),
                "hardware": hardware(self.device),
                "last_losses": {name: round(value, 4) for name, value in self.terms.items()},
                "before": self._training_before(),
            },
            "licence": "MIT for the weights; the training pictures keep their own terms",
        }

    def _training_before(self) -> object:
        """What the file that the run started from says of its training. None where there is no such file."""
        if self.options.weights is None:
            return None
        return json.loads(read_info(self.options.weights).metadata.get("training", "null"))


class StopRequest:
    """Remembers SIGINT and SIGTERM, so that a step is finished before stopping. A second Ctrl-C stops at once."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> StopRequest:
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


def hardware(device: torch.device) -> str:
    """What the released file calls the machine."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{os.cpu_count()} CPU cores ({platform.machine()})"


def commit() -> str | None:
    """The commit of this code, marked when files differ from it. None outside a checkout."""
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+changes", "--exclude=*"]
    try:
        named = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return named.stdout.strip() or None


if __name__ == "__main__":
    sys.exit(main())
