"""Circuits of mail servers in the store, and the workloads that wait for them.

Who ends a pass holds its workload's row and then takes the circuit's; who opens or closes a circuit holds
that and passes over rows that others hold. So nobody waits in a circle, and what is passed over is put right
by the pass that holds it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from postroom.configuration.server_name import server_name
from postroom.schema import registry
from postroom.schema.choices import Cause, CircuitState, RunStatus, Workload
from postroom.schema.ids import new_id
from postroom.store.database import insert_new
from postroom.store.workloads import COLUMNS_OF, batched

_CIRCUIT = registry.by_logical_name("postroom_circuit").table
_ROW = registry.by_logical_name("postroom_workload").table
_MAILBOX = registry.by_logical_name("mailbox").table

#: What waited for a server comes back within this time, so many a second, but never later than the limit.
BACK_PER_SECOND = 2
BACK_WITHIN_SECONDS = 300
_AT_ONCE = 5000
_BACK = "The server answers again."


def read(connection: Connection, profile: UUID, server: str) -> Mapping[str, Any] | None:
    """Return the row of a server's circuit, locked, or None when nothing was ever said against it."""
    found = sa.select(_CIRCUIT).where(_CIRCUIT.c.profileid == profile, _CIRCUIT.c.server == server)
    row = connection.execute(found.with_for_update()).one_or_none()
    return None if row is None else row._asdict()


def is_touched(connection: Connection, profile: UUID, server: str) -> bool:
    """Say, without waiting for anybody, whether there is something to be said against the server."""
    found = sa.select(sa.literal(1)).where(
        _CIRCUIT.c.profileid == profile,
        _CIRCUIT.c.server == server,
        sa.or_(_CIRCUIT.c.state != CircuitState.CLOSED, _CIRCUIT.c.strikes > 0),
    )
    return connection.scalar(found) is not None


def get_or_make(connection: Connection, profile: UUID, server: str) -> Mapping[str, Any]:
    """Return the row of a server's circuit, locked; it is made when there is none."""
    row = read(connection, profile, server)
    if row is None:
        values = {"postroom_circuitid": new_id(), "profileid": profile, "server": server}
        connection.execute(insert_new(connection, _CIRCUIT), [values])
        row = read(connection, profile, server)
    assert row is not None  # noqa: S101 - it was there or has just been made
    return row


def write(connection: Connection, circuit: UUID, values: Mapping[str, Any]) -> None:
    """Write what has become of a circuit."""
    changed = sa.update(_CIRCUIT).where(_CIRCUIT.c.postroom_circuitid == circuit)
    connection.execute(changed.values(**values))


