"""Speed and memory, every row a ratio measured in the same run: `python benchmarks/speed.py --help`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
Result = dict[str, Any]

BARS = {
    ("naive", "paper", "fp32"): "2.5x",
    ("naive", "paper", "bf16"): "8x",
    ("microast", "compact", "fp32"): "1x",
    ("microast", "compact", "bf16"): "1x",
    ("floor", "paper", "fp32"): "0.71x",
    ("floor", "compact", "fp32"): "0.71x",
    ("floor", "paper", "bf16"): "0.71x",
    ("floor", "compact", "bf16"): "0.71x",
}
"""What is aimed at, as times faster than the other; against the floor 1/1.4."""


@dataclasses.dataclass
class Bench:
    """Runs measurements, each in a process of its own and only once a turn."""

    options: argparse.Namespace
    turn: int = 0
    results: dict[str, list[Result]] = dataclasses.field(default_factory=dict)

    def measure(self, **case: Any) -> list[Result]:
        """A case of `measure.py`; of each turn so far the result with `peak`, in bytes, read from outside. `error` instead when it
        failed."""
        case |= {"device": self.options.device, "threads": self.options.threads, "seconds": self.options.seconds}
        key = json.dumps(case, sort_keys=True)
        results = self.results.setdefault(key, [])
        if len(results) <= self.turn:
            print(f"  {describe(case)} ..", file=sys.stderr, flush=True)
            status, peak, output, errors = run([sys.executable, str(HERE / "measure.py"), key])
            if status == 0:
                results.append({**json.loads(output.splitlines()[-1]), "peak": peak})
            else:
                reason = (errors.strip().splitlines() or [f"ended with status {status}"])[-1]
                results.append({"error": reason, "peak": peak})
        return results


def run(command: Sequence[str], folder: Path | None = None) -> tuple[int, int, str, str]:
    """Exit status, peak resident bytes as the kernel counted them, stdout and stderr of a program run in a folder.

    This process is small and imports no torch: a child's count starts with what its parent had.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(command, stdout=output, stderr=errors, cwd=folder)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024
        return child.returncode, usage.ru_maxrss * unit, output.read(), errors.read()


def describe(case: dict[str, Any]) -> str:
    """One line for people."""
    words = [case["what"], case.get("network", ""), f"{case.get('side', 0)} px" if case.get("side") else ""]
    words += [f"x{case['batch']}" if case.get("batch", 1) > 1 else "", case.get("dtype", "")]
    words += [f"tile {case['tile']}" if case.get("tile") else "", "" if case.get("cached", True) else "style encoded"]
    words += ["captured" if case.get("captured") else ""]
    return " ".join(word for word in words if word)


def comparisons(bench: Bench) -> Iterator[list[str]]:
    """Rows of the table: this program against something else. Machines wander, so what is compared is measured in turn, all turns."""
    last = bench.options.turns - 1
    for turn in range(last):
        bench.turn = turn
        for _ in rows(bench):
            pass
    bench.turn = last
    yield from rows(bench)


def rows(bench: Bench) -> Iterator[list[str]]:
    """Rows of the table, by what has been measured so far and this turn."""
    options = bench.options
    for network in options.network:
        for dtype in options.dtype:
            idle = median(bench.measure(what="idle", network=network, dtype=dtype), "peak")
            for side in options.size:
                for batch in options.batch:
                    for style in options.style:
                        for tile in options.tile:
                            case = {"network": network, "dtype": dtype, "side": side, "batch": batch}
                            how = {"cached": style != "encoded", "captured": style == "captured"}
                            one = bench.measure(what="ours", **case, **how, tile=tile)
                            yield from against(bench, case, style, tile, one, idle)


def against(
    bench: Bench, case: dict[str, Any], style: str, tile: Any, own: list[Result], idle: float
) -> Iterator[list[str]]:
    """One row for each opponent that fits the case; the first row says what it is."""
    head = [case["network"], str(case["side"]), str(case["batch"]), case["dtype"], style]
    head += ["whole" if tile is None else str(tile)]
    peak = median(own, "peak")
    if failed := [one["error"] for one in own if "error" in one]:
        yield [*head, "failed", "", mega(peak), "", failed[0], "", "", ""]
        return
    seconds = median(own, "median")
    megapixels = case["side"] ** 2 * case["batch"] / 1e6
    head += [f"{seconds:.3f}", f"{seconds / megapixels:.3f}", mega(peak), mega(peak - idle)]
    opponents = [name for name in bench.options.against if name != "naive" or case["network"] == "paper"]
    for name in opponents:
        # The others know neither tiles nor encoded styles: one measurement of each serves all our rows.
        extra: dict[str, Any] = {"microast": bench.options.microast} if name == "microast" else {}
        if name == "floor":
            extra["cached"] = style != "encoded"
        others = bench.measure(what=name, **case, **extra)
        if failed := [other["error"] for other in others if "error" in other]:
            yield [*head, f"{name}: {failed[0]}", "", "", ""]
        else:
            faster = statistics.median(other["median"] / one["median"] for one, other in zip(own, others, strict=True))
            bar = BARS.get((name, case["network"], case["dtype"]), "") if tile is None else ""
            memory = "" if name == "floor" else f"{peak / median(others, 'peak'):.2f}"
            yield [*head, name, f"{faster:.2f}x", bar, memory]
        head = [""] * len(head)
    if not opponents:
        yield [*head, "", "", "", ""]


