"""Occurrences of rules, against python-dateutil as the second opinion."""

from datetime import date, datetime

import pytest
from dateutil.rrule import rrulestr

from postroom.recurrence.expand import first_days, is_day_of, last_day, length_of, place_of
from postroom.recurrence.obstacle import UnsupportedRecurrence
from postroom.recurrence.rule import EVERY_DAY, WEEKDAYS, Days, Rule
from postroom.schema.choices import RecurrencePattern, WeekInstance

START = date(2026, 1, 29)
D, W, M, Y = RecurrencePattern

CASES = {
    "FREQ=DAILY;INTERVAL=3": Rule(pattern=D, starts_on=START, interval=3),
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;WKST=SU": Rule(
        pattern=W, starts_on=START, interval=2, days=Days.MONDAY | Days.THURSDAY
    ),
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TH;WKST=MO": Rule(
        pattern=W,
        starts_on=START,
        interval=2,
        days=Days.SUNDAY | Days.THURSDAY,
        first_day_of_week=Days.MONDAY,
    ),
    "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1": Rule(pattern=M, starts_on=START, day_of_month=31),
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1": Rule(
        pattern=M, starts_on=START, interval=2, days=WEEKDAYS, instance=WeekInstance.LAST
    ),
    "FREQ=MONTHLY;BYDAY=SU,MO,TU,WE,TH,FR,SA;BYSETPOS=2": Rule(
        pattern=M, starts_on=START, days=EVERY_DAY, instance=WeekInstance.SECOND
    ),
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1": Rule(
        pattern=Y, starts_on=START, month=2, day_of_month=29
    ),
}


@pytest.mark.parametrize("text", CASES)
def test_days_are_those_of_the_icalendar_rule(text: str) -> None:
    found = first_days(CASES[text], 60)
    expected = rrulestr(f"{text};COUNT=60", dtstart=datetime.combine(START, datetime.min.time()))
    assert found == [day.date() for day in expected]
    assert [place_of(CASES[text], day) for day in found] == list(range(60))
    assert all(is_day_of(CASES[text], day) for day in found)


def test_a_rule_ends_on_its_day_and_after_its_number() -> None:
    by_day = Rule(pattern=D, starts_on=START, interval=2, ends_on=date(2026, 2, 3))
    by_number = Rule(pattern=D, starts_on=START, interval=2, occurrences=3)
    assert (length_of(by_day), last_day(by_day)) == (3, date(2026, 2, 2))
    assert (length_of(by_number), last_day(by_number)) == (3, date(2026, 2, 2))


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(UnsupportedRecurrence) as refused:
        Rule(pattern=Y, starts_on=START, interval=0, month=2, day_of_month=30)
    assert len(refused.value.problems) == 2
