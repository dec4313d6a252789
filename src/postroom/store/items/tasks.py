"""Tasks: rows as fields of items, and fields as columns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from postroom.reconcile.item import State, Value
from postroom.schema.choices import TaskState, TaskStatus
from postroom.store.items.columns import (
    Row,
    importance_columns,
    importance_of,
    plain_columns,
    regarding_columns,
    regarding_of,
)

_COLUMNS: Mapping[str, str] = {
    "subject": "subject",
    "body": "description",
    "start": "scheduledstart",
    "due": "scheduledend",
    "completed": "actualend",
}
_DONE: Final = 100
_STATES: Mapping[int, State] = {TaskState.COMPLETED: State.COMPLETED, TaskState.CANCELED: State.CANCELED}


def fields_of(row: Row) -> dict[str, Value]:
    """Return the fields of a task."""
    return {
        **{field: row[column] for field, column in _COLUMNS.items()},
        "percent": row["percentcomplete"] or 0,
        "importance": importance_of(row),
        "status": TaskStatus(row["statuscode"]),
        "regarding": regarding_of(row),
    }


def state_of(row: Row) -> State:
    """Return whether a task is still open."""
    return _STATES.get(row["statecode"], State.OPEN)


def columns_of(fields: Mapping[str, Value]) -> dict[str, Any]:
    """Return the columns that hold these fields."""
    values = plain_columns("task", _COLUMNS, fields)
    if "percent" in fields:
        values["percentcomplete"] = fields["percent"] or 0
    if "importance" in fields:
        values |= importance_columns(fields["importance"])
    if "regarding" in fields:
        values |= regarding_columns(fields["regarding"])
    if isinstance(status := fields.get("status"), TaskStatus):
        values["statuscode"] = int(status)
    elif fields.get("percent") == _DONE:
        # source: DATAVERSE-SYNC tasks: what is done to 100 % is completed, whatever its status says
        values["statuscode"] = int(TaskStatus.COMPLETED)
    return values


def new_columns(now: datetime) -> dict[str, Any]:
    """Return what a task from the server gets beside its fields."""
    # source: DATAVERSE-SYNC tasks: a new task has started
    return {"actualstart": now}
