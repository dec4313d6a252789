"""Booking: an appointment made or moved, with a look at whose time is taken already.

Writing an appointment without it is as valid, and is what synchronization does.
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
    by: UUID | None = None,
    consent: Consent = Consent.NOT_ASKED,
) -> Booking:
    """Create an appointment, unless the organization wants to be asked about conflicts and there are some."""
    try:
        with context.database.write() as connection:
            id = context.records.create(connection, "appointment", values, by=by)
            return Booking(id, _looked_at(context, connection, id, consent))
    except _Refused as refused:
        return Booking(None, refused.conflicts)


def reschedule(
    context: Context,
    id: UUID,
    values: Mapping[str, Any],
    *,
    by: UUID | None = None,
    consent: Consent = Consent.NOT_ASKED,
) -> Booking:
    """Change an appointment, unless the organization wants to be asked about conflicts and there are some."""
    try:
        with context.database.write() as connection:
            context.records.update(connection, "appointment", id, values, by=by)
            return Booking(id, _looked_at(context, connection, id, consent))
    except _Refused as refused:
        return Booking(None, refused.conflicts)


def _looked_at(context: Context, connection: Connection, id: UUID, consent: Consent) -> Sequence[Conflict]:
    """Return the conflicts of an appointment as it is written; gives it up when it must be asked first."""
    policy = policy_of(connection)
    if policy is BookingPolicy.IGNORE:
        return ()
    row = context.records.get(connection, "appointment", id)
    if row["scheduledstart"] is None or row["scheduledend"] is None:
        return ()
    people = attending(connection, id)
    conflicts = conflicts_of(connection, row["scheduledstart"], row["scheduledend"], people, but_for=id)
    if conflicts and policy is BookingPolicy.ASK and consent is Consent.NOT_ASKED:
        raise _Refused(conflicts)
    return conflicts
