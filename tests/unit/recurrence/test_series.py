"""Series with exceptions, and their division."""

from datetime import UTC, date, datetime, timedelta

import pytest

from postroom.recurrence.obstacle import UnsupportedRecurrence
from postroom.recurrence.rule import Days, Rule
from postroom.recurrence.series import Series, split
from postroom.schema.choices import RecurrencePattern

RULE = Rule(
    pattern=RecurrencePattern.WEEKLY,
    starts_on=date(2026, 1, 5),
    interval=2,
    days=Days.MONDAY | Days.FRIDAY,
    occurrences=12,
)
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
MOVED = datetime(2026, 6, 1, 9, tzinfo=UTC)


def a_series() -> Series:
    return Series(RULE).move(date(2026, 1, 9), MOVED, MOVED + timedelta(hours=1)).delete(date(2026, 2, 2))


def test_a_split_loses_and_doubles_nothing() -> None:
    series = a_series()
    whole = set(series.between(SINCE, UNTIL))
    assert len(whole) == 11
    for days in range(-3, 120):
        parts = [part for part in split(series, RULE.starts_on + timedelta(days=days)) if part]
        found = [each for part in parts for each in part.between(SINCE, UNTIL)]
        assert len(found) == len(set(found))
        assert set(found) == whole


def test_an_exception_of_what_does_not_occur_is_refused() -> None:
    with pytest.raises(UnsupportedRecurrence, match="no occurrence on 2026-01-06"):
        a_series().delete(date(2026, 1, 6))


def test_another_rule_drops_exceptions_that_no_longer_stand_for_anything() -> None:
    changed, dropped = a_series().with_rule(
        Rule(pattern=RecurrencePattern.WEEKLY, starts_on=RULE.starts_on, days=Days.MONDAY)
    )
    assert dropped == (date(2026, 1, 9),)
    assert changed.deleted == {date(2026, 2, 2)}
