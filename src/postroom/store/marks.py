"""Marks: what mail sources asked to be remembered about the places of a mailbox."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema.ids import new_id
from postroom.schema.mark import Mark

_MARK = Mark.__table__


def read(connection: Connection, mailbox: UUID) -> dict[str, str]:
    """Return the marks of a mailbox by place."""
    query = sa.select(_MARK.c.place, _MARK.c.mark).where(_MARK.c.mailboxid == mailbox)
    return {row.place: row.mark for row in connection.execute(query) if row.mark}


def keep(connection: Connection, mailbox: UUID, marks: Mapping[str, str], now: datetime) -> None:
    """Keep these marks; an empty text forgets the place. Others stay.

    One pass at a time looks into a mailbox, so nobody else writes them.
    """
    for place, mark in marks.items():
        here = sa.and_(_MARK.c.mailboxid == mailbox, _MARK.c.place == place)
        if not mark:
            connection.execute(sa.delete(_MARK).where(here))
            continue
        changed = connection.execute(sa.update(_MARK).where(here).values(mark=mark, seton=now))
        if not changed.rowcount:
            row = {"postroom_markid": new_id(), "mailboxid": mailbox, "place": place}
            connection.execute(sa.insert(_MARK).values(**row, mark=mark, seton=now))


def forget(connection: Connection, mailbox: UUID, places: Collection[str] | None = None) -> None:
    """Forget marks, all of the mailbox or those of some places; they are found anew at the next look."""
    condition = _MARK.c.mailboxid == mailbox
    if places is not None:
        condition &= _MARK.c.place.in_(places)
    connection.execute(sa.delete(_MARK).where(condition))
