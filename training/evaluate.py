"""Score weights: `python training/evaluate.py --weights FILE --content DIR --style DIR --features distilled --feature-weights F`.

Stylizes every content with every style and measures the pictures: distances to the style and the content through feature
networks, palette, structure, and the faults that such networks make (seams, grids, screens, clipping). Pictures of other systems
are scored in the same run with `--baseline NAME=DIR`, where DIR/SIZE/CONTENT__STYLE.png (stems of the files) has the size
of the content scaled to that short side; `--save DIR` writes ours in this way. The same input gives the same numbers.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

# Run as a script, the folder of this file is on the path, the project's is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from a2k_core import StyA2K, StyA2KError, load_model
from evaluation.distances import FeatureDistances
from evaluation.networks import NETWORKS, TRAINED, load_network
from evaluation.pictures import (
    Pair,
    StylizedPictures,
    choose_pairs,
    find_by_stem,
    read_sized,
    rounded,
    save_stylized,
)
from evaluation.score import Measure, Scorer, measures
from evaluation.sheet import ContactSheet
from evaluation.summary import Values, legend, summarise, table
from feature_network import FeatureNetworkError

log = logging.getLogger("evaluate")

SMALLEST = 64


def main(argv: list[str] | None = None) -> int:
    """Run the script. Returns the exit status: 0 done, 1 bad input."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        evaluate(parse(argv))
    except (FileNotFoundError, StyA2KError, FeatureNetworkError) as error:
        log.error("evaluate.py: %s", error)
        return 1
    return 0


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Options from the command line. Exits with a message on bad input."""
    parser = argparse.ArgumentParser(
        prog="evaluate.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="the StyA2K weights to score")
    parser.add_argument("--content", type=Path, required=True, metavar="DIR", help="folder of contents")
    parser.add_argument("--style", type=Path, required=True, metavar="DIR", help="folder of styles")
    parser.add_argument(
        "--features",
        nargs="+",
        required=True,
        choices=NETWORKS,
        help="feature networks of the distances; `random` is a multi-scale one with fixed random filters, needs no file and "
        "was trained on nothing: a second opinion",
    )
    parser.add_argument(
        "--feature-weights",
        type=Path,
        metavar="FILE",
        help="file of the trained feature network; torchvision downloads its own when this is not given",
    )
    parser.add_argument(
        "--size", type=int, nargs="+", default=[256, 512], metavar="PX", help="short sides of contents and styles"
    )
    parser.add_argument(
        "--baseline", type=_baseline, action="append", default=[], metavar="NAME=DIR", help="another system's pictures"
    )
    parser.add_argument(
        "--pairs", type=_pairs, metavar="all|N", help="all pairs (the default), or N with every picture as often"
    )
    parser.add_argument("--save", type=Path, metavar="DIR", help="write our pictures to DIR/SIZE/CONTENT__STYLE.png")
    parser.add_argument(
        "--json", type=Path, metavar="OUT.json", help="write all numbers, those of single pairs included"
    )
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="OUT.png",
        help="write contact sheets, contents down and styles across: OUT-SIZE-SYSTEM.png, and with -detail at 100 %%",
    )
    parser.add_argument("--device", type=_device, default="cpu", help="cpu (the default), cuda, ..")
    options = parser.parse_args(argv)
    trained = [name for name in options.features if name in TRAINED]
    if len(set(options.features)) < len(options.features) or len(trained) > 1:
        parser.error(
            f"--features is {' '.join(options.features)}; give each once, and one of {', '.join(TRAINED)} at most"
        )
    if min(options.size) < SMALLEST or len(set(options.size)) < len(options.size):
        parser.error(f"--size is {' '.join(map(str, options.size))}; give each once, each at least {SMALLEST}")
    names = [options.weights.stem, *(name for name, _ in options.baseline)]
    if len(set(names)) < len(names):
        parser.error(f"two systems have the same name: {', '.join(names)}; name each --baseline differently")
    for flag, path, suffix in (("--json", options.json, ".json"), ("--sheet", options.sheet, ".png")):
        if path and (path.suffix != suffix or not path.parent.is_dir()):
            parser.error(f"{flag} is {path}; it must end in {suffix}, in a folder that exists")
    return options


def _baseline(text: str) -> tuple[str, Path]:
    name, separator, folder = text.partition("=")
    if not name or not separator or not folder or not set(name).isdisjoint("/\\"):
        raise argparse.ArgumentTypeError(f"{text}: give NAME=DIR, such as peer=out/peer")
    return name, Path(folder)


def _device(text: str) -> torch.device:
    try:
        return torch.empty(0, device=text).device
    except (RuntimeError, AssertionError) as error:
        # What torch raises for names it does not know and for devices that it was not built for, respectively.
        raise argparse.ArgumentTypeError(
            f"{text}: this machine cannot use it ({str(error).splitlines()[0]})"
        ) from error


def _pairs(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give all, or a number of at least 1")
    return int(text)


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """The whole of the evaluation, top to bottom. Returns what `--json` writes."""
    contents, styles = find_by_stem(options.content), find_by_stem(options.style)
    pairs = choose_pairs(list(contents), list(styles), options.pairs)
    contents = {stem: path for stem, path in contents.items() if any(pair.content == stem for pair in pairs)}
    styles = {stem: path for stem, path in styles.items() if any(pair.style == stem for pair in pairs)}
    # Before any work is done: missing pictures.
    baselines = {
        size: [StylizedPictures(name, folder / str(size), pairs) for name, folder in options.baseline]
        for size in options.size
    }
    model = load_model(options.weights, device=options.device, dtype=torch.float32)
    networks = {
        name: FeatureDistances(
            load_network(name, options.feature_weights if name in TRAINED else None).to(options.device)
        )
        for name in options.features
    }
    measured = measures(options.features)
    report: dict[str, Any] = {
        "weights": options.weights.name,
        "contents": list(contents),
        "styles": list(styles),
        "pairs": len(pairs),
        "measures": {name: measure._asdict() for name, measure in measured.items()},
        "sizes": {},
    }
    with logging_redirect_tqdm(), tqdm(total=len(pairs) * len(options.size), unit="pair", dynamic_ncols=True) as bar:
        for size in options.size:
            bar.set_description(f"{size} px")
            summary = evaluate_size(
                options, size, contents, styles, pairs, baselines[size], model, networks, measured, bar
            )
            report["sizes"][str(size)] = summary
            log.info("%s\n", table(f"{size} px, {len(pairs)} pairs", measured, summary))
    log.info("%s", legend(measured))
    if options.json:
        temporary = options.json.with_suffix(".part")
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        temporary.replace(options.json)
    return report


def evaluate_size(
    options: argparse.Namespace,
    size: int,
    content_paths: dict[str, Path],
    style_paths: dict[str, Path],
    pairs: list[Pair],
    baselines: list[StylizedPictures],
    model: StyA2K,
    networks: dict[str, FeatureDistances],
    measured: dict[str, Measure],
    bar: tqdm[Any],
) -> dict[str, Any]:
    """Stylize and score the pairs at one size; writes its pictures and sheets. Returns the summary."""
    contents = {stem: read_sized(path, size).to(model.device) for stem, path in content_paths.items()}
    styles = {stem: read_sized(path, size).to(model.device) for stem, path in style_paths.items()}
    scorer = Scorer(networks, contents, styles)
    ours = options.weights.stem
    systems = [ours, *(baseline.name for baseline in baselines)]
    values: dict[str, Values] = {system: {} for system in systems}
    sheets = {system: ContactSheet(contents, styles) for system in systems} if options.sheet else {}
    folder = options.save / str(size) if options.save else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for stem, style in styles.items():
        encoded = model.encode_style(style)
        for pair in (pair for pair in pairs if pair.style == stem):
            content = contents[pair.content]
            # Rounded to 8 bits, as a file would be.
            picture = rounded(model.transfer(content, encoded))
            if folder:
                save_stylized(folder, pair, picture)
            pictures = {ours: picture} | {
                baseline.name: baseline.read(pair, *content.shape[-2:]) for baseline in baselines
            }
            for system, image in pictures.items():
                values[system][pair] = scorer.score(pair, image.to(model.device))
                if sheets:
                    sheets[system].add(pair, image)
            bar.update()
    for system, sheet in sheets.items():
        written = sheet.save(options.sheet.with_name(f"{options.sheet.stem}-{size}-{system}.png"))
        log.info("wrote %s", ", ".join(str(path) for path in written))
    return summarise(measured, {system: {pair: values[system][pair] for pair in pairs} for system in systems})


if __name__ == "__main__":
    sys.exit(main())
