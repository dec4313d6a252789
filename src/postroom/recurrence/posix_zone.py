"""Time zones as POSIX writes them in the variable TZ: `CET-1CEST,M3.5.0,M10.5.0/3`."""

import re
from datetime import date, timedelta

from postroom.recurrence.zone_rules import YearlyChange, ZoneRules

_NAME = r"(?:[A-Za-z]{3,10}|<[A-Za-z0-9+\-]{3,10}>)"
_TIME = r"[+-]?\d{1,3}(?::\d\d){0,2}"
_WHEN = rf"(?:M\d{{1,2}}\.[1-5]\.[0-6]|J?\d{{1,3}})(?:/{_TIME})?"
_POSIX = re.compile(
    rf"{_NAME}(?P<standard>{_TIME})(?:{_NAME}(?P<daylight>{_TIME})?(?:,(?P<begin>{_WHEN}),(?P<end>{_WHEN}))?)?"
)
_HOUR = timedelta(hours=1)
# What counts when summer time is named without rules: those of the United States.
_DEFAULT = ("M3.2.0", "M11.1.0")


def read_posix_rules(text: str) -> ZoneRules | None:
    """Return the rules that a TZ string holds; None when it is none or means nothing.

    >>> rules = read_posix_rules("CET-1CEST,M3.5.0,M10.5.0/3")
    >>> str(rules.daylight), str(rules.to_standard.moment(2026))
    ('2:00:00', '2026-10-25 03:00:00')
    """
    found = _POSIX.fullmatch(text)
    if found is None:
        return None
    # POSIX counts what has to be added to local time. Names without summer time hold no more than this.
    standard = -_length(found["standard"])
    is_plain = re.fullmatch(rf"{_NAME}{_TIME}", text) is not None
    if is_plain:
        return _possible(ZoneRules(standard)) if "<" in text else None
    daylight = -_length(found["daylight"]) if found["daylight"] else standard + _HOUR
    begin, end = (found["begin"], found["end"]) if found["begin"] else _DEFAULT
    return _possible(ZoneRules(standard, daylight, _change(begin), _change(end)))


def _possible(rules: ZoneRules) -> ZoneRules | None:
    return rules if rules.is_possible else None


def _length(text: str) -> timedelta:
    parts = [int(part) for part in text.lstrip("+-").split(":")] + [0, 0]
    length = timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2])
    return -length if text.startswith("-") else length


def _change(text: str) -> YearlyChange:
    when, _, at = text.partition("/")
    clock = _length(at) if at else 2 * _HOUR
    if when.startswith("M"):
        month, place, weekday = (int(part) for part in when[1:].split("."))
        return YearlyChange(month, place, weekday, clock)
    # A day of the year; one more or less in leap years is within what an approximation may miss.
    number = int(when.lstrip("J")) - (1 if when.startswith("J") else 0)
    day = date(2025, 1, 1) + timedelta(days=min(number, 364))
    return YearlyChange(day.month, day.day, None, clock)
