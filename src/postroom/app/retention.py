"""Retention: what is let go of after its time, once an hour; decisions go in `service`.

What is kept for good: records, what was agreed of items, the ledger of what was seen, quarantine, contents.
"""

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa

from postroom.passes.context import Context
from postroom.schema.organization import Organization
from postroom.store import outbox
from postroom.store.blobs import DirectoryBlobs

log = logging.getLogger(__name__)

_ORGANIZATION = Organization.__table__
EVERY = timedelta(hours=1)
#: Rows that go in one transaction, which takes a fraction of a second.
_AT_ONCE = 5_000
_DAYS = 365


class Retention:
    """Lets go of what has had its time; to be called often, and mostly does nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._next_at: datetime | None = None

    def __call__(self) -> int:
        """Let go of old things if an hour has gone by; return how many went."""
        now = self._context.clock.now()
        if self._next_at is not None and now < self._next_at:
            return 0
        gone = forget_old_attempts(self._context)
        if isinstance(self._context.blobs, DirectoryBlobs):
            gone += self._context.blobs.tidy()
        # Where there was more than goes at once, the rest follows with the next call.
        self._next_at = now if gone >= _AT_ONCE else now + EVERY
        if gone:
            log.info("let go of old things", extra={"number": gone})
        return gone


def forget_old_attempts(context: Context) -> int:
    """Let go of attempts to send that were settled longer ago than decisions are kept."""
    with context.database.read() as connection:
        days = connection.scalar(sa.select(_ORGANIZATION.c.postroom_decisiondays))
    if days == 0:
        return 0
    before = context.clock.now() - timedelta(days=_DAYS if days is None else days)
    with context.database.write() as connection:
        return outbox.forget_attempts(connection, before, _AT_ONCE)
