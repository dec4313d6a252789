"""What keeps mailboxes from being processed, written where people look for their next pass.

A mailbox that may not be processed has no passes that could say why. So its workloads are told
whenever mailbox, profile or organization change: the reason stands on the workload's row.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.configuration.permission import Obstacle
from postroom.configuration.readiness import hindrance
from postroom.schema.choices import Workload
from postroom.schema.mailbox import Mailbox
from postroom.schema.workload import Workload as WorkloadRow
from postroom.store import workloads

_ROW = WorkloadRow.__table__
_MAILBOX = Mailbox.__table__

#: How the reason begins; by it one of these is told from what a pass has left behind.
NOT_PROCESSED = "Not processed: "
_FREE = "Nothing stands in its way any more."


def in_words(obstacle: Obstacle) -> str:
    """Return the reason as it stands on a workload's row."""
    return f"{NOT_PROCESSED}{obstacle.sentence}"[:200]


def write_down(connection: Connection, mailbox_ids: Collection[UUID], now: datetime) -> None:
    """Write on the workloads of these mailboxes what keeps them from running, or take it back."""
    workloads.ensure_rows(connection, mailbox_ids, now)
    for mailbox in mailbox_ids:
        around = workloads.surroundings(connection, mailbox)
        for workload in Workload:
            found = hindrance(workload, around.mailbox, around.profile, around.organization)
            _write_down(connection, mailbox, workload, found)


def mailboxes_of(connection: Connection, profile: UUID) -> list[UUID]:
    """Return the mailboxes of a profile."""
    found = sa.select(_MAILBOX.c.mailboxid).where(_MAILBOX.c.emailserverprofile == profile)
    return list(connection.scalars(found))


def _write_down(connection: Connection, mailbox: UUID, workload: Workload, obstacle: Obstacle | None) -> None:
    which = sa.and_(_ROW.c.mailboxid == mailbox, _ROW.c.workload == int(workload))
    if obstacle is None:
        which = sa.and_(which, _ROW.c.gapreason.startswith(NOT_PROCESSED, autoescape=True))
        reason = _FREE
    else:
        reason = in_words(obstacle)
    connection.execute(sa.update(_ROW).where(which).values(gapreason=reason))
