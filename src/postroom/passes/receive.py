"""Receiving: from the mailbox on the server to e-mail activities in the store.

::

    marks + rules -> look -> page -> not seen before -> fetch -> read -> [facts -> decide -> keep] -> marks
                                  -> seen before: what have people done with it since?
    at the end: categories, undeliverable mail, removal -> close

Download and reading run in the calling thread; facts, decisions and the store's transaction in a
second one, so that the server, the reader and the disk work at the same time. The order of
messages is the server's, throughout. Nothing is discarded, and no mark is moved on, before the
transaction that records what it passes over.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from uuid import UUID

from postroom.errors import Throttled, TooLarge, TransportError
from postroom.passes import access, relate
from postroom.passes.access import SourceOpener
from postroom.passes.context import Context
from postroom.passes.judge import FROM_FILE, Copy, Judged
from postroom.passes.recording import Recording, Tally
from postroom.passes.result import PassResult
from postroom.passes.revisit import see_to_known
from postroom.passes.search import Search, note_onboarded, prepare, wanted_of
from postroom.passes.terms import terms_of
from postroom.passes.tidy import tidy
from postroom.ports.mail import Fetched, MailSource, Offered, Page
from postroom.schema.choices import Reason, Workload
from postroom.store import alerts, ledger, mailboxes
from postroom.store.mailboxes import Setup
from postroom.store.workloads import batched

# So many messages are fetched before a look at how long the pass has lasted.
_IN_ONE_TURN = 500
# A session that breaks is opened anew this often within one pass, each time passing over the
# message at which it broke.
_RECONNECTIONS = 3


@dataclass(slots=True)
class _Receiving:
    """One pass over one mailbox."""

    context: Context
    setup: Setup
    search: Search
    recording: Recording
    opener: SourceOpener
    #: The open session; None once it has broken.
    source: MailSource | None
    began_at: datetime
    #: The page at hand.
    page: Page = field(default_factory=lambda: Page(()))
    #: What pages have said to be gone.
    gone: set[str] = field(default_factory=set)
    had_broken: bool = False
    #: As much was taken in as one pass may.
    is_sated: bool = False
    saw_all: bool = False

    @property
    def mailbox(self) -> UUID:
        """Return the mailbox's key."""
        return self.setup.mailbox_id

    def has_lasted_long(self) -> bool:
        """Tell whether the pass has got something done and lasts longer than others should wait for it."""
        context = self.context
        lasts = (context.clock.now() - self.began_at).total_seconds()
        return self.recording.tally.taken > 0 and lasts >= context.mail.longest_pass

    def is_too_old(self, offered: Offered) -> bool:
        """Tell whether the server's word is enough to leave a message alone: its age, and no mark on it."""
        after = mailboxes.receiver_of(self.setup).process_after
        if after is None or offered.received_at is None or offered.is_arrival:
            return False
        if self.setup.mailbox["isforwardmailbox"] or self.search.marked(offered):
            return False
        return offered.received_at < after

    def has_gone(self, copy: Copy) -> bool:
        """Tell whether the server no longer has a message under the id it was recorded with.

        That may have come out in a pass that ended before it saw where the message is now.
        """
        return copy.has_gone or copy.server_id in self.gone or copy.is_from_file


def _nothing(_: Sequence[Judged]) -> None:
    return


def receive(
    context: Context,
    mailbox: UUID,
    *,
    opener: SourceOpener = access.open_source,
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
    context: Context, setup: Setup, opener: SourceOpener, on_batch: Callable[[Sequence[Judged]], None]
) -> PassResult:
    began_at = context.clock.now()
    source = opener(context, setup)
    try:
        search = prepare(context, setup, source)
        relate.apply_rules(context, setup.mailbox_id, search.rules.values())
        with ThreadPoolExecutor(1, thread_name_prefix="keep") as executor:
            recording = Recording(context, setup, search, executor, on_batch)
            receiving = _Receiving(context, setup, search, recording, opener, source, began_at)
            failure = _take_pages(receiving)
    except BaseException:
        source.abort()
        raise
    tally = recording.tally
    _settle(receiving)
    _tell_of_losses(context, setup, tally)
    if receiving.source is not None:
        failure = tidy(context, setup, search, receiving.source, receiving.page) or failure
    return PassResult(
        tally.seen,
        tally.aside,
        backlog=max(0, tally.wanted - tally.taken),
        failure=failure,
        notes=f"{tally.tracked} tracked, {tally.seen - tally.tracked} not, {tally.aside} put aside",
        counts={"tracked": tally.tracked, "commits": tally.commits, "octets": tally.octets, **tally.verdicts},
    )


