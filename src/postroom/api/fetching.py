"""FetchXML queries over the Web API: given with the request, kept as views, or as SQL."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

import sqlalchemy as sa

from postroom.api.call import Reply
from postroom.api.odata.expand import Expanding
from postroom.api.odata.names import names_of
from postroom.api.odata.paging import Cookie, read_cookie
from postroom.api.odata.render import Annotation, label_of, render_value
from postroom.api.odata.select import MAXIMUM_ROWS
from postroom.api.odata.sight import Sight
from postroom.api.odata.values import NUMBERS
from postroom.api.problems import Problem
from postroom.api.sql import read_statement
from postroom.api.visit import Visit
from postroom.errors import NoSuchRecord
from postroom.schema import registry
from postroom.schema.column import ColumnInfo, Kind
from postroom.schema.table import TableInfo
from postroom.store.fetch import BadFetch, Fetch, read
from postroom.store.fetch.compile import Compiler, Place
from postroom.store.fetch.query import Column, Link, LinkKind, Order

#: Options that bring a query with them.
OPTIONS: Final = ("fetchXml", "savedQuery", "userQuery", "sql")
_COOKIE: Final = "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"
_MORE: Final = "@Microsoft.Dynamics.CRM.morerecords"
_TOTALS: Final[Mapping[str, Any]] = {
    "sum": sa.func.sum,
    "avg": sa.func.avg,
    "min": sa.func.min,
    "max": sa.func.max,
}
#: Without a cookie of more than its number, pages end here. # source: DATAVERSE-FETCHXML paging
_MOST_PAGED: Final = 1_000_000


def answer(visit: Visit, connection: sa.Connection, table: TableInfo) -> Reply:
    """Return the rows that a FetchXML query finds."""
    sight = visit.full_sight(connection)
    if "sql" in visit.call.options:
        return _answer_sql(visit, connection, sight, table)
    fetch = read(_xml(visit, connection, sight, table), is_filter=False)
    if fetch.table != table.logical_name:
        raise Problem(
            400, f'The query is over <entity name="{fetch.table:.60}">; send it to that table\'s set.'
        )
    return _Fetching(visit, connection, sight, table, fetch).answer()


def _answer_sql(visit: Visit, connection: sa.Connection, sight: Sight, table: TableInfo) -> Reply:
    """Return the rows that a SELECT finds; its next page is asked for by a link."""
    options = visit.call.options
    statement = read_statement(options["sql"])
    if statement.fetch.table != table.logical_name:
        raise Problem(400, f"The statement is FROM {statement.fetch.table:.60}; send it to that table's set.")
    fetch = _with_counts(statement.fetch, table)
    if "$skiptoken" in options:
        number = read_cookie(options["$skiptoken"]).page
        fetch = replace(fetch, page=replace(fetch.page, number=number))
    names = tuple(result.name for result in statement.results)
    return _Fetching(visit, connection, sight, table, fetch, is_sql=True, names=names).answer()


def _with_counts(fetch: Fetch, table: TableInfo) -> Fetch:
    """Return the query with the key in the place of COUNT(*)'s column."""
    columns = [replace(each, name=each.name or table.primary_id) for each in fetch.columns]
    return replace(fetch, columns=columns)


def _xml(visit: Visit, connection: sa.Connection, sight: Sight, table: TableInfo) -> str:
    options = visit.call.options
    if "fetchXml" in options:
        return options["fetchXml"]
    option, name = next(
        (o, n) for o, n in (("savedQuery", "savedquery"), ("userQuery", "userquery")) if o in options
    )
    kept = registry.by_logical_name(name)
    source = sight.of(kept)
    try:
        id_ = UUID(options[option])
    except ValueError as fault:
        raise Problem(400, f"{option}: expected a GUID.") from fault
    row = connection.execute(
        sa.select(source.c.fetchxml, source.c.returnedtypecode).where(source.c[kept.primary_id] == id_)
    ).one_or_none()
    if row is None:
        raise NoSuchRecord(f"{name} With Id = {id_} Does Not Exist")
    if not row.fetchxml:
        raise Problem(400, f"This {kept.label} has no FetchXML; it can't be asked of {table.set_name}.")
    return str(row.fetchxml)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column of the answer that is not one of the query's own table, or has a name of its own."""

    name: str
    info: ColumnInfo | None
    expression: sa.ColumnElement[Any]


