"""Series as a value, the field `recurrence`: how it recurs, its changed and removed days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from postroom.reconcile.item import Span, Value

#: What each kind of pattern says, in the order of the schema.
# source: MS-OXWSCDATA RecurrencePatternTypes
PATTERNS: Final[Mapping[str, tuple[str, ...]]] = {
    "DailyRecurrence": ("Interval",),
    "WeeklyRecurrence": ("Interval", "DaysOfWeek", "FirstDayOfWeek"),
    "AbsoluteMonthlyRecurrence": ("Interval", "DayOfMonth"),
    "RelativeMonthlyRecurrence": ("Interval", "DaysOfWeek", "DayOfWeekIndex"),
    "AbsoluteYearlyRecurrence": ("DayOfMonth", "Month"),
    "RelativeYearlyRecurrence": ("DaysOfWeek", "DayOfWeekIndex", "Month"),
}
#: What may be different on one day; the rest is the series'.
OF_A_DAY: Final = ("body", "importance", "location", "optional", "required", "show_as", "subject")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How something recurs, in Exchange's words; without an end it recurs for ever."""

    #: The name of the pattern's element.
    pattern: str
    #: What the pattern says, as `PATTERNS` names it, in that order.
    parts: tuple[str, ...]
    starts_on: date
    ends_on: date | None = None
    occurrences: int | None = None


@dataclass(frozen=True, slots=True)
class ChangedDay:
    """One day of a series that is not as the others."""

    #: When it would have started.
    original_at: datetime
    span: Span
    #: What is different, by names of fields, in the order of the names.
    fields: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """A series of appointments: the field `recurrence`."""

    recurrence: Recurrence
    #: When its first day takes place.
    first: Span
    #: Windows' name of the zone in which it recurs, as it was given.
    zone: str
    changed: tuple[ChangedDay, ...] = ()
    #: When the days would have started that were taken out.
    removed: tuple[datetime, ...] = ()


def usual_span(original_at: datetime, first: Span) -> Span:
    """Return when the day takes place that would start then, unless somebody changes it."""
    return Span(original_at, original_at + (first.end_at - first.start_at), first.is_all_day)
