"""Rules kept by the CRM and read back have the same occurrences."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from tests.unit.recurrence.test_expand import CASES

from postroom.recurrence.columns import from_columns, to_columns
from postroom.recurrence.expand import first_days, occurrence_on
from postroom.recurrence.obstacle import Obstacle, UnsupportedRecurrence
from postroom.recurrence.rule import Rule, Timing
from postroom.recurrence.zone import zone_named

AUCKLAND = zone_named("New Zealand Standard Time")
TIMINGS = [
    Timing(time(8, 30), timedelta(minutes=45), zone=AUCKLAND),
    Timing(time(), timedelta(days=2), is_all_day=True, zone=AUCKLAND),
]


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("rule", CASES.values())
@pytest.mark.parametrize(
    "end", [{}, {"occurrences": 7}, {"occurrences": 1200}, {"ends_on": date(2031, 5, 5)}]
)
def test_a_rule_comes_back_with_the_same_occurrences(
    rule: Rule, timing: Timing, end: dict[str, object]
) -> None:
    kept = replace(rule, timing=timing, **end)
    back = from_columns(to_columns(kept), AUCKLAND)
    assert [occurrence_on(back, day) for day in first_days(back, 1300)] == [
        occurrence_on(kept, day) for day in first_days(kept, 1300)
    ]


@pytest.mark.parametrize(
    "wrong", [{"interval": 0.5}, {"instance": 9, "isnthmonthly": True}, {"patternstartdate": None}]
)
def test_columns_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    columns = to_columns(next(rule for text, rule in CASES.items() if "BYSETPOS=2" in text))
    with pytest.raises(UnsupportedRecurrence) as refused:
        from_columns({**columns, **wrong}, AUCKLAND)
    assert refused.value.obstacle is Obstacle.INVALID
