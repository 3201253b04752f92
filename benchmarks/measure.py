"""One measurement in a process of its own: `python measure.py '{"what": "ours", ...}'` prints one line of JSON.

Run by `speed.py`, which also reads from outside how much memory the process took.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from reference import AuthorsFiles, random_files, stylize  # noqa: E402

from a2k_core import CapturedTransfer, StyA2K, StyA2KConfig, load_model  # noqa: E402
from a2k_core.files.models.convert import USUAL_NAMES, convert_checkpoints  # noqa: E402
from a2k_core.rendering.hardware.device import DTYPES  # noqa: E402
from a2k_core.rendering.hardware.memory import keep_freed_memory  # noqa: E402

STYLE_SIDE = 512


@dataclasses.dataclass(frozen=True)
class Case:
    """What is measured."""

    what: Literal["ours", "naive", "microast", "floor", "idle"]
    """This program; the naive transcription of the authors' network; MicroAST; our convolutions alone; our model, loaded only."""

    network: Literal["paper", "compact"] = "compact"
    side: int = 512
    """Of the square content, in pixels."""

    batch: int = 1
    dtype: Literal["fp32", "bf16", "fp16"] = "fp32"
    cached: bool = True
    """The style is encoded before the clock starts. What cannot do that encodes it every time."""

    captured: bool = False
    """As a CUDA graph, the style encoded before."""

    tile: int | Literal["auto"] | None = None
    device: str = "cpu"
    threads: int = 0
    """0 leaves them to torch."""

    seconds: float = 5.0
    """How long to repeat; at least three times."""

    microast: str = ""
    """Folder of a checkout of EndyWon/MicroAST."""


def main() -> None:
    case = Case(**json.loads(sys.argv[1]))
    if case.threads:
        torch.set_num_threads(case.threads)
    keep_freed_memory()  # as the command line does; for every contender alike
    with torch.no_grad():
        result = measure(case)
    if case.device == "cuda":
        result["gpu_bytes"] = torch.cuda.max_memory_reserved()
    print(json.dumps(result))


def measure(case: Case) -> dict[str, Any]:
    """Seconds of one call, the median and the quickest, and how often it was called."""
    if case.what == "idle":
        model_of(case)
        return {}
    if case.what == "floor":
        return floor(case)
    content = picture(case.batch, case.side, case, seed=1)
    style = picture(1, STYLE_SIDE, case, seed=2)
    return timed(case, RUNNERS[case.what](case, content, style))


def ours(case: Case, content: Tensor, style: Tensor) -> Callable[[], object]:
    model = model_of(case)
    if not case.cached:
        return lambda: model.transfer(content, model.encode_style(style), tile=case.tile)
    encoded = model.encode_style(style)
    if case.captured:
        captured = CapturedTransfer(model, encoded, case.side, case.side, case.batch)
        return lambda: captured(content)
    return lambda: model.transfer(content, encoded, tile=case.tile)


def naive(case: Case, content: Tensor, style: Tensor) -> Callable[[], object]:
    """As the authors' program works: picture by picture, the style encoded each time."""
    if case.network != "paper":
        raise SystemExit("the naive transcription is of the paper's network")
    files = random_files()
    cast = AuthorsFiles(
        **{
            name: {key: tensor.to(case.device, DTYPES[case.dtype]) for key, tensor in state.items()}
            for name, state in vars(files).items()
        }
    )
    pictures, reference = content.to(DTYPES[case.dtype]), style.to(DTYPES[case.dtype])
    return lambda: [stylize(cast, one[None], reference) for one in pictures]


def microast(case: Case, content: Tensor, style: Tensor) -> Callable[[], object]:
    """As its test script works, in fp32 whatever we compute in; its style path runs every time, as it has no other."""
    folder = Path(case.microast)
    sys.path.insert(0, str(folder))
    import net_microAST as published

    parts = []
    for kind, name in (
        (published.Encoder, "content_encoder"),
        (published.Encoder, "style_encoder"),
        (published.Modulator, "modulator"),
        (published.Decoder, "decoder"),
    ):
        part = kind()
        state = torch.load(folder / "models" / f"{name}_iter_160000.pth.tar", map_location="cpu", weights_only=True)
        part.load_state_dict(state)
        parts.append(part.eval())
    network = published.TestNet(*parts).to(case.device)
    styles = style.expand(case.batch, -1, -1, -1)
    return lambda: network(content, styles)


