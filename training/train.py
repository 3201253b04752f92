"""Train StyA2K weights: `python training/train.py --content DIR --style DIR --out FILE.safetensors`.

One process, or several with `torchrun --nproc-per-node N training/train.py ...`. Ctrl-C or SIGTERM finishes the step, saves
and stops; `--resume` goes on from there to the same weights as a run that was not interrupted.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import torch
import torch.distributed as dist
import torch.distributed.nn  # later, its functions' defaults would keep the process group, and its threads, beyond its end
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

# Run as a script, the folder of this file is on the path, the project's is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from captured_steps import CapturedSteps
from draws import draw
from muon import Muon
from pairs import hold_out, training_pairs

from a2k_core import CheckpointError, save_model
from a2k_core.devices import to_device
from a2k_core.memory import keep_freed_memory
from data import find_pictures, read_square
from feature_network import FeatureNetwork, FeatureNetworkError, encoder_config, load_encoder
from networks import build_model, matching_weights
from objective import Batch, Objective, Pairing, Terms
from options import Options, parse
from release import release_metadata
from reporting import Reporter, sample_grid
from state import ResumeError, TrainingState

log = logging.getLogger("train")

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def main(argv: list[str] | None = None) -> int:
    """Run the script. Returns the exit status: 0 done, 1 bad input, 130 interrupted (and saved)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = parse(argv)
    try:
        return train(options)
    except (FileNotFoundError, CheckpointError, FeatureNetworkError, ResumeError) as error:
        log.error("train.py: %s", error)
        return 1
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def train(options: Options) -> int:
    """The whole of training, top to bottom."""
    device, rank, world = start_processes(options.device)
    keep_freed_memory()  # a fifth of a step's time on a CPU
    torch.manual_seed(options.seed)
    assert options.run_dir is not None
    checkpoint = options.run_dir / "checkpoint.pt"
    if checkpoint.exists() and not options.resume:
        raise ResumeError(
            f"{options.run_dir} holds a run already; continue it with --resume, or start another with --run-dir DIR"
        )
    if not options.out.parent.is_dir():
        raise FileNotFoundError(f"{options.out.parent} is not a folder; --out needs one that exists")

    # Pictures: evenly spread ones are kept out for validation.
    contents, held_contents = hold_out(find_pictures(options.content, options.crop), options.validation)
    styles, held_styles = hold_out(find_pictures(options.style, options.crop), options.validation)
    if options.extra_style:
        styles += find_pictures(options.extra_style, options.crop)
    side = max(options.crop, 256) // 64 * 64
    validation = [
        torch.stack([read_square(path, side) for path in held]).to(device) for held in (held_contents, held_styles)
    ]
    if rank == 0:
        log.info("%d contents, %d styles, on %s x%d, in %s", len(contents), len(styles), device, world, options.run_dir)
        options.run_dir.mkdir(parents=True, exist_ok=True)

    # Networks.
    features = FeatureNetwork(
        load_encoder(options.features, options.feature_weights, encoder_config(options.features, wide=False))
    )
    features.to(device).to(memory_format=torch.channels_last)
    if options.calibrate:
        features.calibrate(validation[1])
    features.encoder.to(DTYPES[options.precision])  # frozen: it needs no fp32 copy to learn in
    model = build_model(options).to(device).to(memory_format=torch.channels_last)
    if options.init:
        model.load_state_dict(matching_weights(options.init, model))
    objective = Objective(model, features, options).to(device)
    trainable = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    state = TrainingState(
        objective,
        AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(options.ema)),
        Muon(trainable, options.lr)
        if options.optimizer == "muon"
        else torch.optim.Adam(trainable, lr=options.lr, fused=device.type == "cuda"),
        scaler(options, device),
    )
    if options.resume:
        state.load(checkpoint, options)
    # It is asked for in every step, for which a GPU would have to be waited for.
    state.average.n_averaged = state.average.n_averaged.cpu()
    # The autoencoder does not use the attention, so some parameters have no gradient in that stage.
    parallel: nn.Module = DistributedDataParallel(objective, find_unused_parameters=True) if world > 1 else objective

    def gradients(batch: Batch) -> tuple[Tensor, Terms]:
        state.optimizer.zero_grad(set_to_none=False)  # a captured step adds to them where they are
        with torch.autocast(device.type, DTYPES[options.precision], enabled=options.precision != "fp32"):
            loss, terms = parallel(batch)
        state.scaler.scale(loss).backward()
        return loss.detach(), terms

    captured = options.graphs and device.type == "cuda" and world == 1
    gradients_of = CapturedSteps(gradients) if captured else gradients

    total = options.pretrain_steps + options.steps
    reporter = Reporter(options.run_dir, silent=rank > 0, first_step=state.step)
    pairs = training_pairs(options, contents, styles, state.step, rank, world, pin=device.type == "cuda")
    shown: dict[str, float] = {}
    bar = tqdm(total=total, initial=state.step, disable=rank > 0, unit="step", dynamic_ncols=True, smoothing=0.05)
    with logging_redirect_tqdm(), bar, StopRequest() as stop:
        while state.step < total:
            started = time.perf_counter()
            for group in state.optimizer.param_groups:
                group["lr"] = learning_rate(options, state.step)
            photos, paintings, marked = next(pairs)
            loss, terms = gradients_of(batch_of(options, photos, paintings, marked, state.step, device))
            state.scaler.unscale_(state.optimizer)
            norm = nn.utils.clip_grad_norm_(trainable, options.clip)
            if state.scaler.is_enabled() or torch.isfinite(norm):  # a scaler looks itself
                state.scaler.step(state.optimizer)
            state.scaler.update()
            # A short memory at first, so that the average is of use from the start.
            decay = min(options.ema, (state.step + 1) / (state.step + 10))
            state.average.multi_avg_fn = get_ema_multi_avg_fn(decay)
            state.average.update_parameters(model)
            state.step += 1
            state.seconds += time.perf_counter() - started

            bar.update()
            if state.step % options.log_every == 0 or state.step == total:
                if not math.isfinite(loss.item()):
                    log.warning("step %d: the loss is %s; the step was skipped", state.step, loss.item())
                shown = {name: term.item() for name, term in terms.items()}
                speed = len(photos) * world / (time.perf_counter() - started)
                reporter.scalars(
                    "train",
                    {**shown, "loss": loss.item(), "gradient_norm": norm.item(), "pictures_per_second": speed},
                    state.step,
                )
                bar.set_postfix_str(f"loss {loss.item():.3f}, {speed:.1f} pictures/s")
            if rank == 0 and (state.step % options.sample_every == 0 or state.step == total):
                report_samples(reporter, state, objective, options, *validation)
            stopping = stop.agreed(device, world)
            if rank == 0 and (state.step % options.checkpoint_every == 0 or state.step == total or stopping):
                state.save(checkpoint, options)
            if stopping:
                log.info("stopped and saved at step %d of %d; go on with --resume", state.step, total)
                reporter.close()
                return 130
    reporter.close()
    if rank == 0:
        save_model(
            state.averaged_model,
            options.out,
            release_metadata(options, state, shown, len(contents), len(styles), world),
        )
        log.info("wrote %s after %d steps, %.0f minutes", options.out, state.step, state.seconds / 60)
    return 0


