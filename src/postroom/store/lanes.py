"""Lanes: idle mailboxes of one profile that are looked at together.

A mailbox that had no news lately needs no pass to say so again. Due ones are claimed a lane at a time, and
what is written about them is written at once; where there is news, the row goes on to a pass of its own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from postroom.schema import registry
from postroom.schema.choices import Workload
from postroom.schema.ids import new_id
from postroom.store.workloads import (
    Account,
    Standing,
    Surroundings,
    Ticket,
    fair_share,
    first_in_line,
    free_rows,
    is_due,
    may_run,
    milliseconds,
    standing_of,
    statistics_of,
    ticket_of,
)

_ROW = registry.by_logical_name("postroom_workload").table
_MAILBOX = registry.by_logical_name("mailbox").table
_PROFILE = registry.by_logical_name("emailserverprofile").table
_ORGANIZATION = registry.by_logical_name("organization").table
_STATISTICS = registry.by_logical_name("mailboxstatistics").table

#: Mailboxes in one lane: so few that one slow server among them holds up few, so many that what is done
#: once for a lane is little for each.
MOST: Final = 50
_FEWEST: Final = 10
#: A lane may wait in line for a while before anybody begins it.
_PATIENCE: Final = 4


def claim_idle(
    connection: Connection,
    now: datetime,
    limit: int,
    *,
    workloads: Collection[Workload],
    lease: timedelta,
) -> Sequence[Sequence[Ticket]]:
    """Take due rows of idle mailboxes in flight and return them as lanes; a lane takes one connection."""
    free = free_rows(None, None)
    due = [free, is_due(now), _ROW.c.isidle.is_(True), _ROW.c.circuitid.is_(None), may_run(workloads)]
    due.append(first_in_line(due, now, limit))
    found = connection.execute(fair_share(due, free, now, limit, MOST, MOST)).all()
    of_profiles: dict[UUID, list[sa.Row[Any]]] = {}
    for row in found:
        of_profiles.setdefault(row.profile, []).append(row)
    made = [part for rows in of_profiles.values() for part in _parts(rows)]
    return [_claim(connection, rows, now + _PATIENCE * lease) for rows in made]


def _parts(rows: Sequence[sa.Row[Any]]) -> list[Sequence[sa.Row[Any]]]:
    """Divide what is due of a profile over its free connections, but not too thinly."""
    number = max(1, min(rows[0].free_places, -(-len(rows) // _FEWEST)))
    return [rows[start::number] for start in range(number)]


def _claim(connection: Connection, rows: Sequence[sa.Row[Any]], until: datetime) -> Sequence[Ticket]:
    lane = new_id()
    ids = [row.postroom_workloadid for row in rows]
    claimed = {
        "sequence": _ROW.c.sequence + 1,
        "inflight": _ROW.c.sequence + 1,
        "hostid": None,
        "leaseuntil": until,
        "lane": lane,
    }
    connection.execute(sa.update(_ROW).where(_ROW.c.postroom_workloadid.in_(ids)).values(claimed))
    return [ticket_of(row, lane) for row in rows]


def begin(
    connection: Connection, tickets: Sequence[Ticket], *, host: str, now: datetime, lease: timedelta
) -> Mapping[Ticket, Standing]:
    """Lease the rows of a lane to this host; those that are another's or over are left out."""
    free = sa.or_(_ROW.c.hostid.is_(None), _ROW.c.hostid == host, _ROW.c.leaseuntil < now)
    rows = connection.execute(sa.select(_ROW).where(_are(tickets), free).with_for_update()).all()
    ids = [row.postroom_workloadid for row in rows]
    broken = _ROW.c.brokencount + 1
    mine = {"hostid": host, "leaseuntil": now + lease, "laststartedon": now, "brokencount": broken}
    connection.execute(sa.update(_ROW).where(_ROW.c.postroom_workloadid.in_(ids)).values(mine))
    return _by_ticket(tickets, rows)


def held(connection: Connection, tickets: Sequence[Ticket], *, host: str) -> Mapping[Ticket, Standing]:
    """Lock and return the rows of a lane that are still this host's."""
    mine = sa.select(_ROW).where(_are(tickets), _ROW.c.hostid == host)
    return _by_ticket(tickets, connection.execute(mine.with_for_update()).all())


def _are(tickets: Sequence[Ticket]) -> sa.ColumnElement[bool]:
    keys = [(ticket.mailbox_id, int(ticket.workload), ticket.sequence) for ticket in tickets]
    return sa.tuple_(_ROW.c.mailboxid, _ROW.c.workload, _ROW.c.inflight).in_(keys)


