"""Looking once more at mail that was not tracked, by the rules as they are now.

::

    offered -> of these, seen and not tracked since the date -> fetch -> judge -> [show | keep in place]

Without `apply` nothing is written: what would become of each message is told, and that is all.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from uuid import UUID

from postroom.errors import TransportError
from postroom.mime.message import Raw
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.credentials import Hindered
from postroom.passes.forwarded import open_item
from postroom.passes.gather import AddressBook, gather
from postroom.passes.judge import Copy, Judged, Opened, judge
from postroom.passes.keep import keep
from postroom.passes.search import Search, as_last_found, as_marked, wanted_of
from postroom.passes.terms import Terms, terms_of
from postroom.ports.mail import MailSource, Offered
from postroom.schema.choices import Workload
from postroom.store import decisions
from postroom.store.mailboxes import Setup


class Mode(Enum):
    """Whether a rescan only shows what it would do."""

    PREVIEW = "preview"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class Found:
    """What a rescan came to."""

    #: Messages looked at.
    seen: int
    #: Of these, tracked now, or those that would be.
    tracked: int
    #: Messages that were seen in that time and are no longer on the server.
    gone: int
    #: What ended it early, if anything.
    failure: TransportError | None = None


def rescan(
    context: Context,
    mailbox: UUID,
    since: datetime | None,
    mode: Mode = Mode.PREVIEW,
    *,
    only: Collection[str] | None = None,
    opener: access.SourceOpener = access.open_source,
    on_batch: Callable[[Sequence[Judged]], None] = lambda _: None,
) -> Found:
    """Judge anew what arrived since then and was not tracked; `only` names single messages by server id.

    The start date of mailbox and profile does not count: the date given takes its place. Without a date
    mail of any age is looked at, and the start date counts.

    Raises `TransportError` when the server can't be opened; it is `Hindered` when the mailbox may not be
    processed.
    """
    setup = access.read_setup(context, mailbox)
    if obstacle := access.obstacle_for(setup, Workload.INCOMING):
        raise Hindered(obstacle)
    with context.database.read() as connection:
        candidates = set(decisions.seen_but_not_tracked(connection, mailbox, since))
    if only is not None:
        candidates &= set(only)
    source = opener(context, setup)
    try:
        found = _look(context, setup, source, candidates, since, mode, on_batch)
    except BaseException:
        source.abort()
        raise
    source.close()
    return found


def _look(
    context: Context,
    setup: Setup,
    source: MailSource,
    candidates: set[str],
    since: datetime | None,
    mode: Mode,
    on_batch: Callable[[Sequence[Judged]], None],
) -> Found:
    search = as_last_found(context, setup)
    wanted = _in_order(wanted_of(source.find(candidates), setup))
    with context.database.read() as connection:
        # Each was found by the id that it has: nothing here can be another one under a new id.
        terms = terms_of(connection, setup, context.clock.now(), _was_from_file, some_gone=False)
    seen = tracked = 0
    failure: TransportError | None = None
    try:
        for batch in _batches(context, setup, search, source, wanted, since):
            judged = (
                keep(context, AddressBook(), batch, terms)
                if mode is Mode.APPLY
                else _preview(context, setup, batch, terms)
            )
            seen += len(judged)
            tracked += sum(j.verdict.track for j in judged)
            on_batch(judged)
    except TransportError as error:
        failure = error
    return Found(seen, tracked, len(candidates) - len(wanted), failure)


def _in_order(found: Sequence[Offered]) -> list[Offered]:
    """Return messages in the order of their arrival, as far as the server says."""
    return sorted(found, key=lambda o: (o.received_at is not None, o.received_at or _ANY, o.number))


#: Stands for a time of arrival that is not known.
_ANY = datetime.min.replace(tzinfo=UTC)


def _was_from_file(copy: Copy) -> bool:
    return copy.is_from_file


def _batches(
    context: Context,
    setup: Setup,
    search: Search,
    source: MailSource,
    wanted: Sequence[Offered],
    since: datetime | None,
) -> Iterator[list[Opened]]:
    """Yield the wanted messages, read, a batch at a time; what came before a break is yielded first."""
    batch: list[Opened] = []
    octets = 0
    try:
        for fetched in source.fetch(wanted):
            if fetched.raw is None:
                continue  # what can't be fetched now keeps the decision it has
            octets += fetched.raw.size
            batch.extend(_opened(context, setup, search, fetched.offered, fetched.raw, since))
            if len(batch) >= context.mail.batch_size or octets >= context.mail.batch_octets:
                yield batch
                batch, octets = [], 0
    except TransportError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _opened(
    context: Context, setup: Setup, search: Search, offered: Offered, raw: Raw, since: datetime | None
) -> Iterator[Opened]:
    """Yield what one item holds, to be judged again."""
    for opened in as_marked(open_item(context, setup, offered, raw), search):
        receiver = replace(opened.receiver, process_after=since) if since else opened.receiver
        yield replace(opened, is_judged_again=opened.heads_item, receiver=receiver)


def _preview(context: Context, setup: Setup, batch: Sequence[Opened], terms: Terms) -> list[Judged]:
    with context.database.read() as connection:
        gathered = gather(
            connection,
            AddressBook(),
            setup.mailbox_id,
            batch,
            terms.policy,
            terms.setting.now,
            some_gone=False,
        )
    return list(judge(batch, gathered, terms.policy, terms.is_gone))
