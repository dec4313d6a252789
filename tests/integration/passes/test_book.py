"""Booking: conflicts are told, ignored or asked about, as the organization wishes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import Company

from postroom.passes.book import Consent, book, reschedule
from postroom.passes.context import Context
from postroom.schema.choices import AppointmentStatus, BookingPolicy
from postroom.store.records import ORGANIZATION_ID

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def eva(company: Company) -> UUID:
    """Somebody whose time is taken from nine to ten."""
    context = company.context
    with context.database.write() as connection:
        user = context.records.create(connection, "systemuser", {"firstname": "Eva", "lastname": "Ek"})
    assert book(context, _meeting(user)).is_booked
    return user


def _meeting(user: UUID, start: datetime = START, role: int = 5, **more: Any) -> dict[str, Any]:
    party = {"partyid": user, "partyobjecttypecode": "systemuser", "participationtypemask": role}
    return {
        "subject": "Review",
        "scheduledstart": start,
        "scheduledend": start + HOUR,
        "statuscode": int(AppointmentStatus.BUSY),
        "parties": [party],
        **more,
    }


def _wish(context: Context, policy: BookingPolicy) -> None:
    with context.database.write() as connection:
        values = {"postroom_bookingpolicy": int(policy)}
        context.records.update(connection, "organization", ORGANIZATION_ID, values)


def test_by_default_it_is_booked_and_conflicts_are_told(company: Company, eva: UUID) -> None:
    made = book(company.context, _meeting(eva, START + HOUR / 2))
    assert made.is_booked
    assert [each.party for each in made.conflicts] == [eva]
    assert "Ek, Eva has 'Review' from 2026-03-10 09:00 to 2026-03-10 10:00" in made.conflicts[0].words


@pytest.mark.parametrize("start", [START + HOUR, START - HOUR])
def test_what_only_touches_is_no_conflict(company: Company, eva: UUID, start: datetime) -> None:
    assert not book(company.context, _meeting(eva, start)).conflicts


def test_optional_attendees_and_free_time_make_no_conflict(company: Company, eva: UUID) -> None:
    assert not book(company.context, _meeting(eva, role=6)).conflicts
    later = START + 5 * HOUR
    book(company.context, _meeting(eva, later, statuscode=int(AppointmentStatus.FREE)))
    assert not book(company.context, _meeting(eva, later)).conflicts


def test_nobody_is_asked_where_the_organization_does_not_want_it(company: Company, eva: UUID) -> None:
    _wish(company.context, BookingPolicy.IGNORE)
    assert not book(company.context, _meeting(eva)).conflicts


def test_with_asking_nothing_is_written_until_somebody_consents(company: Company, eva: UUID) -> None:
    _wish(company.context, BookingPolicy.ASK)
    asked = book(company.context, _meeting(eva))
    assert not asked.is_booked
    assert len(asked.conflicts) == 1
    assert len(company.rows("appointment")) == 1
    assert book(company.context, _meeting(eva), consent=Consent.GIVEN).is_booked


def test_an_appointment_is_no_conflict_with_itself_and_may_not_be_moved_onto_another(
    company: Company, eva: UUID
) -> None:
    _wish(company.context, BookingPolicy.ASK)
    other = book(company.context, _meeting(eva, START + 3 * HOUR))
    assert other.id is not None
    moved = {"scheduledstart": START + 3.5 * HOUR, "scheduledend": START + 4.5 * HOUR}
    assert reschedule(company.context, other.id, moved).is_booked
    onto = {"scheduledstart": START, "scheduledend": START + HOUR}
    assert not reschedule(company.context, other.id, onto).is_booked
    assert company.rows("appointment", activityid=other.id)[0]["scheduledstart"] == START + 3.5 * HOUR


def test_of_a_series_every_day_that_is_made_is_looked_at(company: Company, eva: UUID) -> None:
    book(company.context, _meeting(eva, START + timedelta(days=2)))
    daily = {
        "subject": "Stand-up",
        "starttime": START - timedelta(days=1),
        "endtime": START - timedelta(days=1) + HOUR / 2,
        "recurrencepatterntype": 0,
        "patternendtype": 2,
        "occurrences": 5,
        "statuscode": int(AppointmentStatus.BUSY),
        "parties": _meeting(eva)["parties"],
    }
    made = book(company.context, daily, table="recurringappointmentmaster")
    assert made.is_booked
    assert [each.starts_at for each in made.conflicts] == [START, START + timedelta(days=2)]
    _wish(company.context, BookingPolicy.ASK)
    before = len(company.rows("appointment"))
    assert not book(company.context, daily, table="recurringappointmentmaster").is_booked
    assert len(company.rows("appointment")) == before
    assert made.id is not None
    later = {"starttime": START - timedelta(days=1) + 5 * HOUR}
    assert reschedule(company.context, made.id, later, table="recurringappointmentmaster").is_booked
