"""Running contenders in turn as whole processes, and the ratios between them.

The process that measures stays small on purpose: the kernel counts the peak memory of a child from
before its `exec`, so a fat parent would be added to every figure. Hence no third-party imports here.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent
CACHE = ROOT / ".cache"
RESULTS = ROOT / "results"
#: A run whose anchor differs more than this from itself says nothing about anybody else.
STEADY = 1.5


class BenchmarkError(Exception):
    """A contender did not do its work, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """One whole process: the operating system's figures and what it said itself."""

    wall: float
    cpu: float
    peak_mib: float
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to be measured: how to start it in an empty directory and how to see that it did its work."""

    name: str
    #: Gets an empty directory, may fill it (untimed), returns the command.
    command: Callable[[Path], Sequence[str]]
    #: How many messages one run handles.
    count: int
    #: Returns how many messages were really handled; compared with `count`.
    check: Callable[[Path, Run], int] | None = None
    #: In memory (for clients that only write files) or on the disk.
    in_memory: bool = False
    #: Compare what the process timed itself ("seconds" of its JSON), not the whole process.
    inside: bool = False
    #: A run is a part of a process, whose times are its own and not those of the whole.
    is_part: bool = False
    #: Take part in only so many rounds; for the slow ones.
    rounds: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def cost(self, run: Run) -> float:
        """Return seconds per message of this run."""
        return (run.said["seconds"] if self.inside else run.wall) / self.count


def python(*arguments: str) -> list[str]:
    """Return a command for this interpreter with this checkout on its path."""
    return [sys.executable, *arguments]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child: ours, this checkout on the path, and some more."""
    paths = [str(ROOT.parent), str(ROOT.parent / "src")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "", **extra}


def run_process(
    command: Sequence[str],
    *,
    directory: Path,
    variables: Mapping[str, str] | None = None,
    limit: float = 900,
) -> Run:
    """Run the command to its end and return what it cost; raises `BenchmarkError` when it fails."""
    out_path, error_path = directory / "stdout", directory / "stderr"
    with out_path.open("wb") as out, error_path.open("wb") as error:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=error, env=environment(variables or {}))
        _, status, usage = _wait(process.pid, limit)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = error_path.read_text(errors="replace")[-3000:] + out_path.read_text(errors="replace")[-1000:]
        raise BenchmarkError(f"{' '.join(command)} ended with {process.returncode}\n{tail}")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, cpu, usage.ru_maxrss / 1024, _last_json(out_path))


def _wait(pid: int, limit: float) -> tuple[int, int, Any]:
    """Wait for a child without polling; a watchdog process ends it when it takes too long."""
    watchdog = subprocess.Popen(
        ["/bin/sh", "-c", f"sleep {limit:.0f} && kill -9 {pid}"], start_new_session=True
    )
    try:
        return os.wait4(pid, 0)
    finally:
        os.killpg(watchdog.pid, 9)
        watchdog.wait()


def _last_json(path: Path) -> Mapping[str, Any]:
    lines = path.read_text(errors="replace").strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        return {}
    said: Mapping[str, Any] = json.loads(lines[-1])
    return said


@contextmanager
def scratch(name: str, *, in_memory: bool = False) -> Iterator[Path]:
    """Give an empty directory that is removed afterwards."""
    base = Path("/dev/shm") if in_memory and Path("/dev/shm").is_dir() else CACHE / "scratch"
    directory = base / f"postroom-bench-{os.getpid()}-{name}"
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run_contender(contender: Contender, *, limit: float = 900) -> Run:
    """Run a contender once in a fresh directory and check that it did its work."""
    label = "".join(letter if letter.isalnum() else "-" for letter in contender.name)[:40]
    with scratch(label, in_memory=contender.in_memory) as directory:
        command = contender.command(directory)
        # What the one before left unwritten must not be charged to this one.
        os.sync()
        run = run_process(command, directory=directory, variables=contender.environment, limit=limit)
        if contender.check is not None and (done := contender.check(directory, run)) != contender.count:
            raise BenchmarkError(f"{contender.name}: {done} of {contender.count} messages")
    return run


def alternate(contenders: Sequence[Contender], rounds: int) -> dict[str, list[Run]]:
    """Run all contenders in turn, A B C A B C ..., and return the runs of each by name."""
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            if contender.rounds is not None and number >= contender.rounds:
                continue
            _progress(f"round {number + 1}/{rounds}: {contender.name}")
            runs[contender.name].append(run_contender(contender))
    _progress("")
    return runs


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, smallest and largest of some figures."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    def text(self, digits: int = 2) -> str:
        return f"{self.median:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


def ratios(ours: Contender, anchor: Contender, runs: Mapping[str, Sequence[Run]]) -> Spread:
    """Return the pairwise ratios of cost per message, ours to the anchor's of the same round."""
    pairs = zip(runs[ours.name], runs[anchor.name], strict=False)
    return Spread.of([ours.cost(mine) / anchor.cost(other) for mine, other in pairs])


def cpu_ratios(ours: Contender, anchor: Contender, runs: Mapping[str, Sequence[Run]]) -> Spread:
    """Return the pairwise ratios of CPU time per message."""
    pairs = zip(runs[ours.name], runs[anchor.name], strict=False)
    return Spread.of([(mine.cpu / ours.count) / max(other.cpu / anchor.count, 1e-9) for mine, other in pairs])


def unsteadiness(anchor: Contender, runs: Mapping[str, Sequence[Run]]) -> float:
    """Return the anchor's slowest run divided by its fastest."""
    spread = Spread.of([anchor.cost(run) for run in runs[anchor.name]])
    return spread.high / spread.low
