"""Why was this message tracked, or not? Read back from the decision log, or judged anew."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.mime.identity import canonical_id
from postroom.mime.message import RawBytes
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.forwarded import open_item
from postroom.passes.gather import AddressBook, gather
from postroom.passes.judge import Gathered, Judged, judge
from postroom.passes.keep import trail_of
from postroom.passes.terms import terms_of
from postroom.ports.mail import Offered
from postroom.schema.choices import CorrelationMethod, FilteringMethod, MessageKind, Reason
from postroom.schema.decision import Decision
from postroom.schema.email import Email
from postroom.tracking.facts import Known

_DECISION = Decision.__table__
_EMAIL = Email.__table__


@dataclass(frozen=True, slots=True)
class Match:
    """A record that an address of the message belongs to."""

    #: from, to, cc or bcc.
    role: str
    address: str
    #: None for an address that belongs to nobody known.
    record: tuple[str, UUID] | None
    name: str = ""
    active: bool = True
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision as a person reads it."""

    mailbox: UUID
    tracked: bool
    reason: Reason
    decision: UUID | None = None
    message_id: str | None = None
    email: UUID | None = None
    #: True for what was found among the items that the mailbox has sent.
    is_sent_copy: bool = False
    kind: MessageKind = MessageKind.ORDINARY
    #: What told the kind, where it was judged just now.
    evidence: str = ""
    filtering: FilteringMethod | None = None
    acceptor: tuple[str, UUID] | None = None
    matched_address: str | None = None
    matched: tuple[str, UUID] | None = None
    correlated: UUID | None = None
    method: CorrelationMethod = CorrelationMethod.NONE
    score: int | None = None
    #: The sent e-mail that the message reports on.
    reported: UUID | None = None
    regarding: tuple[str, UUID] | None = None
    #: The records behind all addresses, where it was judged just now.
    matches: tuple[Match, ...] = ()
    decided_at: datetime | None = None
    trail: tuple[tuple[str, str], ...] = ()


def explain(connection: Connection, wanted: str, mailbox: UUID | None = None) -> list[Explanation]:
    """Return the decisions about a message, by Message-ID, or by the key of e-mail or decision.

    An e-mail about which no decision is kept is explained by what it says of itself.
    """
    query = (
        sa.select(_DECISION)
        .where(_matching(wanted))
        .order_by(_DECISION.c.createdon, _DECISION.c.postroom_decisionid)
    )
    if mailbox:
        query = query.where(_DECISION.c.mailboxid == mailbox)
    found = [_explanation(row) for row in connection.execute(query).mappings()]
    return found or list(_of_email(connection, wanted, mailbox))


def _matching(wanted: str) -> sa.ColumnElement[bool]:
    by_message_id = _DECISION.c.messageid == canonical_id(wanted)
    try:
        key = UUID(wanted)
    except ValueError:
        return by_message_id
    return sa.or_(by_message_id, _DECISION.c.emailid == key, _DECISION.c.postroom_decisionid == key)


def _of_email(connection: Connection, wanted: str, mailbox: UUID | None) -> Iterator[Explanation]:
    """Yield what e-mails say of themselves whose decision was let go, or that came another way."""
    which = _EMAIL.c.messageid == canonical_id(wanted)
    with contextlib.suppress(ValueError):
        which = sa.or_(which, _EMAIL.c.activityid == UUID(wanted))
    owner = sa.func.coalesce(_EMAIL.c.receivingmailboxid, _EMAIL.c.sendermailboxid)
    query = sa.select(_EMAIL, owner.label("owner")).where(which)
    for row in connection.execute(query).mappings():
        if row["owner"] is None or (mailbox and row["owner"] != mailbox):
            continue
        yield Explanation(
            row["owner"],
            tracked=True,
            reason=Reason.UNKNOWN,
            message_id=row["messageid"],
            email=row["activityid"],
            is_sent_copy=bool(row["directioncode"]),
            kind=MessageKind(row["postroom_messagekind"] or 0),
            acceptor=_record(row, "acceptingentityid", "acceptingentitytypecode"),
            correlated=row["correlatedactivityid"],
            method=CorrelationMethod(row["correlationmethod"] or 0),
            score=row["postroom_matchscore"],
            regarding=_record(row, "regardingobjectid", "regardingobjecttypecode"),
            decided_at=row["createdon"],
        )


