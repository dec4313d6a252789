"""Dates and times of XML as Exchange takes and gives them: every xs:dateTime, aware."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from postroom.sandbox.exchange.refusal import Refusal

# source: XMLSCHEMA2 3.2.7
_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(\.(?P<fraction>\d{1,18}))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_DURATION = re.compile(
    r"(?P<sign>-?)P((?P<days>\d{1,6})D)?"
    r"(T((?P<hours>\d{1,6})H)?((?P<minutes>\d{1,6})M)?((?P<seconds>\d{1,9})(\.\d{1,18})?S)?)?",
    re.ASCII,
)
_SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def get_instant(text: str, zone: tzinfo = UTC) -> datetime:
    """Return the instant that an xs:dateTime or xs:date names; `zone` is for those that name none.

    >>> get_instant("2026-11-25T11:30:00.25+01:00").isoformat()
    '2026-11-25T10:30:00.250000+00:00'
    >>> get_instant("2026-11-25T24:00:00Z").isoformat()
    '2026-11-26T00:00:00+00:00'
    """
    try:
        local = _local(text.strip(), zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise Refusal("ErrorInvalidValueForProperty", f"{text[:40]!r} is no date and time.") from problem


def read_date(text: str) -> date:
    """Return the day that an xs:date names, without regard to the zone it may carry.

    >>> read_date("2026-11-25+01:00")
    datetime.date(2026, 11, 25)
    """
    match = _DATE_TIME.fullmatch(text.strip())
    try:
        return date.fromisoformat(match["date"] if match else "")
    except ValueError as problem:
        raise Refusal("ErrorInvalidValueForProperty", f"{text[:40]!r} is no date.") from problem


def read_duration(text: str) -> timedelta:
    """Return the length that an xs:duration of days and less names.

    >>> read_duration("-PT1H30M") == -timedelta(minutes=90)
    True
    """
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match[part] for part in _SECONDS):
        raise Refusal("ErrorInvalidValueForProperty", f"{text[:40]!r} is no length of time.")
    seconds = sum(int(match[part] or 0) * weight for part, weight in _SECONDS.items())
    return timedelta(seconds=-seconds if match["sign"] else seconds)


def write_duration(length: timedelta) -> str:
    """Return the length as an xs:duration in hours, minutes and seconds.

    >>> write_duration(-timedelta(minutes=90)), write_duration(timedelta())
    ('-PT1H30M', 'PT0S')
    """
    seconds = int(abs(length).total_seconds())
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    text = "".join(f"{count}{unit}" for count, unit in parts if count)
    return f"{'-' if length < timedelta() else ''}PT{text or '0S'}"


def _local(text: str, zone: tzinfo) -> datetime:
    match = _DATE_TIME.fullmatch(text)
    if not match:
        raise ValueError(text)
    day = date.fromisoformat(match["date"])
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if hour == 24:
        if minute or second:
            raise ValueError(text)
        day, hour = day + timedelta(days=1), 0
    microsecond = int((match["fraction"] or "0").ljust(6, "0")[:6])
    return datetime.combine(day, time(hour, minute, second, microsecond), _zone(match["zone"], zone))


def _zone(text: str | None, default: tzinfo) -> tzinfo:
    if not text:
        return default
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)
