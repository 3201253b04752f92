"""What the values of many pairs come to: means, spreads, worst pairs, and who is better how often; as data and as a table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from evaluation.pictures import Pair
from evaluation.score import Measure

WORST = 3

Values = dict[Pair, dict[str, float]]
"""The measures of one system's pictures, by pair."""


def summarise(measures: Mapping[str, Measure], systems: Mapping[str, Values]) -> dict[str, Any]:
    """The summary of one size, ready for JSON.

    Args:
        measures: by name.
        systems: values by system, the one that is evaluated first, the others as baselines; all with the same pairs.

    Returns:
        `systems`: for each system and measure its `mean`, `deviation` and the `worst` pairs; `better`: for each baseline and
        measure the share of pairs on which the first system is better, ties counting half; `pairs`: every value.
    """
    ours, *baselines = systems
    pairs = list(systems[ours])
    return {
        "systems": {
            system: {
                name: _spread(measure, {pair: values[pair][name] for pair in pairs})
                for name, measure in measures.items()
            }
            for system, values in systems.items()
        },
        "better": {
            baseline: {
                name: statistics.mean(
                    _beats(measure, systems[ours][pair][name], systems[baseline][pair][name]) for pair in pairs
                )
                for name, measure in measures.items()
                if measure.better
            }
            for baseline in baselines
        },
        "pairs": [
            {
                "content": pair.content,
                "style": pair.style,
                **{system: values[pair] for system, values in systems.items()},
            }
            for pair in pairs
        ],
    }


def table(title: str, measures: Mapping[str, Measure], summary: Mapping[str, Any]) -> str:
    """The summary of one size as text: a row for each measure."""
    ours, *baselines = summary["systems"]
    header = [title, "", f"{ours} (deviation)"]
    for baseline in baselines:
        header += [f"{baseline} (deviation)", "ours better"]
    rows = [[*header, "worst pair"]]
    for name, measure in measures.items():
        row = [name, measure.better]
        for system, numbers in summary["systems"].items():
            row.append(f"{_short(numbers[name]['mean'])} ({_short(numbers[name]['deviation'])})")
            if system != ours:
                row.append(f"{summary['better'][system][name]:.0%}" if measure.better else "")
        worst = summary["systems"][ours][name]["worst"]
        row.append(
            "{content} in {style}: {value}".format(**worst[0] | {"value": _short(worst[0]["value"])}) if worst else ""
        )
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def legend(measures: Mapping[str, Measure]) -> str:
    """What each measure is, a line each."""
    width = max(len(name) for name in measures)
    return "\n".join(f"{name.ljust(width)}  {measure.what}" for name, measure in measures.items())


def _spread(measure: Measure, values: dict[Pair, float]) -> dict[str, Any]:
    worst_first = sorted(values, key=lambda pair: values[pair], reverse=measure.better == "lower")
    return {
        "mean": statistics.mean(values.values()),
        "deviation": statistics.pstdev(values.values()),
        "worst": [
            {"content": pair.content, "style": pair.style, "value": values[pair]}
            for pair in (worst_first[:WORST] if measure.better else [])
        ],
    }


def _beats(measure: Measure, ours: float, theirs: float) -> float:
    if ours == theirs:
        return 0.5
    return float((ours < theirs) == (measure.better == "lower"))


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) >= 1e-4 else f"{value:.1g}"
