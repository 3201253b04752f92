"""Draw style pictures: `python training/draw_styles.py --out DIR --count N [--size 512] [--seed 0] [--kind KIND ...]`."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from drawn_styles import KINDS, SMALLEST, draw


def plan(count: int, seed: int, kinds: list[str]) -> list[tuple[str, int]]:
    """The kind and seed of each picture: every kind once with the first seed, then every kind with the next."""
    return [(kinds[k % len(kinds)], seed + k // len(kinds)) for k in range(count)]


def draw_file(picture: tuple[str, int], folder: Path, size: int, suffix: str) -> Path:
    """Draw one picture into `folder`, under a name that says its kind and seed. The file appears whole or not at all."""
    kind, seed = picture
    path = folder / f"{kind}-{seed:05d}.{suffix}"
    partial_path = folder / f".{path.name}.{os.getpid()}.part"
    try:
        image = draw(kind, seed, size)
        if suffix == "jpg":
            image.save(partial_path, "JPEG", quality=92, subsampling=0)
        else:
            image.save(partial_path, "PNG")
        partial_path.replace(path)
    finally:
        partial_path.unlink(missing_ok=True)
    return path


def _number(least: int, what: str, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < least:
        raise argparse.ArgumentTypeError(f"{what} must be {least} or more, not {value}")
    return value


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="draw_styles.py",
        description="Draw style pictures for training. A picture depends on its kind, seed and size alone.",
        epilog=f"Kinds: {', '.join(KINDS)}. One picture takes about a second at 512 pixels.",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the pictures (made if missing)"
    )
    parser.add_argument("--count", type=partial(_number, 1, "the count"), required=True, metavar="N", help="how many")
    parser.add_argument(
        "--size", type=partial(_number, SMALLEST, "the size"), default=512, metavar="PX", help="width and height (512)"
    )
    parser.add_argument(
        "--seed", type=partial(_number, 0, "the seed"), default=0, metavar="N", help="seed of the first picture (0)"
    )
    parser.add_argument(
        "--kind", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND", help="only these kinds"
    )
    parser.add_argument("--format", choices=("jpg", "png"), default="jpg", help="file format (jpg)")
    parser.add_argument(
        "--workers", type=partial(_number, 1, "workers"), default=1, metavar="N", help="pictures drawn at once (1)"
    )
    options = parser.parse_args(arguments)
    kinds = list(dict.fromkeys(options.kind))
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"cannot make the folder {options.out}: {error.strerror}")
    task = partial(draw_file, folder=options.out, size=options.size, suffix=options.format)
    pictures = plan(options.count, options.seed, kinds)
    try:
        if options.workers == 1:
            written = [task(picture) for picture in pictures]
        else:
            with ProcessPoolExecutor(options.workers) as pool:
                written = list(pool.map(task, pictures))
    except OSError as error:
        print(f"draw_styles.py: cannot write to {options.out}: {error.strerror or error}", file=sys.stderr)
        return 1
    print(f"{len(written)} pictures in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