def start_processes(name: str) -> tuple[torch.device, int, int]:
    """Device, rank and number of processes; joins the group when torchrun started us."""
    gpu = torch.cuda.is_available() if name == "auto" else name.startswith("cuda")
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1:
        dist.init_process_group("nccl" if gpu else "gloo")
    if gpu and world > 1:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        return torch.device("cuda", torch.cuda.current_device()), rank, world
    return torch.device(("cuda" if gpu else "cpu") if name == "auto" else name), rank, world


def scaler(options: Options, device: torch.device) -> torch.amp.GradScaler:
    """Scales losses in fp16. On CUDA devices, at scale 1, it has the optimizer skip steps that are not finite.

    To ask a GPU whether they are would be to wait for it in every step.
    """
    if options.precision == "fp16":
        return torch.amp.GradScaler(device.type)
    on_cuda = device.type == "cuda"
    return torch.amp.GradScaler(device.type, init_scale=1.0, growth_interval=2**31 - 1, enabled=on_cuda)


def batch_of(
    options: Options, photos: Tensor, paintings: Tensor | None, marked: Tensor | None, step: int, device: torch.device
) -> Batch:
    """A step's batch on the device, from 8-bit pictures and the step's own choices."""
    content = to_float(photos, device)
    if paintings is None:
        return Batch(content)
    again = None if marked is None else to_float(marked, device)
    return Batch(content, Pairing(to_float(paintings, device), *draw(options, step, device), again))


def to_float(images: Tensor, device: torch.device) -> Tensor:
    """8-bit pictures to the device, 0..1, channels last."""
    images = to_device(images, device)
    return images.to(torch.float32, memory_format=torch.channels_last) / 255


def learning_rate(options: Options, step: int) -> float:
    """Warm-up, then the schedule, for each stage on its own."""
    if step < options.pretrain_steps:
        done, length = step, options.pretrain_steps
    else:
        done, length = step - options.pretrain_steps, options.steps
    warm = min(1.0, (done + 1) / (options.warmup + 1))
    if options.schedule == "paper":
        # Five epochs: two constant, then x0.3 at the start of each.
        return options.lr * warm * 0.3 ** max(0, math.floor(5 * done / length) - 1)
    return options.lr * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done / length)))


def report_samples(
    reporter: Reporter, state: TrainingState, objective: Objective, options: Options, contents: Tensor, styles: Tensor
) -> None:
    """Validation losses and a grid, both with the averaged weights."""
    averaged = state.averaged_model
    trained, objective.model = objective.model, averaged
    try:
        with torch.no_grad():
            count = min(len(contents), len(styles))
            pretraining = state.step <= options.pretrain_steps
            plain = Pairing(styles[:count], *draw(options, 0, contents.device, training=False))
            _, terms = objective(Batch(contents[:count], None if pretraining else plain))
    finally:
        objective.model = trained
    reporter.scalars("validation", {name: term.item() for name, term in terms.items()}, state.step)
    reporter.grid(sample_grid(averaged, contents[:6], styles[:6]), state.step)


class StopRequest:
    """Remembers SIGINT and SIGTERM, so that a step is finished before stopping; a second Ctrl-C stops at once."""

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

    def agreed(self, device: torch.device, world: int) -> bool:
        """Whether any process was asked to stop; all processes get the same answer."""
        if world == 1:
            return self.asked
        flag = torch.tensor(float(self.asked), device=device)
        dist.all_reduce(flag, op=dist.ReduceOp.MAX)
        return bool(flag.item())


if __name__ == "__main__":
    sys.exit(main())
