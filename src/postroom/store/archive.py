"""The archive: all rows of a store as lines of text, the same from either database.

A table is a head that names its columns and their kinds, and a line of JSON for each row. It is read from
one state of the database, whatever workers do meanwhile, and goes back into a store of the same revision, of
either kind. What is sealed stays sealed; keys are not in a store and so not in an archive.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.schema import registry
from postroom.schema.blob import Blob
from postroom.schema.choices import EmailState, EmailStatus, JournalState, SendOutcome
from postroom.schema.column import ExactDecimal, Moment
from postroom.schema.email import Email
from postroom.schema.journal import SendJournal
from postroom.schema.mailbox import Mailbox
from postroom.schema.version import ROW_VERSIONS, VERSIONS_AT_ONCE, Compatibility, RowVersion
from postroom.schema.workload import Workload
from postroom.store import bulk
from postroom.store.database import next_versions

_AT_ONCE = 500
#: What tables and columns may be called; an archive may come from anywhere.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
#: Tables that a store fills by itself.
_OWN = frozenset({RowVersion.__table__.name, Compatibility.__table__.name})
_EMAIL, _JOURNAL, _MAILBOX = Email.__table__, SendJournal.__table__, Mailbox.__table__
_WORKLOAD, _BLOB = Workload.__table__, Blob.__table__
#: How far the numbers of passes go on from those in an archive: no pass of before is taken for one of after.
_SEQUENCE_LEAP = 1_000_000
_HELD_REASON = (
    "This store was restored from a back-up, and the e-mail may have left since that was made. Find out, "
    "then send it once more or record it as sent."
)


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one kind are written as JSON, and read."""

    type: sa.types.TypeEngine[Any]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


_FORMS: Mapping[str, Form] = {
    "uuid": Form(sa.Uuid(), str, UUID),
    "moment": Form(Moment(), lambda value: value.astimezone(UTC).isoformat(), datetime.fromisoformat),
    "day": Form(sa.Date(), date.isoformat, date.fromisoformat),
    "decimal": Form(ExactDecimal(), str, Decimal),
    "bytes": Form(sa.LargeBinary(), lambda value: b64encode(value).decode(), b64decode),
    "truth": Form(sa.Boolean(), bool, bool),
    "number": Form(sa.BigInteger(), int, int),
    "double": Form(sa.Double(), float, float),
    "text": Form(sa.Text(), _same, _same),
}
_KINDS: Sequence[tuple[type[Any], str]] = (
    (Moment, "moment"),
    (ExactDecimal, "decimal"),
    (sa.Uuid, "uuid"),
    (sa.LargeBinary, "bytes"),
    (sa.Date, "day"),
    (sa.Boolean, "truth"),
    (sa.Double, "double"),
    (sa.Integer, "number"),
    (sa.String, "text"),
)


def archived_tables() -> Sequence[sa.Table]:
    """Return the tables that an archive holds."""
    return [info.table for info in registry.tables() if info.is_stored and info.table.name not in _OWN]


def read_table(connection: Connection, table: sa.Table) -> Iterator[str]:
    """Yield the lines of a table: the head, then a line for each row."""
    kinds = [_kind_of(column) for column in table.columns]
    yield json.dumps([[column.name, kind] for column, kind in zip(table.columns, kinds, strict=True)])
    writers = [_FORMS[kind].write for kind in kinds]
    query = sa.select(table).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(query):
        yield json.dumps(
            [None if value is None else write(value) for write, value in zip(writers, row, strict=True)],
            separators=(",", ":"),
        )


