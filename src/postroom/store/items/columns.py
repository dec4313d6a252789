"""Columns and fields: what is the same for every kind of item."""

from collections.abc import Mapping
from typing import Any

from postroom.reconcile.item import Kind, Value
from postroom.reconcile.values import Regarding
from postroom.schema import registry
from postroom.schema.choices import Priority
from postroom.schema.column import Kind as ColumnKind
from postroom.schema.targets import REGARDING
from postroom.store import pairs

Row = Mapping[str, Any]

#: Where the records of each kind lie.
TABLES: Mapping[Kind, str] = pairs.TABLES
KINDS: Mapping[str, Kind] = {table: kind for kind, table in TABLES.items()}


def clipped(table: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with texts cut to what their columns hold: servers hold more."""
    columns = registry.by_logical_name(table).columns
    return {name: _clip(value, columns[name].length) for name, value in values.items()}


def plain_columns(table: str, names: Mapping[str, str], fields: Mapping[str, Value]) -> dict[str, Any]:
    """Return the columns of fields that are one column each."""
    texts = (ColumnKind.TEXT, ColumnKind.MEMO)
    columns = registry.by_logical_name(table).columns
    found = {column: fields[name] for name, column in names.items() if name in fields}
    return {
        column: str(value) if value is not None and columns[column].kind in texts else value
        for column, value in found.items()
    }


def regarding_of(row: Row) -> Regarding | None:
    """Return the record that an activity is about."""
    if row["regardingobjectid"] is None:
        return None
    return Regarding(row["regardingobjecttypecode"] or "", str(row["regardingobjectid"]))


def regarding_columns(value: Value) -> dict[str, Any]:
    """Return the columns of what an activity is about; of a table that can't be meant, none."""
    if value is None:
        return {"regardingobjectid": None}
    if not isinstance(value, tuple) or value[0] not in REGARDING:
        return {}
    return {"regardingobjectid": value[1], "regardingobjecttypecode": value[0]}


def importance_of(row: Row) -> Priority:
    """Return how important an activity is."""
    code = row["prioritycode"]
    return Priority.NORMAL if code is None else Priority(code)


def importance_columns(value: Value) -> dict[str, Any]:
    """Return the column of how important an activity is."""
    return {"prioritycode": int(value) if isinstance(value, int) else int(Priority.NORMAL)}


def _clip(value: Any, length: int | None) -> Any:
    return value[:length] if isinstance(value, str) and length is not None else value
