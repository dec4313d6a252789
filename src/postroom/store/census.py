"""The census: how many of everything there are that a person or a monitor wants to know of."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema.alert import TraceLog
from postroom.schema.choices import EmailStatus, QuarantineState, SendOutcome, TraceLevel
from postroom.schema.email import Email
from postroom.schema.quarantine import Quarantine

_TRACE, _EMAIL, _QUARANTINE = TraceLog.__table__, Email.__table__, Quarantine.__table__

#: States of e-mails that have yet to leave, and what they are called.
_LEAVING = {EmailStatus.PENDING_SEND: "waiting", EmailStatus.SENDING: "sending"}


def alerts(connection: Connection) -> Mapping[TraceLevel, int]:
    """Return how many alerts stand of every level."""
    found = _counted(connection, _TRACE.c.level)
    return {level: found.get(int(level), 0) for level in TraceLevel}


def outbox(connection: Connection) -> Mapping[str, int]:
    """Return how many e-mails wait to be sent, are being sent, and may have left without our knowing."""
    found = _counted(
        connection, _EMAIL.c.statuscode, _EMAIL.c.statuscode.in_([int(each) for each in _LEAVING])
    )
    uncertain = sa.and_(
        _EMAIL.c.statuscode == EmailStatus.FAILED, _EMAIL.c.postroom_sendoutcome == SendOutcome.UNCERTAIN
    )
    return {name: found.get(int(status), 0) for status, name in _LEAVING.items()} | {
        "uncertain": _number(connection, _EMAIL, uncertain)
    }


def quarantined(connection: Connection) -> int:
    """Return how many messages wait in quarantine for a person."""
    return _number(connection, _QUARANTINE, _QUARANTINE.c.state == QuarantineState.WAITING)


def _counted(
    connection: Connection, column: sa.Column[Any], *where: sa.ColumnElement[bool]
) -> Mapping[int, int]:
    query = sa.select(column, sa.func.count()).where(*where).group_by(column)
    return {int(row[0]): int(row[1]) for row in connection.execute(query)}


def _number(connection: Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0
