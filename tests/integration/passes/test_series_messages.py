"""Series made of appointments, divided, ended and expanded."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.integration.store.test_series import HOUR, MONDAYS, NOW, SERIES, START, WEEK, Diary
from tests.support.company import Company

from postroom.app.service import tend
from postroom.errors import InvalidRecord, UserError
from postroom.passes.context import Context
from postroom.passes.series import add_recurrence, describe_series, end_series, expand_series, split_series
from postroom.schema.choices import AppointmentState, PatternEnd, RecurrencePattern
from postroom.store.records.calendar import read_deletions

WEEKLY = {
    "recurrencepatterntype": int(RecurrencePattern.WEEKLY),
    "daysofweekmask": 2,
    "patternendtype": int(PatternEnd.OCCURRENCES),
    "occurrences": 6,
}


@pytest.fixture
def context(company: Company) -> Context:
    company.clock.at = NOW
    return company.context


@pytest.fixture
def diary(context: Context) -> Diary:
    return Diary(context.database, context.records)


def _appointment(diary: Diary, **values: Any) -> UUID:
    usual = {"subject": "Stand-up", "scheduledstart": START, "scheduledend": START + HOUR}
    party = {"addressused": "guest@away.example", "participationtypemask": 5}
    return diary.create("appointment", **usual, ownerid=diary.user, parties=[party], **values)


def test_a_series_takes_the_place_of_an_appointment(diary: Diary, context: Context) -> None:
    single = _appointment(diary, location="Room 1")
    series = add_recurrence(context, single, WEEKLY)
    assert diary.starts(series) == MONDAYS
    assert {day["location"] for day in diary.days(series)} == {"Room 1"}
    with diary.database.read() as connection:
        parties = diary.records.select(connection, "activityparty")
        assert diary.records.find(connection, "appointment", single) is None
    assert len([each for each in parties if each["participationtypemask"] == 5]) == 1 + len(MONDAYS)


def test_a_rule_that_means_nothing_leaves_the_appointment_as_it_was(diary: Diary, context: Context) -> None:
    single = _appointment(diary)
    with pytest.raises(InvalidRecord, match="at least one day of the week"):
        add_recurrence(context, single, {**WEEKLY, "daysofweekmask": None})
    assert diary.row("appointment", single)["subject"] == "Stand-up"


def test_a_day_of_a_series_does_not_recur_by_itself(diary: Diary, context: Context) -> None:
    day = diary.days(diary.series())[0]["activityid"]
    with pytest.raises(UserError, match="one day of a series already"):
        add_recurrence(context, day, WEEKLY)


def test_this_and_all_that_follow_are_a_series_of_their_own(diary: Diary, context: Context) -> None:
    series = diary.series()
    days = [day["activityid"] for day in diary.days(series)]
    diary.update("appointment", days[3], location="Outside")
    diary.delete("appointment", days[4])
    diary.delete("appointment", days[1])
    other = split_series(context, series, MONDAYS[2], {"subject": "Weekly"})
    assert diary.starts(series) == [MONDAYS[0]]
    assert diary.starts(other) == [MONDAYS[2], MONDAYS[3], MONDAYS[5]]
    assert [day["activityid"] for day in diary.days(other)] == [days[2], days[3], days[5]]
    assert [day["subject"] for day in diary.days(other)] == ["Weekly"] * 3
    assert diary.days(other)[1]["location"] == "Outside"
    row, old = diary.row(SERIES, other), diary.row(SERIES, series)
    assert (row["groupid"], row["occurrences"]) == (series, 4)
    assert read_deletions(row["deletedexceptionslist"]) == {MONDAYS[4]}
    assert read_deletions(old["deletedexceptionslist"]) == {MONDAYS[1]}
    assert old["subject"] == "Stand-up"
    third = split_series(context, other, MONDAYS[3], {})
    assert diary.row(SERIES, third)["groupid"] == series


@pytest.mark.parametrize(
    ("at", "says"),
    [(MONDAYS[0], "first day"), (START + timedelta(days=3), "no day"), (START - WEEK, "no day")],
)
def test_a_series_is_divided_at_one_of_its_days_but_the_first(
    diary: Diary, context: Context, at: Any, says: str
) -> None:
    series = diary.series()
    with pytest.raises(UserError, match=says):
        split_series(context, series, at, {})
    assert diary.starts(series) == MONDAYS


def test_an_endless_series_is_divided_into_one_with_an_end_and_one_without(
    diary: Diary, context: Context
) -> None:
    series = diary.series(patternendtype=int(PatternEnd.NO_END_DATE), occurrences=None)
    other = split_series(context, series, MONDAYS[2], {"starttime": MONDAYS[2] + HOUR})
    assert diary.starts(series) == MONDAYS[:2]
    assert diary.starts(other)[0] == MONDAYS[2] + HOUR
    assert diary.row(SERIES, other)["patternendtype"] == PatternEnd.NO_END_DATE


def test_a_series_that_is_ended_has_no_day_after_it_and_its_past_days_are_settled(
    diary: Diary, context: Context, company: Company
) -> None:
    series = diary.series()
    company.clock.at = START + WEEK + 2 * HOUR
    end_series(context, series, company.clock.at, AppointmentState.COMPLETED)
    assert diary.starts(series) == MONDAYS[:2]
    assert {day["statecode"] for day in diary.days(series)} == {AppointmentState.COMPLETED}
    with pytest.raises(UserError, match="delete it instead"):
        end_series(context, series, START - WEEK, AppointmentState.COMPLETED)


def test_the_service_makes_the_days_that_come_into_the_window_by_itself(
    diary: Diary, context: Context
) -> None:
    endless = {"patternendtype": int(PatternEnd.NO_END_DATE), "occurrences": None}
    first, second = diary.series(**endless), diary.series(**endless)
    tend(context)
    while expand_series(context):
        pass
    assert len(diary.days(first)) == len(diary.days(second)) == 53


def test_a_series_that_can_no_longer_be_expanded_keeps_no_other_waiting(
    diary: Diary, context: Context
) -> None:
    endless = {"patternendtype": int(PatternEnd.NO_END_DATE), "occurrences": None}
    long, short = diary.series(endtime=START + timedelta(days=6), **endless), diary.series(**endless)
    with diary.database.read() as connection:
        (organization,) = diary.records.select(connection, "organization")
    diary.update("organization", organization["organizationid"], maxappointmentdurationdays=2)
    for _ in range(4):
        expand_series(context)
    assert (len(diary.days(long)), len(diary.days(short))) == (15, 53)
    assert diary.row(SERIES, long)["nextexpansioninstancedate"] is None


def test_how_a_series_recurs_is_told_in_a_sentence(diary: Diary, context: Context) -> None:
    assert describe_series(context, diary.series()) == "Every week on Monday, from 2026-03-02, 6 times."
