"""Series in the store: columns that agree, instances made ahead, and what becomes of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from postroom.errors import InvalidRecord
from postroom.ports.clock import ManualClock
from postroom.schema.choices import (
    AppointmentState,
    AppointmentStatus,
    ExpansionState,
    InstanceType,
    PatternEnd,
    RecurrencePattern,
)
from postroom.store.database import Database
from postroom.store.records import Records
from postroom.store.records.calendar import read_deletions
from postroom.store.records.instances import due, expand

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Ten in the morning in Berlin, a Monday, four weeks before the clocks change.
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
MONDAY = 2
SERIES = "recurringappointmentmaster"
BERLIN = 110


class Diary:
    """The store's calendar, as people and programs write it."""

    def __init__(self, database: Database, records: Records) -> None:
        self.database = database
        self.records = records
        self.user = self.create("systemuser", lastname="Ek", internalemailaddress="eva@here.example")
        with database.write() as connection:
            records.update(connection, "usersettings", self.user, {"timezonecode": BERLIN})

    def create(self, table: str, **values: Any) -> UUID:
        with self.database.write() as connection:
            return self.records.create(connection, table, values)

    def series(self, **values: Any) -> UUID:
        """Have a program make a series: an hour each Monday, six times, unless told otherwise."""
        usual = {
            "subject": "Stand-up",
            "starttime": START,
            "endtime": START + HOUR,
            "patternstartdate": START,
            "recurrencepatterntype": int(RecurrencePattern.WEEKLY),
            "daysofweekmask": MONDAY,
            "patternendtype": int(PatternEnd.OCCURRENCES),
            "occurrences": 6,
            "ownerid": self.user,
        }
        return self.create(SERIES, **usual | values)

    def update(self, table: str, id: UUID, **values: Any) -> None:
        with self.database.write() as connection:
            self.records.update(connection, table, id, values)

    def delete(self, table: str, id: UUID) -> None:
        with self.database.write() as connection:
            self.records.delete(connection, table, id)

    def row(self, table: str, id: UUID) -> dict[str, Any]:
        with self.database.read() as connection:
            return self.records.get(connection, table, id)

    def days(self, series: UUID) -> list[dict[str, Any]]:
        """Return the instances of a series in the order in which they start."""
        with self.database.read() as connection:
            rows = self.records.select(connection, "appointment")
        found = [row for row in rows if row["seriesid"] == series]
        return sorted(found, key=lambda row: row["scheduledstart"])

    def starts(self, series: UUID) -> list[datetime]:
        return [row["scheduledstart"] for row in self.days(series)]

    def expand(self, series: UUID, at_most: int = 1000) -> int:
        with self.database.write() as connection:
            return expand(self.records, connection, series, self.records.clock.now(), at_most)

    def due(self) -> list[UUID]:
        with self.database.read() as connection:
            return list(due(connection, self.records.clock.now(), 10))


@pytest.fixture
def diary(database: Database, records: Records, clock: ManualClock) -> Diary:
    """Eva's diary in Berlin."""
    clock.at = NOW
    return Diary(database, records)


MONDAYS = [*(START + n * WEEK for n in range(4)), *(START - HOUR + n * WEEK for n in range(4, 6))]


def test_a_series_has_its_days_as_appointments_that_follow_the_clocks_of_its_owner(diary: Diary) -> None:
    series = diary.series()
    row = diary.row(SERIES, series)
    assert row["postroom_timezone"] == "W. Europe Standard Time"
    assert diary.starts(series) == MONDAYS
    for day in diary.days(series):
        assert day["scheduledend"] - day["scheduledstart"] == HOUR
        assert day["originalstartdate"] == day["scheduledstart"]
        assert day["instancetypecode"] == InstanceType.RECURRING_INSTANCE
        assert (day["subject"], day["ownerid"]) == ("Stand-up", diary.user)
    assert row["expansionstatecode"] == ExpansionState.FULL
    assert row["nextexpansioninstancedate"] is None
    assert (row["duration"], row["interval"]) == (60, 1)


