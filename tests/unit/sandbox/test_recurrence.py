"""Recurrence: each kind read, written back and expanded, also over changes of clocks."""

from datetime import UTC, date, datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from postroom.sandbox.exchange.names import TYPES
from postroom.sandbox.exchange.recurrence import LAST_DAY, Recurrence, read_recurrence, write_recurrence
from postroom.sandbox.exchange.refusal import Refusal


def element(pattern: str, bounds: str) -> etree._Element:
    return etree.fromstring(f'<Recurrence xmlns="{TYPES}">{pattern}{bounds}</Recurrence>')


def numbered(start: str, number: int = 4) -> str:
    return (
        f"<NumberedRecurrence><StartDate>{start}</StartDate><NumberOfOccurrences>{number}"
        "</NumberOfOccurrences></NumberedRecurrence>"
    )


def ending(start: str, end: str) -> str:
    return f"<EndDateRecurrence><StartDate>{start}</StartDate><EndDate>{end}</EndDate></EndDateRecurrence>"


def endless(start: str) -> str:
    return f"<NoEndRecurrence><StartDate>{start}</StartDate></NoEndRecurrence>"


def pattern(kind: str, **parts: object) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items())
    return f"<{kind}>{inner}</{kind}>"


DAILY = pattern("DailyRecurrence", Interval=3)
WEEKLY = pattern("WeeklyRecurrence", Interval=2, DaysOfWeek="Monday Wednesday", FirstDayOfWeek="Monday")
SUNDAYS_FIRST = pattern("WeeklyRecurrence", Interval=2, DaysOfWeek="Sunday Monday", FirstDayOfWeek="Sunday")
MONDAYS_FIRST = pattern("WeeklyRecurrence", Interval=2, DaysOfWeek="Sunday Monday", FirstDayOfWeek="Monday")
MONTHLY = pattern("AbsoluteMonthlyRecurrence", Interval=1, DayOfMonth=31)
LAST_FRIDAY = pattern("RelativeMonthlyRecurrence", Interval=2, DaysOfWeek="Friday", DayOfWeekIndex="Last")
LAST_WORKDAY = pattern("RelativeMonthlyRecurrence", Interval=1, DaysOfWeek="Weekday", DayOfWeekIndex="Last")
SECOND_DAY_OFF = pattern(
    "RelativeMonthlyRecurrence", Interval=1, DaysOfWeek="WeekendDay", DayOfWeekIndex="Second"
)
LEAP_DAY = pattern("AbsoluteYearlyRecurrence", DayOfMonth=29, Month="February")
THANKSGIVING = pattern(
    "RelativeYearlyRecurrence", DaysOfWeek="Thursday", DayOfWeekIndex="Fourth", Month="November"
)
CASES = [
    (DAILY, numbered("2026-02-26"), "02-26 03-01 03-04 03-07"),
    (WEEKLY, numbered("2026-11-25"), "11-25 12-07 12-09 12-21"),
    (SUNDAYS_FIRST, numbered("2026-11-29"), "11-29 11-30 12-13 12-14"),
    (MONDAYS_FIRST, numbered("2026-11-29"), "11-29 12-07 12-13 12-21"),
    (MONTHLY, numbered("2026-01-31"), "01-31 02-28 03-31 04-30"),
    (MONTHLY, ending("2026-01-01", "2026-03-30"), "01-31 02-28"),
    (LAST_FRIDAY, numbered("2026-01-31"), "03-27 05-29 07-31 09-25"),
    (LAST_WORKDAY, numbered("2026-01-01", 3), "01-30 02-27 03-31"),
    (SECOND_DAY_OFF, numbered("2026-01-01", 2), "01-04 02-07"),
    (LEAP_DAY, numbered("2026-03-01", 3), "02-28 02-29 02-28"),
    (THANKSGIVING, ending("2026-01-01", "2028-01-01"), "11-26 11-25"),
]


@pytest.mark.parametrize(("how", "bounds", "days"), CASES)
def test_a_recurrence_occurs_on_the_days_it_should(how: str, bounds: str, days: str) -> None:
    found = read_recurrence(element(how, bounds)).days()
    assert " ".join(day.strftime("%m-%d") for day in found) == days


