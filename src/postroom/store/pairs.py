"""Pairs: the rows of ExchangeSyncIdMapping as link and journal of two items."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.reconcile.conflict import Overwritten
from postroom.reconcile.item import Item, Kind, Part, Side
from postroom.reconcile.pair import Decision, Doing, Failure, Link, Pair, Parting, Pending, Snapshot
from postroom.reconcile.question import About, Contest, Question
from postroom.reconcile.spelling import shown, spelled
from postroom.schema import registry
from postroom.schema.ids import new_id
from postroom.schema.mailbox import Mailbox
from postroom.schema.overwritten import Overwritten as OverwrittenRow
from postroom.schema.pair import ExchangeSyncIdMapping
from postroom.store.database import Database
from postroom.store.index import chunks_of

_PAIR = ExchangeSyncIdMapping.__table__
_OVERWRITTEN = OverwrittenRow.__table__
_MAILBOX = Mailbox.__table__

#: The table of a kind of item.
TABLES = {
    Kind.APPOINTMENT: "appointment",
    Kind.SERIES: "recurringappointmentmaster",
    Kind.CONTACT: "contact",
    Kind.TASK: "task",
    Kind.PHONE_CALL: "phonecall",
    Kind.LETTER: "letter",
    Kind.FAX: "fax",
    Kind.SERVICE: "serviceappointment",
}
_SUBJECT, _ERROR, _VALUE = 2048, 2048, 1_000_000


def read(connection: Connection, user: UUID) -> dict[str, Pair]:
    """Return the pairs of a user by their ids."""
    query = sa.select(_PAIR).where(_PAIR.c.ownerid == user, _PAIR.c.postroom_kind.is_not(None))
    return {pair.id: pair for pair in map(_pair_of, connection.execute(query).mappings())}


@dataclass(frozen=True, slots=True)
class Kept:
    """A pair with what its row says for people."""

    pair: Pair
    user: UUID
    subject: str
    #: The address of the user's mailbox; empty when he has none any more.
    mailbox: str
    changed_at: datetime
    version: int


def undecided(connection: Connection, user: UUID | None = None) -> list[Kept]:
    """Return the pairs that ask something or have failed, of one user or of all; the oldest first."""
    waits = sa.or_(_PAIR.c.postroom_question.is_not(None), _PAIR.c.postroom_failure.is_not(None))
    query = kept_rows().where(waits, _PAIR.c.postroom_kind.is_not(None))
    if user is not None:
        query = query.where(_PAIR.c.ownerid == user)
    ordered = query.order_by(_PAIR.c.modifiedon, _PAIR.c.exchangesyncidmappingid)
    return [kept_in(row) for row in connection.execute(ordered).mappings()]


def find(connection: Connection, pair_id: UUID) -> Kept | None:
    """Return one pair, or None when there is none with this key."""
    query = kept_rows().where(_PAIR.c.exchangesyncidmappingid == pair_id, _PAIR.c.postroom_kind.is_not(None))
    row = connection.execute(query).mappings().first()
    return kept_in(row) if row else None


def write_decision(
    database: Database, connection: Connection, pair_id: UUID, decision: Decision, now: datetime
) -> None:
    """Write down what a person has decided about a pair."""
    values = {
        "userdecision": int(decision),
        "modifiedon": now,
        "versionnumber": database.next_versions(connection),
    }
    key = _PAIR.c.exchangesyncidmappingid == pair_id
    connection.execute(sa.update(_PAIR).where(key).values(values))


def kept_rows() -> sa.Select[Any]:
    """Return the statement for pairs with what their rows say for people."""
    address = sa.select(sa.func.min(_MAILBOX.c.emailaddress)).where(
        _MAILBOX.c.regardingobjectid == _PAIR.c.ownerid
    )
    return sa.select(_PAIR, address.scalar_subquery().label("mailbox"))


def kept_in(row: Mapping[Any, Any]) -> Kept:
    """Return what such a row says."""
    pair, subject = _pair_of(row), row["itemsubject"] or ""
    version = row["versionnumber"] or 0
    return Kept(pair, row["ownerid"], subject, row["mailbox"] or "", row["modifiedon"], version)


def count(connection: Connection, user: UUID) -> int:
    """Return how many pairs the user has."""
    query = sa.select(sa.func.count()).select_from(_PAIR)
    found = connection.execute(query.where(_PAIR.c.ownerid == user, _PAIR.c.postroom_kind.is_not(None)))
    return int(found.scalar() or 0)


def has_unfinished(connection: Connection, user: UUID) -> bool:
    """Tell whether some pair of the user waits for something, whatever the two sides say of changes."""
    waits = sa.or_(
        _PAIR.c.postroom_pending.is_not(None),
        sa.and_(
            _PAIR.c.postroom_link == int(Link.LINKED),
            sa.or_(_PAIR.c.postroom_crmversion == "", _PAIR.c.postroom_serverversion == ""),
        ),
        _PAIR.c.userdecision.in_([int(each) for each in Decision if each.is_answer]),
    )
    found = sa.select(sa.literal(1)).where(_PAIR.c.ownerid == user, waits)
    return connection.execute(found.limit(1)).first() is not None


def store(
    database: Database,
    connection: Connection,
    user: UUID,
    pair: Pair,
    subject: str,
    now: datetime,
    *,
    leaves_decision: bool = False,
) -> None:
    """Write a pair as it is now; before an act this is its journal.

    What the user has decided is left as it stands where the caller changes nothing of it: the user may have
    decided just now.
    """
    values = {**_columns(pair, subject, now), "versionnumber": database.next_versions(connection)}
    if leaves_decision:
        del values["userdecision"]
    key = _PAIR.c.exchangesyncidmappingid == UUID(pair.id)
    if connection.execute(sa.update(_PAIR).where(key).values(values)).rowcount:
        return
    row = {"exchangesyncidmappingid": UUID(pair.id), "ownerid": user, "owninguser": user, "createdon": now}
    connection.execute(sa.insert(_PAIR).values({**row, **values, "owneridtype": "systemuser"}))


def drop(connection: Connection, pair_ids: Collection[str]) -> None:
    """Remove pairs of which nothing is left to remember."""
    for chunk in chunks_of([UUID(each) for each in pair_ids]):
        connection.execute(sa.delete(_PAIR).where(_PAIR.c.exchangesyncidmappingid.in_(chunk)))


def keep_overwritten(
    connection: Connection,
    mailbox: UUID,
    pair: Pair,
    item: Item | None,
    lost: Iterable[Overwritten],
    now: datetime,
) -> None:
    """Keep values that gave way, so that a person can put them back."""
    rows = [
        {
            "postroom_overwrittenid": new_id(),
            "mailboxid": mailbox,
            "objectid": UUID(pair.crm_id) if pair.crm_id else None,
            "objecttypecode": _code(pair.kind),
            "exchangeentryid": pair.server_id,
            "subject": item.subject[:_SUBJECT] if item else "",
            "field": one.field,
            "side": one.side.value,
            "value": shown(one.value)[:_VALUE],
            "content": content if (content := spelled(one.value)) and len(content) <= _VALUE else None,
            "createdon": now,
        }
        for one in lost
    ]
    if rows:
        connection.execute(sa.insert(_OVERWRITTEN), rows)


def _code(kind: Kind) -> int | None:
    return registry.by_logical_name(TABLES[kind]).object_type_code


def _pair_of(row: Mapping[Any, Any]) -> Pair:
    return Pair(
        id=str(row["exchangesyncidmappingid"]),
        kind=Kind(row["postroom_kind"]),
        crm_id=str(row["objectid"]) if row["objectid"] else None,
        server_id=row["exchangeentryid"],
        uid=row["postroom_uid"] or "",
        link=Link(row["postroom_link"] or 0),
        parting=Parting(row["postroom_parting"] or 0),
        crm=Snapshot(row["postroom_crmversion"] or "", json.loads(row["postroom_crmprints"] or "{}")),
        server=Snapshot(
            row["postroom_serverversion"] or "", json.loads(row["postroom_serverprints"] or "{}")
        ),
        part=Part(row["postroom_part"] or Part.OWNER.value),
        pending=_pending_of(row["postroom_pending"]),
        failure=_failure_of(row["postroom_failure"], row["lastsyncerror"] or ""),
        decision=_decision_of(row["userdecision"]),
        question=_question_of(row["postroom_question"]),
    )


def _decision_of(code: int | None) -> Decision:
    """Return what the user has said; a code that means nothing says nothing."""
    return Decision(code) if code in {int(each) for each in Decision} else Decision.NONE


def _question_of(text: str | None) -> Question | None:
    if not text:
        return None
    said = json.loads(text)
    contests = {name: Contest(*each) for name, each in said["contests"].items()}
    return Question(About(said["about"]), contests, said["words"])


def _pending_of(text: str | None) -> Pending | None:
    if not text:
        return None
    said = json.loads(text)
    wrote = {name: (crm, server) for name, (crm, server) in said["wrote"].items()}
    return Pending(
        Doing(said["doing"]),
        Side(said["side"]),
        said["token"],
        wrote,
        Parting(said["parting"]),
        is_refused=said.get("refused", False),
    )


def _failure_of(text: str | None, words: str) -> Failure | None:
    return Failure(**json.loads(text), words=words) if text else None


def _columns(pair: Pair, subject: str, now: datetime) -> dict[str, Any]:
    pending, failure = pair.pending, pair.failure
    on_server = int(pending.doing) if pending and pending.side is Side.SERVER else None
    on_crm = int(pending.doing) if pending and pending.side is Side.CRM else None
    return {
        "postroom_kind": pair.kind.value,
        "objectid": UUID(pair.crm_id) if pair.crm_id else None,
        "objecttypecode": _code(pair.kind),
        "exchangeentryid": pair.server_id,
        "postroom_uid": pair.uid[:1024],
        "postroom_link": int(pair.link),
        "postroom_parting": int(pair.parting),
        "isunlinkedincrm": pair.link is Link.UNLINKED,
        "isdeletedinexchange": pair.link is Link.UNLINKED and pair.server_id is None,
        "postroom_crmversion": pair.crm.version,
        "postroom_crmprints": _json(dict(pair.crm.prints)),
        "postroom_serverversion": pair.server.version,
        "postroom_serverprints": _json(dict(pair.server.prints)),
        "postroom_part": pair.part.value,
        "postroom_pending": _json(_said(pending)) if pending else None,
        "fromcrmchangetype": on_server,
        "tocrmchangetype": on_crm,
        "postroom_failure": _json(_counted(failure)) if failure else None,
        "retries": failure.times + failure.lost if failure else 0,
        "lastsyncerror": failure.words[:_ERROR] if failure else None,
        "lastsyncerroroccurredon": now if failure else None,
        "userdecision": int(pair.decision),
        "postroom_question": _json(_asked(pair.question)) if pair.question else None,
        "itemsubject": subject[:_SUBJECT],
        "modifiedon": now,
    }


def _said(pending: Pending) -> dict[str, Any]:
    return {
        "doing": int(pending.doing),
        "side": pending.side.value,
        "token": pending.token,
        "wrote": dict(pending.wrote),
        "parting": int(pending.parting),
        "refused": pending.is_refused,
    }


def _asked(question: Question) -> dict[str, Any]:
    contests = {name: astuple(each) for name, each in question.contests.items()}
    return {"about": question.about.value, "contests": contests, "words": question.words}


def _counted(failure: Failure) -> dict[str, Any]:
    counted = asdict(failure)
    del counted["words"]
    return counted


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
