"""Booking: appointments and series made or moved, after a look at whose time is taken.

Writing one without it is as valid, and is what synchronization does. Of a series the days are looked at that
stand in the calendar already, not those that come into it later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from postroom.passes.context import Context
from postroom.schema.choices import BookingPolicy
from postroom.store.bookings import Conflict, attending, conflicts_of, policy_of
from postroom.store.records import instances


class Consent(Enum):
    """What the caller said to conflicts."""

    NOT_ASKED = "nothing yet"
    GIVEN = "book it all the same"


@dataclass(frozen=True, slots=True)
class Booking:
    """What became of an appointment that was to be booked."""

    #: None when nothing was written, because the caller has to be asked first.
    id: UUID | None
    conflicts: Sequence[Conflict] = ()

    @property
    def is_booked(self) -> bool:
        """Say whether it was written."""
        return self.id is not None


class _Refused(Exception):  # noqa: N818 - gives the transaction up
    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        super().__init__()
        self.conflicts = conflicts


def book(
    context: Context,
    values: Mapping[str, Any],
    *,
    table: str = "appointment",
    by: UUID | None = None,
    consent: Consent = Consent.NOT_ASKED,
) -> Booking:
    """Create an appointment or series, unless it has conflicts that somebody wants to be asked about."""
    try:
        with context.database.write() as connection:
            id = context.records.create(connection, table, values, by=by)
            return Booking(id, _looked_at(context, connection, table, id, consent))
    except _Refused as refused:
        return Booking(None, refused.conflicts)


def reschedule(
    context: Context,
    id: UUID,
    values: Mapping[str, Any],
    *,
    table: str = "appointment",
    by: UUID | None = None,
    consent: Consent = Consent.NOT_ASKED,
) -> Booking:
    """Change an appointment or series, unless it has conflicts that somebody wants to be asked about."""
    try:
        with context.database.write() as connection:
            context.records.update(connection, table, id, values, by=by)
            return Booking(id, _looked_at(context, connection, table, id, consent))
    except _Refused as refused:
        return Booking(None, refused.conflicts)


def _looked_at(
    context: Context, connection: Connection, table: str, id: UUID, consent: Consent
) -> Sequence[Conflict]:
    """Return the conflicts of what is written; gives it up when it must be asked about first."""
    policy = policy_of(connection)
    if policy is BookingPolicy.IGNORE:
        return ()
    if table == instances.TABLE:
        rows = instances.instances_of(connection, id)
    else:
        rows = [context.records.get(connection, table, id)]
    own, people = [row["activityid"] for row in rows], attending(connection, id)
    conflicts = [
        conflict
        for row in rows
        if row["scheduledstart"] is not None and row["scheduledend"] is not None
        for conflict in conflicts_of(
            connection, row["scheduledstart"], row["scheduledend"], people, but_for=own
        )
    ]
    conflicts.sort(key=lambda each: (each.starts_at, each.appointment))
    if conflicts and policy is BookingPolicy.ASK and consent is Consent.NOT_ASKED:
        raise _Refused(conflicts)
    return conflicts
