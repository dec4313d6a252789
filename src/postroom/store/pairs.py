"""Pairs: the rows of ExchangeSyncIdMapping as link and journal of two items."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.reconcile.conflict import Overwritten
from postroom.reconcile.item import Item, Kind, Part, Side
from postroom.reconcile.pair import Decision, Doing, Failure, Link, Pair, Parting, Pending, Snapshot
from postroom.schema import registry
from postroom.schema.ids import new_id
from postroom.schema.overwritten import Overwritten as OverwrittenRow
from postroom.schema.pair import ExchangeSyncIdMapping
from postroom.store.database import Database
from postroom.store.index import chunks_of

_PAIR = ExchangeSyncIdMapping.__table__
_OVERWRITTEN = OverwrittenRow.__table__

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
        _PAIR.c.userdecision.in_([int(Decision.ACCEPT), int(Decision.REJECT)]),
    )
    found = sa.select(sa.literal(1)).where(_PAIR.c.ownerid == user, waits)
    return connection.execute(found.limit(1)).first() is not None


def store(
    database: Database, connection: Connection, user: UUID, pair: Pair, subject: str, now: datetime
) -> None:
    """Write a pair as it is now; before an act this is its journal."""
    values = {**_columns(pair, subject, now), "versionnumber": database.next_versions(connection)}
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
            "value": str(one.value)[:_VALUE],
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
        decision=Decision(row["userdecision"] or 0),
    )


def _pending_of(text: str | None) -> Pending | None:
    if not text:
        return None
    said = json.loads(text)
    wrote = {name: (crm, server) for name, (crm, server) in said["wrote"].items()}
    return Pending(Doing(said["doing"]), Side(said["side"]), said["token"], wrote, Parting(said["parting"]))


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
        "retries": failure.times if failure else 0,
        "lastsyncerror": failure.words[:_ERROR] if failure else None,
        "lastsyncerroroccurredon": now if failure else None,
        "userdecision": int(pair.decision),
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
    }


def _counted(failure: Failure) -> dict[str, Any]:
    counted = asdict(failure)
    del counted["words"]
    return counted


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
