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


@dataclass(frozen=True, slots=True)
class Order:
    """A column to order by."""

    attribute: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Fetch:
    """A whole query over one table; how many rows and which page does not matter to a filter."""

    table: str
    filters: Sequence[Filter] = ()
    links: Sequence[Link] = ()
    attributes: Sequence[str] = ()
    orders: Sequence[Order] = ()


Part: TypeAlias = Condition | Filter | Link
