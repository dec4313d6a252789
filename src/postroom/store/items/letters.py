"""Phone calls, letters and faxes: rows as fields of items, and fields as columns."""

from collections.abc import Mapping
from typing import Any

from postroom.reconcile.item import Kind, State, Value
from postroom.schema.choices import Choice, CorrespondenceState, FaxStatus, LetterStatus, PhoneCallStatus
from postroom.store.items.columns import (
    TABLES,
    Row,
    importance_columns,
    importance_of,
    plain_columns,
    regarding_columns,
    regarding_of,
)

#: What each of them may be.
STATUSES: Mapping[Kind, type[Choice]] = {
    Kind.PHONE_CALL: PhoneCallStatus,
    Kind.LETTER: LetterStatus,
    Kind.FAX: FaxStatus,
}
_COLUMNS: Mapping[str, str] = {
    "subject": "subject",
    "body": "description",
    "start": "scheduledstart",
    "due": "scheduledend",
    "completed": "actualend",
}
_STATES: Mapping[int, State] = {
    CorrespondenceState.COMPLETED: State.COMPLETED,
    CorrespondenceState.CANCELED: State.CANCELED,
}


def fields_of(kind: Kind, row: Row) -> dict[str, Value]:
    """Return the fields of a phone call, a letter or a fax."""
    return {
        **{field: row[column] for field, column in _COLUMNS.items()},
        "importance": importance_of(row),
        "status": STATUSES[kind](row["statuscode"]),
        "regarding": regarding_of(row),
    }


def state_of(row: Row) -> State:
    """Return whether it is still open."""
    return _STATES.get(row["statecode"], State.OPEN)


def columns_of(kind: Kind, fields: Mapping[str, Value]) -> dict[str, Any]:
    """Return the columns that hold these fields."""
    values = plain_columns(TABLES[kind], _COLUMNS, fields)
    if "importance" in fields:
        values |= importance_columns(fields["importance"])
    if "regarding" in fields:
        values |= regarding_columns(fields["regarding"])
    if isinstance(status := fields.get("status"), STATUSES[kind]):
        values["statuscode"] = int(status)
    return values