def open_ones(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """Return the circuits that are not closed, the longest open first, each with how many workloads wait."""
    waiting = (
        sa.select(sa.func.count()).where(_ROW.c.circuitid == _CIRCUIT.c.postroom_circuitid).scalar_subquery()
    )
    found = (
        sa.select(_CIRCUIT, waiting.label("waiting"))
        .where(_CIRCUIT.c.state != CircuitState.CLOSED)
        .order_by(_CIRCUIT.c.openedon, _CIRCUIT.c.server)
    )
    return [row._asdict() for row in connection.execute(found)]


def try_now(connection: Connection, profile: UUID, now: datetime) -> None:
    """Let a probe through to every server of the profile, because something was changed about it."""
    changed = sa.update(_CIRCUIT).where(
        _CIRCUIT.c.profileid == profile, _CIRCUIT.c.state == CircuitState.OPEN
    )
    connection.execute(changed.values(retryon=now))


def has_older(connection: Connection, before: datetime) -> bool:
    """Say whether there are circuits of servers that have answered ever since this instant."""
    found = sa.select(_CIRCUIT.c.postroom_circuitid).where(_old(before))
    return connection.scalar(found.limit(1)) is not None


def forget(connection: Connection, before: datetime) -> int:
    """Delete the circuits of servers that have answered ever since this instant; return how many."""
    return connection.execute(sa.delete(_CIRCUIT).where(_old(before))).rowcount


def _old(before: datetime) -> sa.ColumnElement[bool]:
    latest = sa.func.coalesce(_CIRCUIT.c.struckon, _CIRCUIT.c.closedon)
    return sa.and_(_CIRCUIT.c.state == CircuitState.CLOSED, latest < before)


def _behind(connection: Connection, profile: Mapping[str, Any], server: str) -> list[UUID]:
    """Return the workload rows whose mailboxes are on this server."""
    key = profile["emailserverprofileid"]
    found = (
        sa.select(_ROW.c.postroom_workloadid, _ROW.c.workload, _MAILBOX.c.emailaddress, _MAILBOX.c.ewsurl)
        .join_from(_ROW, _MAILBOX, _MAILBOX.c.mailboxid == _ROW.c.mailboxid)
        .where(_MAILBOX.c.emailserverprofile == key)
    )
    return [
        row.postroom_workloadid
        for row in connection.execute(found)
        if server_name(Workload(row.workload), row._asdict(), profile) == server
    ]


def have_wait(
    connection: Connection, profile: Mapping[str, Any], server: str, circuit: UUID, reason: str
) -> int:
    """Have every workload behind this server wait for its circuit; return how many wait."""
    behind = _behind(connection, profile, server)
    for some in batched(behind, _AT_ONCE):
        free = _unlocked(connection, _ROW.c.postroom_workloadid.in_(some))
        waiting = sa.update(_ROW).where(_ROW.c.postroom_workloadid.in_(free))
        connection.execute(waiting.values(circuitid=circuit, gapreason=reason[:200]))
    return len(behind)


def let_go(connection: Connection, circuit: UUID, now: datetime) -> int:
    """Make what waited for a circuit due soon, but not all of it at once; return how many waited."""
    ids = _unlocked(connection, _ROW.c.circuitid == circuit)
    within_for = min(BACK_WITHIN_SECONDS, len(ids) / BACK_PER_SECOND)
    back = [
        {"row": id_, "due": now + timedelta(seconds=within_for * turn / len(ids))}
        for turn, id_ in enumerate(ids)
    ]
    changed = sa.update(_ROW).where(_ROW.c.postroom_workloadid == sa.bindparam("row"))
    values = {"circuitid": None, "dueon": sa.bindparam("due", type_=_ROW.c.dueon.type), "gapreason": _BACK}
    for some in batched(back, _AT_ONCE):
        connection.execute(changed.values(values), list(some))
    return len(ids)


def _unlocked(connection: Connection, which: sa.ColumnElement[bool]) -> list[UUID]:
    """Lock the rows that nobody else holds, and return them, the longest due first."""
    found = sa.select(_ROW.c.postroom_workloadid).where(which).order_by(_ROW.c.dueon)
    return list(connection.scalars(found.with_for_update(skip_locked=True)))


def put_back_in_service(
    connection: Connection,
    mailbox_ids: Collection[UUID] | None,
    now: datetime,
    *,
    causes: Collection[Cause],
    rows: Collection[UUID] | None = None,
    since: datetime | None = None,
) -> int:
    """Switch workloads on again that were stopped for these causes, and make them due; return how many."""
    wanted = [_ROW.c.lastcause.in_([int(cause) for cause in causes]), _ROW.c.failurecount > 0]
    if mailbox_ids is not None:
        wanted.append(_ROW.c.mailboxid.in_(list(mailbox_ids)))
    if rows is not None:
        wanted.append(_ROW.c.postroom_workloadid.in_(list(rows)))
    if since is not None:
        wanted.append(_ROW.c.lastendedon >= since)
    count = 0
    for workload in Workload:
        columns = COLUMNS_OF[workload]
        stopped = sa.and_(
            _MAILBOX.c[columns.enabled].is_(False), _MAILBOX.c[columns.status] == RunStatus.FAILURE
        )
        found = (
            sa.select(_ROW.c.mailboxid)
            .join_from(_ROW, _MAILBOX, _MAILBOX.c.mailboxid == _ROW.c.mailboxid)
            .where(*wanted, _ROW.c.workload == int(workload), stopped)
            .with_for_update(skip_locked=True)
        )
        ids = list(connection.scalars(found))
        if not ids:
            continue
        count += len(ids)
        on = {columns.enabled: True, columns.status: RunStatus.SUCCESS}
        connection.execute(sa.update(_MAILBOX).where(_MAILBOX.c.mailboxid.in_(ids)).values(on))
        due = sa.update(_ROW).where(_ROW.c.mailboxid.in_(ids), _ROW.c.workload == int(workload))
        connection.execute(due.values(dueon=now, gapreason=_AGAIN))
        _mend_overall(connection, ids)
    return count


_AGAIN = "It was stopped for its sign-in and is tried again."


def _mend_overall(connection: Connection, mailbox_ids: Collection[UUID]) -> None:
    """Let the status of the whole mailbox be a failure only while one of its workloads is."""
    failing = sa.or_(*[_MAILBOX.c[COLUMNS_OF[w].status] == RunStatus.FAILURE for w in Workload])
    connection.execute(
        sa.update(_MAILBOX)
        .where(_MAILBOX.c.mailboxid.in_(list(mailbox_ids)), sa.not_(sa.func.coalesce(failing, sa.false())))
        .values(mailboxstatus=RunStatus.SUCCESS)
    )


def stopped_since(
    connection: Connection, profile: Mapping[str, Any], server: str, since: datetime, now: datetime
) -> int:
    """Switch on again what rejected sign-ins have stopped behind this server since then; return how many."""
    rows = _behind(connection, profile, server)
    count = 0
    for some in batched(rows, _AT_ONCE):
        count += put_back_in_service(
            connection, None, now, causes=[Cause.SIGN_IN], rows=list(some), since=since
        )
    return count


def free_of_circuits(connection: Connection, mailbox_ids: Collection[UUID], now: datetime) -> None:
    """Let mailboxes that were set up anew wait for no server; their next pass finds out for itself."""
    waiting = sa.update(_ROW).where(_ROW.c.mailboxid.in_(list(mailbox_ids)), _ROW.c.circuitid.is_not(None))
    connection.execute(waiting.values(circuitid=None, dueon=now))
