"""Rules in words: how a series recurs, as people say it."""

from collections.abc import Sequence
from typing import Final

from postroom.recurrence.rule import EVERY_DAY, WEEKDAYS, WEEKEND, Days, Rule
from postroom.schema.choices import RecurrencePattern

_NAMES: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_GROUPS: Final = {EVERY_DAY: "day", WEEKDAYS: "weekday", WEEKEND: "weekend day"}
_UNITS: Final = {
    RecurrencePattern.DAILY: "day",
    RecurrencePattern.WEEKLY: "week",
    RecurrencePattern.MONTHLY: "month",
    RecurrencePattern.YEARLY: "year",
}


def describe(rule: Rule) -> str:
    """Return how a rule recurs, as a sentence.

    >>> from datetime import date
    >>> rule = Rule(pattern=RecurrencePattern.WEEKLY, starts_on=date(2026, 11, 25), days=Days(10), interval=2)
    >>> describe(rule)
    'Every 2 weeks on Monday and Wednesday, from 2026-11-25 on.'
    """
    return f"{_pattern(rule)}, from {rule.starts_on}{_end(rule)}."


def _pattern(rule: Rule) -> str:
    if rule.pattern is RecurrencePattern.WEEKLY and rule.days == WEEKDAYS and rule.interval == 1:
        return "Every weekday"
    unit = _UNITS[rule.pattern]
    every = f"Every {unit}" if rule.interval == 1 else f"Every {rule.interval} {unit}s"
    return every + _place(rule)


def _place(rule: Rule) -> str:
    if rule.pattern is RecurrencePattern.WEEKLY:
        return f" on {_listed([_NAMES[number] for number in rule.days.numbers])}"
    month = f" of {_MONTHS[rule.month - 1]}" if rule.month else ""
    if rule.instance is not None:
        return f" on the {rule.instance.name.lower()} {_any_of(rule.days)}{month}"
    return f" on day {rule.day_of_month}{month}" if rule.day_of_month else ""


def _any_of(days: Days) -> str:
    return _GROUPS.get(days) or _listed([_NAMES[number] for number in days.numbers], "or")


def _end(rule: Rule) -> str:
    if rule.ends_on is not None:
        return f" to {rule.ends_on}"
    if rule.occurrences is not None:
        return ", once" if rule.occurrences == 1 else f", {rule.occurrences} times"
    return " on"


def _listed(names: Sequence[str], word: str = "and") -> str:
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
