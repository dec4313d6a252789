"""Keeping messages: all rows of a batch in one transaction, inserted in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema.attachment import ActivityMimeAttachment, Attachment
from postroom.schema.decision import Decision
from postroom.schema.email import Email
from postroom.schema.ledger import Ledger
from postroom.schema.party import ActivityParty
from postroom.schema.quarantine import Quarantine
from postroom.schema.queue import QueueItem
from postroom.schema.search import EmailHash
from postroom.schema.version import VERSIONS_AT_ONCE
from postroom.store import bulk
from postroom.store.asking import among, asked
from postroom.store.database import Database, insert_new
from postroom.store.index import chunks_of

Row = dict[str, Any]


@dataclass(slots=True)
class Rows:
    """The rows of one transaction by table; every list holds dictionaries of the same columns."""

    emails: list[Row] = field(default_factory=list)
    parties: list[Row] = field(default_factory=list)
    attachments: list[Row] = field(default_factory=list)
    contents: list[Row] = field(default_factory=list)
    queue_items: list[Row] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    hashes: list[Row] = field(default_factory=list)
    reports: list[Row] = field(default_factory=list)
    #: Ledger rows whose server gave the message a new id: key, new server id and folder.
    renumbered: list[Row] = field(default_factory=list)


_EMAIL = Email.__table__
_PARTY = ActivityParty.__table__
_FILE = ActivityMimeAttachment.__table__
_QUEUE_ITEM = QueueItem.__table__
_DECISION = Decision.__table__
_QUARANTINE = Quarantine.__table__
_LEDGER = Ledger.__table__
_HASH = EmailHash.__table__


def insert(database: Database, connection: Connection, rows: Rows) -> None:
    """Write all rows; the database refuses an e-mail that another worker has recorded meanwhile."""
    versioned = (
        (_EMAIL, rows.emails),
        (_PARTY, rows.parties),
        (_FILE, rows.attachments),
        (_QUEUE_ITEM, _new_queue_items(connection, rows)),
        (_HASH, rows.hashes),
    )
    _give_versions(database, connection, [row for _, values in versioned for row in values] + rows.contents)
    # In one order in all processes, so that two that bring the same mail don't wait for each other.
    rows.emails.sort(key=lambda row: row["messageiddupcheck"])
    for table, values in versioned:
        bulk.insert(connection, table, values)
    _insert_contents(connection, rows.contents)
    bulk.insert(connection, _DECISION, rows.decisions)
    bulk.insert(connection, _QUARANTINE, rows.quarantine)
    bulk.insert(connection, _LEDGER, rows.ledger)
    if rows.renumbered:
        connection.execute(_RENUMBER, rows.renumbered)
        _renumber_quarantine(connection, [change["key"] for change in rows.renumbered])


def _new_queue_items(connection: Connection, rows: Rows) -> list[Row]:
    """Return the queue items to be made: each queue has one for an e-mail, whoever brought it in."""
    wanted = {(row["queueid"], row["objectid"]): row for row in reversed(rows.queue_items)}
    made_now = {row["activityid"] for row in rows.emails}
    for chunk in chunks_of({email for _, email in wanted} - made_now):
        query = sa.select(_QUEUE_ITEM.c.queueid, _QUEUE_ITEM.c.objectid).where(
            _QUEUE_ITEM.c.objectid.in_(chunk)
        )
        for known in connection.execute(query):
            wanted.pop((known.queueid, known.objectid), None)
    return list(reversed(wanted.values()))


_RENUMBER = (
    sa.update(_LEDGER)
    .where(_LEDGER.c.postroom_ledgerid == sa.bindparam("key"))
    .values(serverid=sa.bindparam("new_server_id"), folder=sa.bindparam("new_folder"), goneon=None)
)


def _give_versions(database: Database, connection: Connection, values: Sequence[Row]) -> None:
    for chunk in chunks_of(values, VERSIONS_AT_ONCE):
        first = database.next_versions(connection, len(chunk))
        for offset, row in enumerate(chunk):
            row["versionnumber"] = first + offset


def _insert_contents(connection: Connection, contents: Sequence[Row]) -> None:
    """Write the content rows that are not there yet; equal content has the same key."""
    if contents:
        ordered = sorted(contents, key=lambda row: row["attachmentid"])
        connection.execute(insert_new(connection, Attachment.__table__), ordered)


def _renumber_quarantine(connection: Connection, ledger_ids: Sequence[UUID]) -> None:
    """Let entries of the quarantine follow their ledger rows to the server's new ids."""
    entry = _QUARANTINE.c.postroom_quarantineid
    server_id = sa.select(_LEDGER.c.serverid).where(_LEDGER.c.quarantineid == entry)
    for chunk in chunks_of(ledger_ids):
        concerned = sa.select(_LEDGER.c.quarantineid).where(
            _LEDGER.c.postroom_ledgerid.in_(chunk), _LEDGER.c.quarantineid.is_not(None)
        )
        connection.execute(
            sa.update(_QUARANTINE).where(entry.in_(concerned)).values(serverid=server_id.scalar_subquery())
        )


def holders_of(connection: Connection, uniques: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the e-mail that holds each unique value, where there is one."""
    statement = _holders_statement(connection.dialect.name)
    return {
        row[0]: row[1]
        for chunk in chunks_of(uniques)
        for row in connection.execute(statement, asked(connection, chunk)).all()
    }


@cache
def _holders_statement(dialect: str) -> sa.Select[Any]:
    unique = _EMAIL.c.messageiddupcheck
    return sa.select(unique, _EMAIL.c.activityid).where(among(dialect, unique))
