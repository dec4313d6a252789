"""What has changed in a table since a mark: rows and deletions, none left out.

SQLite has one writer, so everything up to the last row version is there to be seen. On PostgreSQL a row may
become visible after one with a later version; there a mark is the oldest transaction that was still under
way, and what counts is which transaction wrote a row, not which version it bears. A row may therefore be told
of twice, and never not at all.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema.deletion import Deletion
from postroom.schema.organization import Organization
from postroom.schema.version import RowVersion

_DELETION = Deletion.__table__
_ORGANIZATION = Organization.__table__
#: How long deletions are remembered where the organization does not say.
_USUAL_DAYS: Final = 7
_ROUND: Final = 2**32


def mark_now(connection: Connection) -> int:
    """Return the mark of what this connection sees."""
    if connection.dialect.name == "postgresql":
        oldest = sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(connection.scalar(oldest) or 0)
    return int(connection.scalar(sa.select(RowVersion.last).where(RowVersion.number == 1)) or 0)


def changed_since(
    connection: Connection, mark: int, version: sa.ColumnElement[Any]
) -> sa.ColumnElement[bool]:
    """Return the condition that a row was written after the mark; for a statement over one table."""
    if connection.dialect.name != "postgresql":
        return version > mark
    # Transactions are counted in 32 bits, round and round; half a round ago is past.
    written_by = sa.literal_column("xmin::text::bigint", sa.BigInteger())
    ahead = (written_by - sa.literal(mark % _ROUND, sa.BigInteger()) + _ROUND) % _ROUND
    return ahead < _ROUND // 2


def deleted_since(connection: Connection, table: str, mark: int) -> list[UUID]:
    """Return the keys of records that were deleted after the mark."""
    query = sa.select(_DELETION.c.objectid).where(
        _DELETION.c.objecttypecode == table, changed_since(connection, mark, _DELETION.c.versionnumber)
    )
    return list(connection.scalars(query.order_by(_DELETION.c.versionnumber)))


def remembered_since(connection: Connection, now: datetime) -> datetime:
    """Return how far back deletions are remembered."""
    days = connection.scalar(sa.select(_ORGANIZATION.c.expirechangetrackingindays))
    return now - timedelta(days=_USUAL_DAYS if days is None else days)