def test_the_rule_has_a_row_of_its_own_that_nobody_writes_but_the_series(diary: Diary) -> None:
    series = diary.series()
    rule = diary.row("recurrencerule", diary.row(SERIES, series)["ruleid"])
    assert (rule["objectid"], rule["occurrences"], rule["daysofweekmask"]) == (series, 6, MONDAY)
    diary.update(SERIES, series, occurrences=3)
    assert diary.row("recurrencerule", rule["ruleid"])["occurrences"] == 3
    with pytest.raises(InvalidRecord, match="directly"):
        diary.update("recurrencerule", rule["ruleid"], occurrences=4)
    diary.delete(SERIES, series)
    with pytest.raises(InvalidRecord):
        diary.row("recurrencerule", rule["ruleid"])


def test_a_few_days_are_made_at_once_and_the_rest_by_and_by_as_far_as_the_window_goes(
    diary: Diary, clock: ManualClock
) -> None:
    series = diary.series(patternendtype=int(PatternEnd.NO_END_DATE), occurrences=None)
    assert len(diary.days(series)) == 15
    row = diary.row(SERIES, series)
    assert row["expansionstatecode"] == ExpansionState.PARTIAL
    assert row["nextexpansioninstancedate"] > row["lastexpandedinstancedate"]
    version = row["versionnumber"]
    assert diary.due() == [series]
    assert diary.expand(series, 20) == 20
    assert diary.expand(series) == 18
    assert diary.expand(series) == 0
    assert diary.due() == []
    assert diary.starts(series)[-1] < NOW + timedelta(days=366)
    clock.at = NOW + 4 * WEEK
    assert diary.due() == [series]
    assert diary.expand(series) == 4
    starts = diary.starts(series)
    assert len(starts) == len(set(starts)) == 57
    assert diary.row(SERIES, series)["versionnumber"] == version


def test_of_an_old_series_only_the_days_of_the_window_are_made(diary: Diary) -> None:
    begun = START - 520 * WEEK
    series = diary.series(
        starttime=begun, endtime=begun + HOUR, patternstartdate=begun, occurrences=None, patternendtype=1
    )
    assert diary.starts(series)[0] == datetime(2025, 12, 1, 13, tzinfo=UTC) + timedelta(days=7, hours=-4)


def test_people_of_a_series_are_people_of_its_days(diary: Diary) -> None:
    parties = [
        {"partyid": diary.user, "partyobjecttypecode": "systemuser", "participationtypemask": 7},
        {"addressused": "guest@away.example", "participationtypemask": 5},
    ]
    series = diary.series(parties=parties)
    with diary.database.read() as connection:
        rows = diary.records.select(connection, "activityparty")
    invited = [row["activityid"] for row in rows if row["participationtypemask"] == 5]
    assert sorted(map(str, invited)) == sorted(
        str(each) for each in [series, *(d["activityid"] for d in diary.days(series))]
    )


def test_what_is_to_come_follows_the_series_and_what_has_begun_does_not(
    diary: Diary, clock: ManualClock
) -> None:
    series = diary.series()
    changed = diary.days(series)[4]["activityid"]
    diary.update("appointment", changed, subject="With guests")
    clock.at = START + WEEK
    diary.update(SERIES, series, subject="Stand-up!", location="Room 1")
    said = [(day["subject"], day["location"]) for day in diary.days(series)]
    assert said[:2] == [("Stand-up", None)] * 2
    assert said[2:4] == [("Stand-up!", "Room 1")] * 2
    assert said[4] == ("With guests", "Room 1")


def test_days_keep_their_records_when_their_time_changes_and_a_moved_day_is_as_usual_again(
    diary: Diary,
) -> None:
    series = diary.series()
    before = [day["activityid"] for day in diary.days(series)]
    diary.update(
        "appointment", before[1], scheduledstart=MONDAYS[1] + HOUR, scheduledend=MONDAYS[1] + 3 * HOUR
    )
    diary.update(SERIES, series, starttime=START + 2 * HOUR)
    days = diary.days(series)
    assert [day["activityid"] for day in days] == before
    assert [day["scheduledstart"] for day in days] == [at + 2 * HOUR for at in MONDAYS]
    assert {day["scheduledend"] - day["scheduledstart"] for day in days} == {HOUR}
    assert {day["instancetypecode"] for day in days} == {InstanceType.RECURRING_INSTANCE}


