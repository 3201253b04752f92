"""Average two runs' weights: `python training/average.py A.safetensors B.safetensors --share 0.75 --out FILE.safetensors`.

For runs of which one started from the other's weights: they lie in one valley, and between them is often better than either
(model soups; Wortsman et al., ICML 2022). Averages of runs that started apart are noise.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

import torch

# Run as a script, the folder of this file is on the path, the project's is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from a2k_core import CheckpointError, load_model, save_model
from a2k_core.checkpoint import read_info
from release import commit

log = logging.getLogger("average")


def main(argv: list[str] | None = None) -> int:
    """Run the script. Returns the exit status: 0 done, 1 bad input."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path, help="weights of the one run")
    parser.add_argument("second", type=Path, help="weights of the other, of the same shape")
    parser.add_argument("--share", type=float, default=0.5, help="how much of the second, 0 to 1")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="ends in .safetensors")
    options = parser.parse_args(argv)
    if not 0 <= options.share <= 1:
        parser.error(f"--share is {options.share}; it must lie between 0 and 1")
    try:
        average(options.first, options.second, options.share, options.out)
    except CheckpointError as error:
        log.error("average.py: %s", error)
        return 1
    log.info("wrote %s", options.out)
    return 0


def average(first: Path, second: Path, share: float, out: Path) -> None:
    """Write first + share * (second - first); its metadata has what both files say of their training.

    Raises:
        CheckpointError: when a file cannot be read, the shapes differ, or `out` cannot be written.
    """
    one, other = (load_model(path, device="cpu", dtype=torch.float32) for path in (first, second))
    if one.config != other.config:
        raise CheckpointError(f"{first} and {second} are networks of different shapes; average runs of one preset")
    theirs = other.state_dict()
    one.load_state_dict({name: torch.lerp(tensor, theirs[name], share) for name, tensor in one.state_dict().items()})
    trainings = [json.loads(read_info(path).metadata.get("training", "null")) for path in (first, second)]
    metadata = {
        "training": {"shares": [round(1 - share, 6), share], "averaged": trainings, "commit": commit()},
        "licence": read_info(second).metadata.get("licence", ""),
    }
    save_model(one, out, metadata)


if __name__ == "__main__":
    sys.exit(main())
