"""Recording what a pass takes in: batches, read in one thread and kept in another."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from postroom.errors import TooLarge, TransportError
from postroom.passes import relate
from postroom.passes.context import Context
from postroom.passes.forwarded import open_item
from postroom.passes.gather import AddressBook
from postroom.passes.judge import Judged, Opened
from postroom.passes.keep import keep
from postroom.passes.search import Search, as_marked
from postroom.passes.terms import Terms
from postroom.ports.mail import Fetched, Offered, Page
from postroom.schema.choices import QuarantineCause, Reason
from postroom.store import ledger, mailboxes, marks
from postroom.store.mailboxes import Setup
from postroom.tracking.verdict import Verdict


@dataclass(slots=True)
class Tally:
    """What the pass came to so far."""

    seen: int = 0
    tracked: int = 0
    aside: int = 0
    #: Of those put aside, items of a forward mailbox that belong to nobody.
    strays: int = 0
    #: Messages that could not be fetched, and not for the first time.
    out_of_reach: int = 0
    #: E-mails that were kept without some of their attachments.
    cut: int = 0
    #: Messages that the pages had for us to fetch.
    wanted: int = 0
    #: Messages that were taken from the server or found to be out of reach, whatever is in them.
    taken: int = 0
    commits: int = 0
    octets: int = 0
    #: Messages by what was decided: `tracked/SENDER_MATCH`.
    verdicts: Counter[str] = field(default_factory=Counter)

    def add(self, judged: Sequence[Judged]) -> None:
        """Count a batch that is on the disk."""
        self.commits += 1
        self.seen += len(judged)
        self.tracked += sum(j.verdict.track for j in judged)
        self.verdicts.update(_in_short(j.verdict) for j in judged)
        self.cut += sum(j.left_out > 0 for j in judged)
        aside = [j.opened.cause for j in judged if j.opened.cause is not None and not j.renumbered_from]
        self.aside += len(aside)
        self.strays += aside.count(QuarantineCause.FORWARD_ITEM)


@dataclass(slots=True)
class Recording:
    """The batch that is being filled and the one that is being kept."""

    context: Context
    setup: Setup
    search: Search
    executor: ThreadPoolExecutor
    on_batch: Callable[[Sequence[Judged]], None]
    tally: Tally = field(default_factory=Tally)
    #: On which terms the page at hand is judged; set before anything of it is taken.
    terms: Terms | None = None
    book: AddressBook = field(default_factory=AddressBook)
    #: Those whose fetch is a second judgement: a person or a folder wants them tracked after all.
    again: frozenset[str] = frozenset()
    #: The one batch that is being recorded. More ahead would be memory without gain.
    _pending: "Future[list[Judged]] | None" = None
    _batch: list[Opened] = field(default_factory=list)
    _octets: int = 0

    def take(self, fetched: Fetched) -> None:
        """Read one message and hand the batch over when it is full."""
        raw = fetched.raw
        if raw is not None:
            self.tally.taken += 1
            self.tally.octets += raw.size
            self._octets += raw.size
            items = open_item(self.context, self.setup, fetched.offered, raw)
            for opened in as_marked(items, self.search):
                opened.is_judged_again = opened.heads_item and fetched.offered.server_id in self.again
                self._batch.append(opened)
        elif isinstance(fetched.failure, TooLarge):
            self.tally.taken += 1
            self._batch.append(self._too_large(fetched))
        elif fetched.failure:
            self.note_broken(fetched.offered, fetched.failure)
        self._hand_over_when_full()

    def pass_over(self, offered: Iterable[Offered], reason: Reason) -> None:
        """Record messages that need not be fetched, because what the server says of them is enough."""
        receiver = mailboxes.receiver_of(self.setup)
        for one in offered:
            opened = Opened(one, b"", one.size, receiver, received_at=one.received_at, passed_over=reason)
            self._batch.append(opened)
            self._hand_over_when_full()

    def note_broken(self, offered: Offered, failure: TransportError) -> None:
        """Put a message aside that could not be fetched; it is tried again, with growing gaps."""
        context = self.context
        with context.database.write() as connection:
            attempts = ledger.note_broken(
                connection, self.setup.mailbox_id, offered, str(failure), context.clock.now()
            )
        self.tally.taken += 1
        # A connection may break at any message; the second time it is worth a person's while.
        self.tally.out_of_reach += attempts > 1

    def end_page(self, page: Page) -> None:
        """Have the rest of a page recorded, and then what it asks to be remembered."""
        if self._batch or page.marks or page.gone:
            self._hand_over(page)

    def finish(self) -> None:
        """Record what is left and wait until all of it is on the disk."""
        if self._batch:
            self._hand_over(None)
        self._collect()

    def _hand_over_when_full(self) -> None:
        limits = self.context.mail
        if len(self._batch) >= limits.batch_size or self._octets >= limits.batch_octets:
            self._hand_over(None)

    def _hand_over(self, ended: Page | None) -> None:
        """Have the batch recorded in the other thread, once that has done with the one before."""
        batch, self._batch, self._octets = self._batch, [], 0
        self._collect()
        self._pending = self.executor.submit(self._record, batch, self.terms, ended)

    def _record(self, batch: Sequence[Opened], terms: Terms | None, ended: Page | None) -> list[Judged]:
        judged: list[Judged] = []
        if batch:
            assert terms is not None  # noqa: S101 - set with the page that the batch is from
            judged = keep(self.context, self.book, batch, terms)
            relate.follow_folders(self.context, self.setup.mailbox_id, judged)
        if ended is not None:
            # Only now: what a mark passes over is never offered again.
            with self.context.database.write() as connection:
                now = self.context.clock.now()
                ledger.mark_gone(connection, self.setup.mailbox_id, ended.gone, now)
                marks.keep(connection, self.setup.mailbox_id, ended.marks, now)
        return judged

    def _collect(self) -> None:
        """Wait for the batch that is being recorded, if there is one, and count it."""
        if self._pending is None:
            return
        pending, self._pending = self._pending, None
        judged = pending.result()
        if judged:
            self.tally.add(judged)
            self.on_batch(judged)

    def _too_large(self, fetched: Fetched) -> Opened:
        return Opened(
            fetched.offered,
            _stand_in_for_digest(fetched.offered),
            fetched.offered.size,
            mailboxes.receiver_of(self.setup),
            cause=QuarantineCause.TOO_LARGE,
            trouble=str(fetched.failure),
            category=self.search.category_of(fetched.offered),
        )


def _stand_in_for_digest(offered: Offered) -> bytes:
    """Return what tells a message that was not read from others, also after the server renumbered it."""
    return hashlib.sha256(b"not read, octets: %d" % offered.size).digest()


def _in_short(verdict: Verdict) -> str:
    return f"{'tracked' if verdict.track else 'ignored'}/{verdict.reason.name}"
