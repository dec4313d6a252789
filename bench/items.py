"""Appointments, contacts and tasks kept in step: plans alone, and passes over items of which nothing changed.

python -m bench items [--count 10000] [--rounds 5] [--quick]

Plans are made over pairs made up; passes go between a store and the sandbox's Exchange.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.measure import BenchmarkError, Spread, python, run_process, scratch
from bench.options import Options, read_options
from bench.report import Report

#: Pairs of a plan; the one in the middle has the goal in seconds.
_SIZES = (1_000, 10_000, 100_000)
_QUICK_SIZES = (100, 1_000, 10_000)
_MOST_SECONDS = 1.0
#: Ten times the pairs may take ten times as long, and so much of that for what caches hold no more.
_TOLERANCE = 1.3
_LIMIT = 3_600

Times = Mapping[str, Mapping[str, Sequence[float]]]


def main(options: Options) -> Report:
    """Time the plans, then count what passes over items that are in step ask and write."""
    sizes = _QUICK_SIZES if options.quick else _SIZES
    count = options.count
    parameters = {**options.parameters, "pairs": ", ".join(f"{size:,}" for size in sizes)}
    parameters["items"] = parameters.pop("messages")
    report = Report("items", parameters)
    with scratch("items") as directory:
        plan = python("-m", "bench.steps.planning", "--rounds", str(options.rounds), *map(str, sizes))
        _judge_plans(
            report, run_process(plan, directory=directory, limit=_LIMIT).said["times"], sizes, options
        )
        home = directory / "home"
        keep = python("-m", "bench.steps.keeping", str(home), str(count))
        said = run_process([*keep, "--repeat", str(options.rounds)], directory=directory, limit=_LIMIT).said
    _judge_passes(report, said, count)
    return report


def _judge_plans(report: Report, times: Times, sizes: Sequence[int], options: Options) -> None:
    _, middle, large = sizes
    for name, by_size in times.items():
        spreads = {size: Spread.of(by_size[str(size)]) for size in sizes}
        report.counts[f"plan, {name}"] = {
            **{f"CPU s, {size:,}": spread.text(3) for size, spread in spreads.items()},
            "growth exponent": round(_exponent({size: each.median for size, each in spreads.items()}), 2),
        }
        what, seconds = f"plan, {name}, CPU s at {middle:,}", spreads[middle].median
        report.time_goal("I2", what, seconds, _MOST_SECONDS, rounds=options.rounds)
        growth = spreads[large].median / spreads[middle].median
        what = f"plan, {name}, {large:,} / {middle:,}"
        report.time_goal("I2", what, growth, large / middle * _TOLERANCE, rounds=options.rounds)


def _exponent(seconds: Mapping[int, float]) -> float:
    """Return the slope of a line through the logarithms: 1 when the time grows as the pairs do."""
    points = [(math.log(size), math.log(each)) for size, each in seconds.items()]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def _judge_passes(report: Report, said: Mapping[str, Any], count: int) -> None:
    if said["linked"] < count:
        raise BenchmarkError(f"{said['linked']} of {count} items are linked: {said['first']}")
    looks = said["looks"]
    report.count_goal("I1", "requests of a pass, unchanged", max(each["requests"] for each in looks), 5)
    report.count_goal("I1", "SQL writes of a pass, unchanged", max(each["writes"] for each in looks), 0)
    _row(report, "pass, unchanged", looks)
    for where, edit in said["edits"].items():
        _row(report, f"pass after an edit {where}", [edit])
        report.count_goal("I3", f"passes until an edit {where} is on the other side", edit["passes"], 1)
    report.notes.append(
        f"items linked: {said['linked']}; passes that linked them: {'; '.join(said['first'])}"
    )


def _row(report: Report, name: str, looks: Sequence[Mapping[str, Any]]) -> None:
    report.counts[name] = {
        "requests": looks[-1]["requests"],
        "writes": looks[-1]["writes"],
        "acts": looks[-1]["acts"],
        "wall s": round(median(each["seconds"] for each in looks), 3),
        "CPU s, server's too": round(median(each["cpu"] for each in looks), 3),
    }


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