def _take_pages(receiving: _Receiving) -> TransportError | None:
    """Take in page after page, over several sessions where one breaks; return what ended it early."""
    try:
        while receiving.source is not None and not receiving.is_sated:
            session = receiving.source
            for page in chain(_asked_again(receiving, session), session.pages(receiving.search.look)):
                if failure := _take_page(receiving, page):
                    return failure
                if receiving.is_sated or page.is_whole:
                    return None
                if receiving.source is not session:
                    break
            else:
                receiving.saw_all = True
                return None
    except TransportError as failure:
        if receiving.source is not None:
            receiving.source.abort()
            receiving.source = None
        return failure
    finally:
        receiving.recording.finish()
    return None


def _asked_again(receiving: _Receiving, source: MailSource) -> Iterator[Page]:
    """Yield what is worth another fetch, where the source offers only what is new."""
    if not receiving.search.look.marks:
        return
    context, mailbox = receiving.context, receiving.mailbox
    with context.database.read() as connection:
        broken = ledger.broken_fetches(connection, mailbox)
        wanted = ledger.asked_for_again(connection, mailbox)
    wanted |= {i for i, entry in broken.items() if entry.next_try_at() <= context.clock.now()}
    if not wanted:
        return
    found = source.find(wanted)
    gone = wanted - {o.server_id for o in found}
    yield Page([replace(o, is_arrival=True) for o in found])
    if gone:
        with context.database.write() as connection:
            ledger.give_up(connection, mailbox, gone)
            ledger.settle_broken(connection, mailbox, frozenset(broken.keys() - gone))


def _take_page(receiving: _Receiving, page: Page) -> TransportError | None:
    """Take in what is new of a page, and see to what has changed; return what ended it early."""
    receiving.page = page
    wanted = _look_through(receiving, page)
    tally, limit = receiving.recording.tally, receiving.context.mail.messages_per_pass
    allowed = max(0, limit - tally.taken) if limit else len(wanted)
    tally.wanted += len(wanted)
    receiving.is_sated = len(wanted) > allowed
    failure = _fetch_in_turns(receiving, wanted[:allowed])
    if failure is None and not receiving.is_sated:
        receiving.recording.end_page(page)
        look = receiving.search.look
        marks = {**look.marks, **page.marks}
        receiving.search = replace(receiving.search, look=replace(look, marks=marks))
    return failure


def _fetch_in_turns(receiving: _Receiving, wanted: Sequence[Offered]) -> TransportError | None:
    """Fetch what is wanted, but no longer than a pass may last; return what ended it early.

    What is left is the next pass's, when others have had their turn.
    """
    for some in batched(wanted, _IN_ONE_TURN):
        if receiving.has_lasted_long() or receiving.source is None:
            receiving.is_sated = True
            return None
        if failure := _fetch_all(receiving, some):
            return failure
    return None


def _look_through(receiving: _Receiving, page: Page) -> list[Offered]:
    """Return what of a page is to be fetched, and set the terms on which it is judged."""
    offered = wanted_of(page.offered, receiving.setup)
    context, mailbox, now = receiving.context, receiving.mailbox, receiving.context.clock.now()
    again: list[Offered] = []
    with context.database.read() as connection:
        broken = ledger.broken_fetches(connection, mailbox)
        if page.is_whole:
            seen = ledger.seen_ids(connection, mailbox)
        else:
            known = ledger.recorded(connection, mailbox, [o.server_id for o in offered])
            seen = set(known)
    if not page.is_whole:
        again = see_to_known(context, receiving.setup, receiving.search, offered, known)
    receiving.had_broken = receiving.had_broken or bool(broken)
    waiting = {server_id for server_id, entry in broken.items() if entry.next_try_at() > now}
    fresh = [o for o in offered if o.server_id not in seen and o.server_id not in waiting]
    if not (fresh or again):
        receiving.gone.update(page.gone)
        return []
    _set_terms(receiving, page, fresh, seen, some_broken=bool(broken))
    receiving.recording.again = frozenset(o.server_id for o in again)
    old = [o for o in fresh if receiving.is_too_old(o)]
    receiving.recording.pass_over(old, Reason.TOO_OLD)
    return [*(o for o in fresh if not receiving.is_too_old(o)), *again]


