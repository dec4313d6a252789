"""The rule of a series: pattern, end and time of day, as a value that both worlds map to.

Days are those of Outlook and the CRM: a day of the month that a month does not have is its last day.
A rule says nothing that it does not mean: fields that its pattern does not use are empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntFlag
from typing import Final

from postroom.recurrence.obstacle import Obstacle, UnsupportedRecurrence
from postroom.recurrence.zone import UTC_ZONE, Zone
from postroom.schema.choices import RecurrencePattern, WeekInstance

#: The days between which series may begin and end; sides and databases know nothing outside.
# source: MS-OXOCAL 2.2.1.44.1
FIRST_DAY: Final = date(1753, 1, 1)
LAST_DAY: Final = date(4500, 8, 31)
#: Longest interval and most occurrences that are taken in; the sides have their own, lower limits.
MAX_INTERVAL: Final = 100_000
MAX_OCCURRENCES: Final = 1_000_000
#: The longest that one occurrence may last.
MAX_DURATION: Final = timedelta(days=366)


class Days(IntFlag):
    """Days of the week, as the CRM adds them up."""

    SUNDAY = 1
    MONDAY = 2
    TUESDAY = 4
    WEDNESDAY = 8
    THURSDAY = 16
    FRIDAY = 32
    SATURDAY = 64

    @classmethod
    def of(cls, day: date) -> "Days":
        """Return the day of the week of a date.

        >>> Days.of(date(2026, 11, 25)).name
        'WEDNESDAY'
        """
        return cls(1 << (day.isoweekday() % 7))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the days as numbers, Sunday being 0."""
        return tuple(number for number in range(7) if self & (1 << number))


NO_DAYS: Final = Days(0)
WEEKDAYS: Final = Days(62)
WEEKEND: Final = Days(65)
EVERY_DAY: Final = Days(127)

#: The longest that each month can be.
MONTH_LENGTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Timing:
    """What clocks show when an occurrence starts, how long it lasts, and where the clocks are."""

    starts_at: time = time()
    lasts_for: timedelta = timedelta(minutes=30)
    is_all_day: bool = False
    zone: Zone = UTC_ZONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a series occurs.

    Without `ends_on` and `occurrences` it never ends. With `instance` it is relative: the first, ... last
    of `days` in its month; otherwise monthly and yearly rules fall on `day_of_month`.
    """

    pattern: RecurrencePattern
    #: Nothing occurs before this day; weeks, months and years of the interval count from it.
    starts_on: date
    interval: int = 1
    days: Days = NO_DAYS
    instance: WeekInstance | None = None
    day_of_month: int | None = None
    #: Of yearly rules; January is 1.
    month: int | None = None
    #: Matters for weekly rules with an interval.
    first_day_of_week: Days = Days.SUNDAY
    #: The last day on which it may occur.
    ends_on: date | None = None
    occurrences: int | None = None
    timing: Timing = Timing()

    def __post_init__(self) -> None:
        """Refuse what means nothing, with all that is wrong at once."""
        if problems := [*_problems_of_pattern(self), *_problems_of_range(self), *_problems_of_timing(self)]:
            raise UnsupportedRecurrence(Obstacle.INVALID, *problems)

    @property
    def is_endless(self) -> bool:
        """Say whether it has neither a last day nor a number of occurrences."""
        return self.ends_on is None and self.occurrences is None

    @property
    def is_relative(self) -> bool:
        """Say whether it falls on the n-th of some days of its month."""
        return self.instance is not None


def _problems_of_pattern(rule: Rule) -> Iterator[str]:
    if not 1 <= rule.interval <= MAX_INTERVAL:
        yield f"The interval must be from 1 to {MAX_INTERVAL}, not {rule.interval}."
    if rule.days & ~EVERY_DAY:
        yield f"The days of the week must be from 1 to {int(EVERY_DAY)}, not {int(rule.days)}."
    if len(rule.first_day_of_week.numbers) != 1:
        yield "The week must begin on one day."
    if rule.pattern is RecurrencePattern.WEEKLY and not rule.days:
        yield "A weekly series needs at least one day of the week."
    if rule.pattern in (RecurrencePattern.MONTHLY, RecurrencePattern.YEARLY):
        yield from _problems_within_month(rule)
    yield from _superfluous(rule)


def _problems_within_month(rule: Rule) -> Iterator[str]:
    is_yearly = rule.pattern is RecurrencePattern.YEARLY
    if is_yearly and (rule.month is None or not 1 <= rule.month <= 12):
        yield f"A yearly series needs a month from 1 to 12, not {rule.month}."
    if rule.instance is not None:
        if not rule.days:
            yield "The n-th day of a month needs days of the week."
        if rule.day_of_month is not None:
            yield "A series falls on a day of the month or on the n-th of some days, not on both."
        return
    if rule.day_of_month is None or not 1 <= rule.day_of_month <= 31:
        yield f"The day of the month must be from 1 to 31, not {rule.day_of_month}."
    elif (
        is_yearly
        and rule.month
        and 1 <= rule.month <= 12
        and rule.day_of_month > MONTH_LENGTHS[rule.month - 1]
    ):
        yield f"There is no day {rule.day_of_month} in month {rule.month}."


def _superfluous(rule: Rule) -> Iterator[str]:
    """Yield what is said and not used by the pattern: it would be lost on the other side."""
    within_month = rule.pattern in (RecurrencePattern.MONTHLY, RecurrencePattern.YEARLY)
    if not within_month and (rule.instance is not None or rule.day_of_month is not None):
        yield "Only monthly and yearly series fall on a day of a month."
    if rule.month is not None and rule.pattern is not RecurrencePattern.YEARLY:
        yield "Only yearly series fall in a month."
    if rule.days and rule.pattern is not RecurrencePattern.WEEKLY and rule.instance is None:
        yield "This series does not depend on days of the week, yet some are given."


def _problems_of_range(rule: Rule) -> Iterator[str]:
    if type(rule.starts_on) is not date or (rule.ends_on is not None and type(rule.ends_on) is not date):
        yield "The first and the last day must be days, without a time."
        return
    if not FIRST_DAY <= rule.starts_on <= LAST_DAY:
        yield f"The first day must be from {FIRST_DAY} to {LAST_DAY}, not {rule.starts_on}."
    if rule.ends_on is not None and rule.occurrences is not None:
        yield "A series ends on a day or after a number of occurrences, not both."
    if rule.ends_on is not None and rule.ends_on < rule.starts_on:
        yield f"The series ends on {rule.ends_on}, before it begins on {rule.starts_on}."
    if rule.occurrences is not None and not 1 <= rule.occurrences <= MAX_OCCURRENCES:
        yield f"The number of occurrences must be from 1 to {MAX_OCCURRENCES}, not {rule.occurrences}."


def _problems_of_timing(rule: Rule) -> Iterator[str]:
    timing = rule.timing
    if timing.starts_at.tzinfo is not None:
        yield "The time of day must be without a zone; the zone has a field of its own."
    if not timedelta() <= timing.lasts_for <= MAX_DURATION:
        yield f"An occurrence may last up to {MAX_DURATION.days} days, not {timing.lasts_for}."
    if timing.is_all_day and (timing.starts_at != time() or timing.lasts_for % timedelta(days=1)):
        yield "What lasts all day begins at midnight and lasts whole days."


def wall_clock(rule: Rule, day: date) -> datetime:
    """Return what clocks show when the occurrence of a day starts."""
    return datetime.combine(day, rule.timing.starts_at)
