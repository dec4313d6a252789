"""$expand: related records put into rows, one statement per navigation property and level."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.api.odata.compile import Scope, compile_condition
from postroom.api.odata.conditions import Expansion
from postroom.api.odata.names import Collection, Link, meant, names_of
from postroom.api.odata.render import Annotation, render_row, target_of
from postroom.api.odata.select import (
    MAXIMUM_ROWS,
    chosen_columns,
    chunks,
    order_of,
    primary_names,
    readable,
)
from postroom.api.odata.sight import Sight
from postroom.errors import InvalidRecord, UserError
from postroom.schema import registry
from postroom.schema.table import TableInfo

#: `$expand` takes at most so many navigation properties, on all levels together.
MAXIMUM_EXPANSIONS = 15
_UNSUPPORTED = 0x80060888
_NUMBER = "_number"


@dataclass(frozen=True, slots=True)
class Expanding:
    """What expansions work with."""

    connection: sa.Connection
    sight: Sight
    annotations: Set[Annotation] = frozenset()
    #: The address of the service, for links.
    base: str = ""

    def expand(
        self,
        table: TableInfo,
        rows: Sequence[Mapping[str, Any]],
        shown: Sequence[dict[str, Any]],
        expansions: Iterable[Expansion],
    ) -> None:
        """Put the related records of every row into what is shown of it."""
        for expansion in expansions:
            names = names_of(table.logical_name)
            if expansion.navigation in names.collections:
                self._collections(table, rows, shown, names.collections[expansion.navigation], expansion)
            else:
                self._singles(table, rows, shown, names.links[expansion.navigation], expansion)

    def _collections(
        self,
        table: TableInfo,
        rows: Sequence[Mapping[str, Any]],
        shown: Sequence[dict[str, Any]],
        collection: Collection,
        expansion: Expansion,
    ) -> None:
        found = self._children(table, rows, collection, expansion)
        most = MAXIMUM_ROWS if expansion.top is None else expansion.top
        for row, out in zip(rows, shown, strict=True):
            key = row[table.primary_id]
            out[expansion.navigation] = found[key][:most]
            if self.base and expansion.top is None and len(found[key]) > most:
                link = f"{self.base}{table.set_name}({key})/{expansion.navigation}"
                out[f"{expansion.navigation}@odata.nextLink"] = link

    def _children(
        self,
        table: TableInfo,
        rows: Sequence[Mapping[str, Any]],
        collection: Collection,
        expansion: Expansion,
    ) -> dict[UUID, list[dict[str, Any]]]:
        grouped: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
        child = collection.table
        for ids in chunks([row[table.primary_id] for row in rows]):
            scope = self._scope(child)
            parent = scope.source.c[collection.column]
            clauses: list[sa.ColumnElement[bool]] = [parent.in_(ids)]
            type_column = child.columns[collection.column].type_column
            if type_column is not None:
                clauses.append(scope.source.c[type_column] == table.logical_name)
            for row, out in self._related(scope, clauses, expansion, per=parent):
                grouped[row[collection.column]].append(out)
        return grouped

    def _singles(
        self,
        table: TableInfo,
        rows: Sequence[Mapping[str, Any]],
        shown: Sequence[dict[str, Any]],
        link: Link,
        expansion: Expansion,
    ) -> None:
        records = self._targets(table, rows, link, expansion)
        for row, out in zip(rows, shown, strict=True):
            out[expansion.navigation] = records.get(row[link.column])

    def _targets(
        self, table: TableInfo, rows: Sequence[Mapping[str, Any]], link: Link, expansion: Expansion
    ) -> dict[UUID, dict[str, Any]]:
        info = table.columns[link.column]
        records: dict[UUID, dict[str, Any]] = {}
        for goal in known(link.targets):
            pointing = (row for row in rows if row[link.column] is not None)
            wanted = {
                row[link.column] for row in pointing if target_of(info, row) in (goal.logical_name, None)
            }
            for ids in chunks(sorted(wanted)):
                scope = self._scope(goal)
                clauses = [scope.source.c[goal.primary_id].in_(ids)]
                for row, out in self._related(scope, clauses, expansion):
                    key = row[goal.primary_id]
                    address = f"{self.base}{goal.set_name}({key})"
                    records[key] = {"@odata.id": address} if expansion.is_reference else out
        return records

    def _related(
        self,
        scope: Scope,
        clauses: Sequence[sa.ColumnElement[bool]],
        expansion: Expansion,
        *,
        per: sa.ColumnElement[Any] | None = None,
    ) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
        """Yield the rows that an expansion adds, as stored and as shown; of each parent as many as wanted."""
        if expansion.filter is not None:
            clauses = [*clauses, compile_condition(expansion.filter, scope)]
        order = [term.ordered for term in order_of(expansion.orderby, scope)]
        columns = readable(scope)
        if per is None:
            statement = sa.select(*columns).select_from(scope.joined).where(*clauses).order_by(*order)
        else:
            number = sa.func.row_number().over(partition_by=per, order_by=order).label(_NUMBER)
            numbered = sa.select(*columns, number).select_from(scope.joined).where(*clauses).subquery()
            most = MAXIMUM_ROWS + 1 if expansion.top is None else expansion.top
            counted = numbered.c[_NUMBER]
            statement = sa.select(numbered).where(counted <= most).order_by(counted)
        rows = [row._asdict() for row in self.connection.execute(statement)]
        chosen = chosen_columns(scope.table, expansion.select, [])
        shown = self.rendered(scope.table, rows, chosen)
        self.expand(scope.table, rows, shown, expansion.expand)
        yield from zip(rows, shown, strict=True)

    def rendered(
        self, table: TableInfo, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return rows as they are shown, with the names of the records they point to where that is asked."""
        names: Mapping[tuple[str, UUID], str | None] = {}
        if Annotation.FORMATTED in self.annotations:
            names = primary_names(self.connection, self.sight, table, rows, columns)
        return [
            render_row(table, row, columns, self.annotations, lambda target, id_: names.get((target, id_)))
            for row in rows
        ]

    def _scope(self, table: TableInfo) -> Scope:
        return Scope(table, self.sight.root(table), sight=self.sight)