def recent(connection: Connection, limit: int = 100) -> list[Explanation]:
    """Return the latest decisions, the oldest of them first."""
    newest = sa.select(_DECISION).order_by(
        _DECISION.c.createdon.desc(), _DECISION.c.postroom_decisionid.desc()
    )
    rows = connection.execute(newest.limit(limit)).mappings().all()
    return [_explanation(row) for row in reversed(rows)]


def _explanation(row: Mapping[Any, Any]) -> Explanation:
    return Explanation(
        row["mailboxid"],
        row["tracked"],
        Reason(row["reason"]),
        row["postroom_decisionid"],
        row["messageid"],
        row["emailid"],
        row["directioncode"],
        MessageKind(row["messagekind"] or 0),
        filtering=None if row["filtermethod"] is None else FilteringMethod(row["filtermethod"]),
        acceptor=_record(row, "acceptingentityid", "acceptingentitytypecode"),
        matched_address=row["matchedaddress"],
        matched=_record(row, "matchedid", "matchedtypecode"),
        correlated=row["correlatedactivityid"],
        method=CorrelationMethod(row["correlationmethod"] or 0),
        score=row["correlationscore"],
        decided_at=row["createdon"],
        trail=tuple(trail_of(row["trail"])),
    )


def _record(row: Mapping[Any, Any], key: str, table: str) -> tuple[str, UUID] | None:
    return (row[table], row[key]) if row[key] else None


def explain_bytes(
    context: Context, data: bytes, mailbox: UUID, *, is_sent_copy: bool = False
) -> list[Explanation]:
    """Return what would become of these bytes if the mailbox showed them now; writes nothing.

    It is one explanation, or of an item in a forward mailbox one for each message attached to it.
    """
    gathered, judged = _judge(context, data, mailbox, is_sent_copy=is_sent_copy)
    return [_of_judged(one, gathered) for one in judged]


def judge_bytes(context: Context, data: bytes, mailbox: UUID) -> list[Judged]:
    """Return the verdicts on these bytes if the mailbox received them now; writes nothing."""
    return _judge(context, data, mailbox, is_sent_copy=False)[1]


def _judge(
    context: Context, data: bytes, mailbox: UUID, *, is_sent_copy: bool
) -> tuple[Gathered, list[Judged]]:
    setup = access.read_setup(context, mailbox)
    opened = open_item(context, setup, Offered("", 0, len(data), is_sent_copy=is_sent_copy), RawBytes(data))
    with context.database.read() as connection:
        now = context.clock.now()
        terms = terms_of(connection, setup, now, lambda _: False)
        gathered = gather(connection, AddressBook(), mailbox, opened, terms.policy, now)
    gathered.copies.clear()
    return gathered, list(judge(opened, gathered, terms.policy, lambda _: False))


def _of_judged(judged: Judged, gathered: Gathered) -> Explanation:
    verdict, opened = judged.verdict, judged.opened
    message = opened.message
    acceptor, matched, parent = verdict.acceptor, verdict.matched, verdict.correlated
    return Explanation(
        opened.receiver.mailbox,
        verdict.track,
        verdict.reason,
        None,
        message.message_id if message else None,
        verdict.duplicate,
        opened.offered.is_sent_copy,
        opened.nature.kind,
        opened.nature.evidence,
        verdict.filtering,
        (acceptor.table, acceptor.id) if acceptor else None,
        verdict.matched_address or None,
        (matched.table, matched.id) if matched else None,
        parent.activity if parent else None,
        verdict.method,
        verdict.score,
        verdict.reported.activity if verdict.reported else None,
        (verdict.regarding_table or "", verdict.regarding) if verdict.regarding else None,
        tuple(_matches(judged, gathered)),
        None,
        tuple((step.rule, step.finding) for step in verdict.trail),
    )


def _matches(judged: Judged, gathered: Gathered) -> Iterator[Match]:
    """Yield every record that an address of the message belongs to, in the order of the addresses."""
    message = judged.opened.message
    if message is None:
        return
    author = (message.author,) if message.author else ()
    roles = (("from", author), ("to", message.to), ("cc", message.cc), ("bcc", message.bcc))
    for role, addresses in roles:
        for key in dict.fromkeys(a.key for a in addresses if a.key):
            known = gathered.known.get(key, ())
            yield from (_match(role, key, one) for one in known)
            if not known:
                yield Match(role, key, None)


def _match(role: str, address: str, known: Known) -> Match:
    return Match(role, address, (known.table, known.id), known.name, known.active, known.chosen)
