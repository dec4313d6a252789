"""The e-mail search index: which records an address belongs to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema import registry
from postroom.schema.choices import AutoCreate, FilteringMethod
from postroom.schema.user import SystemUser, UserSettings
from postroom.store.asking import among, as_list
from postroom.tracking.facts import Known

# SQLite takes 32,766 parameters, PostgreSQL 65,535; plans are best well below both.
CHUNK = 500

T = TypeVar("T")


def chunks_of(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield the items in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def find_known(connection: Connection, addresses: Iterable[str]) -> dict[str, tuple[Known, ...]]:
    """Return the records of each address; addresses without records are missing.

    Addresses are given as they are compared. One statement finds the rows of all addresses, one more per
    table reads what is asked of them.
    """
    places = [place for chunk in chunks_of(set(addresses)) for place in _places(connection, chunk)]
    by_table: dict[str, set[UUID]] = {}
    for place in places:
        by_table.setdefault(place.table, set()).add(place.key)
    records = {table: _people(connection, table, ids) for table, ids in by_table.items()}
    found: dict[str, list[Known]] = {}
    chosen: dict[str, Known] = {}
    for place in places:
        if known := records[place.table].get(place.key):
            if place.is_choice:
                chosen[place.address] = known
            else:
                found.setdefault(place.address, []).append(_numbered(known, place.column_number))
    for address, known in chosen.items():
        found[address] = _with_choice(found.get(address, ()), known)
    return {address: _each_once(matches) for address, matches in found.items()}


class _Place(NamedTuple):
    """Where an address stands: in a column of a record, or in a person's choice."""

    address: str
    key: UUID
    table: str
    column_number: int | None
    is_choice: bool


# Beyond this the records of one address say nothing: it is not asked which they are.
_MOST_PLACES = 101

_ON_SQLITE = (
    "SELECT s.emailaddress, s.parentobjectid, s.parentobjecttypecode, s.emailcolumnnumber, 0 "
    "FROM json_each(:keys) AS asked CROSS JOIN emailsearch AS s "
    "WHERE s.rowid IN (SELECT rowid FROM emailsearch WHERE emailaddress = asked.value LIMIT {most}) "
    "UNION ALL SELECT emailaddress, partyid, partyobjecttypecode, NULL, 1 FROM postroom_addresschoice "
    "WHERE emailaddress IN (SELECT value FROM json_each(:keys))"
)
_ON_POSTGRESQL = (
    "SELECT s.emailaddress, s.parentobjectid, s.parentobjecttypecode, s.emailcolumnnumber, 0 "
    "FROM unnest(CAST(:keys AS text[])) AS asked(value) "
    "CROSS JOIN LATERAL (SELECT * FROM emailsearch WHERE emailaddress = asked.value LIMIT {most}) AS s "
    "UNION ALL SELECT emailaddress, partyid, partyobjecttypecode, NULL, 1 FROM postroom_addresschoice "
    "WHERE emailaddress = ANY(CAST(:keys AS text[]))"
)


@cache
def _places_statement(dialect: str) -> sa.TextClause:
    form = _ON_POSTGRESQL if dialect == "postgresql" else _ON_SQLITE
    return sa.text(form.format(most=_MOST_PLACES))


def _places(connection: Connection, addresses: Sequence[str]) -> Iterator[_Place]:
    statement = _places_statement(connection.dialect.name)
    for address, key, table, number, choice in connection.execute(
        statement, {"keys": as_list(connection, addresses)}
    ):
        yield _Place(address, key if isinstance(key, UUID) else UUID(key), table, number, bool(choice))


def _with_choice(matches: Sequence[Known], chosen: Known) -> list[Known]:
    """Return the matches with the chosen record marked; it may hold the address in no column."""
    others = [known for known in matches if known.id != chosen.id]
    same = next((known for known in matches if known.id == chosen.id), chosen)
    return [*others, replace(same, chosen=True)]


def _numbered(known: Known, column_number: int | None) -> Known:
    if column_number in (None, known.column_number):
        return known
    return replace(known, column_number=column_number or 1)


def _each_once(matches: Sequence[Known]) -> tuple[Known, ...]:
    """Return one match a record, in the order of their making; a record may hold the address twice."""
    if len(matches) == 1:
        return (matches[0],)
    first = {(known.table, known.id): known for known in sorted(matches, key=_by_column, reverse=True)}
    return tuple(sorted(first.values(), key=lambda known: known.id))


def _by_column(known: Known) -> int:
    return known.column_number


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one table answers the questions of `Known`."""

    #: Columns to read beside the key and the primary name.
    columns: tuple[str, ...]

    def known(self, table: str, row: Mapping[Any, Any], name: str) -> Known:
        """Return the record as relevance and resolution see it."""
        return Known(
            table,
            row["id"],
            row.get(name) or "",
            active=not row.get("statecode"),
            owner=row.get("ownerid"),
            owner_table=row.get("owneridtype") or "systemuser",
            account=_account_of(table, row),
            filtering=_filtering(row.get("incomingemailfilteringmethod")),
        )


_OWNED = ("statecode", "ownerid", "owneridtype")
_SHAPES = {
    "contact": _Shape((*_OWNED, "parentcustomerid", "parentcustomeridtype")),
    "queue": _Shape((*_OWNED, "incomingemailfilteringmethod")),
}
_ANY = _Shape(_OWNED)


def _account_of(table: str, row: Mapping[Any, Any]) -> UUID | None:
    if table == "account":
        return row["id"]  # type: ignore[no-any-return]
    if row.get("parentcustomeridtype") == "account":
        return row.get("parentcustomerid")
    return None


def _filtering(code: int | None) -> FilteringMethod | None:
    return None if code is None else FilteringMethod(code)


def _people(connection: Connection, table: str, ids: Iterable[UUID]) -> dict[UUID, Known]:
    if table == "systemuser":
        return _users(connection, ids)
    info = registry.by_logical_name(table)
    shape = _SHAPES.get(table, _ANY)
    name = info.primary_name or info.primary_id
    columns = [info.table.c[c] for c in (name, *shape.columns) if c in info.table.c]
    key = info.table.c[info.primary_id]
    found: dict[UUID, Known] = {}
    for chunk in chunks_of(ids):
        query = sa.select(key.label("id"), *columns).where(among(connection, key, chunk))
        for row in connection.execute(query).mappings():
            found[row["id"]] = shape.known(table, row, name)
    return found


def _users(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Known]:
    """Return enabled users with their filtering method; a disabled user never matches."""
    users, settings = SystemUser.__table__, UserSettings.__table__
    found: dict[UUID, Known] = {}
    for chunk in chunks_of(ids):
        query = (
            sa.select(
                users.c.systemuserid,
                users.c.fullname,
                settings.c.incomingemailfilteringmethod.label("wants"),
                settings.c.autocreatecontactonpromote.label("makes"),
            )
            .join_from(users, settings, settings.c.systemuserid == users.c.systemuserid, isouter=True)
            .where(among(connection, users.c.systemuserid, chunk), users.c.isdisabled.is_not(True))
        )
        for row in connection.execute(query):
            wants = FilteringMethod.KNOWN_SENDERS if row.wants is None else FilteringMethod(row.wants)
            found[row.systemuserid] = Known(
                "systemuser",
                row.systemuserid,
                row.fullname or "",
                owner=row.systemuserid,
                filtering=wants,
                auto_create=AutoCreate(row.makes or 0),
            )
    return found
