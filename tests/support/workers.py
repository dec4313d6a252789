"""Worker processes for tests: started, killed, told to stop, and asked what they did.

The pass they run notes its start and its end in a journal, and holds a lock of the kernel's for its mailbox
and workload meanwhile: a second pass that finds the lock taken notes a clash. The lock dies with the process.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from postroom.engine.fleet import Crew
from postroom.passes.result import PassResult
from postroom.schema.choices import Workload
from postroom.store.database import Database


@dataclass(frozen=True)
class Event:
    """One line of the journal."""

    what: str
    mailbox: UUID
    workload: int
    pid: int
    at: float


class NotingPass:
    """A pass that takes a while and tells on itself."""

    def __init__(self, directory: Path, seconds: float) -> None:
        self.directory = directory
        self.seconds = seconds

    def __call__(self, mailbox_id: UUID, workload: Workload) -> PassResult:
        lock = os.open(self.directory / f"{mailbox_id}-{int(workload)}.lock", os.O_CREAT | os.O_RDWR)
        try:
            self._work(lock, mailbox_id, workload)
        finally:
            os.close(lock)
        return PassResult(items=1)

    def _work(self, lock: int, mailbox_id: UUID, workload: Workload) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._note("clash", mailbox_id, workload)
            return
        self._note("start", mailbox_id, workload)
        if (self.directory / f"{mailbox_id}.deadly").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.seconds)
        self._note("end", mailbox_id, workload)

    def _note(self, what: str, mailbox_id: UUID, workload: Workload) -> None:
        line = f"{what} {mailbox_id} {int(workload)} {os.getpid()} {time.monotonic()}\n"
        journal = os.open(self.directory / "journal", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        os.write(journal, line.encode())
        os.close(journal)


def journal(directory: Path) -> list[Event]:
    """Return what passes have noted so far."""
    path = directory / "journal"
    lines = path.read_text().splitlines() if path.exists() else []
    return [
        Event(what, UUID(mailbox), int(workload), int(pid), float(at))
        for what, mailbox, workload, pid, at in (line.split() for line in lines)
    ]


class Workers:
    """Worker processes on one store; each has a home of its own unless told otherwise."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url = url
        self.directory = directory
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        *,
        home: str = "home",
        seconds: float = 0.05,
        lease: float = 30,
        threads: int = 4,
        patience: int = 30,
        version: str = "",
        url: str = "",
        within: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a worker; it needs a moment until it takes work.

        `within` are words before the command, `version` is the application's version if not its own, and
        `url` leads to the store by another way.
        """
        what = (url or self.url, self.directory, home, seconds, lease, threads, patience, version)
        words = [str(word) for word in what]
        process = subprocess.Popen(
            [*within, sys.executable, "-W", "error", "-m", "tests.support.workers", *words]
        )
        self._processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a worker without giving it a chance to say good-bye."""
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """Tell a worker to stop and return its exit status."""
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=60)

    def end_all(self) -> None:
        """Kill what is left."""
        for process in self._processes:
            if process.poll() is None:
                self.kill(process)

    def events(self, what: str = "") -> list[Event]:
        """Return what passes have noted, all or of one kind."""
        return [event for event in journal(self.directory) if not what or event.what == what]

    def started(self, mailbox_id: UUID) -> list[Event]:
        """Return the starts of passes over one mailbox."""
        return [event for event in self.events("start") if event.mailbox == mailbox_id]


def wait_until(is_so: Callable[[], object], *, seconds: float = 30) -> None:
    """Wait until something is so; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.02)


def main(
    url: str,
    directory: str,
    home: str,
    seconds: str,
    lease: str,
    threads: str,
    patience: str,
    version: str,
) -> None:
    """Be a worker until told to stop."""
    from postroom.engine import durable
    from postroom.engine.worker import Worker

    durable.VERSION = version or durable.VERSION
    noting = NotingPass(Path(directory), float(seconds))
    crew = Crew(
        Database(url),
        {Workload.INCOMING: noting},
        home=Path(directory) / home,
        machine="test",
        threads=int(threads),
        lease=timedelta(seconds=float(lease)),
        patience_seconds=int(patience),
    )
    if not Worker(crew).run_until_told():
        # As the command does: a pass that hangs would keep the process alive.
        os._exit(3)


if __name__ == "__main__":
    main(*sys.argv[1:])
