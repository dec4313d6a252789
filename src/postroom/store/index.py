"""The e-mail search index: which records an address belongs to."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema import registry
from postroom.schema.choices import AutoCreate, FilteringMethod
from postroom.schema.targets import EMAIL_ENABLED
from postroom.schema.user import SystemUser, UserSettings
from postroom.store.asking import among, asked, key_of
from postroom.tracking.facts import Known
from postroom.tracking.resolution import MOST_SENDERS

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
    for _, key, table, _, _ in places:
        by_table.setdefault(table, set()).add(key)
    records = {table: _people(connection, table, ids) for table, ids in by_table.items()}
    found: dict[str, list[Known]] = {}
    chosen: dict[str, Known] = {}
    for address, key, table, number, is_choice in places:
        if known := records[table].get(key):
            if is_choice:
                chosen[address] = known
            else:
                found.setdefault(address, []).append(_numbered(known, number))
    for address, known in chosen.items():
        found[address] = _with_choice(found.get(address, ()), known)
    return {address: _each_once(matches) for address, matches in found.items()}


#: Where an address stands, in a record's column or in a person's choice: the address, the record's key and
#: table, the number of the column, and whether it is a choice.
_Place = tuple[str, UUID, str, int | None, bool]

# Beyond these the records of one address say nothing: it need not be asked which they are.
_MOST_PLACES = (MOST_SENDERS + 1) * max(
    len([*registry.by_logical_name(table).email_columns()]) for table in EMAIL_ENABLED
)

# SQLite finds all that is asked for in the index, and could not be told to stop without reading the rows.
_ON_SQLITE = (
    "SELECT s.emailaddress, s.parentobjectid, s.parentobjecttypecode, s.emailcolumnnumber, 0 "
    "FROM json_each(:asked) AS asked CROSS JOIN emailsearch AS s ON s.emailaddress = asked.value "
    "UNION ALL SELECT emailaddress, partyid, partyobjecttypecode, NULL, 1 FROM postroom_addresschoice "
    "WHERE emailaddress IN (SELECT value FROM json_each(:asked))"
)
# From the end of the index, where users and queues stand before leads, contacts and accounts: however many
# records share their address, mail to it has its recipients.
_ON_POSTGRESQL = (
    "SELECT s.emailaddress, s.parentobjectid, s.parentobjecttypecode, s.emailcolumnnumber, 0 "
    "FROM unnest(CAST(:asked AS text[])) AS asked(value) "
    "CROSS JOIN LATERAL (SELECT * FROM emailsearch WHERE emailaddress = asked.value "
    "ORDER BY parentobjecttypecode DESC, parentobjectid DESC, emailcolumnnumber DESC LIMIT {most}) AS s "
    "UNION ALL SELECT emailaddress, partyid, partyobjecttypecode, NULL, 1 FROM postroom_addresschoice "
    "WHERE emailaddress = ANY(CAST(:asked AS text[]))"
)


@cache
def _places_statement(dialect: str) -> sa.TextClause:
    form = _ON_POSTGRESQL if dialect == "postgresql" else _ON_SQLITE
    return sa.text(form.format(most=_MOST_PLACES))


def _places(connection: Connection, addresses: Sequence[str]) -> list[_Place]:
    statement = _places_statement(connection.dialect.name)
    rows = connection.execute(statement, asked(connection, addresses)).all()
    places = [
        (address, key_of(key), table, number, bool(choice)) for address, key, table, number, choice in rows
    ]
    shared_most = max(Counter(place[0] for place in places).values(), default=0)
    return places if shared_most <= _MOST_PLACES else _bounded(places)


def _bounded(places: Iterable[_Place]) -> list[_Place]:
    """Return of each address the places that count, on SQLite the same as PostgreSQL stops at."""
    found: dict[tuple[str, bool], list[_Place]] = {}
    for place in places:
        found.setdefault((place[0], place[4]), []).append(place)
    return [
        place
        for several in found.values()
        for place in sorted(several, key=_from_the_end, reverse=True)[:_MOST_PLACES]
    ]


def _from_the_end(place: _Place) -> tuple[str, UUID, int]:
    _, key, table, number, _ = place
    return table, key, number or 0


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


# What `Known` wants to know of a record, in this order, and the columns that may hold it.
_ASKED_OF_RECORDS = ("statecode", "ownerid", "owneridtype", "parentcustomerid", "parentcustomeridtype")
_FILTER = "incomingemailfilteringmethod"


def _people(connection: Connection, table: str, ids: Iterable[UUID]) -> dict[UUID, Known]:
    make = _user if table == "systemuser" else _record
    statement = _people_statement(connection.dialect.name, table)
    return {
        row[0]: make(table, row)
        for chunk in chunks_of(ids)
        for row in connection.execute(statement, asked(connection, chunk)).all()
    }


@cache
def _people_statement(dialect: str, table: str) -> sa.Select[Any]:
    if table == "systemuser":
        return _users_statement(dialect)
    info = registry.by_logical_name(table)
    key = info.table.c[info.primary_id]
    name = info.table.c[info.primary_name or info.primary_id]
    wanted = (*_ASKED_OF_RECORDS, _FILTER)
    columns = (info.table.c[c] if c in info.table.c else sa.null().label(c) for c in wanted)
    return sa.select(key, name, *columns).where(among(dialect, key))


def _record(table: str, row: Sequence[Any]) -> Known:
    key, name, state, owner, owner_table, customer, customer_table, filtering = row
    account = key if table == "account" else customer if customer_table == "account" else None
    return Known(
        table,
        key,
        str(name or ""),
        not state,
        owner,
        owner_table or "systemuser",
        account,
        None if filtering is None else FilteringMethod(filtering),
    )


def _users_statement(dialect: str) -> sa.Select[Any]:
    """Return what asks for enabled users with what they wish; a disabled user never matches."""
    users, settings = SystemUser.__table__, UserSettings.__table__
    key = users.c.systemuserid
    return (
        sa.select(key, users.c.fullname, settings.c[_FILTER], settings.c.autocreatecontactonpromote)
        .join_from(users, settings, settings.c.systemuserid == key, isouter=True)
        .where(among(dialect, key), users.c.isdisabled.is_not(True))
    )


def _user(table: str, row: Sequence[Any]) -> Known:
    key, name, wants, makes = row
    filtering = FilteringMethod.KNOWN_SENDERS if wants is None else FilteringMethod(wants)
    return Known(table, key, name or "", owner=key, filtering=filtering, auto_create=AutoCreate(makes or 0))
