"""Series as items of the CRM: one value with the days that were changed and those that were removed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from postroom.errors import UserError
from postroom.ports.clock import ManualClock
from postroom.ports.items import Removal
from postroom.reconcile.item import Attendee, Identity, Item, Kind, Part, Span
from postroom.reconcile.notice import IN_CRM
from postroom.reconcile.series import ChangedDay, Recurrence, Series
from postroom.reconcile.status import ShowAs
from postroom.schema.choices import AppointmentState, AppointmentStatus, Priority
from postroom.schema.ids import new_id
from postroom.store import filters
from postroom.store.database import Database
from postroom.store.items import StoreItems
from postroom.store.records import Records

EVA, GUEST = "eva@here.example", "guest@away.example"
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
#: Ten in the morning in Berlin, two weeks before the clocks change.
FIRST = datetime(2027, 3, 15, 9, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
WEEKLY = Recurrence("WeeklyRecurrence", ("1", "Monday", "Sunday"), date(2027, 3, 15), occurrences=6)
PLAIN = Series(WEEKLY, Span(FIRST, FIRST + HOUR), "W. Europe Standard Time")
THIRD = datetime(2027, 3, 29, 8, tzinfo=UTC)
FOURTH = THIRD + WEEK
MOVED = ChangedDay(
    THIRD, Span(THIRD + HOUR, THIRD + 3 * HOUR), (("location", "Room 2"), ("subject", "Longer"))
)
DEPARTED = replace(PLAIN, changed=(MOVED,), removed=(FOURTH,))


class Diary:
    """Eva's series, as synchronization and as people write them."""

    def __init__(self, database: Database, records: Records) -> None:
        self.database, self.records = database, records
        with database.write() as connection:
            values = {"firstname": "Eva", "lastname": "Ek", "internalemailaddress": EVA}
            self.user = records.create(connection, "systemuser", values)
            filters.populate(records, connection, self.user)
        self.side = StoreItems(records, self.user)

    def made(self, series: Series = PLAIN, **fields: Any) -> Item:
        given = {"subject": "Stand-up", "show_as": AppointmentStatus.BUSY, "organizer": EVA}
        draft = Item("", "", Kind.SERIES, {**given, "recurrence": series, **fields}, FIRST, Identity("uid-1"))
        id, version = self.side.create(draft, str(new_id()), IN_CRM)
        item = self.read(id)
        assert item.version == version
        return item

    def read(self, id: str) -> Item:
        return self.side.get([id])[id]

    def write(self, item: Item, **fields: Any) -> Item:
        version = self.side.update(item.id, item.version, fields, IN_CRM)
        after = self.read(item.id)
        assert after.version == version
        return after

    def days(self) -> dict[datetime, dict[str, Any]]:
        """Return the instances by when they would have started."""
        with self.database.read() as connection:
            rows = self.records.select(connection, "appointment")
        return {row["originalstartdate"]: row for row in rows}

    def change(self, at: datetime, **values: Any) -> None:
        """Have a person change one day."""
        id: UUID = self.days()[at]["activityid"]
        with self.database.write() as connection:
            self.records.update(connection, "appointment", id, values)

    def remove(self, at: datetime) -> None:
        id: UUID = self.days()[at]["activityid"]
        with self.database.write() as connection:
            self.records.delete(connection, "appointment", id)


@pytest.fixture
def eva(database: Database, records: Records, clock: ManualClock) -> Diary:
    """Eva's series, two weeks before the first begins."""
    clock.at = NOW
    return Diary(database, records)


