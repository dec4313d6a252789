"""Lookups: whether their targets exist and may be pointed to; owners."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.errors import InvalidRecord
from postroom.schema import registry
from postroom.schema.column import ColumnInfo
from postroom.schema.table import TableInfo

NO_SUCH_RECORD = 0x80040217
NO_SUCH_TABLE = 0x80041102
INVALID_OWNER = 0x80040229


def settle_lookups(
    connection: sa.Connection, table: TableInfo, values: dict[str, Any]
) -> Iterator[InvalidRecord]:
    """Yield a problem for every lookup that points nowhere, and fill in the tables that lookups point to."""
    for name, info in table.lookups():
        if name in values:
            problem = _settle(connection, table, name, info, values)
            if problem:
                yield problem


def derive_owner(connection: sa.Connection, values: dict[str, Any]) -> None:
    """Fill in what follows from the owner: business unit, owning user, owning team."""
    owner, kind = values["ownerid"], values["owneridtype"]
    owners = registry.by_logical_name(kind)
    unit = connection.scalar(
        sa.select(owners.table.c.businessunitid).where(owners.table.c[owners.primary_id] == owner)
    )
    values["owningbusinessunit"] = unit
    values["owninguser"] = owner if kind == "systemuser" else None
    values["owningteam"] = owner if kind == "team" else None


def exists(connection: sa.Connection, table: str, id: UUID) -> bool:
    """Say whether the table has this record."""
    info = registry.by_logical_name(table)
    key = info.table.c[info.primary_id]
    return connection.scalar(sa.select(sa.literal(1)).where(key == id).select_from(info.table)) is not None


def find_table(connection: sa.Connection, candidates: Sequence[str], id: UUID) -> str | None:
    """Return the first of these tables that has this record; the base of all activities stands for each."""
    for candidate in candidates:
        for table in _concrete(candidate):
            if exists(connection, table, id):
                return table
    return None


def _settle(
    connection: sa.Connection, table: TableInfo, name: str, info: ColumnInfo, values: dict[str, Any]
) -> InvalidRecord | None:
    target = values[name]
    if target is None:
        if info.type_column:
            values[info.type_column] = None
        return None
    stated = values.get(info.type_column) if info.type_column else None
    if stated and stated not in _allowed(info):
        problem = f"it can't point to a record of {stated}, only of {', '.join(info.targets)}"
        return _problem(table, name, info, problem, NO_SUCH_TABLE)
    if not any(_concrete(candidate) for candidate in info.targets):
        problem = f"this store has no table {' or '.join(info.targets)}"
        return _problem(table, name, info, problem, NO_SUCH_TABLE)
    found = find_table(connection, [stated] if stated else info.targets, target)
    if found is None:
        code = INVALID_OWNER if name == "ownerid" else NO_SUCH_RECORD
        problem = f"there is no {stated or ' or '.join(info.targets)} with the key {target}"
        return _problem(table, name, info, problem, code)
    if info.type_column:
        values[info.type_column] = found
    return None


def _allowed(info: ColumnInfo) -> set[str]:
    return {*info.targets, *(table for target in info.targets for table in _concrete(target))}


def _concrete(target: str) -> Sequence[str]:
    """Return the stored tables that a target's name stands for."""
    found = registry.find(target)
    if found is None:
        return ()
    if found.is_stored:
        return (target,)
    return tuple(table.logical_name for table in registry.activities())


def _problem(table: TableInfo, name: str, info: ColumnInfo, problem: str, code: int) -> InvalidRecord:
    sentence = f"{table.logical_name}.{name} ({info.label}): {problem}."
    return InvalidRecord(sentence, code=code, column=name)


def pointing_to(target: str) -> Mapping[TableInfo, Sequence[str]]:
    """Return the lookups of all stored tables that may point to a table."""
    names = {target}
    table = registry.by_logical_name(target)
    if table.is_activity:
        names.add("activitypointer")
    found: dict[TableInfo, list[str]] = {}
    for other in registry.tables():
        for name, info in other.lookups():
            if other.is_stored and names & set(info.targets):
                found.setdefault(other, []).append(name)
    return found
