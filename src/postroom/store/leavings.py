"""Leavings: contents that no record names any more, removed without harm to who keeps them.

Contents are kept once, so whoever keeps one that is there already adds nothing: neither a row nor, for a
moment, a reference. Rows are therefore removed under a lock that waits for all who are keeping contents and
lets nobody begin. A file may have been put anew before its row is; it is younger then, and stays.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.ports.blobs import Blobs
from postroom.schema.attachment import ActivityMimeAttachment, Attachment
from postroom.schema.blob import Blob
from postroom.schema.choices import QuarantineState
from postroom.schema.quarantine import Quarantine
from postroom.store.blobs import DirectoryBlobs
from postroom.store.database import Database
from postroom.store.index import chunks_of

_BLOB, _FILE, _CONTENT = Blob.__table__, ActivityMimeAttachment.__table__, Attachment.__table__
_QUARANTINE = Quarantine.__table__

#: Every column that names a content: what is named by none of them is let go of. A test knows all others.
NAMED_BY: Sequence[sa.Column[bytes]] = (_CONTENT.c.postroom_digest, _QUARANTINE.c.digest)
#: How long the lock is waited for; it has its turn some other time.
_PATIENCE = "2s"


def release_quarantine(connection: Connection, before: datetime, limit: int) -> int:
    """Let go of the bytes of messages that left the quarantine before this instant; their entries stay."""
    left_at = sa.func.coalesce(_QUARANTINE.c.lasttriedon, _QUARANTINE.c.createdon)
    old = (
        sa.select(_QUARANTINE.c.postroom_quarantineid)
        .where(
            _QUARANTINE.c.digest.is_not(None),
            _QUARANTINE.c.state != int(QuarantineState.WAITING),
            left_at < before,
        )
        .limit(limit)
    )
    keys = connection.scalars(old).all()
    for chunk in chunks_of(keys):
        entries = _QUARANTINE.c.postroom_quarantineid.in_(chunk)
        connection.execute(sa.update(_QUARANTINE).where(entries).values(digest=None))
    return len(keys)


def let_go(database: Database, blobs: Blobs, before: datetime, limit: int) -> int:
    """Remove contents that were first kept before this instant and that nothing names; return how many.

    Raises `StoreBusy` where those who keep contents leave no gap.
    """
    with database.read() as connection:
        suspects = _unnamed(connection, before, limit)
    if not suspects:
        return 0
    with _nobody_copies(blobs) as may:
        return _remove(database, blobs, before, suspects) if may else 0


def _nobody_copies(blobs: Blobs) -> AbstractContextManager[bool]:
    return blobs.alone() if isinstance(blobs, DirectoryBlobs) else nullcontext(enter_result=True)


def _remove(database: Database, blobs: Blobs, before: datetime, suspects: Collection[bytes]) -> int:
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
            names = f"{_BLOB.name}, {_CONTENT.name}"
            connection.execute(sa.text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
        gone = _unnamed(connection, before, len(suspects), among=suspects)
        large: set[bytes] = set()
        for chunk in chunks_of(gone):
            query = sa.select(_BLOB.c.digest).where(_BLOB.c.digest.in_(chunk), _BLOB.c.body.is_(None))
            large.update(connection.scalars(query))
            connection.execute(sa.delete(_CONTENT).where(_CONTENT.c.postroom_digest.in_(chunk)))
            connection.execute(sa.delete(_BLOB).where(_BLOB.c.digest.in_(chunk)))
    # Only now: should the transaction fail, the rows must find their files.
    for digest in large:
        if isinstance(blobs, DirectoryBlobs):
            blobs.delete_unless_young(bytes(digest))
        else:
            blobs.delete(bytes(digest))
    return len(gone)


def _unnamed(
    connection: Connection, before: datetime, limit: int, *, among: Collection[bytes] | None = None
) -> Sequence[bytes]:
    on_a_record = (
        sa.exists()
        .where(_CONTENT.c.postroom_digest == _BLOB.c.digest)
        .where(_FILE.c.attachmentid == _CONTENT.c.attachmentid)
    )
    in_quarantine = sa.exists().where(_QUARANTINE.c.digest == _BLOB.c.digest)
    unnamed = sa.select(_BLOB.c.digest).where(_BLOB.c.createdon < before, ~on_a_record, ~in_quarantine)
    if among is None:
        return connection.scalars(unnamed.limit(limit)).all()
    return [
        digest
        for chunk in chunks_of(among)
        for digest in connection.scalars(unnamed.where(_BLOB.c.digest.in_(chunk)))
    ]
