"""What every reading statement is made of: columns, order, names of records."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.api.odata.compile import Scope
from postroom.api.odata.conditions import Order
from postroom.api.odata.names import names_of
from postroom.api.odata.paging import Term
from postroom.api.odata.render import target_of
from postroom.api.odata.sight import Sight
from postroom.errors import UserError
from postroom.schema import registry
from postroom.schema.column import Kind
from postroom.schema.table import TableInfo

#: The most rows that one answer holds.
MAXIMUM_ROWS = 5000
# Databases bound the number of parameters of a statement.
_CHUNK = 500


def chosen_columns(table: TableInfo, select: Sequence[str], problems: list[str]) -> tuple[str, ...]:
    """Return the columns to show: those selected, or all that are readable; the key comes first."""
    names = names_of(table.logical_name)
    if not select:
        chosen = list(names.properties.values())
    else:
        chosen = []
        for name in select:
            try:
                chosen.append(names.column(name))
            except UserError as fault:
                problems.extend(f"$select: {problem}" for problem in fault.problems)
    return tuple(dict.fromkeys([table.primary_id, *chosen]))


def readable(scope: Scope) -> list[sa.ColumnElement[Any]]:
    """Return the columns to fetch; secrets stay in the database even if a later step were careless."""
    return [scope.source.c[name] for name, info in scope.table.columns.items() if info.may_read]


def order_of(orders: Iterable[Order], scope: Scope) -> list[Term]:
    """Return the order of rows; the key makes it the same from one question to the next."""
    wanted = [Term(scope.reach(order.path).comparable, order.is_descending) for order in orders]
    return [*wanted, Term(scope.source.c[scope.table.primary_id])]


def primary_names(
    connection: sa.Connection,
    sight: Sight,
    table: TableInfo,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
) -> dict[tuple[str, UUID], str | None]:
    """Return the names of all records that these rows point to, one query per table."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for column in columns:
        info = table.columns[column]
        if info.kind not in (Kind.LOOKUP, Kind.OWNER):
            continue
        for row in rows:
            target = target_of(info, row)
            if row[column] is not None and target is not None:
                wanted[target].add(row[column])
    names: dict[tuple[str, UUID], str | None] = {}
    for goal in registry.tables():
        name = goal.primary_name
        if goal.logical_name not in wanted or name is None or not goal.has(name):
            continue
        source = sight.root(goal)
        key = source.c[goal.primary_id]
        for ids in chunks(sorted(wanted[goal.logical_name])):
            found = connection.execute(sa.select(key, source.c[name]).where(key.in_(ids)))
            names.update({(goal.logical_name, row[0]): row[1] for row in found})
    return names


def chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """Yield the keys in portions that a statement takes."""
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