@pytest.mark.parametrize(("how", "bounds", "days"), CASES)
def test_a_recurrence_is_written_as_it_was_read(how: str, bounds: str, days: str) -> None:
    recurrence = read_recurrence(element(how, bounds))
    written = write_recurrence(recurrence)
    assert read_recurrence(written) == recurrence
    parts = {each.tag for each in element(how, bounds).iter()}
    assert parts <= {each.tag for each in written.iter()}


def test_the_days_of_a_range_carry_the_offset_of_the_zone() -> None:
    recurrence = read_recurrence(element(DAILY, ending("2026-03-01", "2026-07-01")))
    written = write_recurrence(recurrence, ZoneInfo("Europe/Berlin"))
    assert [each.text for each in written[1]] == ["2026-03-01+01:00", "2026-07-01+02:00"]


def test_a_recurrence_without_end_goes_on_and_ends_with_the_calendar() -> None:
    recurrence = read_recurrence(element(DAILY, endless("2026-11-25+01:00")))
    assert recurrence.end_on is None
    assert recurrence.start_on == date(2026, 11, 25)
    assert len(list(islice(recurrence.days(), 5000))) == 5000
    late = Recurrence(recurrence.pattern, date(4500, 8, 30))
    assert list(late.days()) == [date(4500, 8, 30)]
    yearly = read_recurrence(element(THANKSGIVING, endless("4499-01-01")))
    assert all(day <= LAST_DAY for day in yearly.days())
    assert len(list(yearly.days())) == 1


def test_a_series_keeps_its_time_on_the_clock_when_clocks_change() -> None:
    recurrence = read_recurrence(element(pattern("DailyRecurrence", Interval=1), numbered("2026-03-28", 2)))
    starts = list(recurrence.starts(time(9), ZoneInfo("Europe/Berlin")))
    assert starts == [datetime(2026, 3, 28, 8, tzinfo=UTC), datetime(2026, 3, 29, 7, tzinfo=UTC)]


@pytest.mark.parametrize(
    "kind", ["DailyRegeneration", "WeeklyRegeneration", "MonthlyRegeneration", "YearlyRegeneration"]
)
def test_of_what_regenerates_only_the_first_is_foreseen(kind: str) -> None:
    recurrence = read_recurrence(element(pattern(kind, Interval=2), endless("2026-11-25")))
    assert list(recurrence.days()) == [date(2026, 11, 25)]
    assert write_recurrence(recurrence)[0].tag == f"{{{TYPES}}}{kind}"


@pytest.mark.parametrize(
    ("how", "bounds", "code"),
    [
        ("", endless("2026-11-25"), "ErrorCalendarInvalidRecurrence"),
        (DAILY, "", "ErrorCalendarInvalidRecurrence"),
        (DAILY, "<NoEndRecurrence/>", "ErrorCalendarInvalidRecurrence"),
        (DAILY, endless("2026-13-25"), "ErrorInvalidValueForProperty"),
        (DAILY, numbered("2026-11-25", 1000), "ErrorCalendarInvalidRecurrence"),
        (DAILY, ending("2026-11-25", "2026-11-24"), "ErrorRecurrenceHasNoOccurrence"),
        (pattern("DailyRecurrence", Interval=0), endless("2026-11-25"), "ErrorCalendarInvalidRecurrence"),
        (
            pattern("WeeklyRecurrence", Interval=1, DaysOfWeek="Someday"),
            endless("2026-11-25"),
            "ErrorCalendarInvalidDayForWeeklyRecurrence",
        ),
        (
            pattern("RelativeMonthlyRecurrence", Interval=1, DaysOfWeek="Monday", DayOfWeekIndex="Fifth"),
            endless("2026-11-25"),
            "ErrorCalendarInvalidRecurrence",
        ),
        (
            pattern("AbsoluteYearlyRecurrence", DayOfMonth=1, Month="Brumaire"),
            endless("2026-11-25"),
            "ErrorCalendarInvalidRecurrence",
        ),
    ],
)
def test_a_recurrence_that_cannot_be_is_refused(how: str, bounds: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        read_recurrence(element(how, bounds))
