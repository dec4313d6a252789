"""Records that look like given items: what is asked before contents are compared."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.reconcile.item import Item, Kind, Span
from postroom.reconcile.series import Series
from postroom.reconcile.values import PersonName
from postroom.schema.appointment import Appointment
from postroom.schema.contact import Contact
from postroom.schema.recurrence import RecurringAppointmentMaster
from postroom.schema.task import Task
from postroom.store.index import chunks_of

_APPOINTMENT = Appointment.__table__
_MASTER = RecurringAppointmentMaster.__table__
_CONTACT = Contact.__table__
_TASK = Task.__table__


def candidates(connection: Connection, kind: Kind, items: Sequence[Item]) -> Iterator[UUID]:
    """Yield the keys of records that may look like one of these items, which are of this kind."""
    if kind in _QUESTIONS:
        for chunk in chunks_of(items):
            yield from connection.scalars(_QUESTIONS[kind](chunk))


def _appointments(items: Sequence[Item]) -> sa.Select[Any]:
    starts = [span.start_at for item in items if isinstance(span := item.fields.get("time"), Span)]
    return sa.select(_APPOINTMENT.c.activityid).where(_APPOINTMENT.c.scheduledstart.in_(starts))


def _series(items: Sequence[Item]) -> sa.Select[Any]:
    values = [series for item in items if isinstance(series := item.fields.get("recurrence"), Series)]
    starts = [series.first.start_at for series in values]
    return sa.select(_MASTER.c.activityid).where(_MASTER.c.starttime.in_(starts))


def _contacts(items: Sequence[Item]) -> sa.Select[Any]:
    names = [name for item in items if isinstance(name := item.fields.get("full_name"), PersonName)]
    last = [name.last for name in names if name.last]
    # Without a family name the first one tells.
    first = [name.first for name in names if name.first and not name.last]
    found = sa.or_(_CONTACT.c.lastname.in_(last), _CONTACT.c.firstname.in_(first))
    return sa.select(_CONTACT.c.contactid).where(found)


def _tasks(items: Sequence[Item]) -> sa.Select[Any]:
    subjects = [str(subject) for item in items if (subject := item.fields.get("subject"))]
    return sa.select(_TASK.c.activityid).where(_TASK.c.subject.in_(subjects))


_QUESTIONS: Mapping[Kind, Callable[[Sequence[Item]], sa.Select[Any]]] = {
    Kind.APPOINTMENT: _appointments,
    Kind.SERIES: _series,
    Kind.CONTACT: _contacts,
    Kind.TASK: _tasks,
}