def test_days_that_stay_as_they_are_keep_what_was_changed(diary: Diary) -> None:
    series = diary.series()
    days = [day["activityid"] for day in diary.days(series)]
    diary.update("appointment", days[1], location="Outside")
    diary.delete("appointment", days[2])
    diary.update(SERIES, series, occurrences=4)
    assert [day["activityid"] for day in diary.days(series)] == [days[0], days[1], days[3]]
    assert diary.days(series)[1]["location"] == "Outside"
    diary.update(SERIES, series, occurrences=5)
    assert diary.starts(series) == [MONDAYS[0], MONDAYS[1], MONDAYS[3], MONDAYS[4]]
    assert read_deletions(diary.row(SERIES, series)["deletedexceptionslist"]) == {MONDAYS[2]}


def test_another_pattern_leaves_what_has_been_and_makes_anew_what_is_to_come(
    diary: Diary, clock: ManualClock
) -> None:
    series = diary.series()
    clock.at = START + WEEK
    diary.update(SERIES, series, daysofweekmask=4)
    assert diary.starts(series) == [*MONDAYS[:2], *(at + timedelta(days=1) for at in MONDAYS[1:])]


def test_a_removed_day_is_not_made_again(diary: Diary) -> None:
    series = diary.series(patternendtype=int(PatternEnd.NO_END_DATE), occurrences=None)
    gone = diary.days(series)[3]
    diary.delete("appointment", gone["activityid"])
    diary.expand(series)
    assert gone["scheduledstart"] not in diary.starts(series)


def test_with_a_series_its_open_days_go_and_what_was_held_stays(diary: Diary) -> None:
    series = diary.series()
    held = diary.days(series)[0]["activityid"]
    diary.update("appointment", held, statecode=int(AppointmentState.COMPLETED))
    diary.delete(SERIES, series)
    assert [day["activityid"] for day in diary.days(series)] == [held]


def test_a_canceled_series_cancels_what_is_to_come(diary: Diary) -> None:
    series = diary.series()
    diary.update(SERIES, series, statecode=int(AppointmentState.CANCELED))
    assert {day["statuscode"] for day in diary.days(series)} == {AppointmentStatus.CANCELED}


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ({"starttime": None}, START),
        ({"patternstartdate": datetime(2026, 3, 2, tzinfo=UTC)}, START),
        ({"patternstartdate": datetime(2026, 3, 3, tzinfo=UTC)}, START + WEEK),
        ({"endtime": None, "duration": 60}, START),
    ],
)
def test_a_first_day_may_be_given_as_a_day_or_with_its_time(
    diary: Diary, given: dict[str, Any], start: datetime
) -> None:
    series = diary.series(**given)
    row = diary.row(SERIES, series)
    assert row["starttime"] == row["patternstartdate"] == row["scheduledstart"] == start
    assert row["endtime"] == row["scheduledend"] == start + HOUR


def test_whole_days_that_begin_at_midnight_of_utc_float(diary: Diary) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    series = diary.series(
        isalldayevent=True, starttime=midnight, endtime=None, patternstartdate=midnight, occurrences=6
    )
    assert diary.starts(series) == [midnight + n * WEEK for n in range(6)]
    assert {day["scheduledend"] - day["scheduledstart"] for day in diary.days(series)} == {timedelta(days=1)}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"daysofweekmask": None}, "at least one day of the week"),
        ({"endtime": START - HOUR}, "end before they start"),
        ({"patternendtype": int(PatternEnd.PATTERN_END_DATE), "occurrences": None}, "needs that day"),
        ({"starttime": None, "patternstartdate": None}, "the time at which it starts"),
        ({"endtime": START + timedelta(days=11)}, "up to 10 days"),
        ({"isregenerate": True}, "depends on when the last one was completed"),
        (
            {"recurrencepatterntype": int(RecurrencePattern.YEARLY), "monthofyear": 2, "dayofmonth": 30},
            "no day 30 in month 2",
        ),
    ],
)
def test_a_series_that_means_nothing_is_refused_in_words(
    diary: Diary, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidRecord, match=says):
        diary.series(**given)
    assert diary.days(diary.user) == []


def test_a_number_of_days_that_is_not_told_is_the_organizations(diary: Diary) -> None:
    assert len(diary.days(diary.series(occurrences=None))) == 10
