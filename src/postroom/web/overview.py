"""The overview: what works, what waits, what failed and why, in few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema import registry
from postroom.schema.choices import ActiveState, EmailStatus, QuarantineState, Workload

_ROW = registry.by_logical_name("postroom_workload").table
_MAILBOX = registry.by_logical_name("mailbox").table
_PROFILE = registry.by_logical_name("emailserverprofile").table
_EMAIL = registry.by_logical_name("email").table
_QUARANTINE = registry.by_logical_name("postroom_quarantine").table
_ENABLED = {
    Workload.INCOMING: "enabledforincomingemail",
    Workload.OUTGOING: "enabledforoutgoingemail",
    Workload.ITEMS: "enabledforact",
}
_CAUSES = 10
_COMING = 10


@dataclass(frozen=True, slots=True)
class WorkloadState:
    """How one kind of work stands in all mailboxes."""

    name: str
    enabled: int
    at_work: int
    late: int
    failing: int


@dataclass(frozen=True, slots=True)
class Server:
    """A profile and its mailboxes."""

    name: str
    mailboxes: int
    receiving: int
    sending: int


@dataclass(frozen=True, slots=True)
class Cause:
    """What several passes failed of."""

    words: str
    passes: int


@dataclass(frozen=True, slots=True)
class Coming:
    """A pass that is next."""

    mailbox: str
    address: str
    workload: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the first page shows."""

    workloads: Sequence[WorkloadState]
    servers: Sequence[Server]
    causes: Sequence[Cause]
    coming: Sequence[Coming]
    waiting_to_be_sent: int
    in_quarantine: int


def overview(connection: Connection, now: datetime) -> Overview:
    """Return the state of everything at one moment."""
    return Overview(
        [_workload(connection, workload, now) for workload in Workload],
        _servers(connection),
        _causes(connection),
        _coming(connection),
        _count(connection, _EMAIL, _EMAIL.c.statuscode == int(EmailStatus.PENDING_SEND)),
        _count(connection, _QUARANTINE, _QUARANTINE.c.state == int(QuarantineState.WAITING)),
    )


def _workload(connection: Connection, workload: Workload, now: datetime) -> WorkloadState:
    enabled = sa.and_(
        _MAILBOX.c.statecode == int(ActiveState.ACTIVE), _MAILBOX.c[_ENABLED[workload]].is_(True)
    )
    at_work = sa.and_(_ROW.c.inflight.is_not(None), _ROW.c.hostid.is_not(None))
    counts = sa.select(
        sa.func.count(),
        _counted(at_work),
        _counted(sa.and_(_ROW.c.dueon < now, _ROW.c.inflight.is_(None))),
        _counted(_ROW.c.failurecount > 0),
    )
    joined = _ROW.join(_MAILBOX, _MAILBOX.c.mailboxid == _ROW.c.mailboxid)
    found = connection.execute(
        counts.select_from(joined).where(_ROW.c.workload == int(workload), enabled)
    ).one()
    return WorkloadState(workload.label, *(number or 0 for number in found))


def _servers(connection: Connection) -> list[Server]:
    query = (
        sa.select(
            _PROFILE.c.name,
            sa.func.count(_MAILBOX.c.mailboxid),
            _counted(_MAILBOX.c.enabledforincomingemail.is_(True)),
            _counted(_MAILBOX.c.enabledforoutgoingemail.is_(True)),
        )
        .select_from(
            _PROFILE.outerjoin(_MAILBOX, _MAILBOX.c.emailserverprofile == _PROFILE.c.emailserverprofileid)
        )
        .group_by(_PROFILE.c.emailserverprofileid, _PROFILE.c.name)
        .order_by(_PROFILE.c.name)
    )
    return [Server(row[0] or "", *(number or 0 for number in row[1:])) for row in connection.execute(query)]


def _causes(connection: Connection) -> list[Cause]:
    many = sa.func.count()
    query = (
        sa.select(_ROW.c.lasterror, many)
        .where(_ROW.c.failurecount > 0, _ROW.c.lasterror.is_not(None))
        .group_by(_ROW.c.lasterror)
        .order_by(many.desc(), _ROW.c.lasterror)
        .limit(_CAUSES)
    )
    return [Cause(*row) for row in connection.execute(query)]


def _coming(connection: Connection) -> list[Coming]:
    names = {int(workload): workload.label for workload in Workload}
    enabled = sa.or_(
        *(
            sa.and_(_ROW.c.workload == int(workload), _MAILBOX.c[column].is_(True))
            for workload, column in _ENABLED.items()
        )
    )
    query = (
        sa.select(_ROW.c.mailboxid, _MAILBOX.c.emailaddress, _ROW.c.workload, _ROW.c.dueon, _ROW.c.gapreason)
        .join_from(_ROW, _MAILBOX, _MAILBOX.c.mailboxid == _ROW.c.mailboxid)
        .where(_ROW.c.inflight.is_(None), _MAILBOX.c.statecode == int(ActiveState.ACTIVE), enabled)
        .order_by(_ROW.c.dueon)
        .limit(_COMING)
    )
    return [
        Coming(
            str(row.mailboxid), row.emailaddress or "", names[row.workload], row.dueon, row.gapreason or ""
        )
        for row in connection.execute(query)
    ]


def _counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _count(connection: Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition)) or 0
