"""Tables and JSON of a benchmark: figures, ratios, counts and a verdict, or the refusal of one."""

import json
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.measure import CACHE, RESULTS, STEADY, Contender, Run, Spread, cpu_ratios, ratios, unsteadiness

_COLUMNS = ("what", "msg/s", "wall s, median (min-max)", "CPU s/1000", "peak MiB", "wall ratio", "CPU ratio")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure has to reach: `limit` is the most, or with `at_least` the least."""

    key: str
    what: str
    figure: float
    limit: float
    at_least: bool = False
    #: Counts hold on any machine; a time is judged only when the anchor was steady.
    is_count: bool = False
    #: How many rounds stand behind a time.
    rounds: int = 0

    @property
    def is_reached(self) -> bool:
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    def line(self, steadiness: float) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "reached" if self.is_reached else "MISSED"
        if not self.is_count and steadiness > STEADY:
            verdict = f"no verdict: the anchor's slowest run took {steadiness:.2f} x its fastest"
        elif not self.is_count and self.rounds < 5:
            verdict = f"no verdict: {self.rounds} of at least 5 rounds"
        return f"{self.key:4} {self.what}: {self.figure:.4g} (goal {sign} {self.limit:.4g}) - {verdict}"


@dataclass(slots=True)
class Report:
    """Everything that one benchmark found out."""

    name: str
    parameters: Mapping[str, Any]
    contenders: Sequence[Contender] = ()
    runs: Mapping[str, Sequence[Run]] = field(default_factory=dict)
    anchor: Contender | None = None
    counts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def steadiness(self) -> float:
        return unsteadiness(self.anchor, self.runs) if self.anchor else 1.0

    def ratio(self, contender: Contender) -> Spread:
        assert self.anchor is not None
        return ratios(contender, self.anchor, self.runs)

    def time_goal(
        self, key: str, what: str, figure: float, limit: float, *, rounds: int, at_least: bool = False
    ) -> None:
        """Hold a figure that came from clocks against its goal."""
        self.goals.append(Goal(key, what, figure, limit, at_least=at_least, rounds=rounds))

    def count_goal(self, key: str, what: str, figure: float, limit: float, *, at_least: bool = False) -> None:
        """Hold a count, which does not depend on the machine, against its goal."""
        self.goals.append(Goal(key, what, figure, limit, at_least=at_least, is_count=True))

    def text(self) -> str:
        """Return the table, the counts and the goals as plain text."""
        settings = ", ".join(f"{key} {value}" for key, value in self.parameters.items())
        parts = [f"{self.name}: {settings}", machine()]
        if self.runs:
            rows = [self._row(contender) for contender in self.contenders]
            parts.append(table(_COLUMNS, rows))
        if self.counts:
            names = list(dict.fromkeys(key for counts in self.counts.values() for key in counts))
            rows = [
                [who, *(str(counts.get(key, "-")) for key in names)] for who, counts in self.counts.items()
            ]
            parts.append(table(("counted", *names), rows))
        if self.anchor:
            parts.append(f"anchor {self.anchor.name}: slowest / fastest run {self.steadiness:.2f}")
        parts += [goal.line(self.steadiness) for goal in self.goals]
        parts += self.notes
        return "\n".join(parts) + "\n"

    def _row(self, contender: Contender) -> list[str]:
        runs = self.runs[contender.name]
        wall = Spread.of([contender.cost(run) * contender.count for run in runs])
        cpu = Spread.of([run.cpu / contender.count * 1000 for run in runs])
        peak = max(run.peak_mib for run in runs)
        compared = ("1", "1")
        if self.anchor is not None and contender is not self.anchor:
            cpu_text = "-" if contender.inside else cpu_ratios(contender, self.anchor, self.runs).text()
            compared = (self.ratio(contender).text(), cpu_text)
        return [
            contender.name,
            f"{contender.count / wall.median:,.0f}",
            wall.text(3),
            f"{cpu.median:.3f}",
            f"{peak:.0f}",
            *compared,
        ]

    def write(self, folder: Path = RESULTS) -> Path:
        """Write everything as JSON and return where."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        document = {
            "benchmark": self.name,
            "taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": machine(),
            "parameters": dict(self.parameters),
            "anchor": self.anchor.name if self.anchor else None,
            "anchor_slowest_to_fastest": round(self.steadiness, 3),
            "contenders": [self._summary(contender) for contender in self.contenders if self.runs],
            "counts": self.counts,
            "goals": [{**asdict(goal), "line": goal.line(self.steadiness)} for goal in self.goals],
            "notes": self.notes,
        }
        path.write_text(json.dumps(document, indent=1, default=str) + "\n")
        return path

    def _summary(self, contender: Contender) -> dict[str, Any]:
        runs = self.runs[contender.name]
        summary: dict[str, Any] = {
            "name": contender.name,
            "messages": contender.count,
            "timed": _timed(contender),
            "wall": [round(contender.cost(run) * contender.count, 4) for run in runs],
            "cpu": [round(run.cpu, 3) for run in runs],
            "peak_mib": [round(run.peak_mib, 1) for run in runs],
            "said": [dict(run.said) for run in runs],
        }
        if self.anchor is not None:
            summary["wall_ratio"] = asdict(self.ratio(contender))
        return summary

    def publish(self) -> None:
        """Print the table and write the JSON."""
        sys.stdout.write(self.text())
        # Short forms are no results; what is kept beside RESULTS.md comes from whole runs.
        folder = CACHE / "results" if "quick" in self.parameters else RESULTS
        sys.stdout.write(f"written to {self.write(folder)}\n")


def _timed(contender: Contender) -> str:
    if contender.is_part:
        return "part of a process"
    return "by itself" if contender.inside else "whole process"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an aligned plain-text table; the first column is left-aligned."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        return "  ".join(cells).rstrip()

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])


def machine() -> str:
    """Return what was measured on, in one line."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        "?",
    )
    memory = next((int(line.split()[1]) // 1024**2 for line in _lines("/proc/meminfo")), 0)
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} x {cpu}, {memory} GiB, Linux {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, load {load:.1f}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
