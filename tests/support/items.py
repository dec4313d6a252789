"""Items to synchronize: a contact, an appointment, a meeting, a task."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from postroom.reconcile.item import Attendee, Item, Kind, Side, Span, State
from postroom.reconcile.status import ShowAs, TaskProgress
from postroom.schema.choices import (
    AppointmentStatus,
    FaxStatus,
    LetterStatus,
    PhoneCallStatus,
    ServiceStatus,
    TaskStatus,
)
from tests.support.synchronizing import NOON

ME = Attendee("me@here.example")
GUEST = Attendee("guest@away.example")
_OPEN = {
    Kind.PHONE_CALL: PhoneCallStatus.OPEN,
    Kind.LETTER: LetterStatus.DRAFT,
    Kind.FAX: FaxStatus.OPEN,
}


def a_contact(name: str = "Jane Doe", **values: Any) -> Item:
    return _item(Kind.CONTACT, {"full_name": name}, values)


def a_task(subject: str = "Call back", side: Side = Side.CRM, **values: Any) -> Item:
    status = TaskStatus.NOT_STARTED if side is Side.CRM else TaskProgress.NOT_STARTED
    return _item(Kind.TASK, {"subject": subject, "status": status}, values)


def a_call(subject: str = "Call Bo", kind: Kind = Kind.PHONE_CALL, **values: Any) -> Item:
    """Return a phone call, or a letter or fax; only the CRM has them."""
    return _item(kind, {"subject": subject, "status": _OPEN[kind]}, values)


def a_service(subject: str = "Repair", days: int = 1, **values: Any) -> Item:
    """Return a service activity with a guest; only the CRM has them."""
    start = NOON + timedelta(days=days)
    fields = {
        "subject": subject,
        "time": Span(start, start + timedelta(hours=1)),
        "show_as": ServiceStatus.RESERVED,
        "organizer": ME.key,
        "required": frozenset({GUEST}),
    }
    return _item(Kind.SERVICE, fields, values)


def an_appointment(subject: str = "Review", side: Side = Side.CRM, days: int = 1, **values: Any) -> Item:
    start = NOON + timedelta(days=days)
    fields = {
        "subject": subject,
        "time": Span(start, start + timedelta(hours=1)),
        "show_as": AppointmentStatus.BUSY if side is Side.CRM else ShowAs.BUSY,
        "organizer": ME.key,
    }
    return _item(Kind.APPOINTMENT, fields, values)


def a_meeting(subject: str = "Review", side: Side = Side.CRM, days: int = 1, **values: Any) -> Item:
    item = an_appointment(subject, side, days, **values)
    return replace(item, fields={"required": frozenset({GUEST}), **item.fields})


def closed(item: Item, state: State = State.CANCELED) -> Item:
    status = AppointmentStatus.CANCELED if state is State.CANCELED else AppointmentStatus.COMPLETED
    return replace(item, state=state, fields={**item.fields, "show_as": status})


def _item(kind: Kind, fields: dict[str, Any], values: dict[str, Any]) -> Item:
    own = {name: values.pop(name) for name in list(values) if name in Item.__slots__}
    return replace(Item("", "", kind, {**fields, **values}, NOON - timedelta(days=30)), **own)


def a_series(subject: str = "Stand-up", side: Side = Side.CRM, days: int = 1, **values: Any) -> Item:
    values.setdefault("last_start_at", NOON + timedelta(days=days))
    item = a_meeting(subject, side, days, **values)
    fields = {name: value for name, value in item.fields.items() if name != "time"}
    return replace(item, kind=Kind.SERIES, fields={"recurrence": ("weekly", "all"), **fields})
