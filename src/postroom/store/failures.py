"""Failures of items that have had their time: found, forgotten, dropped with their pairs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.reconcile.item import Kind
from postroom.schema import registry
from postroom.schema.pair import ExchangeSyncIdMapping
from postroom.store.database import Database
from postroom.store.pairs import TABLES, Kept, kept_in, kept_rows

_PAIR = ExchangeSyncIdMapping.__table__


@dataclass(frozen=True, slots=True)
class Outlived:
    """A pair whose failure is old, and the version of its record now; None when that is gone."""

    kept: Kept
    record_version: str | None


def outlived(connection: Connection, before: datetime) -> Sequence[Outlived]:
    """Return the pairs that failed before that instant and whose record has changed or gone since.

    Of the others nothing could be said that was not known when they failed. Without old failures this asks
    one question of an index.
    """
    is_old = sa.and_(_PAIR.c.lastsyncerroroccurredon < before, _PAIR.c.postroom_failure.is_not(None))
    if connection.execute(sa.select(sa.literal(1)).select_from(_PAIR).where(is_old).limit(1)).first() is None:
        return []
    return [each for kind in TABLES for each in _outlived_of(connection, kind, is_old)]


def _outlived_of(connection: Connection, kind: Kind, is_old: sa.ColumnElement[bool]) -> Iterator[Outlived]:
    info = registry.by_logical_name(TABLES[kind])
    key, version = info.table.c[info.primary_id], info.table.c.versionnumber
    # Versions count over the whole store, so that a higher one was given later.
    has_changed = version > _PAIR.c.versionnumber
    is_gone = sa.and_(key.is_(None), sa.or_(_PAIR.c.objectid.is_not(None), _PAIR.c.exchangeentryid.is_(None)))
    query = (
        kept_rows()
        .add_columns(version.label("recordversion"))
        .select_from(_PAIR.outerjoin(info.table, key == _PAIR.c.objectid))
        .where(is_old, _PAIR.c.postroom_kind == kind.value, sa.or_(has_changed, is_gone))
    )
    for row in connection.execute(query).mappings():
        found = row["recordversion"]
        yield Outlived(kept_in(row), None if found is None else str(found))


def forget(database: Database, connection: Connection, kept: Kept, now: datetime) -> bool:
    """Have a pair forget that it failed, unless somebody has written it meanwhile; say whether it did."""
    values = {
        "postroom_failure": None,
        "lastsyncerror": None,
        "lastsyncerroroccurredon": None,
        "retries": 0,
        "modifiedon": now,
        "versionnumber": database.next_versions(connection),
    }
    return bool(connection.execute(sa.update(_PAIR).where(_is_still(kept)).values(values)).rowcount)


def drop(connection: Connection, kept: Kept) -> bool:
    """Remove a pair, unless a pass has journalled something meanwhile; say whether it is gone."""
    return bool(connection.execute(sa.delete(_PAIR).where(_is_still(kept))).rowcount)


def _is_still(kept: Kept) -> sa.ColumnElement[bool]:
    return sa.and_(
        _PAIR.c.exchangesyncidmappingid == UUID(kept.pair.id), _PAIR.c.versionnumber == kept.version
    )
