"""A pass in a process of its own that dies at a chosen step, as if somebody had pulled the plug.

Every step that leaves a trace anywhere is announced before the next one is taken: to the store, to the
directory of blobs, to the mail server. Run without a step to die at, the process lists those it comes by;
run with one, it ends there and then, with nothing closed, flushed or rolled back.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.engine import Connection

from postroom.app.secrets import AesGcmSecrets
from postroom.passes.access import open_sink, open_source
from postroom.passes.context import Context, MailLimits, SendLimits
from postroom.passes.receive import receive
from postroom.passes.rescan import Found, Mode, rescan
from postroom.passes.result import PassResult
from postroom.passes.send import send
from postroom.ports.blobs import BlobRef
from postroom.ports.clock import ManualClock
from postroom.ports.folders import MailFolders
from postroom.ports.mail import (
    Delivery,
    Fetched,
    Look,
    MailSink,
    MailSource,
    Offered,
    Page,
    Submission,
)
from postroom.store.blobs import DirectoryBlobs
from postroom.store.database import Database
from postroom.store.mailboxes import Setup
from postroom.store.records import Records

#: The exit status of a process that died where it was told to.
DEAD = 99

LIMITS = MailLimits(batch_size=2)
SEND_LIMITS = SendLimits(batch_size=4, window=2)


class Steps:
    """Counts the steps of each kind, notes them, and ends the process at one of them."""

    def __init__(self, last: str, notes: Path) -> None:
        self._last = last
        self._notes = notes
        self._counts: Counter[str] = Counter()

    def come_by(self, step: str) -> None:
        """Note this step, and die if it is the one."""
        self._counts[step] += 1
        name = f"{step} {self._counts[step]}"
        if name == self._last:
            os._exit(DEAD)
        if not self._last:
            with self._notes.open("a") as notes:
                notes.write(f"{name}\n")


class MortalDatabase(Database):
    """A store that announces every transaction's end."""

    def __init__(self, url: str, steps: Steps) -> None:
        super().__init__(url)
        self._steps = steps

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection as the store does."""
        with super().write() as connection:
            yield connection
            self._steps.come_by("all is written but not committed")
        self._steps.come_by("a transaction is committed")


class MortalBlobs(DirectoryBlobs):
    """A directory of blobs that announces every file."""

    def __init__(self, directory: Path, steps: Steps) -> None:
        super().__init__(directory)
        self._steps = steps

    def write(self, chunks: Iterable[bytes]) -> tuple[BlobRef, Path]:
        """Write as the directory does."""
        written = super().write(chunks)
        self._steps.come_by("a file is written under a passing name")
        return written

    def settle(self, written: Sequence[tuple[BlobRef, Path]]) -> None:
        """Give names as the directory does."""
        super().settle(written)
        if written:
            self._steps.come_by("files have their names")


class MortalSource:
    """A session with a mailbox that announces what it has got and what it has asked for."""

    def __init__(self, source: MailSource, steps: Steps) -> None:
        self._source = source
        self._steps = steps

    def offered(self) -> Sequence[Offered]:
        """List as the session does."""
        found = self._source.offered()
        self._steps.come_by("the mailbox is listed")
        return found

    @property
    def folders(self) -> MailFolders | None:
        """Give what the session has."""
        return self._source.folders

    def pages(self, look: Look) -> Iterator[Page]:
        """List as the session does."""
        for page in self._source.pages(look):
            self._steps.come_by("the mailbox is listed")
            yield page

    def find(self, server_ids: Collection[str]) -> Sequence[Offered]:
        """Find as the session does."""
        return self._source.find(server_ids)

    def fetch(self, wanted: Iterable[Offered]) -> Iterator[Fetched]:
        """Fetch as the session does."""
        for fetched in self._source.fetch(wanted):
            self._steps.come_by("a message is fetched")
            yield fetched

    def discard(self, done: Sequence[Offered]) -> None:
        """Discard as the session does."""
        self._source.discard(done)
        self._steps.come_by("messages are marked for removal")

    def close(self) -> None:
        """Close as the session does, which is when the server removes what is marked."""
        self._source.close()
        self._steps.come_by("the session has ended well")

    def abort(self) -> None:
        """Break off as the session does."""
        self._source.abort()


class MortalSink:
    """A way out that announces what it has been given and what the server has taken."""

    def __init__(self, sink: MailSink, steps: Steps) -> None:
        self._sink = sink
        self._steps = steps

    def submit(self, submissions: Sequence[Submission]) -> Iterator[Delivery]:
        """Submit as the way out does."""
        self._steps.come_by("e-mails are about to leave")
        for delivery in self._sink.submit(submissions):
            self._steps.come_by("the server has taken an e-mail")
            yield delivery

    def found_sent(self, message_ids: Sequence[str]) -> Collection[str] | None:
        """Look as the way out does."""
        return self._sink.found_sent(message_ids)

    def close(self) -> None:
        """Close as the way out does."""
        self._sink.close()
        self._steps.come_by("the way out is closed")


def main(url: str, directory: str, now: str, workload: str, mailbox: str, last: str = "") -> int:
    """Run one pass and die at the step named `last`; without a name, note every step there is."""
    steps = Steps(last, Path(directory) / "steps")
    database, clock = MortalDatabase(url, steps), ManualClock(datetime.fromisoformat(now))
    context = Context(
        database,
        Records(database, AesGcmSecrets({"test": bytes(32)}, "test"), clock),
        MortalBlobs(Path(directory) / "blobs", steps),
        clock,
        host="mortal",
        mail=LIMITS,
        sending=SEND_LIMITS,
    )

    def source(context: Context, setup: Setup) -> MailSource:
        return MortalSource(open_source(context, setup), steps)

    def sink(context: Context, setup: Setup) -> MailSink:
        return MortalSink(open_sink(context, setup), steps)

    passes: dict[str, Callable[[], PassResult | Found]] = {
        "incoming": lambda: receive(context, UUID(mailbox), opener=source),
        "outgoing": lambda: send(context, UUID(mailbox), opener=sink),
        "rescan": lambda: rescan(context, UUID(mailbox), None, Mode.APPLY, opener=source),
    }
    result = passes[workload]()
    assert result.failure is None, result.failure
    return 0
