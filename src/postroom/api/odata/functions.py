"""Query functions in $filter: each an operator of FetchXML under another name.

# source: DATAVERSE-FUNCTIONS
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from postroom.api.odata.conditions import Asked
from postroom.api.odata.names import meant
from postroom.errors import UserError
from postroom.schema.column import ColumnInfo
from postroom.schema.table import TableInfo
from postroom.store.fetch import Viewer
from postroom.store.fetch.compile import in_hierarchy
from postroom.store.fetch.operators import Subject, meaning_of

_IRREGULAR: Final[Mapping[str, str]] = {
    "EqualUserId": "eq-userid",
    "NotEqualUserId": "ne-userid",
    "EqualBusinessId": "eq-businessid",
    "NotEqualBusinessId": "ne-businessid",
    "EqualUserLanguage": "eq-userlanguage",
    "EqualUserTeams": "eq-userteams",
    "EqualUserOrUserTeams": "eq-useroruserteams",
    "Last7Days": "last-seven-days",
    "Next7Days": "next-seven-days",
    "NotOn": "not-on",
}
_PLAIN: Final = ("Between", "NotBetween", "In", "NotIn", "On", "OnOrAfter", "OnOrBefore")
_PERIODS: Final = ("Today", "Yesterday", "Tomorrow")
_SPANS: Final = tuple(
    f"{which}{unit}" for which in ("This", "Last", "Next") for unit in ("Week", "Month", "Year")
)
_COUNTED: Final = tuple(
    f"{which}X{unit}" for which in ("Last", "Next") for unit in ("Hours", "Days", "Weeks", "Months", "Years")
)
_OLDER: Final = tuple(
    f"OlderThanX{unit}" for unit in ("Minutes", "Hours", "Days", "Weeks", "Months", "Years")
)


def _dashed(name: str) -> str:
    """Return the operator's name: words with dashes.

    >>> _dashed("OlderThanXDays"), _dashed("ThisWeek")
    ('olderthan-x-days', 'this-week')
    """
    return re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower().replace("older-than", "olderthan")


#: The operator that each function stands for.
FUNCTIONS: Final[Mapping[str, str]] = {
    **{name: _dashed(name) for name in (*_PLAIN, *_PERIODS, *_SPANS, *_COUNTED, *_OLDER)},
    **_IRREGULAR,
}
#: Functions about records above and below each other.
HIERARCHIES: Final[Mapping[str, str]] = {
    "Above": "above",
    "AboveOrEqual": "eq-or-above",
    "Under": "under",
    "UnderOrEqual": "eq-or-under",
    "NotUnder": "not-under",
}
#: Functions that hold where one of several operators does; those of hierarchies begin at the user who asks.
COMBINED: Final[Mapping[str, tuple[str, ...]]] = {
    "EqualUserOrUserHierarchy": ("eq-or-under",),
    "EqualUserOrUserHierarchyAndTeams": ("eq-or-under", "eq-userteams"),
}


def asked_clause(
    asked: Asked,
    column: sa.ColumnElement[Any],
    info: ColumnInfo,
    table: TableInfo,
    viewer: Viewer | None,
) -> sa.ColumnElement[bool]:
    """Return a function as a condition on the column; raises `UserError` where it does not fit."""
    if viewer is None:
        raise UserError(f"{asked.function} speaks of the user who asks, and here nobody does.")
    words = f"{asked.function}({asked.path.text})"

    def meaning(operator: str, values: Sequence[str]) -> sa.ColumnElement[bool]:
        subject = Subject(column, info.kind, operator, values, viewer, words)
        if operator in HIERARCHIES.values():
            return in_hierarchy(subject, table, info)
        return meaning_of(subject)

    values = [_written(value.value) for value in asked.values]
    if asked.function in COMBINED:
        operators = COMBINED[asked.function]
        own = [str(viewer.user)]
        return sa.or_(*(meaning(op, own if op == "eq-or-under" else ()) for op in operators))
    operator = FUNCTIONS.get(asked.function) or HIERARCHIES.get(asked.function)
    if operator is None:
        raise UserError(f"There is no query function {asked.function}. {_why(asked.function)}")
    return meaning(operator, values)


def _why(name: str) -> str:
    if "Fiscal" in name:
        return "The store keeps no fiscal years."
    if name in ("ContainValues", "DoesNotContainValues"):
        return "No column here holds several choices at once."
    return meant(name, [*FUNCTIONS, *HIERARCHIES, *COMBINED])


def _written(value: object) -> str:
    """Return a value as FetchXML writes it."""
    match value:
        case bool():
            return "1" if value else "0"
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case UUID() | str():
            return str(value)
        case None:
            raise UserError("null is no value for a query function; compare with eq null.")
        case _:
            return str(value)
