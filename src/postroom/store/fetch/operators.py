"""What each operator of a condition means, in SQL.

An operator that denies something holds for an empty column, as it does in Dataverse: who is not called
Smith may have no name at all. All others don't. Texts are compared without regard to case.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from postroom.schema.column import Kind
from postroom.store.fetch import period
from postroom.store.fetch.fault import BadFetch
from postroom.store.fetch.fit import IDS, NUMBERS, TEXTS, TIMES, fit
from postroom.store.fetch.fit import day_of as _day_of
from postroom.store.fetch.period import Period
from postroom.store.fetch.viewer import Viewer

Clause = sa.ColumnElement[bool]
_PATTERN: Final = 4000


@dataclass(frozen=True, slots=True)
class Subject:
    """The column of a condition, with what is given to compare it with."""

    column: sa.ColumnElement[Any]
    kind: Kind
    operator: str
    values: Sequence[str]
    viewer: Viewer
    #: The condition in words, for errors.
    words: str

    @property
    def comparable(self) -> sa.ColumnElement[Any]:
        """Return the column as it is compared."""
        return sa.func.lower(self.column) if self.kind in TEXTS else self.column

    @property
    def fitted(self) -> list[Any]:
        """Return the values as they are compared."""
        return [self.fit(value) for value in self.values]

    def fit(self, value: str) -> Any:
        """Return one value as it is compared."""
        try:
            return fit(self.kind, value, self.viewer.zone)
        except ValueError as error:
            raise self.wrong(f"{value!r:.60} can't be compared with {self.kind.value}: {error}") from error

    def wrong(self, problem: str) -> BadFetch:
        """Return the error that says what is wrong with the condition."""
        return BadFetch(f"{self.words}: {problem}.")


Meaning = Callable[[Subject], Clause]


def _compared(compare: Callable[[Any, Any], Any]) -> Meaning:
    def clause(subject: Subject) -> Clause:
        found: Clause = compare(subject.comparable, subject.fitted[0])
        return found

    return clause


def _in(subject: Subject) -> Clause:
    return subject.comparable.in_(subject.fitted)


def _between(subject: Subject) -> Clause:
    low, high = subject.fitted
    return subject.comparable.between(low, high)


def _null(subject: Subject) -> Clause:
    return subject.column.is_(None)


def _not(meaning: Meaning) -> Meaning:
    """Return the denial of a meaning, which an empty column fulfils."""
    return lambda subject: sa.or_(sa.not_(meaning(subject)), subject.column.is_(None))


def _like(before: str = "", after: str = "") -> Meaning:
    def clause(subject: Subject) -> Clause:
        text = subject.fitted[0]
        pattern = _pattern(subject, text) if not before and not after else before + _literal(text) + after
        if len(pattern) > _PATTERN:
            raise subject.wrong(f"the text is longer than {_PATTERN} characters")
        return subject.comparable.like(pattern, escape="/")

    return clause


def _literal(text: str) -> str:
    return re.sub(r"([/%_])", r"/\1", text)


def _pattern(subject: Subject, text: str) -> str:
    """Return a pattern as our databases take it: `%`, `_`, and single characters in brackets."""
    parts = re.split(r"(\[.\]|[%_])", text)
    for number, part in enumerate(parts):
        if len(part) == 3 and part.startswith("["):
            parts[number] = _literal(part[1])
        elif part not in ("%", "_"):
            if "[" in part:
                raise subject.wrong("sets of characters in brackets can't be used; name a single one")
            parts[number] = _literal(part)
    return "".join(parts)


def _within(subject: Subject, span: Period) -> Clause:
    column, clauses = subject.column, []
    start, end = _days(subject, span) if subject.kind is Kind.DAY else (span.start, span.end)
    if start is not None:
        clauses.append(column >= start)
    if end is not None:
        clauses.append(column < end)
    return sa.and_(*clauses, column.is_not(None))


def _days(subject: Subject, span: Period) -> tuple[Any, Any]:
    """Return the first day and the day after the last; a day that has begun counts."""
    zone = subject.viewer.zone
    start = None if span.start is None else span.start.astimezone(zone).date()
    if span.end is None:
        return start, None
    last = (span.end - timedelta(microseconds=1)).astimezone(zone).date()
    return start, last + timedelta(days=1)


def _span(subject: Subject) -> Clause:
    return _within(subject, period.named_period(subject.operator, subject.viewer))


def _counted(unit: str, made: Callable[[str, int, Viewer], Period]) -> Meaning:
    def clause(subject: Subject) -> Clause:
        text = subject.values[0].strip()
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:10]) <= period.MOST_UNITS:
            raise subject.wrong(f"the value must be a number from 1 to {period.MOST_UNITS}, not {text!r:.30}")
        return _within(subject, made(unit, int(text[:10]), subject.viewer))

    return clause


def _on(*, first: bool, last: bool) -> Meaning:
    def clause(subject: Subject) -> Clause:
        zone = subject.viewer.zone
        try:
            day = _day_of(subject.values[0], zone)
        except (ValueError, OverflowError) as error:
            raise subject.wrong(f"{subject.values[0]!r:.60} is not a day") from error
        return _within(subject, period.days_period(day if first else None, day if last else None, zone))

    return clause


def _user(subject: Subject) -> Clause:
    return subject.column == subject.viewer.user


def _business(subject: Subject) -> Clause:
    return subject.column == subject.viewer.business_unit


def _teams(subject: Subject) -> Clause:
    return subject.column.in_(sorted(subject.viewer.teams))


def _user_or_teams(subject: Subject) -> Clause:
    return subject.column.in_([subject.viewer.user, *sorted(subject.viewer.teams)])


def _language(subject: Subject) -> Clause:
    return subject.column == subject.viewer.language


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator: what it means, which columns it is for, how many values it takes."""

    meaning: Meaning
    kinds: frozenset[Kind] = frozenset(Kind)
    fewest: int = 1
    most: int = 1


