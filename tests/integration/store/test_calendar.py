"""Rules of the calendar: times, completion, and instances of a series."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from postroom.errors import InvalidRecord
from postroom.schema.choices import InstanceType, TaskStatus
from postroom.store.database import Database
from postroom.store.records import Records
from postroom.store.records.calendar import read_deletions

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _create(database: Database, records: Records, table: str, **values: Any) -> UUID:
    with database.write() as connection:
        return records.create(connection, table, values, internal=True)


def _update(database: Database, records: Records, table: str, id: UUID, **values: Any) -> None:
    with database.write() as connection:
        records.update(connection, table, id, values)


def _row(database: Database, records: Records, table: str, id: UUID) -> dict[str, Any]:
    with database.read() as connection:
        return records.get(connection, table, id)


@pytest.mark.parametrize("table", ["appointment", "task"])
def test_what_ends_before_it_starts_is_refused(database: Database, records: Records, table: str) -> None:
    with pytest.raises(InvalidRecord, match="before it starts"):
        _create(database, records, table, subject="x", scheduledstart=START, scheduledend=START - HOUR)
    id = _create(database, records, table, subject="x", scheduledstart=START, scheduledend=START)
    with pytest.raises(InvalidRecord, match="before it starts"):
        _update(database, records, table, id, scheduledstart=START + HOUR)


def test_an_appointment_is_as_long_as_the_organization_allows(database: Database, records: Records) -> None:
    ten = {"scheduledstart": START, "scheduledend": START + timedelta(days=10)}
    id = _create(database, records, "appointment", subject="Long", **ten)
    assert _row(database, records, "appointment", id)["scheduleddurationminutes"] == 14_400
    with pytest.raises(InvalidRecord, match="up to 10 days"):
        _update(database, records, "appointment", id, scheduledend=START + timedelta(days=11))


def test_what_is_completed_ended_now_unless_it_says_when(database: Database, records: Records) -> None:
    id = _create(database, records, "task", subject="Call")
    _update(database, records, "task", id, statuscode=int(TaskStatus.COMPLETED))
    assert _row(database, records, "task", id)["actualend"] == records.clock.now()
    id = _create(database, records, "task", subject="Call")
    _update(database, records, "task", id, statuscode=int(TaskStatus.COMPLETED), actualend=START)
    assert _row(database, records, "task", id)["actualend"] == START


@pytest.fixture
def series(database: Database, records: Records) -> tuple[UUID, UUID]:
    """A series and one of its instances."""
    master = _create(
        database, records, "recurringappointmentmaster", subject="Stand-up", patternstartdate=START
    )
    instance = _create(
        database,
        records,
        "appointment",
        subject="Stand-up",
        seriesid=master,
        instancetypecode=int(InstanceType.RECURRING_INSTANCE),
        scheduledstart=START,
        scheduledend=START + HOUR,
    )
    return master, instance


def test_an_instance_that_a_person_moves_is_an_exception_and_its_series_has_changed(
    database: Database, records: Records, series: tuple[UUID, UUID]
) -> None:
    master, instance = series
    before = _row(database, records, "recurringappointmentmaster", master)["versionnumber"]
    _update(database, records, "appointment", instance, scheduledend=START + 2 * HOUR)
    row = _row(database, records, "appointment", instance)
    assert row["instancetypecode"] == InstanceType.RECURRING_EXCEPTION
    assert row["originalstartdate"] == START
    assert "scheduledend" in row["modifiedfieldsmask"].split(",")
    _update(database, records, "appointment", instance, scheduledstart=START + HOUR)
    assert _row(database, records, "appointment", instance)["originalstartdate"] == START
    assert _row(database, records, "recurringappointmentmaster", master)["versionnumber"] > before


def test_completing_an_instance_makes_no_exception(
    database: Database, records: Records, series: tuple[UUID, UUID]
) -> None:
    _update(database, records, "appointment", series[1], statecode=1)
    row = _row(database, records, "appointment", series[1])
    assert row["instancetypecode"] == InstanceType.RECURRING_INSTANCE


def test_a_series_remembers_the_instances_that_a_person_removed(
    database: Database, records: Records, series: tuple[UUID, UUID]
) -> None:
    master, instance = series
    with database.write() as connection:
        records.delete(connection, "appointment", instance)
    kept = _row(database, records, "recurringappointmentmaster", master)["deletedexceptionslist"]
    assert read_deletions(kept) == {START}


def test_a_canceled_series_is_read_only(
    database: Database, records: Records, series: tuple[UUID, UUID]
) -> None:
    _update(database, records, "recurringappointmentmaster", series[0], statecode=2)
    with pytest.raises(InvalidRecord, match="can't be changed"):
        _update(database, records, "recurringappointmentmaster", series[0], subject="New")
