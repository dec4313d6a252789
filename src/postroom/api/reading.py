"""Reads of the Web API: collections, records, properties, what is related to one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import sqlalchemy as sa

from postroom.api.address import Key
from postroom.api.call import Reply
from postroom.api.odata.names import names_of
from postroom.api.odata.query import MAXIMUM_ROWS, Answer, Query, count_rows, query_of, run_query
from postroom.api.odata.render import render_value, target_of
from postroom.api.odata.sight import Sight
from postroom.api.problems import Problem, not_found
from postroom.api.visit import Visit
from postroom.api.writing import absent, find_by_values
from postroom.errors import UserError
from postroom.schema import registry
from postroom.schema.table import TableInfo

Where = Callable[[sa.FromClause], sa.ColumnElement[bool]]
_COUNT = "@Microsoft.Dynamics.CRM.totalrecordcount"
_COUNT_EXCEEDED = "@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"
_MOST_PAGE = 5000
# Annotations of the whole answer, and options that only single records know.
_OF_RECORD = ("$select", "$expand")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads of one caller on one connection."""

    connection: sa.Connection
    visit: Visit

    @property
    def _sight(self) -> Sight:
        return self.visit.sight(self.connection)

    def collection(self, table: TableInfo, where: Where | None = None) -> Reply:
        """Return the rows of a set, or those of them that are wanted."""
        sight = self._sight
        query = query_of(table, self.visit.call.options, sight)
        size = self._page_size()
        if size is not None:
            # With a page size, $top is ignored. source: DATAVERSE-WEBAPI
            query = replace(query, top=size)
        call = self.visit.call
        answer = run_query(self.connection, query, call.annotations, sight, where=where, base=call.base)
        may_go_on = size is not None or "$top" not in call.options
        reply = Reply.of(self._envelope(table, query, answer, may_go_on=may_go_on))
        applied = [] if size is None else [f"odata.maxpagesize={size}"]
        wanted = self.visit.call.preferences.get("odata.include-annotations")
        if wanted:
            applied.append(f'odata.include-annotations="{wanted}"')
        if applied:
            reply.headers["preference-applied"] = ",".join(applied)
        return reply

    def count(self, table: TableInfo, where: Where | None = None) -> Reply:
        """Return the number of rows as plain text."""
        sight = self._sight
        options = {k: v for k, v in self.visit.call.options.items() if k == "$filter" or k.startswith("@")}
        number = count_rows(self.connection, query_of(table, options, sight), sight, where=where)
        return Reply.text(f"{_BOM}{min(number, MAXIMUM_ROWS)}", "text/plain")

    def record(self, table: TableInfo, key: Key, *, options: Mapping[str, str] | None = None) -> Reply:
        """Return one record."""
        id_ = self.find(table, key)
        if id_ is None:
            raise absent(table, key)
        shown = self.row(table, id_, self.visit.call.options if options is None else options)
        if shown is None:
            raise absent(table, key)
        call = self.visit.call
        tag, known = shown.get("@odata.etag"), call.headers.get("if-none-match", "null")
        plain = "$expand" not in call.options and "odata.include-annotations" not in call.preferences
        if plain and tag is not None and known == tag:
            return Reply(304, b"", {"etag": tag})
        context = f"{call.base}$metadata#{table.set_name}{self._selected()}/$entity"
        headers = {} if tag is None else {"etag": tag}
        return Reply.of({"@odata.context": context, **shown}, **headers)

    def row(self, table: TableInfo, id_: UUID, options: Mapping[str, str]) -> dict[str, Any] | None:
        """Return a record as it is shown, or None when the caller does not see it."""
        unfit = [name for name in options if name not in _OF_RECORD and not name.startswith("@")]
        if unfit:
            raise UserError(f"A single record is read with $select and $expand, not with {unfit[0]}.")
        sight = self._sight
        query = replace(query_of(table, options, sight), top=1)
        call = self.visit.call
        answer = run_query(
            self.connection,
            query,
            call.annotations,
            sight,
            where=lambda source: source.c[table.primary_id] == id_,
            base=call.base,
        )
        return answer.rows[0] if answer.rows else None

    def find(self, table: TableInfo, key: Key) -> UUID | None:
        """Return the id that a key means."""
        if key.id is not None:
            return key.id
        return find_by_values(self.connection, self._sight, table, key.values)

    def property(self, table: TableInfo, key: Key, name: str, *, is_raw: bool = False) -> Reply:
        """Return one property of a record; its bare value where `/$value` asked for it."""
        column = names_of(table.logical_name).column(name)
        row = self._stored(table, key)
        value = render_value(row[column])
        if value is None:
            return Reply(204)
        if is_raw:
            raw = row[column]
            if isinstance(raw, bytes):
                return Reply(200, raw, {"content-type": "application/octet-stream"})
            return Reply.text(str(value), "text/plain")
        id_ = row[table.primary_id]
        context = f"{self.visit.call.base}$metadata#{table.set_name}({id_})/{name}"
        return Reply.of({"@odata.context": context, "value": value})

    def related(self, table: TableInfo, key: Key, name: str, rest: str = "") -> Reply:
        """Return what a navigation property leads to; `rest` may be `$ref` or `$count`."""
        names = names_of(table.logical_name)
        row = self._stored(table, key)
        if name in names.collections:
            collection = names.collections[name]
            type_column = collection.table.columns[collection.column].type_column
            id_ = row[table.primary_id]

            def where(source: sa.FromClause) -> sa.ColumnElement[bool]:
                points: sa.ColumnElement[bool] = source.c[collection.column] == id_
                if type_column is None or type_column not in source.c:
                    return points
                return sa.and_(points, source.c[type_column] == table.logical_name)

            if rest == "$count":
                return self.count(collection.table, where)
            if rest == "$ref":
                return self._references(collection.table, where)
            return self.collection(collection.table, where)
        link = names.links[name]
        info = table.columns[link.column]
        target = target_of(info, row) if row[link.column] is not None else None
        if row[link.column] is None or target not in link.targets:
            return Reply(204)
        goal = registry.find(target)
        if goal is None:
            raise not_found(f"{name} leads to a table that is not kept here.")
        if rest == "$ref":
            address = self.visit.address(goal.set_name, row[link.column])
            return Reply.of({"@odata.context": f"{self.visit.call.base}$metadata#$ref", "@odata.id": address})
        if rest:
            raise not_found(f"{name} is one record; there is no {rest} of it.")
        return self.record(goal, Key(row[link.column]))

    def _references(self, table: TableInfo, where: Where) -> Reply:
        sight = self._sight
        answer = run_query(
            self.connection,
            query_of(table, {"$select": table.primary_id}, sight),
            frozenset(),
            sight,
            where=where,
        )
        addresses = [
            {"@odata.id": self.visit.address(table.set_name, row[table.primary_id])} for row in answer.rows
        ]
        context = f"{self.visit.call.base}$metadata#Collection($ref)"
        return Reply.of({"@odata.context": context, "value": addresses})

    def _stored(self, table: TableInfo, key: Key) -> Mapping[str, Any]:
        id_ = self.find(table, key)
        source = self._sight.root(table)
        columns = [source.c[name] for name, info in table.columns.items() if info.may_read]
        query = sa.select(*columns).where(source.c[table.primary_id] == id_)
        row = None if id_ is None else self.connection.execute(query).mappings().one_or_none()
        if row is None:
            raise absent(table, key)
        return dict(row)

    def _page_size(self) -> int | None:
        text = self.visit.call.preferences.get("odata.maxpagesize")
        if text is None:
            return None
        if not text.isascii() or not text.isdigit() or int(text[:10]) < 1:
            raise Problem(400, f"Prefer: odata.maxpagesize wants a number from 1 to {_MOST_PAGE}.")
        return min(int(text[:10]), _MOST_PAGE)

    def _envelope(self, table: TableInfo, query: Query, answer: Answer, *, may_go_on: bool) -> dict[str, Any]:
        call = self.visit.call
        shown: dict[str, Any] = {"@odata.context": f"{call.base}$metadata#{table.set_name}{self._selected()}"}
        if answer.count is not None:
            shown["@odata.count"] = min(answer.count, MAXIMUM_ROWS)
        if call.wants(_COUNT[1:]):
            counted = answer.count
            shown[_COUNT] = -1 if counted is None else min(counted, MAXIMUM_ROWS)
            shown[_COUNT_EXCEEDED] = counted is not None and counted > MAXIMUM_ROWS
        shown["value"] = answer.rows
        if answer.next is not None and may_go_on:
            options = {**call.options, "$skiptoken": answer.next.as_text()}
            query_text = urlencode(options, quote_via=quote, safe="$@,()/'")
            shown["@odata.nextLink"] = f"{call.base}{call.path}?{query_text}"
        return shown

    def _selected(self) -> str:
        """Return the part of a context that says which columns there are."""
        select = self.visit.call.options.get("$select", "")
        return f"({select.replace(' ', '')})" if select and "*" not in select else ""