@pytest.mark.parametrize(
    "recurrence",
    [
        Recurrence("DailyRecurrence", ("3",), date(2027, 3, 15)),
        Recurrence(
            "WeeklyRecurrence", ("2", "Monday Wednesday", "Monday"), date(2027, 3, 15), date(2027, 9, 1)
        ),
        Recurrence("AbsoluteMonthlyRecurrence", ("1", "15"), date(2027, 3, 15), occurrences=12),
        Recurrence("RelativeMonthlyRecurrence", ("1", "Monday", "Third"), date(2027, 3, 15)),
        Recurrence("RelativeMonthlyRecurrence", ("1", "Weekday", "Last"), date(2027, 3, 31)),
        Recurrence("AbsoluteYearlyRecurrence", ("15", "March"), date(2027, 3, 15)),
        Recurrence("RelativeYearlyRecurrence", ("Monday", "Third", "March"), date(2027, 3, 15)),
    ],
    ids=lambda recurrence: " ".join((recurrence.pattern, *recurrence.parts)),
)
def test_every_pattern_comes_back_as_it_was_written(eva: Diary, recurrence: Recurrence) -> None:
    start = datetime.combine(recurrence.starts_on, FIRST.time(), UTC)
    start -= HOUR if recurrence.starts_on >= date(2027, 3, 28) else timedelta()
    series = replace(PLAIN, recurrence=recurrence, first=Span(start, start + HOUR))
    assert eva.made(series).fields["recurrence"] == series


@pytest.mark.parametrize("zone", ["W. Europe Standard Time", "Eastern Standard Time", "UTC", "Middle-earth"])
def test_every_zone_is_kept_by_its_name(eva: Diary, zone: str) -> None:
    series = replace(PLAIN, zone=zone)
    assert eva.made(series).fields["recurrence"] == series


def test_a_series_of_whole_days_begins_at_midnight_where_it_is(eva: Diary) -> None:
    midnight = datetime(2027, 3, 14, 23, tzinfo=UTC)
    series = replace(PLAIN, first=Span(midnight, midnight + timedelta(days=1), is_all_day=True))
    assert eva.made(series).fields["recurrence"] == series
    starts = sorted(eva.days())
    assert starts[0] == midnight
    assert starts[2] == datetime(2027, 3, 28, 22, tzinfo=UTC)


def test_a_series_is_one_item_with_its_people_and_its_end(eva: Diary) -> None:
    people = frozenset({Attendee(GUEST, GUEST, "Guest")})
    item = eva.made(DEPARTED, required=people, location="Room 1", importance=Priority.HIGH)
    assert item.fields["recurrence"] == DEPARTED
    assert (item.fields["required"], item.part, item.identity.uid) == (people, Part.OWNER, "uid-1")
    assert item.last_start_at == FIRST - HOUR + 5 * WEEK
    assert not item.is_past(NOW)
    assert item.is_wanted
    assert [item.id] == [each.id for page in eva.side.changes(None) for each in page.items]


def test_changed_and_removed_days_are_appointments_that_are_changed_and_missing(eva: Diary) -> None:
    eva.made(DEPARTED, location="Room 1")
    days = eva.days()
    assert FOURTH not in days
    assert len(days) == 5
    third = days[THIRD]
    assert (third["subject"], third["location"]) == ("Longer", "Room 2")
    assert (third["scheduledstart"], third["scheduledend"]) == (THIRD + HOUR, THIRD + 3 * HOUR)
    others = {(day["subject"], day["location"]) for at, day in days.items() if at != THIRD}
    assert others == {("Stand-up", "Room 1")}


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"subject": "Longer"}, (("subject", "Longer"),)),
        ({"description": "Bring it."}, (("body", "Bring it."),)),
        ({"statuscode": int(AppointmentStatus.FREE)}, (("show_as", ShowAs.FREE),)),
        ({"prioritycode": int(Priority.HIGH)}, (("importance", Priority.HIGH),)),
        ({"scheduledstart": THIRD + HOUR / 2}, ()),
    ],
)
def test_a_day_that_a_person_changes_is_a_changed_day_of_the_series(
    eva: Diary, values: dict[str, Any], fields: tuple[Any, ...]
) -> None:
    item = eva.made()
    eva.change(THIRD, **values)
    after = eva.read(item.id)
    span = Span(values.get("scheduledstart", THIRD), THIRD + HOUR)
    assert after.fields["recurrence"] == replace(PLAIN, changed=(ChangedDay(THIRD, span, fields),))
    assert after.version != item.version
    eva.write(after, recurrence=PLAIN)
    assert eva.read(item.id).fields["recurrence"] == PLAIN
    assert eva.days()[THIRD]["scheduledstart"] == THIRD


