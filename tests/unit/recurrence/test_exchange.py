"""Rules told to Exchange and read back have the same occurrences."""

from dataclasses import replace
from datetime import date

import pytest
from tests.unit.recurrence.test_expand import CASES

from postroom.recurrence.exchange import ExchangeRecurrence, from_exchange, to_exchange
from postroom.recurrence.expand import first_days
from postroom.recurrence.obstacle import Obstacle, UnsupportedRecurrence
from postroom.recurrence.rule import Rule, Timing


@pytest.mark.parametrize("rule", CASES.values())
@pytest.mark.parametrize("occurrences", [None, 7, 1200])
def test_a_rule_comes_back_with_the_same_occurrences(rule: Rule, occurrences: int | None) -> None:
    ending = replace(rule, occurrences=occurrences)
    back = from_exchange(to_exchange(ending), ending.timing)
    assert first_days(back, 1300) == first_days(ending, 1300)


def test_every_second_year_is_told_in_months() -> None:
    rule = replace(CASES["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1"], interval=4)
    told = to_exchange(rule)
    assert (told.kind, told.interval) == ("AbsoluteMonthlyRecurrence", 48)
    assert first_days(from_exchange(told, rule.timing), 9) == first_days(rule, 9)


@pytest.mark.parametrize(
    ("kind", "obstacle"),
    [("DailyRegeneration", Obstacle.REGENERATES), ("HourlyRecurrence", Obstacle.UNKNOWN_PATTERN)],
)
def test_what_cannot_be_foreseen_or_is_unknown_is_refused(kind: str, obstacle: Obstacle) -> None:
    with pytest.raises(UnsupportedRecurrence) as refused:
        from_exchange(ExchangeRecurrence(kind, date(2026, 1, 1)), Timing())
    assert refused.value.obstacle is obstacle
