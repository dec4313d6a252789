"""Appointments written as iCalendar objects: one VEVENT and, for series, its VTIMEZONE."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from postroom.sandbox.exchange.recurrence import Pattern, Recurrence
from postroom.sandbox.exchange.timezones import INDEXES, WEEKDAYS
from postroom.sandbox.exchange.zone_rules import Change, find_rules

#: Octets of a line before it is folded.
_WIDTH: Final = 75
_DAYS: Final = {
    **{name: (name[:2].upper(),) for name in WEEKDAYS},
    "Day": tuple(name[:2].upper() for name in WEEKDAYS),
    "Weekday": tuple(name[:2].upper() for name in WEEKDAYS[:5]),
    "WeekendDay": tuple(name[:2].upper() for name in WEEKDAYS[5:]),
}
_FREQUENCIES: Final = {
    "DailyRecurrence": "DAILY",
    "WeeklyRecurrence": "WEEKLY",
    "AbsoluteMonthlyRecurrence": "MONTHLY",
    "RelativeMonthlyRecurrence": "MONTHLY",
    "AbsoluteYearlyRecurrence": "YEARLY",
    "RelativeYearlyRecurrence": "YEARLY",
}


def write_calendar(
    method: str, event: Sequence[tuple[str, str]], zone: tuple[str, tzinfo, int] | None
) -> str:
    """Return the object with the lines of an event; `zone` says what its VTIMEZONE is of: id, zone, year."""
    # source: RFC5545 3.4
    lines = [("BEGIN", "VCALENDAR"), ("PRODID", "-//Postroom//Sandbox//EN"), ("VERSION", "2.0")]
    lines.append(("METHOD", method))
    if zone is not None:
        lines += _write_zone(*zone)
    lines += [("BEGIN", "VEVENT"), *event, ("END", "VEVENT"), ("END", "VCALENDAR")]
    return "".join(fold(f"{name}:{value}") for name, value in lines)


def escape(text: str) -> str:
    r"""Return text as the value of a property.

    >>> escape("a, b; c\\d\r\ne")
    'a\\, b\\; c\\\\d\\ne'
    """
    # source: RFC5545 3.3.11
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def quote(text: str) -> str:
    """Return text as the value of a parameter.

    >>> quote('Carla "C" Customer')
    '"Carla C Customer"'
    """
    # source: RFC5545 3.2
    return '"' + "".join(letter for letter in text if letter != '"' and letter.isprintable()) + '"'


def fold(line: str) -> str:
    r"""Return a line in pieces of at most 75 octets, none of which cuts a letter, with its end.

    >>> fold("a" * 80).count("\r\n ")
    1
    """
    # source: RFC5545 3.1
    pieces, piece, size = [], "", 0
    for letter in line:
        width = len(letter.encode("utf-8"))
        if size + width > _WIDTH:
            pieces.append(piece)
            piece, size = "", 1
        piece, size = piece + letter, size + width
    return "\r\n ".join([*pieces, piece]) + "\r\n"


def write_utc(at: datetime) -> str:
    """Return an instant as a date-time of UTC.

    >>> write_utc(datetime(2026, 11, 25, 11, 30, tzinfo=UTC))
    '20261125T113000Z'
    """
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def write_local(at: datetime, zone: tzinfo) -> str:
    """Return what clocks of a zone show at an instant."""
    return at.astimezone(zone).strftime("%Y%m%dT%H%M%S")


def write_rule(recurrence: Recurrence, last_at: datetime | None) -> str:
    """Return a recurrence as an RRULE; `last_at` is when it occurs last, where it has an end day."""
    # source: RFC5545 3.3.10
    parts = [f"FREQ={_FREQUENCIES[recurrence.pattern.kind]}", *_rule_parts(recurrence.pattern)]
    if recurrence.count is not None:
        parts.append(f"COUNT={recurrence.count}")
    elif recurrence.end_on is not None and last_at is not None:
        parts.append(f"UNTIL={write_utc(last_at)}")
    return ";".join(parts)


def _rule_parts(pattern: Pattern) -> Iterator[str]:
    if pattern.interval > 1:
        yield f"INTERVAL={pattern.interval}"
    if pattern.month:
        yield f"BYMONTH={pattern.month}"
    if pattern.day_of_month > 28:
        # Of the days up to this one the last that the month has.
        days = ",".join(str(day) for day in range(28, pattern.day_of_month + 1))
        yield f"BYMONTHDAY={days};BYSETPOS=-1"
    elif pattern.day_of_month:
        yield f"BYMONTHDAY={pattern.day_of_month}"
    if pattern.days:
        yield "BYDAY=" + ",".join(dict.fromkeys(day for name in pattern.days for day in _DAYS[name]))
    if pattern.index:
        yield f"BYSETPOS={INDEXES[pattern.index]}"
    if pattern.kind == "WeeklyRecurrence":
        yield f"WKST={pattern.first_day[:2].upper()}"


def _write_zone(zone_id: str, zone: tzinfo, year: int) -> Iterator[tuple[str, str]]:
    rules = find_rules(zone, year)
    daylight = rules.standard if rules.daylight is None else rules.daylight
    yield from (("BEGIN", "VTIMEZONE"), ("TZID", zone_id))
    yield from _half("STANDARD", daylight, rules.standard, rules.to_standard)
    if rules.daylight is not None:
        yield from _half("DAYLIGHT", rules.standard, daylight, rules.to_daylight)
    yield ("END", "VTIMEZONE")


def _half(name: str, before: timedelta, after: timedelta, change: Change | None) -> Iterator[tuple[str, str]]:
    yield ("BEGIN", name)
    first = datetime(1601, 1, 1) if change is None else change.moment(1601)  # noqa: DTZ001 - clocks show it
    yield ("DTSTART", f"{first:%Y%m%dT%H%M%S}" if first.year > 999 else "16010101T000000")
    if change is not None:
        day = f"{change.occurrence}{WEEKDAYS[change.weekday][:2].upper()}"
        yield ("RRULE", f"FREQ=YEARLY;BYDAY={day};BYMONTH={change.month}")
    yield from (("TZOFFSETFROM", _offset(before)), ("TZOFFSETTO", _offset(after)), ("END", name))


def _offset(length: timedelta) -> str:
    """Return an offset from UTC.

    >>> _offset(-timedelta(hours=3, minutes=30))
    '-0330'
    """
    hours, minutes = divmod(abs(int(length.total_seconds())) // 60, 60)
    return f"{'-' if length < timedelta() else '+'}{hours:02}{minutes:02}"