def test_guests_of_one_day_are_of_that_day_alone(eva: Diary) -> None:
    guest = frozenset({Attendee(GUEST, GUEST, "Guest")})
    day = ChangedDay(THIRD, Span(THIRD, THIRD + HOUR), (("required", guest),))
    item = eva.made(replace(PLAIN, changed=(day,)))
    assert item.fields["recurrence"] == replace(PLAIN, changed=(day,))
    assert item.fields["required"] is None
    assert eva.write(item, recurrence=PLAIN).fields["recurrence"] == PLAIN


def test_a_day_that_a_person_removes_is_a_removed_day_and_can_come_back(eva: Diary) -> None:
    item = eva.made()
    eva.remove(FOURTH)
    after = eva.read(item.id)
    assert after.fields["recurrence"] == replace(PLAIN, removed=(FOURTH,))
    moved = replace(MOVED, original_at=FOURTH, span=Span(FOURTH, FOURTH + 2 * HOUR))
    wanted = replace(PLAIN, changed=(moved,))
    assert eva.write(after, recurrence=wanted).fields["recurrence"] == wanted


def test_a_completed_day_is_no_change_and_is_not_written_over(eva: Diary) -> None:
    item = eva.made()
    eva.change(THIRD, statecode=int(AppointmentState.COMPLETED))
    assert eva.read(item.id).fields["recurrence"] == PLAIN
    eva.write(eva.read(item.id), recurrence=replace(PLAIN, changed=(MOVED,)))
    assert eva.days()[THIRD]["subject"] == "Stand-up"


def test_another_rule_with_changed_days_is_written_at_once(eva: Diary) -> None:
    item = eva.made(DEPARTED)
    later = replace(
        DEPARTED,
        recurrence=replace(WEEKLY, occurrences=4),
        first=Span(FIRST + HOUR, FIRST + 2 * HOUR),
        changed=(replace(MOVED, original_at=THIRD + HOUR),),
        removed=(FOURTH + HOUR,),
    )
    assert eva.write(item, recurrence=later).fields["recurrence"] == later
    assert sorted(eva.days()) == [FIRST + HOUR, FIRST + HOUR + WEEK, THIRD + HOUR]


def test_a_changed_day_far_ahead_is_there_before_its_neighbours(eva: Diary) -> None:
    endless = replace(PLAIN, recurrence=replace(WEEKLY, occurrences=None))
    far = THIRD + 208 * WEEK
    day = ChangedDay(far, Span(far + HOUR, far + 2 * HOUR), (("subject", "Jubilee"),))
    item = eva.made(replace(endless, changed=(day,)))
    assert item.fields["recurrence"] == replace(endless, changed=(day,))
    assert item.last_start_at is None


def test_lost_series_are_found_again_by_uid_token_and_content(eva: Diary) -> None:
    item = eva.made()
    assert eva.side.find_by_uid(["uid-1"]) == {"uid-1": [item.id]}
    assert eva.side.find_by_token([item.id]) == {item.id: item.id}
    assert eva.side.find_alike([item]) == [item.id]


def test_a_series_that_is_deleted_takes_its_days_along(eva: Diary) -> None:
    item = eva.made(DEPARTED)
    eva.side.delete(item.id, item.version, Removal.FOR_GOOD, IN_CRM)
    assert eva.days() == {}


@pytest.mark.parametrize(
    "series",
    [
        replace(PLAIN, recurrence=replace(WEEKLY, parts=("many", "Monday", "Sunday"))),
        replace(PLAIN, recurrence=replace(WEEKLY, parts=("1", "Someday", "Sunday"))),
        replace(PLAIN, recurrence=replace(WEEKLY, parts=("1", "", "Sunday"))),
        replace(PLAIN, changed=(replace(MOVED, original_at=THIRD + timedelta(days=3)),)),
        replace(PLAIN, first=Span(FIRST, FIRST + timedelta(days=30))),
    ],
    ids=["interval", "day", "no day", "astray", "too long"],
)
def test_a_series_that_means_nothing_here_is_refused_and_nothing_of_it_is_kept(
    eva: Diary, series: Series
) -> None:
    with pytest.raises(UserError):
        eva.made(series)
    assert eva.days() == {}