def write_table(connection: Connection, name: str, lines: Iterable[str]) -> int:
    """Put the lines of a table into it and return how many rows there were."""
    rest = iter(lines)
    head = json.loads(next(rest))
    names = (name, *(column for column, _ in head))
    if name in _OWN | {"alembic_version"} or not all(map(_NAME.fullmatch, names)):
        raise UserError("The archive names tables or columns that can't be.")
    unknown = {kind for _, kind in head} - _FORMS.keys()
    if unknown:
        raise UserError(f"The archive holds values of a kind unknown here ({', '.join(sorted(unknown))}).")
    forms = [(column, _FORMS[kind]) for column, kind in head]
    table = sa.Table(name, sa.MetaData(), *(sa.Column(column, form.type) for column, form in forms))
    number = 0
    while some := list(islice(rest, _AT_ONCE)):
        bulk.insert(connection, table, [_row(json.loads(line), forms) for line in some])
        number += len(some)
    return number


def _row(values: Sequence[Any], forms: Sequence[tuple[str, Form]]) -> dict[str, Any]:
    return {
        column: None if value is None else form.read(value)
        for value, (column, form) in zip(values, forms, strict=True)
    }


def _kind_of(column: sa.Column[Any]) -> str:
    return next(kind for type_, kind in _KINDS if isinstance(column.type, type_))


def last_version(connection: Connection) -> int:
    """Return a row version that is not less than any that was given out so far."""
    if connection.dialect.name == "postgresql":
        query = sa.text(f"SELECT last_value FROM {ROW_VERSIONS.name}")  # noqa: S608 - a name of our own
        return int(connection.scalar(query) or 0) + VERSIONS_AT_ONCE
    return int(connection.scalar(sa.select(RowVersion.last)) or 0)


def set_last_version(connection: Connection, last: int) -> None:
    """Let row versions go on after this one."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.setval(ROW_VERSIONS.name, max(1, last + VERSIONS_AT_ONCE))))
    else:
        connection.execute(sa.update(RowVersion).values(last=last))


def large_blobs(connection: Connection) -> Sequence[bytes]:
    """Return the digests of the contents that lie outside the database."""
    query = sa.select(_BLOB.c.digest).where(_BLOB.c.body.is_(None)).order_by(_BLOB.c.digest)
    return connection.scalars(query).all()


def clear_beginning(connection: Connection) -> None:
    """Remove the rows that every store begins with; refuse a store that holds more than those."""
    filled = {table.name: _count(connection, table) for table in archived_tables()}
    begun_with = {"organization": 1, "businessunit": 1, "systemuser": 1, "usersettings": 1}
    more = [name for name, number in filled.items() if number > begun_with.get(name, 0)]
    if more:
        raise UserError(
            f"The store holds records already ({', '.join(more[:3])}); restore into an empty database, "
            "and move this one aside if it is no longer wanted."
        )
    for table in archived_tables():
        if filled[table.name]:
            connection.execute(sa.delete(table))


def _count(connection: Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def break_off_passes(connection: Connection) -> None:
    """Free every mailbox from the pass that was under way when the archive was made."""
    connection.execute(
        sa.update(_WORKLOAD).values(
            sequence=_WORKLOAD.c.sequence + _SEQUENCE_LEAP,
            inflight=None,
            hostid=None,
            leaseuntil=None,
            lane=None,
        )
    )
    connection.execute(sa.update(_MAILBOX).values(processingstatecode=0, hostid=None))


def hold_outbox(connection: Connection, now: datetime) -> int:
    """Hold every e-mail that had yet to leave, as one that may have left; return how many."""
    waiting = _EMAIL.c.statuscode.in_([int(EmailStatus.PENDING_SEND), int(EmailStatus.SENDING)])
    held = connection.execute(
        sa.update(_EMAIL)
        .where(waiting)
        .values(
            statecode=int(EmailState.OPEN),
            statuscode=int(EmailStatus.FAILED),
            postroom_sendoutcome=int(SendOutcome.UNCERTAIN),
            postroom_sendreason=_HELD_REASON,
            modifiedon=now,
            versionnumber=next_versions(connection),
        )
    ).rowcount
    open_states = [int(JournalState.CLAIMED), int(JournalState.SUBMITTED)]
    connection.execute(
        sa.update(_JOURNAL)
        .where(_JOURNAL.c.state.in_(open_states))
        .values(state=int(JournalState.UNCERTAIN), settledon=now)
    )
    return held
