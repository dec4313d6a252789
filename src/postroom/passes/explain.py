"""Why was this message tracked, or not? Read back from the decision log, or judged anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.mime.message import RawBytes
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.forwarded import open_item
from postroom.passes.gather import AddressBook, gather
from postroom.passes.judge import Judged, judge
from postroom.passes.keep import trail_of
from postroom.passes.terms import terms_of
from postroom.ports.mail import Offered
from postroom.schema.choices import FilteringMethod, Reason
from postroom.schema.decision import Decision

_DECISION = Decision.__table__


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision as a person reads it."""

    decision: UUID
    mailbox: UUID
    message_id: str | None
    email: UUID | None
    tracked: bool
    reason: Reason
    filtering: FilteringMethod | None
    acceptor: tuple[str, UUID] | None
    matched_address: str | None
    decided_at: datetime
    trail: list[tuple[str, str]]


def explain(connection: Connection, wanted: str, mailbox: UUID | None = None) -> list[Explanation]:
    """Return the decisions about a message, by Message-ID, or by the key of e-mail or decision."""
    query = sa.select(_DECISION).where(_matching(wanted)).order_by(_DECISION.c.createdon)
    if mailbox:
        query = query.where(_DECISION.c.mailboxid == mailbox)
    return [_explanation(row) for row in connection.execute(query).mappings()]


def _matching(wanted: str) -> sa.ColumnElement[bool]:
    by_message_id = _DECISION.c.messageid == wanted.strip().strip("<>")
    try:
        key = UUID(wanted)
    except ValueError:
        return by_message_id
    return sa.or_(by_message_id, _DECISION.c.emailid == key, _DECISION.c.postroom_decisionid == key)


def recent(connection: Connection, limit: int = 100) -> list[Explanation]:
    """Return the latest decisions, the oldest of them first."""
    newest = sa.select(_DECISION).order_by(
        _DECISION.c.createdon.desc(), _DECISION.c.postroom_decisionid.desc()
    )
    rows = connection.execute(newest.limit(limit)).mappings().all()
    return [_explanation(row) for row in reversed(rows)]


def _explanation(row: Mapping[Any, Any]) -> Explanation:
    acceptor = row["acceptingentityid"]
    return Explanation(
        row["postroom_decisionid"],
        row["mailboxid"],
        row["messageid"],
        row["emailid"],
        row["tracked"],
        Reason(row["reason"]),
        None if row["filtermethod"] is None else FilteringMethod(row["filtermethod"]),
        (row["acceptingentitytypecode"], acceptor) if acceptor else None,
        row["matchedaddress"],
        row["createdon"],
        trail_of(row["trail"]),
    )


def judge_bytes(context: Context, data: bytes, mailbox: UUID) -> list[Judged]:
    """Return what would become of these bytes if the mailbox received them now; writes nothing.

    It is one verdict, or of an item in a forward mailbox one for each message attached to it.
    """
    setup = access.read_setup(context, mailbox)
    opened = open_item(context, setup, Offered("", 0, len(data)), RawBytes(data))
    with context.database.read() as connection:
        terms = terms_of(connection, setup, context.clock.now(), frozenset())
        gathered = gather(connection, AddressBook(), mailbox, opened, terms.policy, context.clock.now())
    gathered.copies.clear()
    return list(judge(opened, gathered, terms.policy, frozenset({""})))
