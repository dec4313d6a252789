"""Rows of the store in the shape of the Web API.

Lookups appear only as `_x_value`, GUIDs in lower case, instants in UTC and whole seconds, choices as their
codes. Secrets never appear: they are no readable columns.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from postroom.api.odata.names import names_of, property_of
from postroom.schema.column import ColumnInfo, Kind
from postroom.schema.table import TableInfo

FORMATTED = "OData.Community.Display.V1.FormattedValue"
TARGET = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"

#: Finds the primary name of a record by its table and id.
NameOf = Callable[[str, UUID], str | None]


class Annotation(Enum):
    """What may be told of a value besides the value."""

    #: The label of a choice or Boolean, the name of a lookup's record.
    FORMATTED = FORMATTED
    #: The table of a lookup's record.
    TARGET = TARGET
    #: The navigation property that leads to it.
    NAVIGATION = NAVIGATION
    #: The row's version.
    ETAG = "odata.etag"


def render_value(value: Any) -> Any:
    """Return a value as JSON has it.

    >>> render_value(datetime(2024, 1, 31, 10, 0, 0, 999, tzinfo=UTC))
    '2024-01-31T10:00:00Z'
    """
    match value:
        case bool() | None | str():
            return value
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case int():
            return int(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value


def render_row(
    table: TableInfo,
    row: Mapping[str, Any],
    columns: Iterable[str],
    annotations: Set[Annotation] = frozenset(),
    name_of: NameOf = lambda _table, _id: None,
) -> dict[str, Any]:
    """Return a row with these columns, and of each what the annotations ask for."""
    shown: dict[str, Any] = {}
    if Annotation.ETAG in annotations and row.get("versionnumber") is not None:
        shown["@odata.etag"] = f'W/"{row["versionnumber"]}"'
    for column in columns:
        info = table.columns[column]
        name = property_of(column, info)
        shown[name] = render_value(row[column])
        if annotations and row[column] is not None:
            shown.update(_notes(table, row, column, annotations, name_of))
    return shown


def target_of(info: ColumnInfo, row: Mapping[str, Any]) -> str | None:
    """Return the table that a lookup of this row points to."""
    if info.type_column is not None:
        return row.get(info.type_column)
    return info.targets[0] if len(info.targets) == 1 else None


def _notes(
    table: TableInfo,
    row: Mapping[str, Any],
    column: str,
    annotations: Set[Annotation],
    name_of: NameOf,
) -> dict[str, str]:
    info = table.columns[column]
    is_lookup = info.kind in (Kind.LOOKUP, Kind.OWNER)
    target = target_of(info, row) if is_lookup else None
    if target is not None:
        notes = {
            Annotation.FORMATTED: name_of(target, row[column]),
            Annotation.TARGET: target,
            Annotation.NAVIGATION: navigation_of(table, column, target),
        }
    else:
        notes = {Annotation.FORMATTED: label_of(info, row[column])}
    name = property_of(column, info)
    return {f"{name}@{note.value}": text for note, text in notes.items() if text and note in annotations}


def navigation_of(table: TableInfo, column: str, target: str) -> str | None:
    """Return the navigation property that leads from this lookup to that table."""
    links = names_of(table.logical_name).links.values()
    return next((link.name for link in links if link.column == column and target in link.targets), None)


def label_of(info: ColumnInfo, value: Any) -> str | None:
    """Return the words for a choice, a Boolean or an instant; None where the value speaks for itself."""
    if info.kind is Kind.BOOLEAN:
        return info.labels[bool(value)]
    if info.choices is not None:
        return next((choice.label for choice in info.choices if choice == value), None)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return None
