"""The e-mail search index: which records an address belongs to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema import registry
from postroom.schema.choices import AutoCreate, FilteringMethod
from postroom.schema.search import AddressChoice, EmailSearch
from postroom.schema.user import SystemUser, UserSettings
from postroom.tracking.facts import Known

# SQLite takes 32,766 parameters, PostgreSQL 65,535; plans are best well below both.
CHUNK = 500

T = TypeVar("T")

_SEARCH = EmailSearch.__table__
_CHOICE = AddressChoice.__table__


def chunks_of(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield the items in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def find_known(connection: Connection, addresses: Iterable[str]) -> dict[str, tuple[Known, ...]]:
    """Return the records of each case-folded address; addresses without records are missing.

    One statement finds the rows of all addresses, one more per table reads what is asked of them.
    """
    places: list[sa.Row[Any]] = []
    wanted = sorted(set(addresses))
    choices = _choices(connection, wanted)
    for chunk in chunks_of(wanted):
        query = sa.select(
            _SEARCH.c.emailaddress,
            _SEARCH.c.parentobjectid,
            _SEARCH.c.parentobjecttypecode,
            _SEARCH.c.emailcolumnnumber,
        ).where(_SEARCH.c.emailaddress.in_(chunk))
        places.extend(connection.execute(query))
    by_table: dict[str, set[UUID]] = {}
    for place in places:
        by_table.setdefault(place.parentobjecttypecode, set()).add(place.parentobjectid)
    for table, key in choices.values():
        by_table.setdefault(table, set()).add(key)
    records = {table: _people(connection, table, ids) for table, ids in by_table.items()}
    found: dict[str, list[Known]] = {}
    for place in places:
        known = records[place.parentobjecttypecode].get(place.parentobjectid)
        if known:
            numbered = _numbered(known, place.emailcolumnnumber)
            found.setdefault(place.emailaddress, []).append(numbered)
    for address, (table, key) in choices.items():
        if chosen := records[table].get(key):
            found[address] = _with_choice(found.get(address, ()), chosen)
    return {address: tuple(_each_once(matches)) for address, matches in found.items()}


def _choices(connection: Connection, addresses: Iterable[str]) -> dict[str, tuple[str, UUID]]:
    """Return the records that persons chose for addresses."""
    found: dict[str, tuple[str, UUID]] = {}
    for chunk in chunks_of(addresses):
        query = sa.select(_CHOICE.c.emailaddress, _CHOICE.c.partyobjecttypecode, _CHOICE.c.partyid).where(
            _CHOICE.c.emailaddress.in_(chunk)
        )
        for row in connection.execute(query):
            found[row.emailaddress] = (row.partyobjecttypecode, row.partyid)
    return found


def _with_choice(matches: Sequence[Known], chosen: Known) -> list[Known]:
    """Return the matches with the chosen record marked; it may hold the address in no column."""
    others = [known for known in matches if known.id != chosen.id]
    same = next((known for known in matches if known.id == chosen.id), chosen)
    return [*others, replace(same, chosen=True)]


def _numbered(known: Known, column_number: int | None) -> Known:
    if column_number in (None, known.column_number):
        return known
    return replace(known, column_number=column_number or 1)


def _each_once(matches: Sequence[Known]) -> Iterable[Known]:
    """Return one match a record, in order; a record may hold the address in two columns."""
    return {(known.table, known.id): known for known in reversed(matches)}.values()


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
        for row in connection.execute(sa.select(key.label("id"), *columns).where(key.in_(chunk))).mappings():
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
            .where(users.c.systemuserid.in_(chunk), users.c.isdisabled.is_not(True))
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
