"""Pages: where one ended, as the cookie by which the next one is asked for.

A page begins after the last row of the one before, not after so many rows: what is written meanwhile neither
repeats a row nor leaves one out.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

import sqlalchemy as sa

from postroom.errors import UserError

_COOKIE = re.compile(r'<cookie pagenumber="(\d{1,9})" pagingcookie="([^"]*)" istracking="False" />')


@dataclass(frozen=True, slots=True)
class Cookie:
    """The page that comes next, and what its rows come after: the last row's values of the order."""

    page: int
    after: tuple[Any, ...]

    def as_text(self) -> str:
        """Return the cookie in the form that Dataverse gives it; to clients it means nothing."""
        inner = quote(quote(json.dumps([_tagged(value) for value in self.after])))
        return f'<cookie pagenumber="{self.page}" pagingcookie="{inner}" istracking="False" />'


@dataclass(frozen=True, slots=True)
class Term:
    """One part of the order of rows; empty values are less than any other."""

    expression: sa.ColumnElement[Any]
    is_descending: bool = False

    @property
    def ordered(self) -> sa.ColumnElement[Any]:
        """Return the term as ORDER BY has it."""
        if self.is_descending:
            return self.expression.desc().nulls_last()
        return self.expression.asc().nulls_first()

    def same(self, value: Any) -> sa.ColumnElement[bool]:
        """Return the condition that a row has this value."""
        return self.expression.is_(None) if value is None else self.expression == value

    def later(self, value: Any) -> sa.ColumnElement[bool]:
        """Return the condition that a row comes after one with this value."""
        if value is None:
            return sa.false() if self.is_descending else self.expression.is_not(None)
        held = sa.literal(value, self.expression.type)
        if self.is_descending:
            return sa.or_(self.expression < held, self.expression.is_(None))
        return self.expression > held


def read_cookie(text: str) -> Cookie:
    """Return the cookie of a $skiptoken.

    >>> read_cookie(Cookie(2, (UUID(int=1), None, "a")).as_text()).after[2]
    'a'
    """
    match = _COOKIE.fullmatch(text)
    try:
        if match is None:
            raise ValueError  # noqa: TRY301 - one place says what is wrong
        values = json.loads(unquote(unquote(match[2])))
        return Cookie(int(match[1]), tuple(_TAGS[tag](value) for tag, value in values))
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as fault:
        raise UserError("$skiptoken: this is no cookie; follow @odata.nextLink as it was given.") from fault


def beyond(terms: Sequence[Term], after: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a row comes after the one with these values."""
    if len(terms) != len(after):
        raise UserError(
            "$skiptoken: the cookie belongs to another order; follow @odata.nextLink as it was given."
        )
    choices = []
    for index, (term, value) in enumerate(zip(terms, after, strict=True)):
        same = [other.same(after[at]) for at, other in enumerate(terms[:index])]
        choices.append(sa.and_(*same, term.later(value)))
    return sa.or_(*choices)


_TAGS: Mapping[str, Callable[[Any], Any]] = {
    "none": lambda _: None,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "UUID": UUID,
    "Decimal": Decimal,
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
}


def _tagged(value: Any) -> tuple[str, Any]:
    if value is None:
        return "none", None
    name = type(value).__name__
    if isinstance(value, datetime | date):
        return name, value.isoformat()
    return name, str(value) if isinstance(value, UUID | Decimal) else value