_EVERY: Final = frozenset(Kind) - {Kind.BINARY}
_ORDERED: Final = TEXTS | TIMES | NUMBERS
_MANY: Final = 5_000


def _denied(found: Operator) -> Operator:
    return Operator(_not(found.meaning), found.kinds, found.fewest, found.most)


_EQ = Operator(_compared(operator.eq), _EVERY)
_LIKE = Operator(_like(), TEXTS)
_BEGINS, _ENDS = Operator(_like(after="%"), TEXTS), Operator(_like(before="%"), TEXTS)
_IN = Operator(_in, _EVERY, 1, _MANY)
_BETWEEN = Operator(_between, _ORDERED, 2, 2)
_USER = Operator(_user, IDS, 0, 0)
_BUSINESS = Operator(_business, IDS, 0, 0)

#: Every operator by its name; those of hierarchies need tables and stand in `compile`.
# source: DATAVERSE-FETCHXML operators
OPERATORS: Final[Mapping[str, Operator]] = {
    "eq": _EQ,
    "ne": _denied(_EQ),
    "neq": _denied(_EQ),
    "gt": Operator(_compared(operator.gt), _ORDERED),
    "ge": Operator(_compared(operator.ge), _ORDERED),
    "lt": Operator(_compared(operator.lt), _ORDERED),
    "le": Operator(_compared(operator.le), _ORDERED),
    "like": _LIKE,
    "not-like": _denied(_LIKE),
    "begins-with": _BEGINS,
    "not-begin-with": _denied(_BEGINS),
    "ends-with": _ENDS,
    "not-end-with": _denied(_ENDS),
    "in": _IN,
    "not-in": _denied(_IN),
    "between": _BETWEEN,
    "not-between": _denied(_BETWEEN),
    "null": Operator(_null, fewest=0, most=0),
    "not-null": Operator(lambda subject: subject.column.is_not(None), fewest=0, most=0),
    "eq-userid": _USER,
    "ne-userid": _denied(_USER),
    "eq-userteams": Operator(_teams, IDS, 0, 0),
    "eq-useroruserteams": Operator(_user_or_teams, IDS, 0, 0),
    "eq-businessid": _BUSINESS,
    "ne-businessid": _denied(_BUSINESS),
    "eq-userlanguage": Operator(_language, NUMBERS, 0, 0),
    "on": Operator(_on(first=True, last=True), TIMES),
    "not-on": _denied(Operator(_on(first=True, last=True), TIMES)),
    "on-or-after": Operator(_on(first=True, last=False), TIMES),
    "on-or-before": Operator(_on(first=False, last=True), TIMES),
    **{name: Operator(_span, TIMES, 0, 0) for name in period.SPANS},
    **{f"last-x-{unit}": Operator(_counted(unit, period.last_period), TIMES) for unit in period.UNITS},
    **{f"next-x-{unit}": Operator(_counted(unit, period.next_period), TIMES) for unit in period.UNITS},
    **{f"olderthan-x-{unit}": Operator(_counted(unit, period.older_than), TIMES) for unit in period.UNITS},
}


def meaning_of(subject: Subject) -> Clause:
    """Return the condition in SQL; raises `BadFetch` when the operator does not fit."""
    found = OPERATORS.get(subject.operator)
    if found is None:
        why = (
            "the store keeps no fiscal years" if "fiscal" in subject.operator else "there is no such operator"
        )
        raise subject.wrong(why)
    if subject.kind not in found.kinds:
        raise subject.wrong(f"this operator is not for a column of type {subject.kind.value}")
    if not found.fewest <= len(subject.values) <= found.most:
        needed = f"{found.fewest}" if found.fewest == found.most else f"{found.fewest} to {found.most}"
        raise subject.wrong(f"{needed} values are needed, not {len(subject.values)}")
    return found.meaning(subject)
