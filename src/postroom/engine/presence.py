"""Who this worker is: a name it takes up again after a restart.

The name decides what a worker takes up when it starts: everything that was begun under the same name. No two
may have it at once: it is held by a lock that the kernel drops when the process dies, however it dies.
"""

import fcntl
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

#: More workers than this on one host share nothing but confusion.
MOST_SLOTS = 256


class Presence:
    """One slot of a host, held until `close` or the end of the process; a context manager."""

    def __init__(self, directory: Path, machine: str) -> None:
        self.slot, self._lock = _take_slot(directory)
        #: Machine, place and slot: the same again after a restart.
        self.name = f"{machine[:200]}:{_short(directory)}:{self.slot}"

    def __enter__(self) -> Self:
        """Hold the slot for a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the slot back."""
        self.close()

    def close(self) -> None:
        """Give the slot to whoever comes next."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _take_slot(directory: Path) -> tuple[int, int]:
    """Return the first free slot and the descriptor whose lock holds it."""
    directory.mkdir(parents=True, exist_ok=True)
    return next(
        (slot, lock)
        for slot in range(MOST_SLOTS)
        if (lock := _locked(directory / f"worker-{slot}.lock")) is not None
    )


def _locked(path: Path) -> int | None:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _short(directory: Path) -> str:
    return hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:8]
