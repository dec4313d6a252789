"""Bookings: whose time an appointment takes, and whose of it is taken already."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema.appointment import Appointment
from postroom.schema.choices import AppointmentStatus, BookingPolicy, Participation
from postroom.schema.organization import Organization
from postroom.schema.party import ActivityParty

_APPOINTMENT = Appointment.__table__
_PARTY = ActivityParty.__table__
#: Who has to be there.
_ATTENDING: Final = (Participation.REQUIRED, Participation.ORGANIZER)
#: What takes somebody's time; what is free, tentative or over does not.
_TAKEN: Final = (AppointmentStatus.BUSY, AppointmentStatus.OUT_OF_OFFICE)


@dataclass(frozen=True, slots=True)
class Conflict:
    """An appointment that somebody has at that time already."""

    appointment: UUID
    subject: str
    starts_at: datetime
    ends_at: datetime
    party: UUID
    party_name: str

    @property
    def words(self) -> str:
        """Return the conflict as a sentence."""
        when = f"{self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M} UTC"
        return f"{self.party_name or 'Somebody'} has {self.subject!r:.120} from {when}."


def policy_of(connection: Connection) -> BookingPolicy:
    """Return what the organization wants of appointments that overlap."""
    code = connection.scalar(sa.select(Organization.__table__.c.postroom_bookingpolicy))
    return BookingPolicy(code or BookingPolicy.WARN)


def conflicts_of(
    connection: Connection,
    starts_at: datetime,
    ends_at: datetime,
    parties: Collection[UUID],
    *,
    but_for: Collection[UUID] = (),
) -> list[Conflict]:
    """Return the appointments of these records that overlap the time; touching is not overlapping."""
    query = (
        sa.select(
            _APPOINTMENT.c.activityid,
            _APPOINTMENT.c.subject,
            _APPOINTMENT.c.scheduledstart,
            _APPOINTMENT.c.scheduledend,
            _PARTY.c.partyid,
            sa.func.max(_PARTY.c.partyidname),
        )
        .join_from(_APPOINTMENT, _PARTY, _PARTY.c.activityid == _APPOINTMENT.c.activityid)
        .where(
            _PARTY.c.partyid.in_(list(parties)),
            _PARTY.c.participationtypemask.in_(_ATTENDING),
            _APPOINTMENT.c.statuscode.in_(_TAKEN),
            _APPOINTMENT.c.scheduledstart < ends_at,
            _APPOINTMENT.c.scheduledend > starts_at,
        )
        .group_by(*_APPOINTMENT.c["activityid", "subject", "scheduledstart", "scheduledend"])
        .group_by(_PARTY.c.partyid)
        .order_by(_APPOINTMENT.c.scheduledstart, _APPOINTMENT.c.activityid)
    )
    if but_for:
        query = query.where(_APPOINTMENT.c.activityid.not_in(but_for))
    return [
        Conflict(id, subject or "", start, end, party, name or "")
        for id, subject, start, end, party, name in connection.execute(query)
    ]


def clashes_of(
    connection: Connection, user: UUID, spans: Mapping[str, tuple[datetime, datetime]]
) -> Mapping[str, Sequence[Conflict]]:
    """Return which of the user's appointments overlap each of these times; one that is free is left out."""
    if not spans:
        return {}
    first, last = min(start for start, _ in spans.values()), max(end for _, end in spans.values())
    taken = conflicts_of(connection, first, last, [user])
    # Only so many are looked at as may reach into a time: the longest of all says from where on.
    longest = max((each.ends_at - each.starts_at for each in taken), default=timedelta())
    found: dict[str, Sequence[Conflict]] = {}
    for name, (start, end) in spans.items():
        begin = bisect_left(taken, start - longest, key=_start)
        near = taken[begin : bisect_left(taken, end, key=_start)]
        if overlapping := [each for each in near if each.ends_at > start]:
            found[name] = overlapping
    return found


def _start(conflict: Conflict) -> datetime:
    return conflict.starts_at


def attending(connection: Connection, appointment: UUID) -> list[UUID]:
    """Return the records that have to be at an appointment."""
    query = sa.select(_PARTY.c.partyid).where(
        _PARTY.c.activityid == appointment,
        _PARTY.c.participationtypemask.in_(_ATTENDING),
        _PARTY.c.partyid.is_not(None),
    )
    return list(connection.scalars(query.distinct()))