def check_expansions(table: TableInfo, expansions: Sequence[Expansion], sight: Sight) -> None:
    """Refuse expansions that can't be carried out."""
    if _number_of(expansions) > MAXIMUM_EXPANSIONS:
        raise UserError(f"at most {MAXIMUM_EXPANSIONS} navigation properties.")
    for expansion in expansions:
        _check(table, expansion, sight)


def _number_of(expansions: Sequence[Expansion]) -> int:
    return sum(1 + _number_of(expansion.expand) for expansion in expansions)


def _check(table: TableInfo, expansion: Expansion, sight: Sight) -> None:
    names = names_of(table.logical_name)
    name = expansion.navigation
    if name in names.collections:
        goals = [names.collections[name].table]
        if expansion.is_reference:
            raise InvalidRecord(f"{name} is a collection; $ref is for single records.", code=_UNSUPPORTED)
    elif name in names.links:
        goals = known(names.links[name].targets)
        if expansion.orderby or expansion.top is not None:
            problem = f"{name} is one record; only $select, $filter and $expand make sense."
            raise InvalidRecord(problem, code=_UNSUPPORTED)
    else:
        possible = [*names.collections, *names.links]
        raise UserError(f"{table.logical_name} has no navigation property {name!r}. {meant(name, possible)}")
    if not goals:
        raise UserError(f"{name} leads to a table that is not kept here.")
    for goal in goals:
        problems: list[str] = []
        chosen_columns(goal, expansion.select, problems)
        scope = Scope(goal, sight.root(goal), sight=sight)
        if expansion.filter is not None:
            compile_condition(expansion.filter, scope)
        order_of(expansion.orderby, scope)
        if problems:
            raise UserError(*problems)
        check_expansions(goal, expansion.expand, sight)


def known(logical_names: Iterable[str]) -> list[TableInfo]:
    """Return those of the tables that are kept here."""
    wanted = set(logical_names)
    return [table for table in registry.tables() if table.logical_name in wanted]
