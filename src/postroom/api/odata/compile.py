"""Conditions of the query language compiled to SQL over the declared tables.

Logic has two values here, as a person expects: a comparison with an empty column is false, so its negation
is true. SQL has a third, "unknown", which would make rows vanish from both. Negation is therefore carried
down to the comparisons, each of which says what an empty column means to it. Texts are compared without
regard to case.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from postroom.api.odata.conditions import (
    Asked,
    Comparator,
    Comparison,
    Condition,
    Every,
    IsTrue,
    Literal,
    Negation,
    OneOf,
    PartOf,
    Path,
    Quantified,
    Quantifier,
    Some,
    TextTest,
)
from postroom.api.odata.functions import asked_clause
from postroom.api.odata.names import Collection, names_of
from postroom.api.odata.sight import EVERYTHING, Sight
from postroom.api.odata.values import FAMILIES, TEXTS, WHOLE, fit
from postroom.errors import UserError
from postroom.schema import registry
from postroom.schema.column import ColumnInfo, Kind
from postroom.schema.table import TableInfo

Clause = sa.ColumnElement[bool]
Expression = sa.ColumnElement[Any]

#: Databases bound the patterns of LIKE.
MAXIMUM_PATTERN = 4000
_SECOND = timedelta(seconds=1)

_SQL: Mapping[Comparator, Callable[[Any, Any], Any]] = {
    Comparator.EQ: operator.eq,
    Comparator.NE: operator.ne,
    Comparator.GT: operator.gt,
    Comparator.GE: operator.ge,
    Comparator.LT: operator.lt,
    Comparator.LE: operator.le,
}
_OPPOSITE = {
    Comparator.EQ: Comparator.NE,
    Comparator.NE: Comparator.EQ,
    Comparator.GT: Comparator.LE,
    Comparator.LE: Comparator.GT,
    Comparator.GE: Comparator.LT,
    Comparator.LT: Comparator.GE,
}
_SWAPPED = {
    Comparator.GT: Comparator.LT,
    Comparator.LT: Comparator.GT,
    Comparator.GE: Comparator.LE,
    Comparator.LE: Comparator.GE,
}


@dataclass(frozen=True, slots=True)
class Reached:
    """A column that a path leads to."""

    expression: Expression
    info: ColumnInfo
    path: Path
    table: TableInfo
    name: str

    @property
    def comparable(self) -> Expression:
        """Return the expression to compare and sort by: texts without regard to case."""
        return sa.func.lower(self.expression) if self.info.kind in TEXTS else self.expression


@dataclass(frozen=True, slots=True)
class _Stop:
    """A table on the way of a path, under the alias by which the statement knows it."""

    table: TableInfo
    source: sa.FromClause


class Scope:
    """The tables of one SELECT: the table asked for and those that paths have reached so far.

    Every path through the same navigation property shares one outer join, which never adds or loses a row
    because it goes to a primary key.
    """

    def __init__(
        self,
        table: TableInfo,
        source: sa.FromClause,
        *,
        variable: str = "",
        outer: "Scope | None" = None,
        sight: Sight = EVERYTHING,
    ) -> None:
        self.source = source
        #: Where the rows of the tables come from that paths reach.
        self.sight = sight
        #: The FROM of the statement; grows while conditions are compiled.
        self.joined: sa.FromClause = source
        self._variable = variable
        self._outer = outer
        self._stops: dict[tuple[str, ...], list[_Stop]] = {(): [_Stop(table, source)]}
        self.table = table

    def reach(self, path: Path) -> Reached:
        """Return the column at the end of the path, joining the tables on the way."""
        scope, segments = self.speaking_of(path.segments)
        if not segments:
            raise UserError(f"{path.text} is a row; name one of its columns: {path.text}/...")
        found = scope._columns(segments)
        expressions = [stop.source.c[name] for stop, name in found]
        expression = expressions[0] if len(found) == 1 else sa.func.coalesce(*expressions)
        stop, name = found[0]
        return Reached(expression, stop.table.columns[name], path, stop.table, name)

    def speaking_of(self, segments: tuple[str, ...]) -> "tuple[Scope, tuple[str, ...]]":
        """Return the scope that a path speaks of, and the path without the variable that says so."""
        if self._outer is None:
            return self, segments
        if segments[0] == self._variable:
            return self, segments[1:]
        return self._outer.speaking_of(segments)

    def _columns(self, segments: tuple[str, ...]) -> list[tuple[_Stop, str]]:
        found: list[tuple[_Stop, str]] = []
        problems: list[str] = []
        for stop in self._walk(segments[:-1]):
            try:
                name = names_of(stop.table.logical_name).column(segments[-1])
            except UserError as fault:
                problems.append(str(fault))
            else:
                found.append((stop, name))
        if not found:
            raise UserError(*problems)
        return found

    def _walk(self, links: tuple[str, ...]) -> list[_Stop]:
        if links not in self._stops:
            before = self._walk(links[:-1])
            self._stops[links] = [stop for origin in before for stop in self._step(origin, links[-1])]
        return self._stops[links]

    def _step(self, origin: _Stop, name: str) -> list[_Stop]:
        link = names_of(origin.table.logical_name).link(name)
        known = {table.logical_name: table for table in registry.tables()}
        stops = []
        for target in link.targets:
            if target not in known:
                continue
            table = known[target]
            source = self.sight.of(table)
            on = points_at(origin.table, origin.source, link.column, table, source)
            self.joined = self.joined.outerjoin(source, on)
            stops.append(_Stop(table, source))
        if not stops:
            raise UserError(f"{name!r} leads to {' or '.join(link.targets)}, which is not kept here.")
        return stops


def points_at(
    origin: TableInfo, source: sa.FromClause, column: str, target: TableInfo, goal: sa.FromClause
) -> Clause:
    """Return the condition that a lookup column of one row points at another row."""
    on: Clause = source.c[column] == goal.c[target.primary_id]
    kept_in = origin.columns[column].type_column
    if kept_in is not None and origin.has(kept_in):
        on = sa.and_(on, source.c[kept_in] == target.logical_name)
    return on


def compile_condition(condition: Condition, scope: Scope) -> Clause:
    """Return the SQL that is true for exactly the rows that fit the condition; raises `UserError`."""
    return _compile(condition, scope, holds=True)


def _compile(condition: Condition, scope: Scope, *, holds: bool) -> Clause:
    match condition:
        case Negation(term):
            return _compile(term, scope, holds=not holds)
        case Every(terms) | Some(terms):
            parts = [_compile(term, scope, holds=holds) for term in terms]
            return sa.and_(*parts) if isinstance(condition, Every) is holds else sa.or_(*parts)
        case Comparison():
            return _comparison(condition, scope, holds=holds)
        case OneOf(path, values):
            return _one_of(scope.reach(path), values, holds=holds)
        case PartOf():
            return _part_of(condition, scope, holds=holds)
        case IsTrue(path):
            return _is_true(scope.reach(path), holds=holds)
        case Quantified():
            return _quantified(condition, scope, holds=holds)
        case Asked(path=path):
            return _asked(condition, scope.reach(path), scope, holds=holds)


def _comparison(condition: Comparison, scope: Scope, *, holds: bool) -> Clause:
    left, comparator, right = condition.left, condition.comparator, condition.right
    if isinstance(left, Literal):
        left, right = right, left
        comparator = _SWAPPED.get(comparator, comparator)
    if isinstance(left, Literal):
        raise UserError("Two values are compared with each other; one of them must be a column.")
    if not holds:
        comparator = _OPPOSITE[comparator]
    reached = scope.reach(left)
    if isinstance(right, Path):
        return _two_columns(reached, comparator, scope.reach(right), holds=holds)
    if right.value is None:
        return _with_null(reached, condition.comparator, comparator)
    return _with_value(reached, comparator, right, holds=holds)


def _with_null(reached: Reached, written: Comparator, comparator: Comparator) -> Clause:
    if written not in (Comparator.EQ, Comparator.NE):
        raise UserError(f"{reached.path.text} {written.value} null: null goes with eq and ne only.")
    is_null = reached.expression.is_(None)
    return is_null if comparator is Comparator.EQ else sa.not_(is_null)


def _with_value(reached: Reached, comparator: Comparator, literal: Literal, *, holds: bool) -> Clause:
    value = _fitted(literal, reached)
    if reached.info.kind is Kind.MOMENT and value.microsecond == 0:
        clause = _within_second(reached.expression, comparator, value)
    else:
        clause = _SQL[comparator](reached.comparable, _bound(value, reached))
    # `ne` is true of an empty column, and so is the negation of any comparison, but never both.
    if _includes_empty(comparator, holds=holds):
        clause = sa.or_(clause, reached.expression.is_(None))
    return clause


def _includes_empty(comparator: Comparator, *, holds: bool) -> bool:
    if comparator in (Comparator.EQ, Comparator.NE):
        return comparator is Comparator.NE
    return not holds


def _within_second(column: Expression, comparator: Comparator, start: datetime) -> Clause:
    """Compare by whole seconds, as instants are shown: what was read can be asked for."""
    after = start + _SECOND
    match comparator:
        case Comparator.EQ:
            return sa.and_(column >= start, column < after)
        case Comparator.NE:
            return sa.or_(column < start, column >= after)
        case Comparator.GT:
            return column >= after
        case Comparator.LE:
            return column < after
        case Comparator.GE:
            return column >= start
        case Comparator.LT:
            return column < start


def _two_columns(left: Reached, comparator: Comparator, right: Reached, *, holds: bool) -> Clause:
    if not any(left.info.kind in family and right.info.kind in family for family in FAMILIES):
        raise UserError(
            f"{left.path.text} and {right.path.text} can't be compared: they hold different things."
        )
    if comparator is Comparator.EQ:
        return left.comparable.is_not_distinct_from(right.comparable)
    if comparator is Comparator.NE:
        return left.comparable.is_distinct_from(right.comparable)
    clause: Clause = _SQL[comparator](left.comparable, right.comparable)
    if not holds:
        clause = sa.or_(clause, left.expression.is_(None), right.expression.is_(None))
    return clause


def _one_of(reached: Reached, values: tuple[Literal, ...], *, holds: bool) -> Clause:
    if reached.info.kind is Kind.MOMENT:
        found = [
            _with_value(reached, Comparator.EQ, literal, holds=True) for literal in values if literal.value
        ]
        clause: Clause = sa.or_(sa.false(), *found)
    else:
        wanted = [
            _bound(_fitted(literal, reached), reached) for literal in values if literal.value is not None
        ]
        clause = reached.comparable.in_(wanted)
    with_null = any(literal.value is None for literal in values)
    empty = reached.expression.is_(None)
    if holds:
        return sa.or_(clause, empty) if with_null else clause
    missing = sa.not_(clause)
    return sa.and_(missing, sa.not_(empty)) if with_null else sa.or_(missing, empty)


def _part_of(condition: PartOf, scope: Scope, *, holds: bool) -> Clause:
    reached = scope.reach(condition.path)
    if reached.info.kind not in TEXTS:
        raise UserError(f"{condition.test.value} works on texts, and {condition.path.text} is none.")
    text = _fitted(condition.text, reached)
    if len(text) > MAXIMUM_PATTERN:
        raise UserError(f"{condition.test.value} takes at most {MAXIMUM_PATTERN} characters.")
    for special in ("/", "%", "_"):
        text = text.replace(special, f"/{special}")
    before = "" if condition.test is TextTest.STARTS_WITH else "%"
    after = "" if condition.test is TextTest.ENDS_WITH else "%"
    pattern = sa.func.lower(f"{before}{text}{after}")
    if holds:
        return reached.comparable.like(pattern, escape="/")
    return sa.or_(reached.comparable.not_like(pattern, escape="/"), reached.expression.is_(None))


def _is_true(reached: Reached, *, holds: bool) -> Clause:
    if reached.info.kind is not Kind.BOOLEAN:
        raise UserError(f"{reached.path.text} is compared with nothing; write {reached.path.text} eq ...")
    return _with_value(reached, Comparator.EQ if holds else Comparator.NE, Literal(True), holds=holds)  # noqa: FBT003


def _asked(condition: Asked, reached: Reached, scope: Scope, *, holds: bool) -> Clause:
    clause = asked_clause(condition, reached.expression, reached.info, reached.table, scope.sight.viewer)
    # An operator that says nothing of an empty column is not true of it.
    return clause if holds else sa.not_(sa.func.coalesce(clause, sa.false()))


def _quantified(condition: Quantified, scope: Scope, *, holds: bool) -> Clause:
    scope, segments = scope.speaking_of(condition.collection.segments)
    if len(segments) != 1:
        raise UserError(f"{condition.collection.text}: a collection behind a lookup can't be asked about.")
    collection = names_of(scope.table.logical_name).collection(segments[0])
    is_any = condition.quantifier is Quantifier.ANY
    exists = _exists(condition, scope, collection, fitting=is_any)
    return exists if is_any is holds else sa.not_(exists)


def _exists(condition: Quantified, scope: Scope, collection: Collection, *, fitting: bool) -> Clause:
    source = scope.sight.of(collection.table)
    inner = Scope(collection.table, source, variable=condition.variable, outer=scope, sight=scope.sight)
    clauses = [points_at(collection.table, source, collection.column, scope.table, scope.source)]
    if condition.condition is not None:
        clauses.append(_compile(condition.condition, inner, holds=fitting))
    return sa.exists(sa.select(sa.literal(1)).select_from(inner.joined).where(*clauses))


def _bound(value: Any, reached: Reached) -> Any:
    if reached.info.kind in TEXTS:
        return sa.func.lower(value)
    if reached.info.kind in WHOLE:
        # A 32-bit column may be compared with a bigger number; PostgreSQL would refuse its own cast.
        return sa.literal(value, sa.BigInteger() if isinstance(value, int) else sa.Numeric())
    return value


def _fitted(literal: Literal, reached: Reached) -> Any:
    return fit(reached.info.kind, literal.value, reached.path.text)
