"""`?sql=`: one SELECT read into the values of a FetchXML query, which is then asked.

What is understood is what Dataverse understands: named columns, INNER and LEFT JOIN on equality, WHERE with
literals, DISTINCT, GROUP BY with totals, ORDER BY. # source: DATAVERSE-WEBAPI
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn, TypeVar

from postroom.errors import UserError
from postroom.store.fetch import Fetch
from postroom.store.fetch.query import Column, Condition, Filter, Joint, Link, LinkKind, Order, Page

T = TypeVar("T")

#: Deeper parentheses and longer statements are no question that anybody asks.
MOST_DEPTH: Final = 30
MOST_CHARACTERS: Final = 32_768
_TOKEN = re.compile(
    r"""\s+|(?P<text>N?'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*|\[[A-Za-z_]\w*\])"""
    r"""|(?P<mark><>|!=|<=|>=|[=<>(),.*])""",
    re.ASCII,
)
_COMPARED: Final[Mapping[str, str]] = {
    "=": "eq",
    "!=": "ne",
    "<>": "ne",
    "<": "lt",
    ">": "gt",
    "<=": "le",
    ">=": "ge",
}
_TOTALS: Final[Mapping[str, str]] = {"sum": "sum", "avg": "avg", "min": "min", "max": "max"}
_LOOKUP = re.compile(r"_(\w+)_value")