@dataclass(slots=True)
class _Fetching:
    """One query and its answer."""

    visit: Visit
    connection: sa.Connection
    sight: Sight
    table: TableInfo
    fetch: Fetch
    #: Columns of the query's own table under their own names.
    own: list[str] = field(default_factory=list)
    others: list[_Shown] = field(default_factory=list)
    #: Results of a SELECT are shown even where they are empty, in their order, and nothing else is.
    is_sql: bool = False
    names: tuple[str, ...] = ()

    def answer(self) -> Reply:
        """Return the page that is asked for."""
        assert self.sight.viewer is not None  # noqa: S101 - a full sight has one
        compiler = Compiler(self.sight.viewer, self.sight.of, is_open=True)
        main, source, conditions = compiler.whole(self.fetch)
        page = self.fetch.page
        self._choose(compiler, main)
        statement = self._statement(compiler, main).select_from(source).where(*conditions)
        size = min(page.size or self._preferred_size(), MAXIMUM_ROWS)
        first = (page.number - 1) * size
        if page.top is not None:
            size, first = min(page.top, MAXIMUM_ROWS), 0
        if first > _MOST_PAGED:
            raise BadFetch(f'<fetch page="{page.number}">: there are no pages that far on.')
        rows = [row._asdict() for row in self.connection.execute(statement.limit(size + 1).offset(first))]
        has_more = len(rows) > size and page.top is None
        shown = self._rendered(rows[:size])
        count = self._count(main, source, conditions) if self._wants_count() else None
        return Reply.of(self._envelope(shown, count, has_more=has_more))

    def _preferred_size(self) -> int:
        text = self.visit.call.preferences.get("odata.maxpagesize", "")
        return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else MAXIMUM_ROWS

    def _wants_count(self) -> bool:
        return self.visit.call.options.get("$count") == "true" or self.fetch.page.with_total

    def _count(self, main: Place, source: Any, conditions: list[Any]) -> int:
        key = main.alias.c[main.info.primary_id]
        inner = sa.select(key).select_from(source).where(*conditions).limit(MAXIMUM_ROWS + 1).subquery()
        return int(self.connection.scalar(sa.select(sa.func.count()).select_from(inner)) or 0)

    # What is shown ----------------------------------------------------------------------------------------

    def _choose(self, compiler: Compiler, main: Place) -> None:
        fetch = self.fetch
        if fetch.page.is_aggregate:
            self._total(main, fetch.columns)
            for _, link, place in self._links(compiler, fetch.links):
                self._total(place, link.columns)
            if not self.others:
                raise BadFetch("<fetch aggregate>: name at least one attribute with aggregate or groupby.")
            return
        for column in fetch.columns:
            expression, info = main.column(column.name, main.words)
            self._check_readable(info, column, main)
            if column.alias:
                self.others.append(_Shown(column.alias, info, expression))
            else:
                self.own.append(column.name)
        if fetch.has_all or not (fetch.columns or self.is_sql):
            self.own = list(names_of(self.table.logical_name).properties.values())
        for alias, link, place in self._links(compiler, fetch.links):
            names = [column.name for column in link.columns]
            columns = [Column(name) for name in place.info.columns if link.has_all and name not in names]
            for column in (*link.columns, *columns):
                expression, info = place.column(column.name, place.words)
                if link.has_all and not info.may_read:
                    continue
                self._check_readable(info, column, place)
                self.others.append(_Shown(column.alias or f"{alias}.{column.name}", info, expression))

    def _check_readable(self, info: ColumnInfo, column: Column, place: Place) -> None:
        if not info.may_read:
            raise BadFetch(f"{place.words}: {column.name} is never shown.")

    def _links(self, compiler: Compiler, links: Any) -> Iterator[tuple[str, Link, Place]]:
        """Yield the linked tables that are joined, with the names under which their columns are shown."""
        for link in links:
            if link.kind in (LinkKind.INNER, LinkKind.OUTER):
                place = compiler.linked[id(link)]
                alias = link.alias or f"{link.table}{len(self.others) + 1}"
                yield alias, link, place
                yield from self._links(compiler, link.links)

    def _total(self, place: Place, columns: Any) -> None:
        for column in columns:
            expression, info = place.column(column.name, place.words)
            words = f'<attribute name="{column.name:.60}">'
            self._check_readable(info, column, place)
            if column.alias is None:
                raise BadFetch(f"{words}: a group or total needs an alias.")
            if column.date_part is not None:
                raise BadFetch(f"{words}: groups by parts of dates can't be made.")
            if column.is_group:
                self.others.append(_Shown(column.alias, info, expression))
            else:
                self.others.append(_Shown(column.alias, None, _totalled(column, expression, info, words)))

    # Statements -------------------------------------------------------------------------------------------

    def _statement(self, compiler: Compiler, main: Place) -> sa.Select[Any]:
        labelled = [shown.expression.label(f"_o{number}") for number, shown in enumerate(self.others)]
        fetch = self.fetch
        if fetch.page.is_aggregate:
            statement = sa.select(*labelled)
            groups = [s.expression for s in self.others if s.info is not None]
            by_alias = {shown.name: shown.expression for shown in self.others}
            orders = [_ordered(by_alias[o.alias], o) for o in self._aliased(by_alias)]
            return statement.group_by(*groups).order_by(*orders, *groups)
        names = dict.fromkeys(self.own)
        if not fetch.page.is_distinct:
            names[self.table.primary_id] = None
            if self.table.has("versionnumber"):
                names["versionnumber"] = None
        for name in list(names):
            kept_in = self.table.columns[name].type_column
            if kept_in is not None and self.table.has(kept_in):
                names[kept_in] = None
        statement = sa.select(*(main.alias.c[name] for name in names), *labelled)
        orders = list(self._orders(compiler, main))
        if fetch.page.is_distinct:
            self._check_orders()
            return statement.distinct().order_by(*orders)
        keys = [
            place.alias.c[place.info.primary_id]
            for place in (main, *compiler.linked.values())
            if self._is_joined(compiler, place, main)
        ]
        return statement.order_by(*orders, *keys)

    def _check_orders(self) -> None:
        """Refuse to order distinct rows by what they do not show: one row would have several places."""
        parts = [(self.fetch.orders, self.fetch.columns, self.own)]
        links = list(self.fetch.links)
        while links:
            link = links.pop()
            links.extend(link.links)
            parts.append((link.orders, link.columns, [] if not link.has_all else list(_columns_of(link))))
        for orders, columns, own in parts:
            shown = {*own, *(column.name for column in columns)}
            for order in orders:
                if order.attribute not in shown:
                    raise BadFetch(
                        f"Distinct rows can't be ordered by {order.attribute:.60}, which they don't show."
                    )

    def _is_joined(self, compiler: Compiler, place: Place, main: Place) -> bool:
        joined = [each for _, _, each in self._links(compiler, self.fetch.links)]
        return place is main or any(each is place for each in joined)

    def _aliased(self, known: Mapping[str, Any]) -> list[Any]:
        for order in self.fetch.orders:
            if order.alias not in known:
                raise BadFetch(f'<order alias="{order.alias or ""}">: no attribute has this alias.')
        return list(self.fetch.orders)

    def _orders(self, compiler: Compiler, main: Place) -> Iterator[sa.ColumnElement[Any]]:
        for order in self.fetch.orders:
            yield _ordered(main.column(order.attribute, "<order>")[0], order)
        for _, link, place in self._links(compiler, self.fetch.links):
            for order in link.orders:
                yield _ordered(place.column(order.attribute, "<order>")[0], order)

    # Answers ----------------------------------------------------------------------------------------------

    def _rendered(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        annotations = self.visit.call.annotations
        if self.fetch.page.is_aggregate:
            shown: list[dict[str, Any]] = [{} for _ in rows]
        elif self.is_sql:
            shown = [dict.fromkeys(self.names) for _ in rows]
        else:
            columns = list(self.own)
            if not self.fetch.page.is_distinct and self.table.primary_id not in columns:
                columns.insert(0, self.table.primary_id)
            shown = Expanding(self.connection, self.sight, annotations).rendered(self.table, rows, columns)
            # Columns without a value are left out. source: DATAVERSE-FETCHXML
            shown = [{name: value for name, value in row.items() if value is not None} for row in shown]
        for row, out in zip(rows, shown, strict=True):
            for number, other in enumerate(self.others):
                value = row[f"_o{number}"]
                if value is None:
                    continue
                out[other.name] = render_value(value)
                label = None if other.info is None else label_of(other.info, value)
                if label is not None and Annotation.FORMATTED in annotations:
                    out[f"{other.name}@{Annotation.FORMATTED.value}"] = label
        return shown

    def _envelope(self, rows: list[dict[str, Any]], count: int | None, *, has_more: bool) -> dict[str, Any]:
        call = self.visit.call
        body: dict[str, Any] = {"@odata.context": f"{call.base}$metadata#{self.table.set_name}"}
        if count is not None:
            body["@odata.count"] = min(count, MAXIMUM_ROWS)
            body["@Microsoft.Dynamics.CRM.totalrecordcount"] = min(count, MAXIMUM_ROWS)
            body["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] = count > MAXIMUM_ROWS
        if has_more and self.is_sql:
            number = self.fetch.page.number + 1
            options = {"sql": call.options["sql"], "$skiptoken": Cookie(number, (number,)).as_text()}
            body["@odata.nextLink"] = f"{call.base}{call.path}?{urlencode(options, quote_via=quote)}"
        if has_more and call.wants(_MORE[1:]):
            body[_MORE] = True
        if has_more and call.wants(_COOKIE[1:]):
            body[_COOKIE] = self._cookie(rows)
        return {**body, "value": rows}

    def _cookie(self, rows: list[dict[str, Any]]) -> str:
        number, key = self.fetch.page.number, self.table.primary_id
        last, first = rows[-1].get(key, ""), rows[0].get(key, "")
        inner = f'<cookie page="{number}"><{key} last="{{{last}}}" first="{{{first}}}" /></cookie>'
        return f'<cookie pagenumber="{number + 1}" pagingcookie="{quote(quote(inner))}" istracking="False" />'


def _columns_of(link: Link) -> Iterator[str]:
    table = registry.find(link.table)
    return iter(table.columns if table is not None else ())


def _totalled(
    column: Column, expression: sa.ColumnElement[Any], info: ColumnInfo, words: str
) -> sa.ColumnElement[Any]:
    kind = (column.aggregate or "").lower()
    if kind == "count":
        return sa.func.count()
    if kind == "countcolumn":
        return sa.func.count(expression.distinct() if column.is_distinct else expression)
    if kind not in _TOTALS:
        raise BadFetch(f"{words}: aggregate is one of count, countcolumn, {', '.join(_TOTALS)}.")
    allowed = NUMBERS if kind in ("sum", "avg") else NUMBERS | {Kind.MOMENT, Kind.DAY}
    if info.kind not in allowed:
        raise BadFetch(f"{words}: it holds nothing of which there is a {kind}.")
    totalled: sa.ColumnElement[Any] = _TOTALS[kind](expression)
    return sa.cast(totalled, sa.Double()) if kind == "avg" else totalled


def _ordered(expression: sa.ColumnElement[Any], order: Order) -> sa.ColumnElement[Any]:
    return expression.desc().nulls_last() if order.descending else expression.asc().nulls_first()
