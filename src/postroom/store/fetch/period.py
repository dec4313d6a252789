"""Periods that operators name: today, last week, next x months, in the user's own days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from postroom.store.fetch.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant on, until before another; either may be open."""

    start: datetime | None
    end: datetime | None


_DAY: Final = timedelta(days=1)
_Span = Callable[[date], tuple[date, date]]


def _days(first: int, last: int) -> _Span:
    return lambda today: (_shifted(today, first), _shifted(today, last + 1))


def _week(number: int) -> _Span:
    # source: DATAVERSE-FETCHXML operators: a week goes from Sunday to Saturday
    def span(today: date) -> tuple[date, date]:
        sunday = _shifted(today, 7 * number - today.isoweekday() % 7)
        return sunday, _shifted(sunday, 7)

    return span


def _month(number: int) -> _Span:
    def span(today: date) -> tuple[date, date]:
        first = months_later(today.replace(day=1), number)
        return first, months_later(first, 1)

    return span


def _year(number: int) -> _Span:
    def span(today: date) -> tuple[date, date]:
        first = months_later(today.replace(month=1, day=1), 12 * number)
        return first, months_later(first, 12)

    return span


#: Operators without a value, as the days they stand for.
# source: DATAVERSE-FETCHXML operators: the last and next seven days include today
SPANS: Final[Mapping[str, _Span]] = {
    "yesterday": _days(-1, -1),
    "today": _days(0, 0),
    "tomorrow": _days(1, 1),
    "last-seven-days": _days(-7, 0),
    "next-seven-days": _days(0, 7),
    "last-week": _week(-1),
    "this-week": _week(0),
    "next-week": _week(1),
    "last-month": _month(-1),
    "this-month": _month(0),
    "next-month": _month(1),
    "last-year": _year(-1),
    "this-year": _year(0),
    "next-year": _year(1),
}

#: Lengths that operators with a number count in; whole days but for the first two.
UNITS: Final = ("minutes", "hours", "days", "weeks", "months", "years")
MOST_UNITS: Final = 1_000_000


def named_period(operator: str, viewer: Viewer) -> Period:
    """Return the period of an operator of `SPANS`."""
    start, end = SPANS[operator](_today(viewer))
    return Period(midnight(start, viewer.zone), midnight(end, viewer.zone))


def last_period(unit: str, number: int, viewer: Viewer) -> Period:
    """Return the past so many units: until now, in hours exactly, else from the beginning of a day."""
    return Period(_moved(viewer, unit, -number), viewer.now)


def next_period(unit: str, number: int, viewer: Viewer) -> Period:
    """Return the next so many units: from now, in hours exactly, else to the end of a day."""
    if unit in ("hours", "minutes"):
        return Period(viewer.now, viewer.now + _length(unit, number))
    last = _day_moved(_today(viewer), unit, number)
    return Period(viewer.now, midnight(_shifted(last, 1), viewer.zone))


def older_than(unit: str, number: int, viewer: Viewer) -> Period:
    """Return all time until so many units ago."""
    if unit in ("hours", "minutes"):
        return Period(None, viewer.now - _length(unit, number))
    return Period(None, midnight(_day_moved(_today(viewer), unit, -number), viewer.zone))


def days_period(first: date | None, last: date | None, zone: tzinfo) -> Period:
    """Return the period of these days, both included; None is open."""
    start = None if first is None else midnight(first, zone)
    return Period(start, None if last is None else midnight(_shifted(last, 1), zone))


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return when a day begins in a zone, in UTC."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, time(), UTC)


def months_later(day: date, months: int) -> date:
    """Return the same day so many months later, or that month's last.

    >>> months_later(date(2026, 1, 31), 1), months_later(date(2026, 3, 1), -12)
    (datetime.date(2026, 2, 28), datetime.date(2025, 3, 1))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not MINYEAR < year < MAXYEAR:
        return date.max - _DAY if months > 0 else date.min + _DAY
    following = date(year + month // 11, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - _DAY).day))


def _today(viewer: Viewer) -> date:
    return viewer.now.astimezone(viewer.zone).date()


def _moved(viewer: Viewer, unit: str, number: int) -> datetime:
    if unit in ("hours", "minutes"):
        return viewer.now + _length(unit, number)
    return midnight(_day_moved(_today(viewer), unit, number), viewer.zone)


def _length(unit: str, number: int) -> timedelta:
    return timedelta(minutes=number) if unit == "minutes" else timedelta(hours=number)


def _day_moved(day: date, unit: str, number: int) -> date:
    if unit == "months":
        return months_later(day, number)
    if unit == "years":
        return months_later(day, 12 * number)
    return _shifted(day, number * (7 if unit == "weeks" else 1))


def _shifted(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max - _DAY if days > 0 else date.min + _DAY
