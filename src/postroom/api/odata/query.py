"""Queries over one table: the options of a request, run on a connection, rendered as rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.api.odata.compile import Scope, compile_condition
from postroom.api.odata.conditions import Condition, Expansion, Order
from postroom.api.odata.names import Collection, Link, meant, names_of, table_of_set
from postroom.api.odata.render import Annotation, render_row, target_of
from postroom.api.odata.syntax import (
    parse_expand,
    parse_filter,
    parse_orderby,
    parse_select,
)
from postroom.errors import UserError
from postroom.schema import registry
from postroom.schema.column import Kind
from postroom.schema.table import TableInfo

#: The most rows that one answer holds.
MAXIMUM_ROWS = 5000
#: `$expand` takes at most so many navigation properties.
MAXIMUM_EXPANSIONS = 15
# Databases bound the number of parameters of a statement.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of one table."""

    table: TableInfo
    #: Columns to show, in order; the key is among them.
    columns: tuple[str, ...]
    filter: Condition | None = None
    orderby: tuple[Order, ...] = ()
    top: int = MAXIMUM_ROWS
    with_count: bool = False
    expansions: tuple[Expansion, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Rendered rows, and how many there are in all if that was asked."""

    rows: list[dict[str, Any]]
    count: int | None = None


def read_query(set_name: str, options: Mapping[str, str]) -> Query:
    """Return the query that a request's options state; raises `UserError` with every mistake at once.

    >>> read_query("contacts", {"$select": "fullname", "$top": "3"}).columns
    ('contactid', 'fullname')
    """
    table = table_of_set(set_name)
    if not table.is_stored:
        raise UserError(f"{set_name} is a view of other tables; ask for one of those, such as emails.")
    said: dict[str, Any] = {}
    problems: list[str] = []
    for name, text in options.items():
        if name not in _OPTIONS:
            problems.append(f"There is no option {name!r}. {meant(name, _OPTIONS)}")
            continue
        field, read = _OPTIONS[name]
        try:
            said[field] = read(text)
        except UserError as fault:
            problems.extend(fault.problems)
    said["columns"] = _columns(table, said.pop("select", ()), problems)
    query = Query(table, **said)
    problems.extend(_misnamed(query))
    if problems:
        raise UserError(*problems)
    return query


def run_query(connection: sa.Connection, query: Query, annotations: Set[Annotation] = frozenset()) -> Answer:
    """Run the query and return what it found."""
    scope = Scope(query.table, query.table.table)
    clauses = [compile_condition(query.filter, scope)] if query.filter is not None else []
    order = _order(query.orderby, scope)
    statement = _statement(scope, clauses).order_by(*order).limit(query.top)
    rows = [row._asdict() for row in connection.execute(statement)]
    count = None
    if query.with_count:
        counted = sa.select(sa.func.count()).select_from(scope.joined).where(*clauses)
        count = connection.execute(counted).scalar_one()
    shown = _rendered(connection, query.table, rows, query.columns, annotations)
    for expansion in query.expansions:
        _expand(connection, query.table, rows, shown, expansion, annotations)
    return Answer(shown, count)


# Options --------------------------------------------------------------------------------------------------


def _top(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UserError(f"$top: expected a whole number from 1, not {text!r}.")
    return min(int(text), MAXIMUM_ROWS)


def _count(text: str) -> bool:
    if text not in ("true", "false"):
        raise UserError(f"$count: expected true or false, not {text!r}.")
    return text == "true"


def _expansions(text: str) -> tuple[Expansion, ...]:
    found = parse_expand(text)
    if len(found) > MAXIMUM_EXPANSIONS:
        raise UserError(f"$expand: at most {MAXIMUM_EXPANSIONS} navigation properties.")
    return found


_OPTIONS = {
    "$select": ("select", parse_select),
    "$filter": ("filter", parse_filter),
    "$orderby": ("orderby", parse_orderby),
    "$top": ("top", _top),
    "$count": ("with_count", _count),
    "$expand": ("expansions", _expansions),
}


def _columns(table: TableInfo, select: Sequence[str], problems: list[str]) -> tuple[str, ...]:
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


def _misnamed(query: Query) -> Iterator[str]:
    """Yield what only compiling finds out: names and types that don't fit, in every option."""
    scope = Scope(query.table, query.table.table)
    try:
        if query.filter is not None:
            compile_condition(query.filter, scope)
    except UserError as fault:
        yield from (f"$filter: {problem}" for problem in fault.problems)
    try:
        _order(query.orderby, scope)
    except UserError as fault:
        yield from (f"$orderby: {problem}" for problem in fault.problems)
    for expansion in query.expansions:
        try:
            _check_expansion(query.table, expansion)
        except UserError as fault:
            yield from (f"$expand: {problem}" for problem in fault.problems)


def _check_expansion(table: TableInfo, expansion: Expansion) -> None:
    names = names_of(table.logical_name)
    if expansion.navigation in names.collections:
        goals = [names.collections[expansion.navigation].table]
    elif expansion.navigation in names.links:
        goals = _stored(names.links[expansion.navigation].targets)
        if expansion.orderby or expansion.top is not None:
            raise UserError(f"{expansion.navigation} is one record; only $select and $filter make sense.")
    else:
        known = [*names.collections, *names.links]
        raise UserError(
            f"{table.logical_name} has no navigation property {expansion.navigation!r}. "
            f"{meant(expansion.navigation, known)}"
        )
    if not goals:
        raise UserError(f"{expansion.navigation} leads to a table that is not kept here.")
    for goal in goals:
        problems: list[str] = []
        _columns(goal, expansion.select, problems)
        scope = Scope(goal, goal.table)
        if expansion.filter is not None:
            compile_condition(expansion.filter, scope)
        _order(expansion.orderby, scope)
        if problems:
            raise UserError(*problems)


# Rows -----------------------------------------------------------------------------------------------------


def _statement(scope: Scope, clauses: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    # Secrets stay in the database even if a later step were careless.
    columns = [scope.source.c[name] for name, info in scope.table.columns.items() if info.may_read]
    return sa.select(*columns).select_from(scope.joined).where(*clauses)


def _order(orders: Iterable[Order], scope: Scope) -> list[sa.ColumnElement[Any]]:
    """Return the order of the rows; empty values come first, as they are less than any other."""
    wanted = []
    for order in orders:
        column = scope.reach(order.path).comparable
        wanted.append(column.desc().nulls_last() if order.is_descending else column.asc().nulls_first())
    # The key makes the order the same from one question to the next.
    return [*wanted, scope.source.c[scope.table.primary_id].asc()]


def _rendered(
    connection: sa.Connection,
    table: TableInfo,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    annotations: Set[Annotation],
) -> list[dict[str, Any]]:
    names: Mapping[tuple[str, UUID], str | None] = {}
    if Annotation.FORMATTED in annotations:
        names = _primary_names(connection, table, rows, columns)
    return [
        render_row(table, row, columns, annotations, lambda target, id_: names.get((target, id_)))
        for row in rows
    ]


def _primary_names(
    connection: sa.Connection, table: TableInfo, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]
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
    for goal in _stored(wanted):
        if goal.primary_name is None or not goal.has(goal.primary_name):
            continue
        key, name = goal.table.c[goal.primary_id], goal.table.c[goal.primary_name]
        for ids in _chunks(sorted(wanted[goal.logical_name])):
            found = connection.execute(sa.select(key, name).where(key.in_(ids)))
            names.update({(goal.logical_name, row[0]): row[1] for row in found})
    return names


# Expansions -----------------------------------------------------------------------------------------------


def _expand(
    connection: sa.Connection,
    table: TableInfo,
    rows: Sequence[Mapping[str, Any]],
    shown: Sequence[dict[str, Any]],
    expansion: Expansion,
    annotations: Set[Annotation],
) -> None:
    names = names_of(table.logical_name)
    if expansion.navigation in names.collections:
        collection = names.collections[expansion.navigation]
        found = _children(connection, table, rows, collection, expansion, annotations)
        for row, out in zip(rows, shown, strict=True):
            out[expansion.navigation] = found[row[table.primary_id]][: expansion.top]
    else:
        link = names.links[expansion.navigation]
        records = _targets(connection, table, rows, link, expansion, annotations)
        for row, out in zip(rows, shown, strict=True):
            out[expansion.navigation] = records.get(row[link.column])


def _children(
    connection: sa.Connection,
    table: TableInfo,
    rows: Sequence[Mapping[str, Any]],
    collection: Collection,
    expansion: Expansion,
    annotations: Set[Annotation],
) -> dict[UUID, list[dict[str, Any]]]:
    grouped: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    child = collection.table
    for ids in _chunks([row[table.primary_id] for row in rows]):
        clauses: list[sa.ColumnElement[bool]] = [child.table.c[collection.column].in_(ids)]
        type_column = child.columns[collection.column].type_column
        if type_column is not None:
            clauses.append(child.table.c[type_column] == table.logical_name)
        for row, out in _related(connection, Scope(child, child.table), clauses, expansion, annotations):
            grouped[row[collection.column]].append(out)
    return grouped


def _targets(
    connection: sa.Connection,
    table: TableInfo,
    rows: Sequence[Mapping[str, Any]],
    link: Link,
    expansion: Expansion,
    annotations: Set[Annotation],
) -> dict[UUID, dict[str, Any]]:
    info = table.columns[link.column]
    records: dict[UUID, dict[str, Any]] = {}
    for goal in _stored(link.targets):
        pointing = (row for row in rows if row[link.column] is not None)
        wanted = {row[link.column] for row in pointing if target_of(info, row) in (goal.logical_name, None)}
        for ids in _chunks(sorted(wanted)):
            clauses = [goal.table.c[goal.primary_id].in_(ids)]
            for row, out in _related(connection, Scope(goal, goal.table), clauses, expansion, annotations):
                records[row[goal.primary_id]] = out
    return records


def _related(
    connection: sa.Connection,
    scope: Scope,
    clauses: Sequence[sa.ColumnElement[bool]],
    expansion: Expansion,
    annotations: Set[Annotation],
) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Yield the rows that an expansion adds, as stored and as shown."""
    if expansion.filter is not None:
        clauses = [*clauses, compile_condition(expansion.filter, scope)]
    order = _order(expansion.orderby, scope)
    rows = [row._asdict() for row in connection.execute(_statement(scope, clauses).order_by(*order))]
    columns = _columns(scope.table, expansion.select, [])
    yield from zip(rows, _rendered(connection, scope.table, rows, columns, annotations), strict=True)


def _stored(logical_names: Iterable[str]) -> list[TableInfo]:
    wanted = set(logical_names)
    return [table for table in registry.tables() if table.is_stored and table.logical_name in wanted]


def _chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
