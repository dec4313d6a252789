"""Rules as Exchange tells them: a pattern and a range, by the schema's names."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from postroom.recurrence.expand import first_day, last_day
from postroom.recurrence.obstacle import Obstacle, UnsupportedRecurrence
from postroom.recurrence.rule import EVERY_DAY, NO_DAYS, WEEKDAYS, WEEKEND, Days, Rule, Timing
from postroom.schema.choices import RecurrencePattern, WeekInstance

_NAMES: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
#: Days by the names that patterns give them.
# source: MS-OXWSCDATA 2.2.3.6
_DAYS: Final = {
    **{name: Days(1 << number) for number, name in enumerate(_NAMES)},
    "Day": EVERY_DAY,
    "Weekday": WEEKDAYS,
    "WeekendDay": WEEKEND,
}
_NAME_OF: Final = {days: name for name, days in _DAYS.items()}
_INDEXES: Final = {each.name.capitalize(): each for each in WeekInstance}
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_KINDS: Final = {
    "DailyRecurrence": RecurrencePattern.DAILY,
    "WeeklyRecurrence": RecurrencePattern.WEEKLY,
    "AbsoluteMonthlyRecurrence": RecurrencePattern.MONTHLY,
    "RelativeMonthlyRecurrence": RecurrencePattern.MONTHLY,
    "AbsoluteYearlyRecurrence": RecurrencePattern.YEARLY,
    "RelativeYearlyRecurrence": RecurrencePattern.YEARLY,
}
_LONGEST: Final = {RecurrencePattern.DAILY: 999, RecurrencePattern.WEEKLY: 99, RecurrencePattern.MONTHLY: 99}
_MOST_OCCURRENCES: Final = 999


@dataclass(frozen=True, slots=True)
class ExchangeRecurrence:
    """A recurrence as Exchange tells it; `kind` is the pattern's element, unused fields are empty.

    The range is EndDateRecurrence with `end_date`, NumberedRecurrence with `number`, else NoEndRecurrence.
    """

    kind: str
    start_date: date
    interval: int = 1
    days_of_week: tuple[str, ...] = ()
    day_of_week_index: str = ""
    day_of_month: int | None = None
    month: str = ""
    first_day_of_week: str = "Sunday"
    end_date: date | None = None
    number: int | None = None


def from_exchange(told: ExchangeRecurrence, timing: Timing) -> Rule:
    """Return the rule of a recurrence; refuse those that regenerate and names that mean nothing."""
    if told.kind.endswith("Regeneration"):
        raise UnsupportedRecurrence(Obstacle.REGENERATES)
    if told.kind not in _KINDS:
        raise UnsupportedRecurrence(Obstacle.UNKNOWN_PATTERN, f"There is no recurrence {told.kind[:60]!r}.")
    try:
        days = NO_DAYS
        for name in told.days_of_week:
            days |= _DAYS[name]
        instance = _INDEXES[told.day_of_week_index] if told.day_of_week_index else None
        month = MONTHS.index(told.month) + 1 if told.month else None
        first = _DAYS[told.first_day_of_week]
    except (KeyError, ValueError) as problem:
        raise UnsupportedRecurrence(
            Obstacle.INVALID, f"The recurrence has a name that means nothing: {str(problem)[:80]}."
        ) from problem
    return Rule(
        pattern=_KINDS[told.kind],
        starts_on=told.start_date,
        interval=told.interval,
        days=days,
        instance=instance,
        day_of_month=told.day_of_month,
        month=month,
        first_day_of_week=first,
        ends_on=told.end_date,
        occurrences=told.number,
        timing=timing,
    )


def to_exchange(rule: Rule) -> ExchangeRecurrence:
    """Return the recurrence that has exactly the rule's occurrences; refuse what Exchange cannot say."""
    rule = _as_exchange_counts(rule)
    longest = _LONGEST.get(rule.pattern, 1)
    if rule.interval > longest:
        raise UnsupportedRecurrence(
            Obstacle.INTERVAL, f"Exchange knows intervals up to {longest}, not {rule.interval}."
        )
    is_weekly = rule.pattern is RecurrencePattern.WEEKLY
    if not is_weekly and rule.days and rule.days not in _NAME_OF:
        raise UnsupportedRecurrence(Obstacle.DAYS)
    named = (
        [_NAMES[day] for day in rule.days.numbers]
        if is_weekly
        else [_NAME_OF[rule.days]]
        if rule.days
        else []
    )
    kind = next(
        name
        for name, pattern in _KINDS.items()
        if pattern is rule.pattern and name.startswith("Relative") == rule.is_relative
    )
    return ExchangeRecurrence(
        kind,
        rule.starts_on,
        rule.interval,
        tuple(named),
        "" if rule.instance is None else rule.instance.name.capitalize(),
        rule.day_of_month,
        MONTHS[rule.month - 1] if rule.month else "",
        _NAME_OF[rule.first_day_of_week],
        rule.ends_on,
        rule.occurrences,
    )


def _as_exchange_counts(rule: Rule) -> Rule:
    """Return the rule from its first occurrence on, with long counts as days and long years as months."""
    first = first_day(rule)
    if first is None:
        raise UnsupportedRecurrence(Obstacle.NEVER)
    last = last_day(rule)
    rule = replace(rule, starts_on=first)
    if rule.occurrences is not None and rule.occurrences > _MOST_OCCURRENCES:
        rule = replace(rule, occurrences=None, ends_on=last)
    if rule.pattern is RecurrencePattern.YEARLY and rule.interval > 1:
        rule = replace(rule, pattern=RecurrencePattern.MONTHLY, interval=rule.interval * 12, month=None)
    return rule
