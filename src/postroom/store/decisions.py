"""The decision log: corrected when a person settles a message, let go after its time."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema.choices import Reason
from postroom.schema.decision import Decision
from postroom.schema.ledger import Ledger
from postroom.store.index import chunks_of

_DECISION = Decision.__table__
_LEDGER = Ledger.__table__

# So many at once take a fraction of a second; the rest has its turn soon after.
_AT_ONCE = 5_000


def forget_email(connection: Connection, email: UUID, reason: Reason | None) -> None:
    """Unlink the log from an e-mail that is no more; a reason says that its messages are not tracked now."""
    if reason:
        _correct(connection, email, reason)
    connection.execute(sa.update(_DECISION).where(_DECISION.c.emailid == email).values(emailid=None))
    # What is recorded nowhere any more must not be removed from a server as if it were.
    connection.execute(sa.update(_LEDGER).where(_LEDGER.c.emailid == email).values(emailid=None))


def _correct(connection: Connection, email: UUID, reason: Reason) -> None:
    query = sa.select(_DECISION.c.postroom_decisionid, _DECISION.c.trail)
    for row in connection.execute(query.where(_DECISION.c.emailid == email)).all():
        trail = [*json.loads(row.trail or "[]"), ["as_a_person_wishes", reason.sentence]]
        connection.execute(
            sa.update(_DECISION)
            .where(_DECISION.c.postroom_decisionid == row.postroom_decisionid)
            .values(tracked=False, reason=int(reason), trail=json.dumps(trail, ensure_ascii=False))
        )


def has_older(connection: Connection, before: datetime) -> bool:
    """Tell whether the log goes back to before that instant."""
    query = sa.select(_DECISION.c.postroom_decisionid).where(_DECISION.c.createdon < before).limit(1)
    return connection.execute(query).first() is not None


def purge(connection: Connection, before: datetime, limit: int = _AT_ONCE) -> int:
    """Let go of decisions made before that instant, at most so many at once; return how many went."""
    query = (
        sa.select(_DECISION.c.postroom_decisionid, _DECISION.c.ledgerid)
        .where(_DECISION.c.createdon < before)
        .order_by(_DECISION.c.createdon)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    _unlink(connection, {row.ledgerid for row in rows if row.ledgerid})
    for chunk in chunks_of(row.postroom_decisionid for row in rows):
        connection.execute(sa.delete(_DECISION).where(_DECISION.c.postroom_decisionid.in_(chunk)))
    return len(rows)


def _unlink(connection: Connection, ledger_ids: Collection[UUID]) -> None:
    for chunk in chunks_of(ledger_ids):
        connection.execute(
            sa.update(_LEDGER).where(_LEDGER.c.postroom_ledgerid.in_(chunk)).values(decisionid=None)
        )


def seen_but_not_tracked(connection: Connection, mailbox: UUID, since: datetime | None) -> Sequence[str]:
    """Return the server ids of messages that the mailbox has shown since then and that no e-mail holds.

    The time is that of arrival, or of the decision where that is not known; None stands for all time.
    """
    arrived = sa.func.coalesce(_DECISION.c.receivedon, _DECISION.c.createdon)
    other = _DECISION.alias()
    # Of an item with several messages the ledger names one e-mail, which may be gone. Its decisions were
    # written in one transaction, so that the time finds them.
    is_held = sa.exists().where(
        other.c.createdon == _LEDGER.c.seenon,
        other.c.ledgerid == _LEDGER.c.postroom_ledgerid,
        other.c.emailid.is_not(None),
    )
    query = (
        sa.select(_LEDGER.c.serverid)
        .join_from(_LEDGER, _DECISION, _DECISION.c.postroom_decisionid == _LEDGER.c.decisionid)
        .where(
            _LEDGER.c.mailboxid == mailbox,
            _LEDGER.c.emailid.is_(None),
            _LEDGER.c.quarantineid.is_(None),
            sa.or_(_LEDGER.c.messages == 1, ~is_held),
            sa.true() if since is None else arrived >= since,
        )
    )
    return connection.execute(query).scalars().all()
