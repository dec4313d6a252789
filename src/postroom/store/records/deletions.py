"""Deletions are remembered for a while, for those who keep a copy and ask for changes."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema import registry
from postroom.schema.deletion import Deletion
from postroom.schema.ids import new_id
from postroom.schema.table import Row, Versioned
from postroom.store.database import next_versions
from postroom.store.records.hooks import Write, WriteKind

_DELETION = Deletion.__table__
#: What the store itself makes, takes away and makes anew without notice.
_OURS: Final = frozenset(
    {
        "activityparty",
        "emailhash",
        "emailsearch",
        "exchangesyncidmapping",
        "mailboxstatistics",
        "mailboxtrackingcategory",
        "principalsyncattributemap",
        "usersettings",
    }
)

#: Tables whose changes can be asked for.
TRACKED: Final = tuple(
    table.logical_name
    for table in registry.tables()
    # Asked of the class: nobody needs all the tables yet.
    if issubclass(table.cls, Row)
    and issubclass(table.cls, Versioned)
    and not table.logical_name.startswith("postroom_")
    and table.logical_name not in _OURS
)


def note_deletion(write: Write) -> None:
    """Remember that a record is gone."""
    if write.kind is WriteKind.DELETE:
        write.connection.execute(
            sa.insert(_DELETION).values(
                postroom_deletionid=new_id(),
                objecttypecode=write.table.logical_name,
                objectid=write.id,
                deletedon=write.now,
                versionnumber=next_versions(write.connection),
            )
        )


def forget_deletions(connection: Connection, before: datetime) -> int:
    """Let go of what was remembered before an instant; return how much that was."""
    return connection.execute(sa.delete(_DELETION).where(_DELETION.c.deletedon < before)).rowcount


def has_older(connection: Connection, before: datetime) -> bool:
    """Say whether something is remembered from before an instant."""
    query = sa.select(sa.literal(1)).where(_DELETION.c.deletedon < before).limit(1)
    return connection.scalar(query) is not None