@dataclass(frozen=True, slots=True)
class Result:
    """One column of the answer: of which table, and what it is called."""

    of: str
    column: Column
    #: The name that the statement gives it, or its own.
    name: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT as a query; all results are shown under names of their own."""

    fetch: Fetch
    results: tuple[Result, ...]


@dataclass(slots=True)
class _Table:
    """A table of FROM or JOIN under its alias."""

    table: str
    alias: str
    kind: LinkKind = LinkKind.INNER
    #: Its column, and the column of the table it is joined to.
    origin: str = ""
    to: str = ""
    joined: "list[_Table]" = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    def link(self) -> Link:
        links = [each.link() for each in self.joined]
        return Link(
            self.table,
            self.origin,
            self.to,
            self.kind,
            self.alias,
            links=links,
            columns=self.columns,
            orders=self.orders,
        )


def read_statement(text: str) -> Statement:
    """Return the query that a SELECT states; raises `UserError`."""
    return _Parser(text).statement()


class _Parser:
    """A place in a row of tokens."""

    def __init__(self, text: str) -> None:
        if len(text) > MOST_CHARACTERS:
            raise UserError(f"sql: a statement has at most {MOST_CHARACTERS} characters.")
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise UserError(f"sql: character {at + 1} can't be read: {text[at : at + 20]!r}.")
            if match.lastgroup is not None:
                self._tokens.append((match.lastgroup, match[0].strip("[]")))
            at = match.end()
        self._at = 0
        self._depth = 0
        self._tables: dict[str, _Table] = {}

    def statement(self) -> Statement:
        """Read the whole."""
        self._expect("select")
        is_distinct = self._took("distinct")
        top = int(self._number()) if self._took("top") else None
        said = self._listed(self._selected)
        self._expect("from")
        main = self._table()
        while self._is("inner") or self._is("left") or self._is("join"):
            self._join()
        filters = [self._filter()] if self._took("where") else []
        groups: list[tuple[str, str]] = []
        if self._took("group"):
            self._expect("by")
            groups = self._listed(self._column)
        results = [self._result(each, groups) for each in said]
        is_aggregate = bool(groups) or any(r.column.aggregate for r in results)
        for result in results:
            self._tables[result.of].columns.append(result.column)
        orders = self._orders(main, results, is_aggregate=is_aggregate) if self._took("order") else []
        if self._at < len(self._tokens):
            self._wrong("expected the end of the statement")
        page = Page(top=top, is_distinct=is_distinct, is_aggregate=is_aggregate)
        links = [each.link() for each in main.joined]
        fetch = Fetch(main.table, filters, links, (), orders, main.columns, page=page)
        return Statement(fetch, tuple(results))

    # Tables -----------------------------------------------------------------------------------------------

    def _table(self) -> _Table:
        name = self._name().lower()
        self._took("as")
        words = ("inner", "left", "join", "where", "group", "order", "on")
        alias = self._name() if self._kind() == "name" and not any(map(self._is, words)) else name
        if alias.lower() in self._tables:
            self._wrong(f"the name {alias} is used twice")
        table = _Table(name, alias.lower())
        self._tables[table.alias] = table
        return table

    def _join(self) -> None:
        is_left = self._took("left")
        self._took("outer")
        self._took("inner")
        self._expect("join")
        table = self._table()
        table.kind = LinkKind.OUTER if is_left else LinkKind.INNER
        self._expect("on")
        first = self._column()
        self._expect("=")
        sides = dict([first, self._column()])
        others = [alias for alias in sides if alias != table.alias]
        if table.alias not in sides or len(others) != 1:
            self._wrong("a join compares a column of its table with one of a table before it")
        table.origin, table.to = sides[table.alias], sides[others[0]]
        self._tables[others[0]].joined.append(table)

    # Columns ----------------------------------------------------------------------------------------------

    def _selected(self) -> tuple[str, str, str, bool, str]:
        """Read one result: table, column, total, whether of distinct values, alias."""
        if self._is("*"):
            self._wrong("name the columns; SELECT * is not understood")
        total, is_distinct = "", False
        following = self._tokens[self._at + 1][1] if self._at + 1 < len(self._tokens) else ""
        if following == "(":
            total = self._name().lower()
            self._expect("(")
            is_distinct = self._took("distinct")
            of, column = ("", "") if self._took("*") else self._raw_column()
            self._expect(")")
            if total != "count" and (total not in _TOTALS or not column):
                self._wrong("expected COUNT, SUM, AVG, MIN or MAX")
        else:
            of, column = self._raw_column()
        alias = ""
        if self._took("as") or (self._kind() == "name" and not self._is("from")):
            alias = self._name()
        return of, column, total, is_distinct, alias

    def _result(self, said: tuple[str, str, str, bool, str], groups: list[tuple[str, str]]) -> Result:
        of, written, total, is_distinct, alias = said
        main = next(iter(self._tables))
        table = self._known(of) if of else main
        column = _plain(written)
        name = alias or written or total
        if not total:
            is_group = (table, column) in groups
            if groups and not is_group:
                self._wrong(f"{column} is neither a total nor named by GROUP BY")
            return Result(table, Column(column, name, None, is_group), name)
        if not column:
            # Every row has a key, so that counting keys counts rows.
            return Result(table, Column("", name, "count"), name)
        kind = "countcolumn" if total == "count" else _TOTALS[total]
        return Result(table, Column(column, name, kind, is_distinct=is_distinct), name)

    def _raw_column(self) -> tuple[str, str]:
        first = self._name()
        if self._took("."):
            return first, self._name()
        return "", first

    def _column(self) -> tuple[str, str]:
        of, column = self._raw_column()
        return (self._known(of) if of else next(iter(self._tables))), _plain(column)

    def _known(self, alias: str) -> str:
        if alias.lower() not in self._tables:
            self._wrong(f"there is no table {alias} in the statement")
        return alias.lower()

    def _orders(self, main: _Table, results: list[Result], *, is_aggregate: bool) -> list[Order]:
        self._expect("by")
        orders: list[Order] = []
        for of, column, is_descending in self._listed(self._order):
            named = next((r for r in results if r.name.lower() == column.lower()), None)
            if is_aggregate:
                if named is None:
                    self._wrong(f"{column} is no column of the answer")
                orders.append(Order("", is_descending, named.name))
                continue
            if not of and named is not None:
                of, column = named.of, named.column.name
            table = self._tables[self._known(of)] if of else main
            order = Order(_plain(column), is_descending)
            (orders if table is main else table.orders).append(order)
        return orders

    def _order(self) -> tuple[str, str, bool]:
        of, column = self._raw_column()
        is_descending = self._took("desc")
        self._took("asc")
        return of, column, is_descending

    # Conditions -------------------------------------------------------------------------------------------

    def _filter(self) -> Filter:
        terms = [self._every()]
        while self._took("or"):
            terms.append(self._every())
        return terms[0] if len(terms) == 1 else Filter(Joint.OR, filters=terms)

    def _every(self) -> Filter:
        terms = [self._term()]
        while self._took("and"):
            terms.append(self._term())
        return Filter(Joint.AND, filters=terms)

    def _term(self) -> Filter:
        if self._took("("):
            self._depth += 1
            if self._depth > MOST_DEPTH:
                self._wrong(f"more than {MOST_DEPTH} levels of parentheses")
            inside = self._filter()
            self._expect(")")
            self._depth -= 1
            return inside
        return Filter(Joint.AND, [self._condition()])

    def _condition(self) -> Condition:
        of, column = self._column()
        main = next(iter(self._tables))
        table = None if of == main else of

        def condition(operator: str, *values: str) -> Condition:
            return Condition(column, operator, values, table)

        if self._took("is"):
            operator = "not-null" if self._took("not") else "null"
            self._expect("null")
            return condition(operator)
        is_denied = self._took("not")
        if self._took("like"):
            return condition("not-like" if is_denied else "like", self._value())
        if self._took("in"):
            self._expect("(")
            values = self._listed(self._value)
            self._expect(")")
            return condition("not-in" if is_denied else "in", *values)
        if self._took("between"):
            low = self._value()
            self._expect("and")
            return condition("not-between" if is_denied else "between", low, self._value())
        mark = self._next()[1]
        if is_denied or mark not in _COMPARED:
            self._at -= 1
            self._wrong("expected a comparison, LIKE, IN, BETWEEN or IS NULL")
        return condition(_COMPARED[mark], self._value())

    def _value(self) -> str:
        kind, text = self._next()
        if kind not in ("text", "number"):
            self._at -= 1
            self._wrong("expected a text or a number")
        return text if kind == "number" else text.removeprefix("N")[1:-1].replace("''", "'")

    # Tokens -----------------------------------------------------------------------------------------------

    def _listed(self, read: Callable[[], T]) -> list[T]:
        found = [read()]
        while self._took(","):
            found.append(read())
        return found

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _is(self, word: str) -> bool:
        if self._at >= len(self._tokens):
            return False
        kind, text = self._tokens[self._at]
        return kind in ("name", "mark") and text.lower() == word

    def _took(self, word: str) -> bool:
        if self._is(word):
            self._at += 1
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            self._wrong("something is missing at the end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            self._at -= 1
            self._wrong("expected a name")
        return text

    def _number(self) -> str:
        self._took("(")
        kind, text = self._next()
        self._took(")")
        if kind != "number" or not text.isdigit() or not 1 <= int(text[:9]) <= 1_000_000:
            self._wrong("expected a whole number from 1")
        return text

    def _expect(self, word: str) -> None:
        if not self._took(word):
            self._wrong(f"expected {word.upper()}")

    def _wrong(self, problem: str) -> NoReturn:
        found = self._tokens[self._at][1] if self._at < len(self._tokens) else "the end"
        raise UserError(f"sql: {problem}, at {found:.40}.")


def _plain(column: str) -> str:
    """Return a column's own name: lookups may be spoken of as the Web API shows them.

    >>> _plain("_parentcustomerid_value"), _plain("Name")
    ('parentcustomerid', 'name')
    """
    match = _LOOKUP.fullmatch(column.lower())
    return match[1] if match else column.lower()
