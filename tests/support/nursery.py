"""Runs commands of `postroom` as processes of their own, quickly: forked where everything is loaded.

Loading the program takes longer than most of what tests do with it. The nursery is a process that
has loaded it and has done nothing else; each command is a fork of it with an environment, a log and a
process id of its own, and runs what the console script runs. A command that is the name of one of these
modules runs the module's `main` instead. When the nursery's standard input ends, because the test has
ended in whatever way, all that is left is killed.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Child:
    """One command under way; its output goes to `log`."""

    pid: int
    log: Path
    nursery: "Nursery"

    def kill(self) -> int:
        """End it without giving it a chance to say good-bye; return its wait status."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended and return its exit status, negative for a signal."""
        return self.nursery.ask(wait=self.pid)

    def said(self) -> str:
        """Return what it has printed so far."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""


class Nursery:
    """The process that commands are forked from."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: str, environment: Mapping[str, str]) -> Child:
        """Start a command and return at once."""
        self._count += 1
        log = self.directory / f"{self._count:04}-{arguments[0]}.log"
        pid = self.ask(start=arguments, environment=dict(environment), log=str(log))
        return Child(pid, log, self)

    def run(self, *arguments: str, environment: Mapping[str, str]) -> str:
        """Run a command to its end and return what it printed; it must end well."""
        child = self.start(*arguments, environment=environment)
        status = child.wait()
        assert status == 0, f"{arguments} ended with {status}:\n{child.said()}"
        return child.said()

    def ask(self, **question: Any) -> int:
        """Have the process do something and return the number it answers with."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process and all that it has started."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@contextmanager
def a_nursery(directory: Path) -> Iterator[Nursery]:
    """Give a nursery whose commands leave their logs in this directory."""
    directory.mkdir(parents=True, exist_ok=True)
    nursery = Nursery(directory)
    try:
        yield nursery
    finally:
        nursery.close()


def main() -> None:
    """Fork and wait as standard input says, until it ends."""
    # Loaded, not run: no thread and no connection may be there when a command is forked.
    import postroom.cli.entry
    import postroom.engine.worker
    import postroom.passes.receive
    import postroom.passes.send  # noqa: F401

    children: set[int] = set()
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            _, status = os.waitpid(question["wait"], 0)
            children.discard(question["wait"])
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                _become(question)
                status = _run(question["start"])
                sys.stdout.flush()
                os._exit(status)
            children.add(answer)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _run(arguments: list[str]) -> int:
    if arguments[0].startswith("tests."):
        status: int = importlib.import_module(arguments[0]).main(*arguments[1:])
        return status
    from postroom.cli.entry import run

    return run(arguments)


def _become(question: Mapping[str, Any]) -> None:
    """Take on the environment and the log of one command."""
    for name in [name for name in os.environ if name.startswith("POSTROOM_")]:
        del os.environ[name]
    os.environ.update(question["environment"])
    log = os.open(question["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    # What waits in these objects belongs to the nursery, and so do their descriptors.
    sys.stdin, sys.stdout = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8")  # noqa: SIM115


if __name__ == "__main__":
    main()