def median(results: list[Result], name: str) -> float:
    """Over all turns."""
    return statistics.median(one[name] for one in results)


def files(bench: Bench) -> Iterator[list[str]]:
    """Rows of the second table: the command line on picture files, memory less the pictures themselves."""
    options = bench.options
    with tempfile.TemporaryDirectory() as folder:
        style = Path(folder) / "style.png"
        make_picture(512, style)
        for side in options.files:
            content = Path(folder) / "content.png"
            make_picture(side, content)
            for tile in options.file_tile:
                print(f"  file of {side} px, tile {tile} ..", file=sys.stderr, flush=True)
                command = [sys.executable, "-m", "a2k_core", "stylize", str(content), str(style), "-o"]
                command += [str(Path(folder) / "result.png"), "--tile", str(tile), "--device", options.device]
                command += ["--dtype", "fp32"]  # whatever the processor is good at
                status, peak, _, errors = run(command, ROOT)
                pictures = 2 * 4 * side * side
                said = (errors.strip().splitlines() or [""])[-1]
                done = said.removeprefix("a2k: 1 picture written in ") if status == 0 else f"failed: {said}"
                yield [str(side), f"{side * side / 1e6:.0f}", str(tile), done, mega(peak), mega(peak - pictures)]


def make_picture(side: int, path: Path) -> None:
    """A picture file, made by another process for this one to stay small."""
    program = (
        "import sys; from PIL import Image; side = int(sys.argv[1]); Image.MAX_IMAGE_PIXELS = None;"
        "Image.effect_noise((64, 64), 90).convert('RGB').resize((side, side), Image.Resampling.BICUBIC)"
        ".save(sys.argv[2], compress_level=1)"
    )
    subprocess.run([sys.executable, "-c", program, str(side), str(path)], check=True)


def mega(count: float) -> str:
    """Bytes as MB."""
    return f"{count / 1e6:.0f}"


def table(header: Sequence[str], rows: Iterator[list[str]]) -> None:
    """Print a Markdown table, a row as soon as it is known."""
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    options = arguments()
    bench = Bench(options)
    if options.size:
        header = ["network", "px", "batch", "dtype", "style", "tile", "s", "s/MP", "peak MB", "less idle MB"]
        table([*header, "against", "times faster", "bar", "memory share"], comparisons(bench))
    if options.files:
        print()
        header = ["px", "MP", "tile", "time", "peak MB", "less pictures MB"]
        table(header, files(bench))
    if options.json:
        measured = [{**json.loads(case), **one} for case, results in bench.results.items() for one in results]
        options.json.write_text(json.dumps(measured, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--network", nargs="+", choices=("paper", "compact"), default=["paper", "compact"], help="which of ours")
    add("--size", nargs="*", type=int, default=[256, 512, 1024], help="sides of square contents, multiples of 64")
    add("--batch", nargs="+", type=int, default=[1], help="contents at once")
    add("--dtype", nargs="+", choices=("fp32", "bf16", "fp16"), default=["fp32"], help="number formats")
    add(
        "--style",
        nargs="+",
        choices=("cached", "encoded", "captured"),
        default=["cached"],
        help="encoded: each time; captured: cached, and the transfer as a CUDA graph",
    )
    add("--tile", nargs="+", type=_tile, default=[None], help="whole, auto or a side in pixels")
    add("--against", nargs="*", choices=("naive", "microast", "floor"), help="default: all that can be")
    add("--microast", default="", help="folder of a checkout of EndyWon/MicroAST (MIT), its weights in it")
    add("--files", nargs="*", type=int, default=[], help="also run the command line on files of these sides")
    add("--file-tile", nargs="+", type=_tile, default=[1024], help="tiles of those runs")
    add("--device", default="cpu", help="of torch's")
    add("--threads", type=int, default=0, help="0: as torch decides")
    add("--seconds", type=float, default=5.0, help="how long each measurement repeats")
    add("--turns", type=int, default=1, help="how often all is measured, one after the other; the medians count")
    add("--json", type=Path, help="file for all measurements")
    options = parser.parse_args()
    if options.turns < 1:
        parser.error(f"--turns is {options.turns}; pass 1 or more")
    if options.against is None:
        options.against = ["naive", "floor"] + (["microast"] if options.microast else [])
    if "microast" in options.against and not options.microast:
        parser.error("--against microast needs --microast FOLDER")
    return options


def _tile(text: str) -> int | str | None:
    return {"whole": None, "auto": "auto"}[text] if text in ("whole", "auto") else int(text)


if __name__ == "__main__":
    main()
