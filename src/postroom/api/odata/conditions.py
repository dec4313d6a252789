"""What a query says, as values: conditions, orders, expansions; knows no table."""

from dataclasses import dataclass, field
from enum import Enum

from postroom.api.odata.tokens import Value


class Comparator(Enum):
    """A comparison of two operands."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class TextTest(Enum):
    """A question about a part of a text."""

    CONTAINS = "contains"
    STARTS_WITH = "startswith"
    ENDS_WITH = "endswith"


class Quantifier(Enum):
    """How many rows of a collection must fit."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the query."""

    value: Value
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Path:
    """A column, reached through any number of navigation properties."""

    segments: tuple[str, ...]
    position: int = field(default=0, compare=False)

    @property
    def text(self) -> str:
        """Return the path as it was written."""
        return "/".join(self.segments)


Operand = Literal | Path


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`."""

    comparator: Comparator
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class OneOf:
    """`path in (value, value, ...)`."""

    path: Path
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class PartOf:
    """`contains(path, 'text')` and its sisters."""

    test: TextTest
    path: Path
    text: Literal


@dataclass(frozen=True, slots=True)
class IsTrue:
    """A Boolean column standing alone."""

    path: Path


@dataclass(frozen=True, slots=True)
class Every:
    """All terms hold: `and`."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one term holds: `or`."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """`not` a condition."""

    term: "Condition"


@dataclass(frozen=True, slots=True)
class Quantified:
    """`collection/any(x: condition)`; without a condition: the collection is not empty."""

    quantifier: Quantifier
    collection: Path
    #: The name by which the condition speaks of one row.
    variable: str
    condition: "Condition | None"


@dataclass(frozen=True, slots=True)
class Asked:
    """A query function of Dataverse: `Microsoft.Dynamics.CRM.Today(PropertyName='createdon')`."""

    function: str
    path: Path
    values: tuple[Literal, ...] = ()


Condition = Comparison | OneOf | PartOf | IsTrue | Every | Some | Negation | Quantified | Asked


@dataclass(frozen=True, slots=True)
class Order:
    """One column of $orderby."""

    path: Path
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Expansion:
    """One navigation property of $expand with its own options."""

    navigation: str
    select: tuple[str, ...] = ()
    filter: Condition | None = None
    orderby: tuple[Order, ...] = ()
    top: int | None = None
    expand: tuple["Expansion", ...] = ()
    #: Only the address of the record is wanted: `$expand=primarycontactid/$ref`.
    is_reference: bool = False


class How(Enum):
    """How the values of a column become one."""

    SUM = "sum"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Total:
    """One value over many rows; without a path the number of rows."""

    alias: str
    path: Path | None = None
    how: How | None = None


@dataclass(frozen=True, slots=True)
class Apply:
    """What $apply makes of the rows: groups with their totals."""

    filter: Condition | None = None
    groups: tuple[Path, ...] = ()
    totals: tuple[Total, ...] = ()
