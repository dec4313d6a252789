"""A worker over many mailboxes: a round of idle ones against the floor (P9), scale, rest, and two workers.

python -m bench fleet [--count 1000] [--rounds 5] [--quick]

The count is that of mailboxes on a real POP3 server; the others are made up, and their polls answer at once.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import ROOT, BenchmarkError, environment, python, run_process, scratch
from bench.options import Options, read_options
from bench.report import Report
from bench.servers import dovecot, new_database, postgres

_SIMULATED = (10_000, 100_000)
_QUICK_SIMULATED = (1_000, 10_000)
#: Connections of a profile whose mailboxes have credentials of their own.
_CONNECTIONS = 40
_REST_SECONDS = 20
_WAIT_SECONDS = 0.1
_LIMIT = 1_800


def main(options: Options) -> Report:
    """Look into idle mailboxes, real and made up; then run passes that wait, on one worker and on two."""
    count = options.count if options.count != Options.count else 1_000
    parameters = {**options.parameters, "mailboxes": count}
    del parameters["messages"]
    report = Report("fleet", parameters)
    with scratch("fleet") as directory:
        _real(report, directory, count, options.rounds)
        for size in _QUICK_SIMULATED if options.quick else _SIMULATED:
            _simulated(report, directory, size)
        _shared(report, directory, options)
    return report


def _real(report: Report, directory: Path, count: int, rounds: int) -> None:
    home = directory / "real"
    floors, ours, costs = [], [], []
    with dovecot() as server:
        _step(directory, "bench.steps.fleet", "make", str(home), str(count), "--port", str(server.pop))
        for _ in range(rounds + 1):
            floor = _step(directory, "bench.steps.logins", str(server.pop), str(count), str(_CONNECTIONS))
            said = _step(directory, "bench.steps.fleet", "round", str(home), str(count), "--real")
            if said["passes"]:
                raise BenchmarkError(f"{said['passes']} of the mailboxes were not idle")
            floors.append(count / floor["seconds"])
            ours.append(count / said["seconds"])
            costs.append(1000 * said["cpu"] / count)
    # The first round made the mailboxes.
    floors, ours, costs = floors[1:], ours[1:], costs[1:]
    ratio = median(mine / floor for mine, floor in zip(ours, floors, strict=True))
    report.counts["real POP3"] = {
        "mailboxes/s, floor": round(median(floors)),
        "mailboxes/s": round(median(ours)),
        "CPU ms each": round(median(costs), 2),
    }
    report.time_goal("P9", "idle mailboxes/s / bare asyncio", ratio, 0.6, rounds=rounds, at_least=True)


def _simulated(report: Report, directory: Path, size: int) -> None:
    home = directory / f"simulated{size}"
    _step(directory, "bench.steps.fleet", "make", str(home), str(size))
    said = _step(directory, "bench.steps.fleet", "round", str(home), str(size), "--rest", str(_REST_SECONDS))
    report.counts[f"{size:,} made up"] = {
        "mailboxes/s": round(size / said["seconds"]),
        "CPU ms each": round(1000 * said["cpu"] / size, 2),
        "peak MiB": round(said["peak"]),
        "CPU of a core at rest": f"{said['resting']:.1%}",
    }


def _shared(report: Report, directory: Path, options: Options) -> None:
    """Run passes that wait, on a PostgreSQL, by one worker and by two."""
    passes = 400 if options.quick else 2_000
    rates: dict[int, list[float]] = {1: [], 2: []}
    with postgres() as url:
        for turn in range(options.rounds):
            for workers in rates:
                home = directory / f"shared-{turn}-{workers}"
                variables = {"POSTROOM_DATABASE_URL": new_database(url, f"fleet_{turn}_{workers}")}
                _step(directory, "bench.steps.fleet", "make", str(home), "200", variables=variables)
                rates[workers].append(_work(home, passes, workers, variables))
    one, two = median(rates[1]), median(rates[2])
    report.counts["passes that wait, PostgreSQL"] = {
        "one worker, passes/s": round(one, 1),
        "two workers, passes/s": round(two, 1),
    }
    report.time_goal("F1", "two workers / one", two / one, 1.8, rounds=options.rounds, at_least=True)


def _work(home: Path, passes: int, workers: int, variables: Mapping[str, str]) -> float:
    command = python("-m", "bench.steps.fleet", "work", str(home), str(passes), str(_WAIT_SECONDS))
    running = [
        subprocess.Popen(
            command, cwd=ROOT.parent, env=environment(variables), stdout=subprocess.PIPE, text=True
        )
        for _ in range(workers)
    ]
    said = [process.communicate(timeout=_LIMIT)[0] for process in running]
    if any(process.returncode for process in running):
        raise BenchmarkError("a worker ended by itself")
    figures = [json.loads(text.splitlines()[-1]) for text in said]
    return median(each["passes"] / each["seconds"] for each in figures)


def _step(directory: Path, *words: str, variables: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    run = run_process(python("-m", *words), directory=directory, limit=_LIMIT, variables=variables or {})
    return run.said


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
