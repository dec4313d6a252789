"""The overview: how the fleet's workloads are, server by server and cause by cause."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema import registry
from postroom.schema.choices import ActiveState, Cause, CircuitState, RunStatus, Workload
from postroom.store.workloads import COLUMNS_OF

_ROW = registry.by_logical_name("postroom_workload").table
_MAILBOX = registry.by_logical_name("mailbox").table
_PROFILE = registry.by_logical_name("emailserverprofile").table
_CIRCUIT = registry.by_logical_name("postroom_circuit").table

#: What a workload is at, in the order in which it is asked; the first that fits counts.
STATES = ("off", "stopped", "under way", "waits for its server", "failing", "due", "waits for its time")

_JOINED = (
    _ROW.join(_MAILBOX, _MAILBOX.c.mailboxid == _ROW.c.mailboxid)
    .outerjoin(_PROFILE, _PROFILE.c.emailserverprofileid == _MAILBOX.c.emailserverprofile)
    .outerjoin(
        _CIRCUIT,
        sa.and_(_CIRCUIT.c.postroom_circuitid == _ROW.c.circuitid, _CIRCUIT.c.state != CircuitState.CLOSED),
    )
)


def _of_workload(what: str) -> sa.ColumnElement[Any]:
    """Return the mailbox's column of this kind for the workload of the row."""
    ways = [
        (_ROW.c.workload == int(work), _MAILBOX.c[getattr(columns, what)])
        for work, columns in COLUMNS_OF.items()
    ]
    return sa.case(*ways)


_IS_ON = sa.and_(
    _MAILBOX.c.statecode == ActiveState.ACTIVE,
    _PROFILE.c.statecode == ActiveState.ACTIVE,
    _of_workload("enabled").is_(True),
)


def _state(now: datetime) -> sa.ColumnElement[str]:
    is_stopped = sa.and_(
        _MAILBOX.c.statecode == ActiveState.ACTIVE, _of_workload("status") == RunStatus.FAILURE
    )
    return sa.case(
        (sa.and_(sa.not_(sa.func.coalesce(_IS_ON, sa.false())), is_stopped), "stopped"),
        (sa.not_(sa.func.coalesce(_IS_ON, sa.false())), "off"),
        (_ROW.c.inflight.is_not(None), "under way"),
        (_CIRCUIT.c.postroom_circuitid.is_not(None), "waits for its server"),
        (_ROW.c.failurecount > 0, "failing"),
        (_ROW.c.dueon <= now, "due"),
        else_="waits for its time",
    )


def workloads_by_state(connection: Connection, now: datetime) -> Mapping[Workload, Mapping[str, int]]:
    """Return how many workloads of each kind are in which state."""
    state = _state(now).label("at")
    query = sa.select(_ROW.c.workload, state, sa.func.count().label("many")).select_from(_JOINED)
    counted: dict[Workload, dict[str, int]] = {work: {} for work in Workload}
    for row in connection.execute(query.group_by(_ROW.c.workload, state)):
        counted[Workload(row.workload)][row.at] = row.many
    return {work: {at: found[at] for at in STATES if at in found} for work, found in counted.items()}


def by_server(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """Return of each server how many mailboxes are on it, and of how many the last pass failed."""
    failing = sa.case((_ROW.c.failurecount > 0, _ROW.c.mailboxid))
    query = (
        sa.select(
            _PROFILE.c.name.label("profile"),
            _ROW.c.server,
            sa.func.count(_ROW.c.mailboxid.distinct()).label("mailboxes"),
            sa.func.count(failing.distinct()).label("failing"),
        )
        .select_from(_JOINED)
        .where(_IS_ON, _ROW.c.server.is_not(None))
        .group_by(_PROFILE.c.name, _ROW.c.server)
        .order_by(_PROFILE.c.name, _ROW.c.server)
    )
    return [row._asdict() for row in connection.execute(query)]


def failures_by_cause(connection: Connection) -> Mapping[Cause, int]:
    """Return of how many workloads the last pass failed, by cause."""
    query = (
        sa.select(_ROW.c.lastcause, sa.func.count().label("many"))
        .where(_ROW.c.failurecount > 0, _ROW.c.lastcause.is_not(None))
        .group_by(_ROW.c.lastcause)
        .order_by(_ROW.c.lastcause)
    )
    return {Cause(row.lastcause): row.many for row in connection.execute(query)}


def what_is_next(connection: Connection, limit: int = 5) -> Sequence[Mapping[str, Any]]:
    """Return the workloads that are due next, with the reason for their gap."""
    query = (
        sa.select(_MAILBOX.c.emailaddress, _ROW.c.workload, _ROW.c.dueon, _ROW.c.gapreason)
        .select_from(_JOINED)
        .where(_IS_ON, _ROW.c.inflight.is_(None), _CIRCUIT.c.postroom_circuitid.is_(None))
        .order_by(_ROW.c.dueon)
        .limit(limit)
    )
    return [row._asdict() for row in connection.execute(query)]


def count_silent(connection: Connection) -> int:
    """Return in how many workloads nothing has succeeded for so long that somebody was told."""
    query = sa.select(sa.func.count()).select_from(_JOINED).where(_IS_ON, _ROW.c.silenton.is_not(None))
    return connection.scalar(query) or 0