def _by_ticket(tickets: Sequence[Ticket], rows: Iterable[sa.Row[Any]]) -> Mapping[Ticket, Standing]:
    named = {(ticket.mailbox_id, ticket.sequence): ticket for ticket in tickets}
    return {named[row.mailboxid, row.inflight]: standing_of(row) for row in rows}


def surroundings_of(connection: Connection, mailbox_ids: Collection[UUID]) -> Mapping[UUID, Surroundings]:
    """Return what decides over these mailboxes, without long texts; those that are gone are missing."""
    mailboxes = _short(connection, _MAILBOX, _MAILBOX.c.mailboxid.in_(list(mailbox_ids)))
    keys = {row["emailserverprofile"] for row in mailboxes}
    found = _short(connection, _PROFILE, _PROFILE.c.emailserverprofileid.in_(keys))
    profiles = {row["emailserverprofileid"]: row for row in found}
    organization = next(iter(_short(connection, _ORGANIZATION, sa.true())), {})
    return {
        row["mailboxid"]: Surroundings(row, profiles.get(row["emailserverprofile"]), organization)
        for row in mailboxes
    }


def _short(connection: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> list[Mapping[str, Any]]:
    columns = [column for column in table.columns if not isinstance(column.type, sa.Text)]
    return [row._asdict() for row in connection.execute(sa.select(*columns).where(which))]


def rearm(connection: Connection, ended: Sequence[tuple[Standing, Account]]) -> None:
    """Give rows that a lane found nothing for their next due times, and mirror them on the mailboxes."""
    if not ended:
        return
    connection.execute(_REARM, [_row_values(standing, account) for standing, account in ended])
    connection.execute(_MIRROR, [_mailbox_values(standing, account) for standing, account in ended])
    connection.execute(
        sa.insert(_STATISTICS), [statistics_of(standing, account) for standing, account in ended]
    )


def hand_on(connection: Connection, tickets: Sequence[Ticket], until: datetime) -> None:
    """Let rows leave their lane for passes of their own, which the caller hands over."""
    alone = {"lane": None, "hostid": None, "leaseuntil": until}
    connection.execute(sa.update(_ROW).where(_are(tickets)).values(alone))


def _row_values(standing: Standing, account: Account) -> dict[str, Any]:
    return {
        "row": standing.row_id,
        "due": account.due_at,
        "reason": account.reason[:200],
        "empty": account.empty,
        "ended": account.ended_at,
    }


def _mailbox_values(standing: Standing, account: Account) -> dict[str, Any]:
    return {
        "mailbox": standing.mailbox_id,
        "spent": milliseconds(standing.started_at, account.ended_at),
        "due": account.due_at,
        "empty": account.empty,
        "began": standing.started_at or account.ended_at,
        "ended": account.ended_at,
    }


_REARM: Final = (
    sa.update(_ROW)
    .where(_ROW.c.postroom_workloadid == bindparam("row"))
    .values(
        inflight=None,
        hostid=None,
        leaseuntil=None,
        lane=None,
        hinted=False,
        dueon=bindparam("due"),
        gapreason=bindparam("reason"),
        failurecount=0,
        emptycount=bindparam("empty"),
        brokencount=0,
        lasterror=None,
        lastcause=None,
        circuitid=None,
        silenton=None,
        lastendedon=bindparam("ended"),
        lastsucceededon=bindparam("ended"),
    )
)
_TIMES = sa.func.coalesce(_MAILBOX.c.processedtimes, 0)
_MEAN = sa.func.coalesce(_MAILBOX.c.averagetotalduration, 0)
_SPENT = bindparam("spent", type_=sa.Integer)
_MIRROR: Final = (
    sa.update(_MAILBOX)
    .where(_MAILBOX.c.mailboxid == bindparam("mailbox"))
    .values(
        lastduration=_SPENT,
        averagetotalduration=_MEAN + (_SPENT - _MEAN) // (_TIMES + 1),
        processedtimes=_TIMES + 1,
        itemsprocessedforlastsync=0,
        itemsfailedforlastsync=0,
        receivingpostponeduntil=bindparam("due"),
        postponemailboxprocessinguntil=sa.select(sa.func.min(_ROW.c.dueon))
        .where(_ROW.c.mailboxid == bindparam("mailbox"))
        .scalar_subquery(),
        noemailcount=bindparam("empty"),
        processinglastattemptedon=bindparam("began"),
        lastsyncstartedon=bindparam("began"),
        lastsuccessfulsynccompletedon=bindparam("ended"),
    )
)
