"""The row of each mailbox and workload: when it is due and who works on it.

The row is the durable truth of scheduling. A pass that is handed over raises the row's `sequence` and puts it
in `inflight`; it begins by taking the lease (`hostid`, `leaseuntil`) and ends by giving row and mailbox their
next state. Every write names the sequence, and once begun the host too: whoever comes late changes nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from postroom.schema import registry
from postroom.schema.choices import (
    ActiveState,
    Cause,
    CircuitState,
    CredentialRetrieval,
    EmailStatus,
    IncomingDeliveryMethod,
    ItemDeliveryMethod,
    OutgoingDeliveryMethod,
    RunStatus,
    ServerType,
    Workload,
)
from postroom.schema.ids import new_id
from postroom.store.database import insert_new

_ROW = registry.by_logical_name("postroom_workload").table
_MAILBOX = registry.by_logical_name("mailbox").table
_PROFILE = registry.by_logical_name("emailserverprofile").table
_EMAIL = registry.by_logical_name("email").table
_CIRCUIT = registry.by_logical_name("postroom_circuit").table
_ORGANIZATION = registry.by_logical_name("organization").table
_STATISTICS = registry.by_logical_name("mailboxstatistics").table

T = TypeVar("T")

_WORKLOADS = {int(workload): workload for workload in Workload}

#: Connections to one server at a time, where a profile doesn't say; the number Dataverse's forms name.
DEFAULT_CONNECTIONS = 10
#: The same where every mailbox signs in with credentials of its own: there the profile's number counts per
#: mailbox, and this one spares the server.
OWN_CREDENTIALS_CONNECTIONS = 40
#: Rows that are looked at when some are to be claimed: at least so many, or so many for each.
_IN_LINE = 4_000
_IN_LINE_FOR_EACH = 2
#: Rows named in one statement; databases bound the number of parameters.
_AT_ONCE = 5000
#: How long before a pass mail may have become ready and still be news to it: transactions commit late.
_LATE_COMMIT = timedelta(seconds=60)
#: Nothing is put off or leased for longer; what seems to be was written while a clock was wrong.
LONGEST_GAP = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One pass that was handed over: which mailbox, which workload, which sequence number."""

    mailbox_id: UUID
    workload: Workload
    sequence: int
    #: When it was due.
    due_at: datetime
    #: Passes of one pool share a server's connections.
    pool: str = ""
    #: How many passes of the pool may run at a time.
    places: int = DEFAULT_CONNECTIONS
    #: The lane in which the mailbox is looked at with others; None of a pass of its own.
    lane: UUID | None = None

    @property
    def work_key(self) -> str:
        """Return the name of the work that the ticket is part of: its lane's, or the pass's own."""
        return self.key if self.lane is None else lane_key(self.lane)

    @property
    def key(self) -> str:
        """Return the name of the pass, unique for ever.

        >>> from datetime import UTC
        >>> Ticket(UUID(int=1), Workload.OUTGOING, 7, datetime(2026, 1, 1, tzinfo=UTC)).key
        '00000000-0000-0000-0000-000000000001:1:7'
        """
        return f"{self.mailbox_id}:{int(self.workload)}:{self.sequence}"


def lane_key(lane: UUID) -> str:
    """Return the name of a lane, unique for ever."""
    return f"lane:{lane}"


@dataclass(frozen=True, slots=True)
class Standing:
    """A workload row as a pass finds it, with the mailbox's limits."""

    row_id: UUID
    mailbox_id: UUID
    workload: Workload
    sequence: int
    due_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    failures: int
    empty: int
    hinted: bool
    #: The mail server that the pass was begun for.
    server: str
    #: When somebody was told that nothing succeeds any more.
    silent_at: datetime | None
    #: How many passes before this one, in a row, were begun and not ended.
    broken: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """How a pass ended and what follows, in plain values."""

    ended_at: datetime
    #: None: stopped until a person has acted.
    due_at: datetime | None
    reason: str
    items: int
    failed: int
    backlog: int
    failures: int
    empty: int
    #: The failure's text; empty when the pass went well.
    error: str
    error_code: int
    notes: str
    host: str
    cause: Cause | None = None
    #: The circuit that the workload waits for.
    circuit: UUID | None = None
    broken: int = 0
    #: It had no news, and its server is cheaply asked for some together with others.
    is_idle: bool = False


@dataclass(frozen=True, slots=True)
class WorkloadColumns:
    """The mailbox's own columns of one workload."""

    enabled: str
    status: str
    method: str
    served_by: int
    postponed: str
    empty: str | None


