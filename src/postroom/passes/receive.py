"""Receiving: from the mailbox on the server to e-mail activities in the store.

::

    offered -> not seen before -> fetch -> read -> [facts -> decide -> keep] -> discard -> close

Download and reading run in the calling thread; facts, decisions and the store's transaction in a
second one, so that the server, the reader and the disk work at the same time. The order of
messages is the server's, throughout. Nothing is discarded before the transaction that records it.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from uuid import UUID

from postroom.errors import TooLarge, TransportError
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.forwarded import open_item
from postroom.passes.gather import AddressBook
from postroom.passes.judge import Judged, Opened
from postroom.passes.keep import keep
from postroom.passes.result import PassResult
from postroom.passes.terms import Terms, terms_of
from postroom.ports.mail import Fetched, MailSource, Offered
from postroom.schema.choices import QuarantineCause, Workload
from postroom.store import alerts, ledger, mailboxes
from postroom.store.mailboxes import Setup
from postroom.tracking.facts import Receiver

#: Opens a session with the mailbox's server.
Opener = Callable[[Context, Setup], MailSource]

# A session that breaks is opened anew this often within one pass, each time passing over the
# message at which it broke.
_RECONNECTIONS = 3


@dataclass(slots=True)
class _Tally:
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
    #: Messages that were taken from the server or found to be out of reach, whatever is in them.
    taken: int = 0
    commits: int = 0
    octets: int = 0

    def add(self, judged: Sequence[Judged]) -> None:
        self.commits += 1
        self.seen += len(judged)
        self.tracked += sum(j.verdict.track for j in judged)
        self.cut += sum(j.left_out > 0 for j in judged)
        aside = [j.opened.cause for j in judged if j.opened.message is None and not j.renumbered_from]
        self.aside += len(aside)
        self.strays += aside.count(QuarantineCause.FORWARD_ITEM)


@dataclass(slots=True)
class _Receiving:
    """One pass over one mailbox."""

    context: Context
    setup: Setup
    receiver: Receiver
    terms: Terms
    executor: ThreadPoolExecutor
    on_batch: Callable[[Sequence[Judged]], None]
    book: AddressBook = field(default_factory=AddressBook)
    tally: _Tally = field(default_factory=_Tally)
    #: The one batch that is being recorded. More ahead would be memory without gain.
    pending: "Future[list[Judged]] | None" = None
    batch: list[Opened] = field(default_factory=list)
    batch_octets: int = 0

    def take(self, fetched: Fetched) -> None:
        """Read one message and hand the batch over when it is full."""
        raw = fetched.raw
        if raw is not None:
            self.tally.taken += 1
            self.tally.octets += raw.size
            self.batch_octets += raw.size
            self.batch.extend(open_item(self.context, self.setup, fetched.offered, raw))
        elif isinstance(fetched.failure, TooLarge):
            self.tally.taken += 1
            self.batch.append(_too_large(fetched, self.receiver))
        elif fetched.failure:
            self.note_broken(fetched.offered, fetched.failure)
        limits = self.context.mail
        if len(self.batch) >= limits.batch_size or self.batch_octets >= limits.batch_octets:
            self.hand_over()

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

    def hand_over(self) -> None:
        """Have the batch recorded in the other thread, once that has done with the one before."""
        if not self.batch:
            return
        batch, self.batch, self.batch_octets = self.batch, [], 0
        self._collect()
        self.pending = self.executor.submit(keep, self.context, self.book, batch, self.terms)

    def _collect(self) -> None:
        """Wait for the batch that is being recorded, if there is one, and count it."""
        if self.pending is None:
            return
        pending, self.pending = self.pending, None
        judged = pending.result()
        self.tally.add(judged)
        self.on_batch(judged)

    def finish(self) -> None:
        """Record what is left and wait until all of it is on the disk."""
        self.hand_over()
        self._collect()


def _nothing(_: Sequence[Judged]) -> None:
    return


def receive(
    context: Context,
    mailbox: UUID,
    *,
    opener: Opener = access.open_source,
    on_batch: Callable[[Sequence[Judged]], None] = _nothing,
) -> PassResult:
    """Take in every message of the mailbox that was not seen before.

    `on_batch` is told the verdicts of each batch once they are on the disk. Raises nothing that a
    mail server causes: what ended the pass early stands in the result.
    """
    setup = access.read_setup(context, mailbox)
    if kept_back := access.kept_back(setup, Workload.INCOMING):
        return kept_back
    try:
        return _receive(context, setup, opener, on_batch)
    except TransportError as failure:
        return PassResult(failure=failure, notes=str(failure))


def _receive(
    context: Context, setup: Setup, opener: Opener, on_batch: Callable[[Sequence[Judged]], None]
) -> PassResult:
    source = opener(context, setup)
    try:
        offered = offered_by(source, setup)
    except BaseException:
        source.abort()
        raise
    new, terms, had_broken = _look_through(context, setup, offered)
    limit = context.mail.messages_per_pass
    wanted = new[:limit] if limit else new
    failure: TransportError | None = None
    tally = _Tally()
    if wanted and terms:
        with ThreadPoolExecutor(1, thread_name_prefix="keep") as executor:
            receiving = _Receiving(
                context, setup, mailboxes.receiver_of(setup), terms, executor, on_batch, tally=tally
            )
            still_open, failure = _fetch_all(receiving, source, wanted, opener)
    else:
        still_open = source
    if had_broken:
        with context.database.write() as connection:
            here = frozenset(o.server_id for o in offered)
            ledger.settle_broken(connection, setup.mailbox_id, here)
    _tell_of_losses(context, setup, tally)
    if still_open is not None:
        _discard(context, setup, still_open, offered)
    return PassResult(
        tally.seen,
        tally.aside,
        backlog=max(0, len(new) - tally.taken),
        failure=failure,
        notes=f"{tally.tracked} tracked, {tally.seen - tally.tracked} not, {tally.aside} put aside",
        counts={"tracked": tally.tracked, "commits": tally.commits, "octets": tally.octets},
    )


def offered_by(source: MailSource, setup: Setup) -> list[Offered]:
    """Return what the source offers of what the organization wants looked at."""
    offered = list(source.offered())
    if not any(o.is_sent_copy for o in offered) or setup.reads_sent_items:
        return offered
    return [o for o in offered if not o.is_sent_copy]


def _look_through(
    context: Context, setup: Setup, offered: Sequence[Offered]
) -> tuple[list[Offered], Terms | None, bool]:
    """Return the messages that are new, the terms of the pass, and whether some fetch broke before."""
    now = context.clock.now()
    with context.database.read() as connection:
        seen = ledger.seen_ids(connection, setup.mailbox_id)
        broken = ledger.broken_fetches(connection, setup.mailbox_id)
        here = frozenset(o.server_id for o in offered)
        new = [o for o in offered if o.server_id not in seen]
        terms = (
            terms_of(connection, setup, now, here, some_gone=not seen <= here, some_broken=bool(broken))
            if new
            else None
        )
    waiting = {server_id for server_id, entry in broken.items() if entry.next_try_at() > now}
    return [o for o in new if o.server_id not in waiting], terms, bool(broken)


def _fetch_all(
    receiving: _Receiving, source: MailSource, wanted: Sequence[Offered], opener: Opener
) -> tuple[MailSource | None, TransportError | None]:
    """Fetch every wanted message, over several sessions where one breaks.

    Returns the session that is still open, if any, and what ended the pass early, if anything.
    Whatever was read is recorded in either case.
    """
    remaining = list(wanted)
    try:
        for sessions_left in reversed(range(_RECONNECTIONS + 1)):
            arrived: list[Fetched] = []
            failure = _fetch(receiving, source, remaining, arrived)
            remaining = remaining[len(arrived) :]
            if failure is None:
                return source, None
            is_explained = _ended_on_purpose(arrived)
            if remaining and not is_explained:
                # Whoever is at fault, the session broke at this message. Were it not put aside, a
                # server that chokes on it would never come to the next one.
                receiving.note_broken(remaining.pop(0), failure)
                is_explained = True
            if not remaining:
                return None, None if is_explained else failure
            if not sessions_left:
                return None, failure
            source = opener(receiving.context, receiving.setup)
            still = {o.server_id: o for o in offered_by(source, receiving.setup)}
            remaining = [still[o.server_id] for o in remaining if o.server_id in still]
    except TransportError as error:
        return None, error
    except BaseException:
        source.abort()
        raise
    finally:
        receiving.finish()
    return source, None


def _ended_on_purpose(arrived: Sequence[Fetched]) -> bool:
    """Tell whether we ended the session ourselves, because the last message outgrew the limit."""
    return bool(arrived) and isinstance(arrived[-1].failure, TooLarge)


def _fetch(
    receiving: _Receiving, source: MailSource, wanted: Sequence[Offered], arrived: list[Fetched]
) -> TransportError | None:
    """Take in what one session gives; return what broke it, if anything."""
    try:
        for fetched in source.fetch(wanted):
            arrived.append(replace(fetched, raw=None))
            receiving.take(fetched)
    except TransportError as failure:
        source.abort()
        return failure
    return None


def _tell_of_losses(context: Context, setup: Setup, tally: _Tally) -> None:
    """Tell the mailbox's owner of what was put aside or left out; repeats are folded into one alert."""
    told = []
    if tally.strays:
        told.append(alerts.INVALID_FORWARD_ITEM.with_details(f"{tally.strays} item(s) in the last pass"))
    if put_aside := tally.aside - tally.strays + tally.out_of_reach:
        told.append(alerts.QUARANTINED.with_details(f"{put_aside} message(s) in the last pass"))
    if tally.cut:
        told.append(alerts.ATTACHMENTS_LEFT_OUT.with_details(f"{tally.cut} e-mail(s) in the last pass"))
    if not told:
        return
    with context.database.write() as connection:
        for alert in told:
            alerts.raise_alert(context.database, connection, setup.mailbox_id, alert, context.clock.now())


def _discard(context: Context, setup: Setup, source: MailSource, offered: Sequence[Offered]) -> None:
    """Remove recorded mail where the mailbox says so, and end the session in good order."""
    done: list[Offered] = []
    if setup.deletes_after_processing:
        with context.database.read() as connection:
            here = [o.server_id for o in offered]
            removable = ledger.removable_ids(connection, setup.mailbox_id, here)
        done = [o for o in offered if o.server_id in removable and not o.is_sent_copy]
        source.discard(done)
    source.close()
    if done:
        with context.database.write() as connection:
            now = context.clock.now()
            ledger.mark_discarded(connection, setup.mailbox_id, [o.server_id for o in done], now)


def _too_large(fetched: Fetched, receiver: Receiver) -> Opened:
    return Opened(
        fetched.offered,
        _stand_in_for_digest(fetched.offered),
        fetched.offered.size,
        receiver,
        cause=QuarantineCause.TOO_LARGE,
        trouble=str(fetched.failure),
    )


def _stand_in_for_digest(offered: Offered) -> bytes:
    """Return what tells a message that was not read from others, also after the server renumbered it."""
    return hashlib.sha256(b"not read, octets: %d" % offered.size).digest()
