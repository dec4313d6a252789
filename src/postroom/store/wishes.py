"""Wishes: what persons want done with single messages, kept until they change their minds."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema.choices import Wish
from postroom.schema.wish import MessageWish
from postroom.store.asking import among, asked
from postroom.store.database import insert_or_replace
from postroom.store.index import chunks_of
from postroom.tracking.facts import Settled

_WISH = MessageWish.__table__


def settled(connection: Connection, uniques: Collection[UUID]) -> dict[UUID, Settled]:
    """Return what persons want done with the messages of these unique values."""
    found: dict[UUID, Settled] = {}
    statement = _settled_statement(connection.dialect.name)
    for chunk in chunks_of(uniques):
        for row in connection.execute(statement, asked(connection, chunk)):
            found[row.postroom_wishid] = Settled(
                Wish(row.wish), row.regardingobjectid, row.regardingobjecttypecode
            )
    return found


@cache
def _settled_statement(dialect: str) -> sa.Select[Any]:
    return sa.select(_WISH).where(among(dialect, _WISH.c.postroom_wishid))


def settle(
    connection: Connection,
    unique: UUID,
    settled: Settled,
    *,
    message_id: str | None,
    by: UUID | None,
    now: datetime,
) -> None:
    """Keep what a person wants; the last word counts."""
    row = {
        "postroom_wishid": unique,
        "messageid": message_id,
        "wish": int(settled.wish),
        "regardingobjectid": settled.regarding,
        "regardingobjecttypecode": settled.regarding_table,
        "wishedby": by,
        "createdon": now,
    }
    connection.execute(insert_or_replace(connection, _WISH, row))