COLUMNS_OF: Mapping[Workload, WorkloadColumns] = {
    Workload.INCOMING: WorkloadColumns(
        "enabledforincomingemail",
        "incomingemailstatus",
        "incomingemaildeliverymethod",
        IncomingDeliveryMethod.SERVER_SIDE,
        "receivingpostponeduntil",
        "noemailcount",
    ),
    Workload.OUTGOING: WorkloadColumns(
        "enabledforoutgoingemail",
        "outgoingemailstatus",
        "outgoingemaildeliverymethod",
        OutgoingDeliveryMethod.SERVER_SIDE,
        "postponesendinguntil",
        None,
    ),
    Workload.ITEMS: WorkloadColumns(
        "enabledforact",
        "actstatus",
        "actdeliverymethod",
        ItemDeliveryMethod.SERVER_SIDE,
        "receivingpostponeduntilforact",
        "noactcount",
    ),
}


def ensure_rows(connection: Connection, mailbox_ids: Iterable[UUID], now: datetime) -> None:
    """Give each mailbox its row for every workload, due now; rows that exist are left alone."""
    values = [
        {
            "postroom_workloadid": new_id(),
            "mailboxid": mailbox_id,
            "workload": int(workload),
            "sequence": 0,
            "dueon": now,
            "failurecount": 0,
            "emptycount": 0,
            "brokencount": 0,
            "hinted": False,
        }
        for mailbox_id in mailbox_ids
        for workload in Workload
    ]
    if values:
        connection.execute(insert_new(connection, _ROW), values)


def ensure_all(connection: Connection, now: datetime, limit: int = 1000) -> int:
    """Give rows to active mailboxes that have none; return how many mailboxes got them."""
    has_none = ~sa.exists().where(_ROW.c.mailboxid == _MAILBOX.c.mailboxid)
    found = sa.select(_MAILBOX.c.mailboxid).where(has_none, _MAILBOX.c.statecode == ActiveState.ACTIVE)
    mailbox_ids = connection.scalars(found.limit(limit)).all()
    ensure_rows(connection, mailbox_ids, now)
    return len(mailbox_ids)


def hint(
    connection: Connection, mailbox_ids: Collection[UUID], now: datetime, workload: Workload | None = None
) -> int:
    """Make the workload, or all of them, due now; return how many rows were found.

    The gap is passed over, also one that follows a failure; a pass that is under way is not disturbed, but
    followed by another one. Where the mailbox waits for its server, the next try of that is due too.
    """
    ensure_rows(connection, mailbox_ids, now)
    wanted = {"dueon": now, "hinted": True, "isidle": False}
    changed = sa.update(_ROW).where(_ROW.c.mailboxid.in_(list(mailbox_ids))).values(wanted)
    waits_for = sa.select(_ROW.c.circuitid).where(_ROW.c.mailboxid.in_(list(mailbox_ids)))
    if workload is not None:
        changed = changed.where(_ROW.c.workload == int(workload))
        waits_for = waits_for.where(_ROW.c.workload == int(workload))
    tried = sa.update(_CIRCUIT).where(
        _CIRCUIT.c.postroom_circuitid.in_(waits_for), _CIRCUIT.c.state == CircuitState.OPEN
    )
    # In this order, as passes do that end: first workloads, then circuits.
    found = connection.execute(changed).rowcount
    connection.execute(tried.values(retryon=now))
    return found


def tell_of_news(connection: Connection, mailbox_ids: Collection[UUID], now: datetime) -> int:
    """Make receiving due where a server says that something has come; return how many rows were found.

    Unlike a person's wish, news don't pass over the gap that follows a failure.
    """
    changed = (
        sa.update(_ROW)
        .where(
            _ROW.c.mailboxid.in_(list(mailbox_ids)),
            _ROW.c.workload == int(Workload.INCOMING),
            _ROW.c.failurecount == 0,
        )
        .values(dueon=now, hinted=True, isidle=False)
    )
    return connection.execute(changed).rowcount


def wake_senders(connection: Connection, now: datetime, rest_for: float) -> int:
    """Make the outgoing workload due where mail has become ready; return how many mailboxes were woken.

    Left alone are mailboxes in back-off, mailboxes whose last pass ended less than `rest_for` seconds ago,
    and mail that the last pass has already seen and left.
    """
    ready = sa.func.coalesce(_EMAIL.c.postponeemailprocessinguntil, _EMAIL.c.modifiedon)
    unseen = sa.or_(_ROW.c.laststartedon.is_(None), ready > _before(connection, _ROW.c.laststartedon))
    waiting = sa.exists().where(
        _EMAIL.c.sendermailboxid == _ROW.c.mailboxid,
        _EMAIL.c.statuscode == EmailStatus.PENDING_SEND,
        sa.or_(_EMAIL.c.postponeemailprocessinguntil.is_(None), _EMAIL.c.postponeemailprocessinguntil <= now),
        sa.or_(_EMAIL.c.delayedemailsendtime.is_(None), _EMAIL.c.delayedemailsendtime <= now),
        sa.or_(unseen, _EMAIL.c.delayedemailsendtime > _before(connection, _ROW.c.laststartedon)),
    )
    rested = sa.or_(_ROW.c.lastendedon.is_(None), _ROW.c.lastendedon <= now - timedelta(seconds=rest_for))
    woken = (
        sa.update(_ROW)
        .where(_ROW.c.workload == int(Workload.OUTGOING), _ROW.c.dueon > now, _ROW.c.inflight.is_(None))
        .where(_ROW.c.failurecount == 0, rested, waiting)
        .values(dueon=now, gapreason="Mail is ready to be sent.")
    )
    return connection.execute(woken).rowcount


