"""Deciding, look-ups included, against reading, over a small and a large store of each kind (P15, P16).

`--count` says how many messages are read and decided in all rounds; the large store has 200 times as many
e-mails, the small one a thousand.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.measure import Contender, Run, Spread, python, ratios, run_process, scratch
from bench.options import Options, read_options
from bench.report import Report
from bench.stores import Store, stores

SMALL = 1_000
_STORED_FOR_EACH = 200
_QUICK_LARGE = 20_000
_BATCH = 200
# A look at every plan and rounds over four stores take minutes, not seconds.
_LIMIT = 3_600
#: How the policy of a new organization decides, and how with smart matching; the names of the timed parts.
_PLAIN, _SMART = "decision", "smart"
_SWITCHES: dict[str, tuple[str, ...]] = {_PLAIN: (), _SMART: ("--smart",)}


def main(options: Options) -> Report:
    """Fill the stores that are missing, count what a batch asks of each, then time all in turn."""
    large = _QUICK_LARGE if options.quick else max(options.count * _STORED_FOR_EACH // 1_000, 2) * 1_000
    batches = max(1, options.count // options.rounds // _BATCH)
    parameters = {
        **options.parameters,
        "messages": batches * _BATCH * options.rounds,
        "stored": f"{SMALL:,} and {large:,}",
    }
    with stores((SMALL, large)) as pairs, scratch("decide") as directory:
        found = {_argument(store): store for pair in pairs for store in pair}
        counts = _say(directory, "decide", "--batches", "2", "--rounds", "1", "--count", *found).said[
            "counts"
        ]
        whole: list[str] = []
        for argument, store in found.items():
            for way, switches in _SWITCHES.items():
                said = _say(directory, "plans", *switches, argument).said
                counts[f"{way}, {store.name}"].update(_reading(said))
                whole += said["whole_tables"] if store.count == large else []
        size = ("--batches", str(batches), "--rounds", str(options.rounds))
        timed = _say(directory, "decide", *size, *found)
    contenders, runs = _parts(timed)
    report = Report("decide", parameters, contenders, runs, contenders[0], counts=counts)
    _judge(report, pairs, options.rounds)
    report.count_goal("P16", f"look-ups at {large:,} that read a whole table", len(whole), 0)
    report.notes += [*whole, _per_message(report)]
    return report


def _argument(store: Store) -> str:
    return f"{store.name}={store.count}={store.url}"


def _say(directory: Path, step: str, *arguments: str) -> Run:
    return run_process(python("-m", f"bench.steps.{step}", *arguments), directory=directory, limit=_LIMIT)


def _parts(timed: Run) -> tuple[list[Contender], dict[str, list[Run]]]:
    """Return what was timed within the process as contenders with a run for every round, parsing first."""
    count = timed.said["messages"]
    contenders, runs = [], {}
    for name, rounds in timed.said["times"].items():
        contenders.append(Contender(name, lambda _: (), count, is_part=True))
        runs[name] = [Run(wall, cpu, timed.peak_mib, {}) for wall, cpu in rounds]
    return contenders, runs


def _reading(said: Mapping[str, Any]) -> dict[str, int]:
    """Return how much one batch makes the database read; what it can't tell is left out."""
    names = ("rows_returned", "rows_read", "instructions")
    return {name.replace("_", " "): said[name] for name in names if said[name]}


def _judge(report: Report, pairs: Sequence[tuple[Store, Store]], rounds: int) -> None:
    """Hold the ratios against the goals; smart matching has none and is only told."""
    named = {contender.name: contender for contender in report.contenders}
    parsing = report.contenders[0]
    for pair in pairs:
        for store in pair:
            for clock, ratio in _ratios(report, named[f"{_PLAIN}, {store.name}"], parsing).items():
                what = f"decision / parsing, {store.name}, {clock}"
                report.time_goal("P15", what, ratio.median, 1.0, rounds=rounds)
            for clock, ratio in _ratios(report, named[f"{_SMART}, {store.name}"], parsing).items():
                report.notes.append(f"with smart matching / parsing, {store.name}, {clock}: {ratio.text()}")
    for small, large in pairs:
        for way in _SWITCHES:
            both = named[f"{way}, {large.name}"], named[f"{way}, {small.name}"]
            for clock, ratio in _ratios(report, *both).items():
                what = f"{way}, {large.name} / {small.count:,}, {clock}"
                if way == _PLAIN:
                    report.time_goal("P16", what, ratio.median, 1.3, rounds=rounds)
                else:
                    report.notes.append(f"{what}: {ratio.text()}")


def _ratios(report: Report, ours: Contender, other: Contender) -> dict[str, Spread]:
    """Return the ratios of wall time and of CPU time, that of the database's server process included."""
    pairs = zip(report.runs[ours.name], report.runs[other.name], strict=True)
    return {
        "wall": ratios(ours, other, report.runs),
        "CPU": Spread.of([mine.cpu / its.cpu for mine, its in pairs]),
    }


def _per_message(report: Report) -> str:
    costs = (
        f"{each.name} {Spread.of([run.cpu / each.count * 1e6 for run in report.runs[each.name]]).median:.0f}"
        for each in report.contenders
    )
    return "CPU microseconds a message: " + ", ".join(costs)


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
