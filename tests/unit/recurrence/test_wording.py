"""Rules as sentences."""

from datetime import date
from typing import Any

import pytest

from postroom.recurrence.rule import EVERY_DAY, WEEKDAYS, WEEKEND, Days, Rule
from postroom.recurrence.wording import describe
from postroom.schema.choices import RecurrencePattern, WeekInstance

DAILY, WEEKLY = RecurrencePattern.DAILY, RecurrencePattern.WEEKLY
MONTHLY, YEARLY = RecurrencePattern.MONTHLY, RecurrencePattern.YEARLY
FIRST = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"pattern": DAILY}, "Every day, from 2026-11-25 on."),
        ({"pattern": DAILY, "interval": 3, "occurrences": 1}, "Every 3 days, from 2026-11-25, once."),
        ({"pattern": WEEKLY, "days": WEEKDAYS}, "Every weekday, from 2026-11-25 on."),
        (
            {"pattern": WEEKLY, "days": Days(42), "occurrences": 6},
            "Every week on Monday, Wednesday and Friday, from 2026-11-25, 6 times.",
        ),
        (
            {"pattern": MONTHLY, "day_of_month": 31, "ends_on": date(2027, 5, 1)},
            "Every month on day 31, from 2026-11-25 to 2027-05-01.",
        ),
        (
            {"pattern": MONTHLY, "days": WEEKEND, "instance": WeekInstance.LAST, "interval": 2},
            "Every 2 months on the last weekend day, from 2026-11-25 on.",
        ),
        (
            {"pattern": YEARLY, "days": Days(3), "instance": WeekInstance.FIRST, "month": 4},
            "Every year on the first Sunday or Monday of April, from 2026-11-25 on.",
        ),
        (
            {"pattern": YEARLY, "days": EVERY_DAY, "instance": WeekInstance.SECOND, "month": 1},
            "Every year on the second day of January, from 2026-11-25 on.",
        ),
        (
            {"pattern": YEARLY, "day_of_month": 29, "month": 2},
            "Every year on day 29 of February, from 2026-11-25 on.",
        ),
    ],
)
def test_a_rule_reads_as_a_sentence(values: dict[str, Any], words: str) -> None:
    assert describe(Rule(starts_on=FIRST, **values)) == words