def _before(connection: Connection, moment: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the instant a late commit before `moment`."""
    if connection.dialect.name == "postgresql":
        return moment - sa.literal(_LATE_COMMIT, sa.Interval())
    # Moments are microseconds on SQLite.
    return sa.type_coerce(moment, sa.BigInteger) - int(_LATE_COMMIT.total_seconds() * 1_000_000)


def claim_due(
    connection: Connection,
    now: datetime,
    limit: int,
    *,
    workloads: Collection[Workload] = tuple(Workload),
    host: str | None = None,
    lease: timedelta,
    lost_before: datetime | None = None,
    queued_before: datetime | None = None,
    mailbox_ids: Collection[UUID] | None = None,
    per_place: int = 1,
    but_idle: bool = False,
) -> Sequence[Ticket]:
    """Take up to `limit` due rows in flight and return their tickets, the longest due first.

    `but_idle` leaves to lanes what lanes are for.

    No profile has more rows in flight than its connections, times `per_place`: a slow server keeps nobody
    else waiting. With `host` the rows are leased to that host at once; without it they wait until somebody
    begins them. Of those that wait for a server that does not answer, one is taken when that is to be tried
    again, and otherwise none. Rows in flight are taken over under a new number when their lease ran out
    before `lost_before` or, if nobody has begun them, before `queued_before`; None leaves them alone.
    """
    free = free_rows(lost_before, queued_before)
    due = [free, is_due(now), may_run(workloads)]
    if but_idle:
        # What waits for its server is tried again by passes of its own, one at a time.
        due.append(sa.or_(_ROW.c.isidle.is_(False), _ROW.c.circuitid.is_not(None)))
    if mailbox_ids is not None:
        due.append(_ROW.c.mailboxid.in_(list(mailbox_ids)))
    else:
        due.append(first_in_line(due, now, limit))
    found = connection.execute(fair_share(due, free, now, limit, per_place)).all()
    if not found:
        return []
    claimed = {
        "sequence": _ROW.c.sequence + 1,
        "inflight": _ROW.c.sequence + 1,
        "hostid": host,
        "leaseuntil": now + lease,
        "lane": None,
        "hinted": False,
    }
    if host is not None:
        claimed["laststartedon"] = now
    for rows in batched(found, _AT_ONCE):
        ids = [row.postroom_workloadid for row in rows]
        connection.execute(sa.update(_ROW).where(_ROW.c.postroom_workloadid.in_(ids)).values(claimed))
    return [ticket_of(row) for row in found]


def first_in_line(due: Sequence[sa.ColumnElement[bool]], now: datetime, limit: int) -> sa.ColumnElement[bool]:
    """Return the condition that a row is among the first of those that are due.

    After an outage everything is due, and to rank all of it each time would take longer than the work.
    """
    most = max(_IN_LINE, _IN_LINE_FOR_EACH * min(limit, _IN_LINE))
    found = sa.select(_ROW.c.postroom_workloadid).select_from(_with_profiles())
    found = found.where(*due, _is_let_through(now))
    lines = (found.where(_ROW.c.hinted.is_(True)).limit(most), found.order_by(_ROW.c.dueon).limit(most))
    return sa.or_(*(_ROW.c.postroom_workloadid.in_(line) for line in lines))


def batched(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the things in runs of at most `size`.

    >>> list(batched("abcde", 2))
    ['ab', 'cd', 'e']
    """
    return (things[start : start + size] for start in range(0, len(things), size))


def is_due(now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a row is due, or put off for longer than anything is."""
    return sa.or_(_ROW.c.dueon <= now, _ROW.c.dueon > now + LONGEST_GAP)


def _may_probe(now: datetime) -> sa.ColumnElement[bool]:
    """Return the coarse test; whether it is one pass alone is made sure of when it begins."""
    opened, half = CircuitState.OPEN, CircuitState.HALF_OPEN
    return sa.or_(
        sa.and_(_CIRCUIT.c.state == opened, _is_over(_CIRCUIT.c.retryon, now)),
        sa.and_(_CIRCUIT.c.state == half, _is_over(_CIRCUIT.c.probeuntil, now)),
    )


def _is_over(until: sa.ColumnElement[Any], now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(until.is_(None), until <= now, until > now + LONGEST_GAP)


def free_rows(lost_before: datetime | None, queued_before: datetime | None) -> sa.ColumnElement[bool]:
    """Return the condition that nobody is at a row, or nobody who could still be."""
    ways: list[sa.ColumnElement[bool]] = [_ROW.c.inflight.is_(None)]
    if lost_before is not None:
        ways.append(sa.and_(_ROW.c.hostid.is_not(None), _ran_out(lost_before)))
    if queued_before is not None:
        ways.append(sa.and_(_ROW.c.hostid.is_(None), _ran_out(queued_before)))
    return sa.or_(*ways)


def _ran_out(before: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(_ROW.c.leaseuntil < before, _ROW.c.leaseuntil > before + LONGEST_GAP)


def may_run(workloads: Collection[Workload]) -> sa.ColumnElement[bool]:
    """Return the coarse test; whatever else stands in the way is found when the pass begins."""
    served = [
        sa.and_(
            _ROW.c.workload == int(workload),
            _MAILBOX.c[COLUMNS_OF[workload].enabled].is_(True),
            _MAILBOX.c[COLUMNS_OF[workload].method] == COLUMNS_OF[workload].served_by,
        )
        for workload in workloads
    ]
    active = sa.and_(_MAILBOX.c.statecode == ActiveState.ACTIVE, _PROFILE.c.statecode == ActiveState.ACTIVE)
    return sa.and_(active, sa.or_(sa.false(), *served))


def _places() -> sa.ColumnElement[int]:
    most = sa.func.coalesce(_PROFILE.c.maxconcurrentconnections, DEFAULT_CONNECTIONS)
    return sa.case((_shares_credentials(), most), else_=OWN_CREDENTIALS_CONNECTIONS)


def _shares_credentials() -> sa.ColumnElement[bool]:
    retrieval = sa.case(
        (_ROW.c.workload == int(Workload.OUTGOING), _PROFILE.c.outgoingcredentialretrieval),
        else_=_PROFILE.c.incomingcredentialretrieval,
    )
    return sa.func.coalesce(retrieval, CredentialRetrieval.USER_OR_QUEUE) != CredentialRetrieval.USER_OR_QUEUE


def _with_profiles() -> sa.FromClause:
    waits = sa.and_(
        _CIRCUIT.c.postroom_circuitid == _ROW.c.circuitid,
        _CIRCUIT.c.state != CircuitState.CLOSED,
        # A mailbox that was given another profile waits for nothing any more.
        _CIRCUIT.c.profileid == _MAILBOX.c.emailserverprofile,
    )
    return (
        _ROW.join(_MAILBOX, _MAILBOX.c.mailboxid == _ROW.c.mailboxid)
        .join(_PROFILE, _PROFILE.c.emailserverprofileid == _MAILBOX.c.emailserverprofile)
        .outerjoin(_CIRCUIT, waits)
    )


def _is_let_through(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(_CIRCUIT.c.postroom_circuitid.is_(None), _may_probe(now))


def fair_share(
    due: Sequence[sa.ColumnElement[bool]],
    free: sa.ColumnElement[bool],
    now: datetime,
    limit: int,
    per_place: int,
    per_busy_place: int = 1,
) -> sa.Select[Any]:
    """Return the statement that picks due rows, for no profile more than its places allow."""
    lane = (_PROFILE.c.emailserverprofileid, _ROW.c.workload)
    order = (_ROW.c.hinted.desc(), _ROW.c.dueon)
    ranked = (
        sa.select(
            _ROW.c.postroom_workloadid,
            _PROFILE.c.emailserverprofileid.label("profile"),
            _places().label("places"),
            _CIRCUIT.c.postroom_circuitid.label("circuit"),
            sa.func.row_number().over(partition_by=lane, order_by=order).label("turn"),
            sa.func.row_number()
            .over(partition_by=_CIRCUIT.c.postroom_circuitid, order_by=order)
            .label("try"),
        )
        .select_from(_with_profiles())
        .where(*due, _is_let_through(now))
        .subquery("ranked")
    )
    busy = (
        sa.select(
            _MAILBOX.c.emailserverprofile.label("profile"),
            _ROW.c.workload,
            # Each has one connection.
            _pieces().label("many"),
        )
        .join_from(_ROW, _MAILBOX, _MAILBOX.c.mailboxid == _ROW.c.mailboxid)
        .where(_ROW.c.inflight.is_not(None))
        .group_by(_MAILBOX.c.emailserverprofile, _ROW.c.workload)
        .subquery("busy")
    )
    many = sa.func.coalesce(busy.c.many, 0)
    room = ranked.c.places * per_place - many * per_busy_place
    return (
        sa.select(_ROW, ranked, (ranked.c.places - many).label("free_places"))
        .join_from(_ROW, ranked, ranked.c.postroom_workloadid == _ROW.c.postroom_workloadid)
        .outerjoin(busy, sa.and_(busy.c.profile == ranked.c.profile, busy.c.workload == _ROW.c.workload))
        # Asked once more of the row itself: PostgreSQL looks at it again after it has the lock.
        .where(free, ranked.c.turn <= room, sa.or_(ranked.c.circuit.is_(None), ranked.c["try"] == 1))
        .order_by(*order)
        .limit(limit)
        .with_for_update(skip_locked=True, of=_ROW)
    )


def ticket_of(row: Row[Any], lane: UUID | None = None) -> Ticket:
    """Return the ticket of a row that `fair_share` has picked and that is being claimed."""
    return Ticket(
        row.mailboxid,
        _WORKLOADS[row.workload],
        row.sequence + 1,
        row.dueon,
        f"{row.profile}:{row.workload}",
        max(1, row.places),
        lane,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """How much of one workload waits, is in flight and failed last time, of what may run at all."""

    waiting: int
    in_flight: int
    failing: int
    #: Since when the longest waiting one has been due; None when nothing waits.
    due_since: datetime | None
    #: When the one that went well least recently last did; None when none ever has.
    succeeded_at: datetime | None


def lines(connection: Connection, now: datetime) -> Mapping[Workload, Line]:
    """Return how long the line of every workload is."""
    waits = sa.and_(_ROW.c.inflight.is_(None), _ROW.c.dueon <= now)
    counted = (
        sa.select(
            _ROW.c.workload,
            sa.func.count().filter(waits).label("waiting"),
            sa.func.count(_ROW.c.inflight).label("in_flight"),
            sa.func.count().filter(_ROW.c.failurecount > 0).label("failing"),
            sa.func.min(_ROW.c.dueon).filter(waits).label("due_since"),
            sa.func.min(_ROW.c.lastsucceededon).label("succeeded_at"),
        )
        .join(_MAILBOX, _MAILBOX.c.mailboxid == _ROW.c.mailboxid)
        .join(_PROFILE, _PROFILE.c.emailserverprofileid == _MAILBOX.c.emailserverprofile)
        .where(may_run(tuple(Workload)))
        .group_by(_ROW.c.workload)
    )
    found = {
        _WORKLOADS[row.workload]: Line(
            row.waiting, row.in_flight, row.failing, row.due_since, row.succeeded_at
        )
        for row in connection.execute(counted)
    }
    return {workload: found.get(workload, Line(0, 0, 0, None, None)) for workload in Workload}


def count_in_flight(connection: Connection) -> int:
    """Return how many passes and lanes are in flight."""
    found = sa.select(_pieces()).select_from(_ROW).where(_ROW.c.inflight.is_not(None))
    return connection.scalar(found) or 0


def _pieces() -> sa.ColumnElement[int]:
    """Return the number of pieces of work in rows: a lane is one, however many mailboxes are in it."""
    return sa.func.count(sa.distinct(sa.func.coalesce(_ROW.c.lane, _ROW.c.postroom_workloadid)))


def _locked(connection: Connection, ticket: Ticket) -> Row[Any] | None:
    found = sa.select(_ROW).where(
        _ROW.c.mailboxid == ticket.mailbox_id,
        _ROW.c.workload == int(ticket.workload),
        _ROW.c.inflight == ticket.sequence,
    )
    return connection.execute(found.with_for_update()).one_or_none()


def standing_of(row: Row[Any]) -> Standing:
    """Return what a pass knows of its row."""
    return Standing(
        row.postroom_workloadid,
        row.mailboxid,
        _WORKLOADS[row.workload],
        row.inflight,
        row.dueon,
        row.laststartedon,
        row.lastendedon,
        row.failurecount,
        row.emptycount,
        row.hinted,
        row.server or "",
        row.silenton,
        row.brokencount,
    )


def begin(
    connection: Connection, ticket: Ticket, *, host: str, now: datetime, lease: timedelta
) -> Standing | None:
    """Lease the row to this host and mark the mailbox; None when the pass is another's or over."""
    row = _locked(connection, ticket)
    if row is None or not (row.hostid in (None, host) or _is_run_out(row.leaseuntil, now)):
        return None
    connection.execute(
        sa.update(_ROW)
        .where(_ROW.c.postroom_workloadid == row.postroom_workloadid)
        .values(hostid=host, leaseuntil=now + lease, laststartedon=now, brokencount=_ROW.c.brokencount + 1)
    )
    marks: dict[str, Any] = {
        "processingstatecode": 1,
        "hostid": host,
        "processinglastattemptedon": now,
        "lastsyncstartedon": now,
    }
    if row.hostid not in (None, host):
        marks["forcedunlockcount"] = sa.func.coalesce(_MAILBOX.c.forcedunlockcount, 0) + 1
        marks["lastmailboxforcedunlockoccurredon"] = now
    connection.execute(sa.update(_MAILBOX).where(_MAILBOX.c.mailboxid == row.mailboxid).values(marks))
    return standing_of(row)


def _is_run_out(until: datetime | None, now: datetime) -> bool:
    return until is None or not now <= until <= now + LONGEST_GAP


def note_server(connection: Connection, standing: Standing, server: str) -> None:
    """Note which server the pass that begins is to ask, where that has changed."""
    if standing.server != server:
        changed = sa.update(_ROW).where(_ROW.c.postroom_workloadid == standing.row_id)
        connection.execute(changed.values(server=server))


def held(connection: Connection, ticket: Ticket, *, host: str) -> Standing | None:
    """Lock and return the row if the pass is still this host's; None when it was taken over."""
    row = _locked(connection, ticket)
    return standing_of(row) if row is not None and row.hostid == host else None


def renew(connection: Connection, tickets: Sequence[Ticket], *, host: str, until: datetime) -> int:
    """Prolong the leases of these passes where this host still holds them; return how many."""
    renewed = 0
    for some in batched(tickets, _AT_ONCE):
        mine = sa.tuple_(_ROW.c.mailboxid, _ROW.c.workload, _ROW.c.inflight).in_(
            [(ticket.mailbox_id, int(ticket.workload), ticket.sequence) for ticket in some]
        )
        found = sa.update(_ROW).where(mine, _ROW.c.hostid == host)
        renewed += connection.execute(found.values(leaseuntil=until)).rowcount
    return renewed


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a mailbox may do is decided from: the mailbox, its profile and the organization."""

    mailbox: Mapping[str, Any]
    profile: Mapping[str, Any] | None
    organization: Mapping[str, Any]

    @property
    def is_cheaply_asked(self) -> bool:
        """Say whether the server is one that idle mailboxes are looked at on together."""
        return (self.profile or {}).get("servertype") == ServerType.POP3_SMTP

    @property
    def floor_for(self) -> float:
        """Return the shortest gap that the profile permits, in seconds."""
        return 60.0 * ((self.profile or {}).get("minpollingintervalinminutes") or 0)


def is_on(around: Surroundings, workload: Workload) -> bool:
    """Say whether the mailbox is switched on for this workload."""
    return bool(around.mailbox.get(COLUMNS_OF[workload].enabled))


def surroundings(connection: Connection, mailbox_id: UUID) -> Surroundings:
    """Return mailbox, profile and organization, without their long texts."""
    mailbox = _one(connection, _MAILBOX, _MAILBOX.c.mailboxid == mailbox_id) or {}
    key = mailbox.get("emailserverprofile")
    profile = _one(connection, _PROFILE, _PROFILE.c.emailserverprofileid == key) if key else None
    return Surroundings(mailbox, profile, _one(connection, _ORGANIZATION, sa.true()) or {})


def _one(connection: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> Mapping[str, Any] | None:
    short = [column for column in table.columns if not isinstance(column.type, sa.Text)]
    row = connection.execute(sa.select(*short).where(which).limit(1)).one_or_none()
    return None if row is None else row._asdict()


def rearm(connection: Connection, standing: Standing, account: Account) -> None:
    """Give the row its next due time, mirror it on the mailbox, and write the pass's statistics."""
    due_at = account.due_at or account.ended_at
    went_well = not account.error
    values: dict[str, Any] = {
        "inflight": None,
        "hostid": None,
        "leaseuntil": None,
        "lane": None,
        "isidle": account.is_idle,
        "hinted": False,
        "dueon": due_at,
        "gapreason": account.reason[:200],
        "failurecount": account.failures,
        "emptycount": account.empty,
        "brokencount": account.broken,
        "lasterror": account.error[:2048] or None,
        "lastendedon": account.ended_at,
        "lastcause": account.cause,
        "circuitid": account.circuit,
    }
    if went_well:
        values |= {"lastsucceededon": account.ended_at, "silenton": None}
    connection.execute(sa.update(_ROW).where(_ROW.c.postroom_workloadid == standing.row_id).values(values))
    siblings = connection.execute(sa.select(_ROW).where(_ROW.c.mailboxid == standing.mailbox_id)).all()
    mirrored = {
        **_progress(standing, account),
        **_schedule(standing.workload, account, siblings),
        **(_success(account) if went_well else _failure(account)),
        **({} if account.due_at else _stopped(standing.workload)),
    }
    connection.execute(
        sa.update(_MAILBOX).where(_MAILBOX.c.mailboxid == standing.mailbox_id).values(mirrored)
    )
    connection.execute(sa.insert(_STATISTICS).values(statistics_of(standing, account)))


def _progress(standing: Standing, account: Account) -> dict[str, Any]:
    spent = milliseconds(standing.started_at, account.ended_at)
    times = sa.func.coalesce(_MAILBOX.c.processedtimes, 0)
    mean = sa.func.coalesce(_MAILBOX.c.averagetotalduration, 0)
    return {
        "lastduration": spent,
        # The mean moves towards the new value by its share; nothing is multiplied, so nothing overflows.
        "averagetotalduration": mean + (spent - mean) // (times + 1),
        "processedtimes": times + 1,
        "itemsprocessedforlastsync": account.items,
        "itemsfailedforlastsync": account.failed,
    }


def _schedule(workload: Workload, account: Account, siblings: Sequence[Row[Any]]) -> dict[str, Any]:
    columns = COLUMNS_OF[workload]
    at_work = [row for row in siblings if row.inflight is not None and row.hostid is not None]
    values: dict[str, Any] = {
        columns.postponed: account.due_at,
        "postponemailboxprocessinguntil": min(row.dueon for row in siblings),
        "processingstatecode": 1 if at_work else 0,
        "hostid": at_work[0].hostid if at_work else None,
        # One byte for each workload.
        "transientfailurecount": sum(min(row.failurecount, 127) << 8 * row.workload for row in siblings),
        "lastsyncerrorcount": max(row.failurecount for row in siblings),
    }
    if columns.empty is not None:
        values[columns.empty] = account.empty
    if workload is Workload.ITEMS and account.due_at is not None:
        values["nextscheduledactsyncinseconds"] = int((account.due_at - account.ended_at).total_seconds())
    return values


def _success(account: Account) -> dict[str, Any]:
    return {"lastsuccessfulsynccompletedon": account.ended_at}


def _failure(account: Account) -> dict[str, Any]:
    return {
        "lastsyncerror": account.error[:2048],
        "lastsyncerrorcode": account.error_code,
        "lastsyncerrormachinename": account.host[:320],
        "lastsyncerroroccurredon": account.ended_at,
    }


def _stopped(workload: Workload) -> dict[str, Any]:
    columns = COLUMNS_OF[workload]
    return {columns.enabled: False, columns.status: RunStatus.FAILURE, "mailboxstatus": RunStatus.FAILURE}


def statistics_of(standing: Standing, account: Account) -> dict[str, Any]:
    """Return the row of statistics of a pass."""
    started_at = standing.started_at or account.ended_at
    since_last_for = started_at - (standing.ended_at or started_at)
    planned_for = standing.due_at - (standing.ended_at or standing.due_at)
    return {
        "mailboxstatisticsid": new_id(),
        "mailboxid": standing.mailbox_id,
        "operationtypeid": int(standing.workload),
        "processresult": not account.error,
        "itemsprocessed": account.items,
        "itemsfailed": account.failed,
        "crmitemsbacklog": account.backlog,
        "mailboxprocessscheduledon": standing.due_at,
        "mailboxprocessstartedon": started_at,
        "mailboxprocesscompletedon": account.ended_at,
        "processtimeintervalinminutes": max(0, round(since_last_for.total_seconds() / 60)),
        "scheduledtimeintervalinminutes": max(0, round(planned_for.total_seconds() / 60)),
        "individualstepdurations": account.notes[:4000] or None,
        "machinename": account.host[:320],
    }


def milliseconds(started_at: datetime | None, ended_at: datetime) -> int:
    """Return how long a pass took, as far as its column holds it."""
    if started_at is None:
        return 0
    return min(2**31 - 1, max(0, round((ended_at - started_at).total_seconds() * 1000)))


def release(
    connection: Connection, ticket: Ticket, *, due_at: datetime, reason: str, circuit: UUID | None = None
) -> bool:
    """Take the row out of flight without a pass; say whether it was still this ticket's.

    With `circuit` it waits for that.
    """
    row = _locked(connection, ticket)
    if row is None:
        return False
    values = {
        "inflight": None,
        "hostid": None,
        "leaseuntil": None,
        "lane": None,
        "dueon": due_at,
        "circuitid": circuit,
    }
    connection.execute(
        sa.update(_ROW)
        .where(_ROW.c.postroom_workloadid == row.postroom_workloadid)
        .values(**values, brokencount=0, gapreason=reason[:200])
    )
    unmark(connection, [row.mailboxid])
    return True


def unmark(connection: Connection, mailbox_ids: Collection[UUID]) -> None:
    """Clear the mark of being processed from mailboxes that have no pass under way."""
    at_work = sa.exists().where(
        _ROW.c.mailboxid == _MAILBOX.c.mailboxid, _ROW.c.inflight.is_not(None), _ROW.c.hostid.is_not(None)
    )
    connection.execute(
        sa.update(_MAILBOX)
        .where(_MAILBOX.c.mailboxid.in_(list(mailbox_ids)), ~at_work)
        .values(processingstatecode=0, hostid=None)
    )


def release_host(connection: Connection, host: str, *, reason: str) -> int:
    """Take out of flight everything a host has begun that is known to be dead; return how many rows."""
    mine = sa.and_(_ROW.c.inflight.is_not(None), _ROW.c.hostid == host)
    mailbox_ids = connection.scalars(sa.select(_ROW.c.mailboxid).where(mine)).all()
    released = sa.update(_ROW).where(mine)
    connection.execute(
        released.values(inflight=None, hostid=None, leaseuntil=None, lane=None, gapreason=reason[:200])
    )
    unmark(connection, mailbox_ids)
    return len(mailbox_ids)


def overdue(
    connection: Connection, now: datetime, *, limit: int, host: str | None = None
) -> Sequence[Ticket]:
    """Return tickets in flight whose lease has run out, or that this host holds; the oldest first."""
    late = _ran_out(now)
    if host is not None:
        late = sa.or_(late, _ROW.c.hostid == host)
    found = sa.select(_ROW).where(_ROW.c.inflight.is_not(None), late).order_by(_ROW.c.leaseuntil).limit(limit)
    return list(map(_in_flight, connection.execute(found)))


def wait_longer(connection: Connection, tickets: Iterable[Ticket], until: datetime) -> None:
    """Prolong the wait of tickets that nobody has begun, because they are known to be in line."""
    for ticket in tickets:
        connection.execute(
            sa.update(_ROW)
            .where(_ROW.c.mailboxid == ticket.mailbox_id, _ROW.c.workload == int(ticket.workload))
            .where(_ROW.c.inflight == ticket.sequence, _ROW.c.hostid.is_(None))
            .values(leaseuntil=until)
        )


def leased(connection: Connection, now: datetime) -> frozenset[tuple[UUID, Workload, int]]:
    """Return what is being worked on under a lease that holds: mailbox, workload and sequence."""
    return frozenset((each.mailbox_id, each.workload, each.sequence) for each in _leased(connection, now))


def work_under_lease(connection: Connection, now: datetime) -> frozenset[str]:
    """Return the names of the work that is being done under a lease that holds."""
    return frozenset(each.work_key for each in _leased(connection, now))


def _leased(connection: Connection, now: datetime) -> Iterator[Ticket]:
    found = sa.select(_ROW).where(
        _ROW.c.inflight.is_not(None), _ROW.c.hostid.is_not(None), sa.not_(_ran_out(now))
    )
    return map(_in_flight, connection.execute(found))


def _in_flight(row: Row[Any]) -> Ticket:
    return Ticket(row.mailboxid, _WORKLOADS[row.workload], row.inflight, row.dueon, lane=row.lane)


def has_older_statistics(connection: Connection, before: datetime) -> bool:
    """Say whether there are statistics of passes that started before this instant."""
    key, started = _STATISTICS.c.mailboxstatisticsid, _STATISTICS.c.mailboxprocessstartedon
    return connection.scalar(sa.select(key).where(started < before).limit(1)) is not None


def forget_statistics(connection: Connection, before: datetime, limit: int = _AT_ONCE) -> int:
    """Delete statistics of passes that started before this instant, the oldest first; return how many."""
    key, started = _STATISTICS.c.mailboxstatisticsid, _STATISTICS.c.mailboxprocessstartedon
    old = sa.select(key).where(started < before).order_by(started).limit(limit)
    ids = list(connection.scalars(old))
    if ids:
        connection.execute(sa.delete(_STATISTICS).where(key.in_(ids)))
    return len(ids)


@dataclass(frozen=True, slots=True)
class Silent:
    """A workload that runs and has not succeeded for a while."""

    row_id: UUID
    mailbox_id: UUID
    workload: Workload
    since: datetime
    failures: int
    error: str
    #: The shortest gap that the profile permits, in seconds.
    floor_for: float


def without_success(connection: Connection, before: datetime) -> Sequence[Silent]:
    """Return the workloads that are on and have not succeeded since, of which nobody was told yet.

    Left out is what waits for a server: its circuit was told of.
    """
    since = sa.func.coalesce(
        _ROW.c.lastsucceededon, _MAILBOX.c.testmailboxaccesscompletedon, _MAILBOX.c.createdon
    )
    waits = sa.exists().where(
        _CIRCUIT.c.postroom_circuitid == _ROW.c.circuitid, _CIRCUIT.c.state != CircuitState.CLOSED
    )
    found = (
        sa.select(_ROW, since.label("since"), _PROFILE.c.minpollingintervalinminutes)
        .join_from(_ROW, _MAILBOX, _MAILBOX.c.mailboxid == _ROW.c.mailboxid)
        .join(_PROFILE, _PROFILE.c.emailserverprofileid == _MAILBOX.c.emailserverprofile)
        .where(may_run(tuple(Workload)), _ROW.c.silenton.is_(None), since < before, ~waits)
    )
    return [
        Silent(
            row.postroom_workloadid,
            row.mailboxid,
            _WORKLOADS[row.workload],
            row.since,
            row.failurecount,
            row.lasterror or "",
            60.0 * (row.minpollingintervalinminutes or 0),
        )
        for row in connection.execute(found)
    ]


def note_silence(connection: Connection, rows: Collection[UUID], now: datetime) -> None:
    """Note that somebody was told that nothing succeeds in these workloads any more."""
    for some in batched(list(rows), _AT_ONCE):
        noted = sa.update(_ROW).where(_ROW.c.postroom_workloadid.in_(some))
        connection.execute(noted.values(silenton=now))
