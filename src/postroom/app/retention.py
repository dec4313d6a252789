"""Retention: what is let go of after its time, once an hour; decisions go in `service`.

What is kept for good: records, what was agreed of items, the ledger of what was seen, and what waits in
quarantine.
"""

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa

from postroom.configuration.switch import Switch
from postroom.configuration.switches import read_switches
from postroom.errors import StoreBusy
from postroom.passes.context import Context
from postroom.schema.organization import Organization
from postroom.store import alerts, circuits, leavings, outbox, workloads
from postroom.store.blobs import DirectoryBlobs

log = logging.getLogger(__name__)

_ORGANIZATION = Organization.__table__
EVERY = timedelta(hours=1)
#: Rows that go in one transaction, which takes a fraction of a second.
_AT_ONCE = 5_000
_DAYS = 365
#: Longer than any transaction that keeps contents, by far.
_LEAVINGS_KEPT = timedelta(days=7)
#: How long circuits of servers are kept that have answered ever since.
_CIRCUITS_KEPT = timedelta(days=30)


class Retention:
    """Lets go of what has had its time; to be called often, and mostly does nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._next_at: datetime | None = None

    def __call__(self) -> int:
        """Let go of old things if an hour has gone by; return how many of the most numerous kind went."""
        now = self._context.clock.now()
        if self._next_at is not None and now < self._next_at:
            return 0
        gone = max(
            let_go_of(self._context)
            for let_go_of in (forget_old, forget_old_health, let_go_of_leavings, tidy)
        )
        # Where there was more than goes at once, the rest follows with the next call.
        self._next_at = now if gone >= _AT_ONCE else now + EVERY
        if gone:
            log.info("let go of old things", extra={"number": gone})
        return gone


def tidy(context: Context) -> int:
    """Remove what killed processes left unfinished; return how many files."""
    return context.blobs.tidy() if isinstance(context.blobs, DirectoryBlobs) else 0


def let_go_of_leavings(context: Context) -> int:
    """Remove contents that nothing names any more, a week after they came; return how many."""
    try:
        return leavings.let_go(
            context.database, context.blobs, context.clock.now() - _LEAVINGS_KEPT, _AT_ONCE
        )
    except StoreBusy:
        log.info("contents are being kept all the time; leavings are removed another time")
        return 0


def forget_old(context: Context) -> int:
    """Let go of settled attempts to send, and of bytes that left quarantine, with the decisions of then."""
    with context.database.read() as connection:
        days = connection.scalar(sa.select(_ORGANIZATION.c.postroom_decisiondays))
    if days == 0:
        return 0
    before = context.clock.now() - timedelta(days=_DAYS if days is None else days)
    with context.database.write() as connection:
        attempts = outbox.forget_attempts(connection, before, _AT_ONCE)
        return max(attempts, leavings.release_quarantine(connection, before, _AT_ONCE))


def forget_old_health(context: Context) -> int:
    """Let go of some figures, alerts and circuits that were kept for their time; return how many went."""
    now = context.clock.now()
    with context.database.read() as connection:
        switches = read_switches(connection.scalar(sa.select(_ORGANIZATION.c.orgdborgsettings)))
        figures = now - timedelta(days=switches.number(Switch.MAILBOX_STATISTICS_PERSISTENCE_TIME_IN_DAYS))
        told = now - timedelta(days=switches.number(Switch.TRACE_LOG_PERSISTENCE_TIME_IN_DAYS))
        servers = now - _CIRCUITS_KEPT
        some_are_old = (
            workloads.has_older_statistics(connection, figures)
            or alerts.has_older(connection, told)
            or circuits.has_older(connection, servers)
        )
    if not some_are_old:
        return 0
    with context.database.write() as connection:
        return (
            workloads.forget_statistics(connection, figures)
            + alerts.forget(connection, told)
            + circuits.forget(connection, servers)
        )


_EVERYTHING = (forget_old, forget_old_health, let_go_of_leavings, tidy)
