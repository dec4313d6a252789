"""Recurrence of appointments and tasks: read from EWS, written back, expanded."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import count, islice, takewhile
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.instants import read_date
from postroom.sandbox.exchange.names import local_name, t_element, t_name, text_of
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.timezones import INDEXES, MONTHS, WEEKDAYS

#: Days of the week by the names that patterns give them.
# source: MS-OXWSCDATA DayOfWeekType
_DAYS: Final = {
    **{name: frozenset({number}) for number, name in enumerate(WEEKDAYS)},
    "Day": frozenset(range(7)),
    "Weekday": frozenset(range(5)),
    "WeekendDay": frozenset({5, 6}),
}
#: The last day on which anything recurs, as Outlook has it.
# source: MS-OXOCAL RecurrencePattern
LAST_DAY: Final = date(4500, 8, 31)

_DAILY, _WEEKLY = "DailyRecurrence", "WeeklyRecurrence"
_MONTHLY, _RELATIVE_MONTHLY = "AbsoluteMonthlyRecurrence", "RelativeMonthlyRecurrence"
_YEARLY, _RELATIVE_YEARLY = "AbsoluteYearlyRecurrence", "RelativeYearlyRecurrence"
_REGENERATIONS = ("DailyRegeneration", "WeeklyRegeneration", "MonthlyRegeneration", "YearlyRegeneration")

#: The greatest interval of each kind of pattern; kinds that have none recur every year.
_INTERVALS: Final = {
    _DAILY: 999,
    _WEEKLY: 99,
    _MONTHLY: 99,
    _RELATIVE_MONTHLY: 99,
    **dict.fromkeys(_REGENERATIONS, 999),
}
_KINDS: Final = (*_INTERVALS, _YEARLY, _RELATIVE_YEARLY)
MAX_OCCURRENCES: Final = 999


@dataclass(frozen=True, slots=True)
class Pattern:
    """How something recurs; which fields count depends on the kind."""

    #: The name of the element, such as WeeklyRecurrence.
    kind: str
    interval: int = 1
    #: Names of days: Monday to Sunday, Day, Weekday, WeekendDay.
    days: tuple[str, ...] = ()
    #: Which of these days of a month: First to Fourth, Last.
    index: str = ""
    day_of_month: int = 0
    #: January is 1.
    month: int = 0
    first_day: str = "Sunday"

    @property
    def is_regenerating(self) -> bool:
        """Say whether the next one depends on when the last was done, so that none can be foreseen."""
        return self.kind in _REGENERATIONS

    def after(self, day: date) -> date:
        """Return the day on which what was done on a day is due again; of regenerating kinds only.

        >>> Pattern("MonthlyRegeneration").after(date(2026, 1, 31))
        datetime.date(2026, 2, 28)
        """
        if self.kind in ("DailyRegeneration", "WeeklyRegeneration"):
            return day + timedelta(days=self.interval * (7 if self.kind.startswith("Weekly") else 1))
        step = self.interval * (12 if self.kind == "YearlyRegeneration" else 1)
        number = day.year * 12 + day.month - 1 + step
        year, month = number // 12, number % 12 + 1
        return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A pattern and its range; without end day and count it has no end."""

    pattern: Pattern
    start_on: date
    end_on: date | None = None
    count: int | None = None

    def days(self) -> Iterator[date]:
        """Yield the days on which it occurs, lazily: there may be very many.

        >>> daily = Recurrence(Pattern("DailyRecurrence", interval=2), date(2026, 2, 27), count=3)
        >>> [day.day for day in daily.days()]
        [27, 1, 3]
        """
        if self.pattern.is_regenerating:
            return iter((self.start_on,))
        last = min(self.end_on or LAST_DAY, LAST_DAY)
        later = (day for day in _candidates(self.pattern, self.start_on) if day >= self.start_on)
        return islice(takewhile(lambda day: day <= last, later), self.count)

    def starts(self, at: time, zone: tzinfo) -> Iterator[datetime]:
        """Yield the instants at which it occurs when clocks of the zone show `at`."""
        return (datetime.combine(day, at, zone).astimezone(UTC) for day in self.days())


def _candidates(pattern: Pattern, start: date) -> Iterator[date]:
    """Yield days in order, possibly some before the start; ends with the last day there is."""
    if pattern.kind == _DAILY:
        return _every(start, timedelta(days=pattern.interval))
    if pattern.kind == _WEEKLY:
        return _weekly(pattern, start)
    step = 12 if pattern.kind in (_YEARLY, _RELATIVE_YEARLY) else pattern.interval
    month = pattern.month if step == 12 and pattern.month else start.month
    return _monthly(pattern, start.year * 12 + month - 1, step)


def _every(first: date, step: timedelta) -> Iterator[date]:
    day = first
    while day <= LAST_DAY:
        yield day
        day += step


def _weekly(pattern: Pattern, start: date) -> Iterator[date]:
    first_day = WEEKDAYS.index(pattern.first_day)
    wanted = frozenset[int]().union(*(_DAYS[name] for name in pattern.days))
    week = start - timedelta(days=(start.weekday() - first_day) % 7)
    for begin in _every(week, timedelta(weeks=pattern.interval)):
        for number in range(7):
            if (day := begin + timedelta(days=number)).weekday() in wanted:
                yield day


def _monthly(pattern: Pattern, first_month: int, step: int) -> Iterator[date]:
    for number in count(first_month, step):
        year, month = number // 12, number % 12 + 1
        if year > LAST_DAY.year:
            return
        yield _day_in_month(pattern, year, month)