RUNNERS: dict[str, Callable[[Case, Tensor, Tensor], Callable[[], object]]] = {
    "ours": ours,
    "naive": naive,
    "microast": microast,
}


@dataclasses.dataclass(frozen=True)
class Convolution:
    """The shape of one call."""

    input: tuple[int, ...]
    """With its padding, which the floor gets for nothing."""

    weight: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


class Recorder(TorchDispatchMode):
    """Notes every convolution that is computed, whoever calls it, but not routing's matrix product, the one without a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[Convolution, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket is torch.ops.aten.convolution and args[2] is not None and not args[6]:
            image, weight, _, stride, padding, dilation, _, _, groups = args[:9]
            height, width = (side + 2 * pad for side, pad in zip(image.shape[2:], padding, strict=True))
            shape = Convolution(
                (*image.shape[:2], height, width), tuple(weight.shape), tuple(stride), tuple(dilation), groups
            )
            self.found[shape] = self.found.get(shape, 0) + 1
        return func(*args, **(kwargs or {}))


def floor(case: Case) -> dict[str, Any]:
    """The time of the convolutions of one call, each on an input that is ready and padded: what no program can undercut.

    Sums of the medians of each.
    """
    run = ours(case, picture(case.batch, case.side, case, seed=1), picture(1, STYLE_SIDE, case, seed=2))
    run()  # what is worked out once for a model is no part of a call
    with Recorder() as recorder:
        run()
    if not recorder.found:
        raise SystemExit("no convolutions were seen")
    del run
    total: dict[str, Any] = {"median": 0.0, "least": 0.0, "calls": 0}
    options: dict[str, Any] = {"device": case.device, "dtype": DTYPES[case.dtype]}
    for shape, count in recorder.found.items():
        image = torch.rand(shape.input, **options).contiguous(memory_format=torch.channels_last)
        weight = torch.rand(shape.weight, **options).contiguous(memory_format=torch.channels_last)
        bias = torch.rand(shape.weight[0], **options)

        def convolve(
            image: Tensor = image, weight: Tensor = weight, bias: Tensor = bias, shape: Convolution = shape
        ) -> Tensor:
            return F.conv2d(image, weight, bias, shape.stride, 0, shape.dilation, shape.groups)

        share = dataclasses.replace(case, seconds=case.seconds / len(recorder.found))
        one = timed(share, convolve)
        total["median"] += one["median"] * count
        total["least"] += one["least"] * count
        total["calls"] += count
    return total


def timed(case: Case, call: Callable[[], object]) -> dict[str, Any]:
    """Call once unmeasured, then for some seconds."""
    call()
    times: list[float] = []
    while len(times) < 3 or sum(times) < case.seconds:
        _wait(case)
        start = time.perf_counter()
        call()
        _wait(case)
        times.append(time.perf_counter() - start)
        if len(times) >= 1000 or (len(times) >= 1 and sum(times) > 20 * case.seconds):
            break
    return {"median": statistics.median(times), "least": min(times), "calls": len(times)}


def _wait(case: Case) -> None:
    if case.device == "cuda":
        torch.cuda.synchronize()


def model_of(case: Case) -> StyA2K:
    """The bundled weights, or the paper's network with the weights that the naive transcription has."""
    dtype = DTYPES[case.dtype]
    if case.network == "compact":
        return load_model(device=case.device, dtype=dtype)
    with tempfile.TemporaryDirectory() as folder:
        files = random_files()
        paths = {kind: Path(folder) / name for kind, name in USUAL_NAMES.items()}
        for kind, path in paths.items():
            torch.save(getattr(files, kind), path)
        model = Path(folder) / "paper.safetensors"
        convert_checkpoints(**paths, output=model, config=StyA2KConfig.paper())
        return load_model(model, device=case.device, dtype=dtype)


def picture(batch: int, side: int, case: Case, seed: int) -> Tensor:
    """Soft shapes, fp32, on the device; made without a large intermediate, so as not to raise the peak."""
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.rand((batch, 3, side // 16 + 1, side // 16 + 1), generator=generator)
    return F.interpolate(shapes, size=(side, side), mode="bilinear").to(case.device)


if __name__ == "__main__":
    main()
