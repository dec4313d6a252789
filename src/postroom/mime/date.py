"""The Date header as an aware instant, in any form that mail programs write."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_COMMON = re.compile(
    r"(?:[A-Za-z]{3},)?[ \t]{0,9}(\d{1,2})[ \t]{1,9}([A-Za-z]{3})[ \t]{1,9}(\d{4})[ \t]{1,9}"
    r"(\d\d):(\d\d)(?::(\d\d))?[ \t]{1,9}([+-])(\d\d)([0-5]\d)(?:[ \t]{0,9}\([^()]{0,40}\))?[ \t]{0,9}"
)
_DAY_SECONDS = 86_400
# No date line is longer; what is longer is not worth the standard library's time.
_LONGEST = 200
# Zones in letters that mean something, and the forms that count as none. source: RFC5322 4.3
_ZONE = re.compile(r"[+-]\d{4}\b|\b(?:UTC?|GMT|Z|[ECMP][SD]T|A[SD]T)\b", re.IGNORECASE)


def read_date(value: str) -> datetime | None:
    """Return the instant in UTC, or None when there is none to be read.

    A date without a zone counts as UTC; one with a zone that nobody knows is no instant.

    >>> str(read_date("Mon, 2 Mar 2026 10:30:00 +0100 (CET)"))
    '2026-03-02 09:30:00+00:00'
    >>> str(read_date("2 Mar 99 10:30 GMT")), read_date("Mon, 2 Mar 2026 10:30:00 +9900"), read_date("soon")
    ('1999-03-02 10:30:00+00:00', None, None)
    """
    if not value or len(value) > _LONGEST:
        return None
    if (common := _COMMON.fullmatch(value)) and (month := _MONTHS.get(common[2].lower())):
        day, _, year, hour, minute, second, sign, hours, minutes = common.groups()
        offset = int(hours) * 3600 + int(minutes) * 60
        return _instant(
            (int(year), month, int(day), int(hour), int(minute), int(second or 0)),
            -offset if sign == "-" else offset,
        )
    return _read_uncommon(value)


def _read_uncommon(value: str) -> datetime | None:
    try:
        parsed = parsedate_tz(value)
    except (ValueError, IndexError, TypeError, OverflowError):  # pragma: no cover - only some releases raise
        return None
    if parsed is None:
        return None
    offset = parsed[9]
    if offset is None or (offset == 0 and not _ZONE.search(value)):
        # The library gives no offset both for no zone and for an unknown one.
        if _has_zone_word(value):
            return None
        offset = 0
    return _instant(parsed[:6], offset)


def _has_zone_word(value: str) -> bool:
    after_time = re.split(r"\d:\d\d(?::\d\d)?", value, maxsplit=1)
    tail = after_time[1] if len(after_time) == 2 else ""
    return bool(re.search(r"[A-Za-z+-]", tail.partition("(")[0]))


def _instant(parts: tuple[int, ...], offset: int) -> datetime | None:
    if abs(offset) >= _DAY_SECONDS:
        return None
    year, month, day, hour, minute, second = parts
    try:
        # A leap second counts as the second before it.
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        return local - timedelta(seconds=offset)
    except (ValueError, OverflowError):
        return None
