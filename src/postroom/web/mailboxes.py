"""Mailboxes on the pages: the list, and one with its work, alerts and obstacles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.passes.access import obstacle_for
from postroom.schema import registry
from postroom.schema.choices import TraceLevel, Workload
from postroom.store import mailboxes

_ROW = registry.by_logical_name("postroom_workload").table
_MAILBOX = registry.by_logical_name("mailbox").table
_PROFILE = registry.by_logical_name("emailserverprofile").table
_ALERT = registry.by_logical_name("tracelog").table
_SHOWN = 200
_ALERTS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One mailbox of the list."""

    id: str
    address: str
    profile: str
    receives: bool
    sends: bool
    synchronizes: bool
    failing: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work of a mailbox: how it stands, and why."""

    name: str
    #: What keeps it from being done, with the cure; empty when nothing does.
    obstacle: str
    due_at: datetime | None
    reason: str
    is_at_work: bool
    last_ended_at: datetime | None
    failures: int
    error: str


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as a person reads it."""

    level: str
    at: datetime | None
    text: str
    details: str
    mailbox: str
    address: str


@dataclass(frozen=True, slots=True)
class Whole:
    """One mailbox with all that is known of its work."""

    id: str
    address: str
    profile: str
    work: Sequence[Work]
    alerts: Sequence[Told]


def find(connection: Connection, text: str = "") -> list[Line]:
    """Return the mailboxes whose address holds this text, the first of them by address."""
    failing = sa.select(sa.func.count()).where(
        _ROW.c.mailboxid == _MAILBOX.c.mailboxid, _ROW.c.failurecount > 0
    )
    query = (
        sa.select(
            _MAILBOX.c.mailboxid,
            _MAILBOX.c.emailaddress,
            _PROFILE.c.name,
            _MAILBOX.c.enabledforincomingemail,
            _MAILBOX.c.enabledforoutgoingemail,
            _MAILBOX.c.enabledforact,
            failing.scalar_subquery(),
            _MAILBOX.c.postponemailboxprocessinguntil,
        )
        .select_from(
            _MAILBOX.outerjoin(_PROFILE, _PROFILE.c.emailserverprofileid == _MAILBOX.c.emailserverprofile)
        )
        .order_by(_MAILBOX.c.emailaddress, _MAILBOX.c.mailboxid)
        .limit(_SHOWN)
    )
    if text.strip():
        query = query.where(
            sa.func.lower(_MAILBOX.c.emailaddress).contains(text.strip().lower(), autoescape=True)
        )
    return [
        Line(
            str(row[0]), row[1] or "", row[2] or "", bool(row[3]), bool(row[4]), bool(row[5]), row[6], row[7]
        )
        for row in connection.execute(query)
    ]


def whole(connection: Connection, id: UUID) -> Whole:
    """Return one mailbox; raises `UserError` when there is none."""
    setup = mailboxes.read_setup(connection, id)
    rows = {
        row.workload: row._asdict()
        for row in connection.execute(sa.select(_ROW).where(_ROW.c.mailboxid == id))
    }
    profile = (setup.profile or {}).get("name") or ""
    work = [_work(setup, workload, rows.get(int(workload), {})) for workload in Workload]
    return Whole(str(id), setup.mailbox["emailaddress"] or "", profile, work, told(connection, id))


def told(connection: Connection, mailbox: UUID | None = None) -> list[Told]:
    """Return the latest alerts, of one mailbox or of all."""
    query = (
        sa.select(_ALERT, _MAILBOX.c.emailaddress)
        .select_from(_ALERT.outerjoin(_MAILBOX, _MAILBOX.c.mailboxid == _ALERT.c.regardingobjectid))
        .order_by(_ALERT.c.modifiedon.desc(), _ALERT.c.tracelogid.desc())
        .limit(_ALERTS)
    )
    if mailbox is not None:
        query = query.where(_ALERT.c.regardingobjectid == mailbox)
    return [
        Told(
            TraceLevel(row.level).label,
            row.modifiedon or row.createdon,
            row.text or "",
            row.errordetails or "",
            str(row.regardingobjectid or "") if row.emailaddress else "",
            row.emailaddress or "",
        )
        for row in connection.execute(query)
    ]


def _work(setup: mailboxes.Setup, workload: Workload, row: Mapping[str, Any]) -> Work:
    obstacle = obstacle_for(setup, workload)
    return Work(
        workload.label,
        "" if obstacle is None else f"{obstacle.sentence} {obstacle.cure}",
        row.get("dueon"),
        row.get("gapreason") or "",
        row.get("inflight") is not None and row.get("hostid") is not None,
        row.get("lastendedon"),
        row.get("failurecount") or 0,
        row.get("lasterror") or "",
    )
