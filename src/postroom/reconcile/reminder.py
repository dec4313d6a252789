"""Reminders: whether the server is to remind the user of an item that the CRM has."""

from datetime import datetime, timedelta

from postroom.reconcile.item import Item, Kind, Span, State
from postroom.schema.choices import AppointmentStatus

#: So long after its start an appointment is no longer reminded of.
LATEST = timedelta(days=7)

# source: DATAVERSE-EMAIL sync logic for appointments and tasks: these show as Free, which has no reminder
_FREE = frozenset({AppointmentStatus.FREE, AppointmentStatus.COMPLETED, AppointmentStatus.CANCELED})


def may_remind(record: Item, now: datetime) -> bool:
    """Say whether a reminder is set when this record is written on the server."""
    if record.kind.on_server is Kind.TASK:
        due = record.fields.get("due")
        return isinstance(due, datetime) and due > now and record.state is State.OPEN
    if not record.kind.is_calendar or record.fields.get("show_as") in _FREE:
        return False
    span = record.fields.get("time")
    start_at = span.start_at if isinstance(span, Span) else record.last_start_at
    return start_at is None or now - start_at <= LATEST
