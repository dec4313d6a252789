"""Appointments: rows and parties as fields of items, and fields as columns."""

from collections.abc import Mapping
from typing import Any

from postroom.reconcile.item import Span, State, Value
from postroom.schema.choices import AppointmentState, AppointmentStatus
from postroom.store.items.columns import (
    Row,
    importance_columns,
    importance_of,
    plain_columns,
    regarding_columns,
    regarding_of,
)
from postroom.store.items.people import People

_COLUMNS: Mapping[str, str] = {"subject": "subject", "body": "description", "location": "location"}
_STATES: Mapping[int, State] = {
    AppointmentState.COMPLETED: State.COMPLETED,
    AppointmentState.CANCELED: State.CANCELED,
}


def fields_of(row: Row, people: People) -> dict[str, Value]:
    """Return the fields that an appointment and a series have in common."""
    return {
        **{field: row[column] for field, column in _COLUMNS.items()},
        "importance": importance_of(row),
        "show_as": AppointmentStatus(row["statuscode"]),
        "required": people.invited("required"),
        "optional": people.invited("optional"),
        "organizer": people.organizer_key,
        "regarding": regarding_of(row),
        "responses": people.responses(),
        "private": bool(row["ismapiprivate"]),
    }


def span_of(row: Row) -> Span | None:
    """Return when an appointment takes place, or None when its record does not say so."""
    if row["scheduledstart"] is None or row["scheduledend"] is None:
        return None
    return Span(row["scheduledstart"], row["scheduledend"], bool(row["isalldayevent"]))


def hindrance_of(row: Row) -> str:
    """Return why an appointment can't be synchronized, or nothing."""
    span = span_of(row)
    if span is None:
        return "It has no start or no end; set both."
    return "It ends before it starts; set its times anew." if span.end_at < span.start_at else ""


def state_of(row: Row) -> State:
    """Return whether an appointment is still open."""
    return _STATES.get(row["statecode"], State.OPEN)


def columns_of(table: str, fields: Mapping[str, Value]) -> dict[str, Any]:
    """Return the columns that hold these fields; attendees are parties and not among them."""
    values = plain_columns(table, _COLUMNS, fields)
    if isinstance(span := fields.get("time"), tuple):
        values |= dict(zip(("scheduledstart", "scheduledend", "isalldayevent"), span, strict=True))
    if "importance" in fields:
        values |= importance_columns(fields["importance"])
    if "regarding" in fields:
        values |= regarding_columns(fields["regarding"])
    if "private" in fields:
        values["ismapiprivate"] = bool(fields["private"])
    if isinstance(status := fields.get("show_as"), AppointmentStatus):
        values["statuscode"] = int(status)
    return values