def _day_in_month(pattern: Pattern, year: int, month: int) -> date:
    first, length = calendar.monthrange(year, month)
    if pattern.day_of_month:
        # A month that is shorter has it on its last day. source: MS-OXOCAL PatternTypeSpecific
        return date(year, month, min(pattern.day_of_month, length))
    wanted = frozenset[int]().union(*(_DAYS[name] for name in pattern.days))
    days = [day for day in range(1, length + 1) if (first + day - 1) % 7 in wanted]
    index = INDEXES[pattern.index]
    return date(year, month, days[index - 1 if index > 0 else -1])


def read_recurrence(element: etree._Element) -> Recurrence:
    """Return what a t:Recurrence of an appointment or a task says."""
    parts = {local_name(child): child for child in element.iterchildren("{*}*")}
    kind = next((name for name in parts if name in _KINDS), None)
    bounds = next((parts[name] for name in _RANGES if name in parts), None)
    if kind is None or bounds is None:
        raise Refusal("ErrorCalendarInvalidRecurrence", "The recurrence has no pattern or no range.")
    pattern = _read_pattern(kind, parts[kind])
    start_on = read_date(_text(bounds, "StartDate"))
    end, number = bounds.find(t_name("EndDate")), bounds.find(t_name("NumberOfOccurrences"))
    made = Recurrence(
        pattern,
        start_on,
        read_date(text_of(end)) if end is not None else None,
        _number(bounds, "NumberOfOccurrences", MAX_OCCURRENCES) if number is not None else None,
    )
    if next(made.days(), None) is None:
        raise Refusal("ErrorRecurrenceHasNoOccurrence", "The specified recurrence has no occurrence.")
    return made


_RANGES = ("NoEndRecurrence", "EndDateRecurrence", "NumberedRecurrence")


def _read_pattern(kind: str, element: etree._Element) -> Pattern:
    interval = _number(element, "Interval", _INTERVALS[kind]) if kind in _INTERVALS else 1
    days = tuple(_text(element, "DaysOfWeek").split()) if kind in _WITH_DAYS else ()
    index = _text(element, "DayOfWeekIndex") if kind in _WITH_INDEX else ""
    month = _text(element, "Month") if kind in (_YEARLY, _RELATIVE_YEARLY) else ""
    first_day = text_of(element.find(t_name("FirstDayOfWeek"))).strip() or "Sunday"
    if kind in _WITH_DAYS and (not days or not all(day in _DAYS for day in days)):
        raise Refusal("ErrorCalendarInvalidDayForWeeklyRecurrence", "The days of the week cannot be read.")
    if (index and index not in INDEXES) or (month and month not in MONTHS) or first_day not in WEEKDAYS:
        raise Refusal("ErrorCalendarInvalidRecurrence", "The pattern of the recurrence cannot be read.")
    return Pattern(
        kind,
        interval,
        days,
        index,
        _number(element, "DayOfMonth", 31) if kind in (_MONTHLY, _YEARLY) else 0,
        MONTHS.index(month) + 1 if month else 0,
        first_day,
    )


_WITH_INDEX = (_RELATIVE_MONTHLY, _RELATIVE_YEARLY)
_WITH_DAYS = (_WEEKLY, *_WITH_INDEX)


def _text(parent: etree._Element, name: str) -> str:
    found = text_of(parent.find(t_name(name))).strip()
    if not found:
        raise Refusal("ErrorCalendarInvalidRecurrence", f"The recurrence has no {name}.")
    return found


def _number(parent: etree._Element, name: str, most: int) -> int:
    text = _text(parent, name)
    if not (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= most):
        raise Refusal("ErrorCalendarInvalidRecurrence", f"{name} is from 1 to {most}.")
    return int(text)


def write_recurrence(recurrence: Recurrence, zone: tzinfo = UTC) -> etree._Element:
    """Return the recurrence as a t:Recurrence; its days carry the offset of the zone, as Exchange's do."""
    made = t_element("Recurrence")
    made.append(_write_pattern(recurrence.pattern))
    if recurrence.count is not None:
        bounds = t_element("NumberedRecurrence")
        end = t_element("NumberOfOccurrences", str(recurrence.count))
    elif recurrence.end_on is not None:
        bounds = t_element("EndDateRecurrence")
        end = t_element("EndDate", _write_day(recurrence.end_on, zone))
    else:
        bounds, end = t_element("NoEndRecurrence"), None
    bounds.append(t_element("StartDate", _write_day(recurrence.start_on, zone)))
    if end is not None:
        bounds.append(end)
    made.append(bounds)
    return made


def _write_day(day: date, zone: tzinfo) -> str:
    written = datetime.combine(day, time(), zone).isoformat()
    return written[:10] + written[19:25]


def _write_pattern(pattern: Pattern) -> etree._Element:
    has_month = pattern.kind in (_YEARLY, _RELATIVE_YEARLY)
    # In the order of the schema; what a kind has not stays away.
    parts = {
        "Interval": str(pattern.interval) if pattern.kind in _INTERVALS else "",
        "DayOfMonth": str(pattern.day_of_month) if pattern.day_of_month else "",
        "DaysOfWeek": " ".join(pattern.days),
        "DayOfWeekIndex": pattern.index,
        "Month": MONTHS[pattern.month - 1] if has_month else "",
        "FirstDayOfWeek": pattern.first_day if pattern.kind == _WEEKLY else "",
    }
    made = t_element(pattern.kind)
    made.extend(t_element(name, text) for name, text in parts.items() if text)
    return made