def _set_terms(
    receiving: _Receiving, page: Page, fresh: Sequence[Offered], seen: set[str], *, some_broken: bool
) -> None:
    """Settle on which terms what is new of this page is judged."""
    context = receiving.context
    here = frozenset(o.server_id for o in page.offered)
    if not page.is_whole:
        receiving.gone.update(page.gone, _renumbered(receiving, fresh, here))
    with context.database.read() as connection:
        receiving.recording.terms = terms_of(
            connection,
            receiving.setup,
            context.clock.now(),
            (lambda copy: copy.server_id not in here) if page.is_whole else receiving.has_gone,
            some_gone=not (page.is_whole and seen <= here),
            some_broken=some_broken,
        )


def _renumbered(receiving: _Receiving, fresh: Sequence[Offered], here: frozenset[str]) -> set[str]:
    """Return recorded ids that the server no longer knows, when a folder seems to have got new ones.

    That is so when most of what a first look offers is new although the folder was looked through before.
    """
    first = [o for o in fresh if not o.is_arrival]
    if len(first) * 2 <= len(here) or receiving.source is None:
        return set()
    with receiving.context.database.read() as connection:
        before = ledger.ids_in(connection, receiving.mailbox, first[0].folder) - here
    before = {i for i in before if not i.startswith(FROM_FILE)}
    if not before:
        return set()
    return before - {o.server_id for o in receiving.source.find(before)}


def _fetch_all(receiving: _Receiving, wanted: Sequence[Offered]) -> TransportError | None:
    """Fetch every wanted message, over several sessions where one breaks; return what ended it early.

    Whatever was read is recorded in either case. The session that is left, if any, is in `receiving`.
    """
    remaining = list(wanted)
    source = receiving.source
    for sessions_left in reversed(range(_RECONNECTIONS + 1)):
        assert source is not None  # noqa: S101 - the caller has one, and below it is opened anew
        arrived: list[Fetched] = []
        failure = _fetch(receiving, source, remaining, arrived)
        remaining = remaining[len(arrived) :]
        if failure is None:
            return None
        receiving.source = None
        if isinstance(failure, Throttled):
            # Nothing is wrong with the message, and asking again at once is what we were asked not to do.
            return failure
        is_explained = _ended_on_purpose(arrived)
        if remaining and not is_explained:
            # Whoever is at fault, the session broke at this message. Were it not put aside, a
            # server that chokes on it would never come to the next one.
            receiving.recording.note_broken(remaining.pop(0), failure)
            is_explained = True
        if not remaining:
            return None if is_explained else failure
        if not sessions_left:
            return failure
        receiving.source = source = receiving.opener(receiving.context, receiving.setup)
        remaining = _still_there(source, remaining)
    return None


def _still_there(source: MailSource, wanted: Sequence[Offered]) -> list[Offered]:
    """Return what another session has of these, as it names them."""
    still = {o.server_id: o for o in source.find({o.server_id for o in wanted})}
    return [replace(still[o.server_id], is_arrival=o.is_arrival) for o in wanted if o.server_id in still]


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
            receiving.recording.take(fetched)
    except TransportError as failure:
        source.abort()
        return failure
    return None


def _settle(receiving: _Receiving) -> None:
    """Close what was open before: fetches that broke and have succeeded, rules that have run once."""
    context, mailbox, page = receiving.context, receiving.mailbox, receiving.page
    if receiving.had_broken:
        with context.database.write() as connection:
            here = frozenset(o.server_id for o in page.offered)
            still = here if page.is_whole else frozenset(ledger.broken_fetches(connection, mailbox))
            ledger.settle_broken(connection, mailbox, still)
    if receiving.saw_all:
        note_onboarded(context, receiving.search)


def _tell_of_losses(context: Context, setup: Setup, tally: Tally) -> None:
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
