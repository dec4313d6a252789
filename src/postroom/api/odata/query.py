"""Queries over one table: the options of a request, run on a connection, rendered as rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from postroom.api.odata.apply import group_row, grouped
from postroom.api.odata.compile import Scope, compile_condition
from postroom.api.odata.conditions import Apply, Condition, Expansion, Order
from postroom.api.odata.expand import MAXIMUM_EXPANSIONS, Expanding, check_expansions
from postroom.api.odata.names import meant, table_of_set
from postroom.api.odata.paging import Cookie, Term, beyond, read_cookie
from postroom.api.odata.render import Annotation
from postroom.api.odata.select import MAXIMUM_ROWS, chosen_columns, order_of, readable
from postroom.api.odata.sight import EVERYTHING, Sight
from postroom.api.odata.syntax import (
    parse_apply,
    parse_expand,
    parse_filter,
    parse_orderby,
    parse_select,
)
from postroom.errors import InvalidRecord, UserError
from postroom.schema.table import TableInfo

__all__ = ["MAXIMUM_EXPANSIONS", "MAXIMUM_ROWS", "Answer", "Query", "read_query", "run_query"]


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
    apply: Apply | None = None
    #: Where the page before ended.
    cookie: Cookie | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Rendered rows, how many there are in all if that was asked, and where to go on if there are more."""

    rows: list[dict[str, Any]]
    count: int | None = None
    next: Cookie | None = None


def read_query(
    set_name: str, options: Mapping[str, str], sight: Sight = EVERYTHING, *, also: Sequence[str] = ()
) -> Query:
    """Return the query that a request's options state; raises `UserError` with every mistake at once.

    Options that begin with `@` are parameters by which others speak of a value; those in `also` are no
    business of the query.

    >>> read_query("contacts", {"$select": "fullname", "$top": "3"}).columns
    ('contactid', 'fullname')
    """
    return query_of(table_of_set(set_name), options, sight, also=also)


def query_of(
    table: TableInfo, options: Mapping[str, str], sight: Sight = EVERYTHING, *, also: Sequence[str] = ()
) -> Query:
    """Return the query of a table that a request's options state; see `read_query`."""
    aliases = {name: text for name, text in options.items() if name.startswith("@")}
    said: dict[str, Any] = {}
    problems: list[str] = []
    for name, text in options.items():
        if name in aliases or name in also:
            continue
        if name not in _OPTIONS:
            problems.append(f"There is no option {name!r}. {meant(name, _OPTIONS)}")
            continue
        field, read = _OPTIONS[name]
        try:
            said[field] = read(text, aliases)
        except UserError as fault:
            problems.extend(fault.problems)
    said["columns"] = chosen_columns(table, said.pop("select", ()), problems)
    query = Query(table, **said)
    faults = list(_misnamed(query, sight))
    if not problems and len(faults) == 1:
        raise faults[0]
    problems.extend(problem for fault in faults for problem in fault.problems)
    if problems:
        raise UserError(*problems)
    return query


def run_query(
    connection: sa.Connection,
    query: Query,
    annotations: Set[Annotation] = frozenset(),
    sight: Sight = EVERYTHING,
    *,
    where: Callable[[sa.FromClause], sa.ColumnElement[bool]] | None = None,
    base: str = "",
) -> Answer:
    """Run the query and return what it found; `where` narrows it to some rows of the table."""
    scope = Scope(query.table, sight.root(query.table), sight=sight)
    clauses = [] if where is None else [where(scope.source)]
    if query.apply is not None:
        return _run_apply(connection, query, query.apply, scope, clauses, annotations)
    if query.filter is not None:
        clauses.append(compile_condition(query.filter, scope))
    terms = order_of(query.orderby, scope)
    count = None
    if query.with_count:
        counted = sa.select(sa.func.count()).select_from(scope.joined).where(*clauses)
        count = connection.execute(counted).scalar_one()
    if query.cookie is not None:
        clauses.append(beyond(terms, query.cookie.after))
    rows = _rows(connection, scope, clauses, terms, query.top + 1)
    more = len(rows) > query.top
    rows = rows[: query.top]
    expanding = Expanding(connection, sight, annotations, base)
    shown = expanding.rendered(query.table, rows, query.columns)
    expanding.expand(query.table, rows, shown, query.expansions)
    page = 1 if query.cookie is None else query.cookie.page
    following = (
        Cookie(page + 1, tuple(rows[-1][_key(n)] for n in range(len(terms)))) if more and rows else None
    )
    return Answer(shown, count, following)


