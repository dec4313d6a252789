"""RRULE of iCalendar as recurrences that Exchange knows."""

import re
from datetime import UTC, date, datetime, tzinfo
from typing import Final

from postroom.sandbox.exchange.recurrence import MAX_OCCURRENCES, Pattern, Recurrence
from postroom.sandbox.exchange.timezones import WEEKDAYS

_DAY: Final = re.compile(r"(?P<index>[+-]?\d{1,2})?(?P<day>MO|TU|WE|TH|FR|SA|SU)")
_NAMES: Final = {name[:2].upper(): name for name in WEEKDAYS}
_INDEXES: Final = {1: "First", 2: "Second", 3: "Third", 4: "Fourth", 5: "Last", -1: "Last"}
_SETS: Final = {
    frozenset(WEEKDAYS): "Day",
    frozenset(WEEKDAYS[:5]): "Weekday",
    frozenset(WEEKDAYS[5:]): "WeekendDay",
}


def read_rule(text: str, start: datetime, zone: tzinfo) -> Recurrence | None:
    """Return the recurrence of a rule for what starts at an instant; None for what Exchange has not.

    >>> read_rule("FREQ=DAILY;COUNT=3", datetime(2026, 11, 25, tzinfo=UTC), UTC).count
    3
    """
    parts = {key.upper(): value for key, _, value in (part.partition("=") for part in text.split(";"))}
    first = start.astimezone(zone).date()
    try:
        pattern = _pattern(parts, first)
        count = min(int(parts["COUNT"]), MAX_OCCURRENCES) if "COUNT" in parts else None
        end_on = _until(parts["UNTIL"], zone) if "UNTIL" in parts else None
    except (ValueError, KeyError):
        return None
    if pattern is None or (count is not None and count < 1):
        return None
    made = Recurrence(pattern, first, end_on, count)
    return made if next(made.days(), None) is not None else None


def _until(text: str, zone: tzinfo) -> date:
    day = date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    if len(text) < 15:
        return day
    at = datetime.strptime(text[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC if text.endswith("Z") else zone)
    return at.astimezone(zone).date()


def _pattern(parts: dict[str, str], first: date) -> Pattern | None:
    frequency, interval = parts["FREQ"].upper(), int(parts.get("INTERVAL", "1"))
    if not 1 <= interval <= 99:
        return None
    days = [match for match in map(_DAY.fullmatch, parts.get("BYDAY", "").upper().split(",")) if match]
    names = tuple(_NAMES[match["day"]] for match in days)
    if frequency == "DAILY" and not names:
        return Pattern("DailyRecurrence", interval)
    if frequency == "WEEKLY" or (frequency == "DAILY" and interval == 1):
        week = _NAMES.get(parts.get("WKST", "MO").upper(), "Monday")
        return Pattern("WeeklyRecurrence", interval, names or (WEEKDAYS[first.weekday()],), first_day=week)
    if frequency not in ("MONTHLY", "YEARLY") or (frequency == "YEARLY" and interval != 1):
        return None
    is_yearly = frequency == "YEARLY"
    month = int(parts.get("BYMONTH", str(first.month))) if is_yearly else 0
    if is_yearly and not 1 <= month <= 12:
        return None
    if names:
        return _relative(parts, interval, names, days[0]["index"], month)
    last = max(int(day) for day in parts.get("BYMONTHDAY", str(first.day)).split(","))
    day = 31 if last == -1 else last
    kind = "AbsoluteYearlyRecurrence" if is_yearly else "AbsoluteMonthlyRecurrence"
    return Pattern(kind, interval, day_of_month=day, month=month) if 1 <= day <= 31 else None


def _relative(
    parts: dict[str, str], interval: int, names: tuple[str, ...], own: str | None, month: int
) -> Pattern | None:
    index = _INDEXES.get(int(own or parts.get("BYSETPOS", "0")))
    day = names[0] if len(names) == 1 else _SETS.get(frozenset(names))
    if index is None or day is None:
        return None
    kind = "RelativeYearlyRecurrence" if month else "RelativeMonthlyRecurrence"
    return Pattern(kind, interval, (day,), index, month=month)
