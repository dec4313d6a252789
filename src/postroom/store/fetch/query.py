"""What a FetchXML query says, as values: filters, conditions, links; knows no table."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Joint(Enum):
    """How the parts of a filter belong together."""

    AND = "and"
    OR = "or"


class LinkKind(Enum):
    """What a linked table asks of a row."""

    #: There is a linked row.
    INNER = "inner"
    #: Nothing; but conditions may name the linked row.
    OUTER = "outer"
    #: There is one, without joining it.
    EXISTS = "exists"
    #: There is none; within a filter only.
    NOT_ANY = "not any"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a column."""

    attribute: str
    operator: str
    values: Sequence[str] = ()
    #: The alias of the linked table that has the column; None for the one around the filter.
    of: str | None = None
    #: Another column, of the same row, to compare with instead of a value.
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions, filters and linked tables that hold together."""

    joint: Joint = Joint.AND
    conditions: Sequence[Condition] = ()
    filters: Sequence["Filter"] = ()
    links: Sequence["Link"] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column that an answer shows, or by which it is grouped or totalled."""

    name: str
    alias: str | None = None
    aggregate: str | None = None
    is_group: bool = False
    is_distinct: bool = False
    #: By which part of a date it is grouped.
    date_part: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A column to order by; of a group or total, by its alias."""

    attribute: str
    descending: bool = False
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A linked table: rows of it whose column equals one of the table around it."""

    table: str
    #: The column of the linked table.
    origin: str
    #: The column of the table around it.
    to: str
    kind: LinkKind = LinkKind.INNER
    alias: str | None = None
    filters: Sequence[Filter] = ()
    links: Sequence["Link"] = ()
    attributes: Sequence[str] = ()
    columns: Sequence[Column] = ()
    has_all: bool = False
    orders: Sequence[Order] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of the answer are wanted."""

    number: int = 1
    size: int | None = None
    #: The first so many rows and no pages.
    top: int | None = None
    is_distinct: bool = False
    is_aggregate: bool = False
    with_total: bool = False


@dataclass(frozen=True, slots=True)
class Fetch:
    """A whole query over one table; what is shown and which page does not matter to a filter."""

    table: str
    filters: Sequence[Filter] = ()
    links: Sequence[Link] = ()
    attributes: Sequence[str] = ()
    orders: Sequence[Order] = ()
    columns: Sequence[Column] = ()
    #: No column was named, or all were.
    has_all: bool = False
    page: Page = Page()


Part: TypeAlias = Condition | Filter | Link