def count_rows(
    connection: sa.Connection,
    query: Query,
    sight: Sight = EVERYTHING,
    *,
    where: Callable[[sa.FromClause], sa.ColumnElement[bool]] | None = None,
) -> int:
    """Return how many rows fit the query's condition."""
    scope = Scope(query.table, sight.root(query.table), sight=sight)
    clauses = [] if where is None else [where(scope.source)]
    if query.filter is not None:
        clauses.append(compile_condition(query.filter, scope))
    counted = sa.select(sa.func.count()).select_from(scope.joined).where(*clauses)
    return int(connection.execute(counted).scalar_one())


def _rows(
    connection: sa.Connection,
    scope: Scope,
    clauses: Sequence[sa.ColumnElement[bool]],
    terms: Sequence[Term],
    most: int,
) -> list[dict[str, Any]]:
    # What the rows are ordered by comes along, so that the next page can begin behind the last of them.
    keys = [term.expression.label(_key(number)) for number, term in enumerate(terms)]
    statement = sa.select(*readable(scope), *keys).select_from(scope.joined).where(*clauses)
    statement = statement.order_by(*(term.ordered for term in terms)).limit(most)
    return [row._asdict() for row in connection.execute(statement)]


def _key(number: int) -> str:
    return f"_order{number}"


def _run_apply(
    connection: sa.Connection,
    query: Query,
    apply: Apply,
    scope: Scope,
    clauses: Sequence[sa.ColumnElement[bool]],
    annotations: Set[Annotation],
) -> Answer:
    statement = grouped(apply, query.filter, scope).where(*clauses).limit(query.top)
    rows = [row._asdict() for row in connection.execute(statement)]
    return Answer([group_row(apply, scope, row, annotations) for row in rows])


# Options --------------------------------------------------------------------------------------------------

_Aliases = Mapping[str, str]


def _top(text: str, _: _Aliases) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:10]) < 1:
        raise UserError(f"$top: expected a whole number from 1, not {text!r:.40}.")
    return min(int(text[:10]), MAXIMUM_ROWS)


def _count(text: str, _: _Aliases) -> bool:
    if text not in ("true", "false"):
        raise UserError(f"$count: expected true or false, not {text!r:.40}.")
    return text == "true"


_OPTIONS: Mapping[str, tuple[str, Callable[[str, _Aliases], Any]]] = {
    "$select": ("select", lambda text, _: parse_select(text)),
    "$filter": ("filter", parse_filter),
    "$orderby": ("orderby", parse_orderby),
    "$top": ("top", _top),
    "$count": ("with_count", _count),
    "$expand": ("expansions", lambda text, _: parse_expand(text)),
    "$apply": ("apply", parse_apply),
    "$skiptoken": ("cookie", lambda text, _: read_cookie(text)),
}


def _misnamed(query: Query, sight: Sight) -> Iterator[UserError]:
    """Yield what only compiling finds out: names and types that don't fit, in every option."""
    scope = Scope(query.table, sight.root(query.table), sight=sight)

    def in_option(option: str, check: Callable[[], object]) -> Iterator[UserError]:
        try:
            check()
        except InvalidRecord as fault:
            yield InvalidRecord(f"{option}: {fault}", code=fault.code, column=fault.column)
        except UserError as fault:
            yield UserError(*(f"{option}: {problem}" for problem in fault.problems))

    filter_, apply = query.filter, query.apply
    if filter_ is not None:
        yield from in_option("$filter", lambda: compile_condition(filter_, scope))
    yield from in_option("$orderby", lambda: order_of(query.orderby, scope))
    yield from in_option("$expand", lambda: check_expansions(query.table, query.expansions, sight))
    if apply is not None:
        yield from in_option("$apply", lambda: grouped(apply, None, scope))
