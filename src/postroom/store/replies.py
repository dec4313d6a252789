"""Automatic replies that are to leave: which of them could go round in a circle."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import InvalidRecord
from postroom.schema.choices import EmailStatus, MessageKind, Participation
from postroom.schema.email import Email
from postroom.schema.party import ActivityParty

_EMAIL = Email.__table__
_PARTY = ActivityParty.__table__

#: Two programs that answer each other get one reply each way in this time, and no more.
_ONE_REPLY_IN = timedelta(days=1)


def loop_problems(
    connection: Connection, email: UUID, row: Mapping[Any, Any], now: datetime
) -> Iterator[InvalidRecord]:
    """Yield why this e-mail may not leave, if it is an automatic reply that could go round in a circle."""
    # source: RFC3834 2
    if row.get("postroom_messagekind") != MessageKind.AUTOMATIC_REPLY:
        return
    answered = sa.select(_EMAIL.c.postroom_messagekind).where(
        _EMAIL.c.activityid == row.get("parentactivityid")
    )
    kind = MessageKind(connection.scalar(answered) or 0)
    if kind not in (MessageKind.ORDINARY, MessageKind.MEETING):
        yield InvalidRecord(
            f"An automatic reply answers persons only; what it answers is: {kind.label.lower()}."
        )
    if _has_answered(connection, email, now - _ONE_REPLY_IN):
        yield InvalidRecord(
            "This sender has sent one of these recipients an automatic reply within a day; one is enough."
        )


def _has_answered(connection: Connection, email: UUID, since: datetime) -> bool:
    """Say whether one of this e-mail's recipients got an automatic reply of its sender since then.

    One that waits to leave counts from when it was issued. A person is the same by record or by address,
    however that is written.
    """
    mine, theirs, other = _PARTY.alias("mine"), _PARTY.alias("theirs"), _PARTY.alias("other")
    recipients = [int(mask) for mask in (Participation.TO, Participation.CC, Participation.BCC)]
    sender = int(Participation.SENDER)
    # Three conditions of which each has its index; an address in another letter case has none.
    is_same = sa.or_(
        other.c.addressused == mine.c.addressused,
        other.c.postroom_unresolvedkey == mine.c.postroom_unresolvedkey,
        other.c.partyid == mine.c.partyid,
    )
    query = (
        sa.select(_EMAIL.c.activityid)
        .select_from(mine)
        .join(other, sa.and_(is_same, other.c.activityid != email))
        .join(_EMAIL, _EMAIL.c.activityid == other.c.activityid)
        .join(theirs, theirs.c.activityid == other.c.activityid)
        .where(
            mine.c.activityid == email,
            mine.c.participationtypemask.in_(recipients),
            other.c.participationtypemask.in_(recipients),
            theirs.c.participationtypemask == sender,
            theirs.c.partyid.in_(
                sa.select(_PARTY.c.partyid).where(
                    _PARTY.c.activityid == email, _PARTY.c.participationtypemask == sender
                )
            ),
            _EMAIL.c.directioncode.is_(True),
            _EMAIL.c.postroom_messagekind == int(MessageKind.AUTOMATIC_REPLY),
            _EMAIL.c.statuscode.in_(
                [int(s) for s in (EmailStatus.SENT, EmailStatus.SENDING, EmailStatus.PENDING_SEND)]
            ),
            sa.func.coalesce(_EMAIL.c.senton, _EMAIL.c.modifiedon) >= since,
        )
        .limit(1)
    )
    return connection.execute(query).first() is not None
