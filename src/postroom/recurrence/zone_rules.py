"""What clocks do in a zone told by rules: offsets, and when they change.

Exchange, iCalendar, POSIX and the CRM's user settings all tell zones in this way. From rules an IANA
zone is found by comparing what clocks show over the years around an item.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from postroom.recurrence.windows_zones import WINDOWS_NAMES, WINDOWS_ZONES

_NO_TIME = timedelta()
_DAY = timedelta(days=1)
#: No clock is further from UTC.
MAX_OFFSET: Final = timedelta(hours=16)
#: Years compared before and after the year of the item.
_BEFORE, _AFTER = 1, 2


@dataclass(frozen=True, slots=True)
class YearlyChange:
    """When clocks change: the n-th weekday of a month (5 is the last), or a day when `weekday` is None."""

    month: int
    #: The n-th, from 1 to 5; without weekday the day of the month.
    day: int
    #: 0 is Sunday.
    weekday: int | None = 0
    #: Since midnight, as clocks show before they are changed; may be more than a day, or less than nothing.
    at: timedelta = _NO_TIME

    def moment(self, year: int) -> datetime:
        """Return when clocks change in a year, as they show it before.

        >>> str(YearlyChange(3, 5, at=timedelta(hours=2)).moment(2026))
        '2026-03-29 02:00:00'
        """
        first_weekday, length = calendar.monthrange(year, self.month)
        day = self.day
        if self.weekday is not None:
            # monthrange counts from Monday, the rules from Sunday.
            day = 1 + (self.weekday - first_weekday - 1) % 7 + 7 * (self.day - 1)
            day -= 7 if day > length else 0
        return datetime(year, self.month, min(day, length)) + self.at  # noqa: DTZ001 - what clocks show

    @property
    def is_possible(self) -> bool:
        """Say whether there is such a day in a year."""
        limit = 31 if self.weekday is None else 5
        in_week = self.weekday is None or 0 <= self.weekday <= 6
        return 1 <= self.month <= 12 and 1 <= self.day <= limit and in_week and abs(self.at) <= 8 * _DAY


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """How far clocks are ahead of UTC in winter and summer; the last three are None without summer time."""

    standard: timedelta
    daylight: timedelta | None = None
    to_daylight: YearlyChange | None = None
    to_standard: YearlyChange | None = None

    @property
    def is_possible(self) -> bool:
        """Say whether clocks can be set by these rules."""
        offsets = (self.standard, self.standard if self.daylight is None else self.daylight)
        changes = (self.to_daylight, self.to_standard)
        return all(abs(offset) <= MAX_OFFSET for offset in offsets) and all(
            change is None or change.is_possible for change in changes
        )

    def offset_at(self, at: datetime) -> timedelta:
        """Return how far clocks are ahead of UTC at an instant."""
        if self.daylight is None or self.to_daylight is None or self.to_standard is None:
            return self.standard
        shown = at.replace(tzinfo=None)
        year = (shown + self.standard).year
        begins = self.to_daylight.moment(year) - self.standard
        ends = self.to_standard.moment(year) - self.daylight
        is_summer = begins <= shown < ends if begins < ends else not ends <= shown < begins
        return self.daylight if is_summer else self.standard


def rules_from_bias(
    bias: int,
    daylight_bias: int = -60,
    *,
    standard_bias: int = 0,
    to_standard: YearlyChange | None = None,
    to_daylight: YearlyChange | None = None,
) -> ZoneRules:
    """Return rules told in Windows' way: minutes to be added to local time to get UTC.

    >>> str(rules_from_bias(-60).standard)
    '1:00:00'
    """
    standard = timedelta(minutes=-(bias + standard_bias))
    if to_standard is None or to_daylight is None:
        return ZoneRules(standard)
    return ZoneRules(standard, timedelta(minutes=-(bias + daylight_bias)), to_daylight, to_standard)


@dataclass(frozen=True, slots=True)
class Likeness:
    """The IANA zone that comes closest to rules, and the share of the time in which it differs."""

    key: str
    differs: float


@lru_cache(maxsize=512)
def closest_zone(rules: ZoneRules, year: int) -> Likeness:
    """Return the IANA zone whose clocks show what these rules say, or most nearly, in the years around.

    Among equals the zones that Windows names come first: every server knows them.

    >>> closest_zone(rules_from_bias(-330), 2026).key
    'Asia/Calcutta'
    """
    instants = list(_samples(min(max(year, 1971), 2100)))
    wanted = [(at, rules.offset_at(at)) for at in instants]
    best, nearest = "Etc/UTC", timedelta.max
    for key in _candidates():
        off = _distance(ZoneInfo(key), wanted, nearest)
        if off < nearest:
            best, nearest = key, off
        if not nearest:
            break
    zone = ZoneInfo(best)
    return Likeness(best, sum(_offset(zone, at) != offset for at, offset in wanted) / len(wanted))


def _distance(zone: ZoneInfo, wanted: list[tuple[datetime, timedelta]], limit: timedelta) -> timedelta:
    """Return how far clocks are off in sum; what is beyond the limit is not looked into further."""
    off = _NO_TIME
    for at, offset in wanted:
        off += abs(_offset(zone, at) - offset)
        if off >= limit:
            break
    return off


def _samples(year: int) -> Iterator[datetime]:
    """Yield instants of the years compared, close enough to tell the last Sunday from the one before."""
    at = datetime(year - _BEFORE, 1, 1, tzinfo=UTC)
    while at.year <= year + _AFTER:
        yield at
        at += timedelta(days=3, hours=7)


@lru_cache(maxsize=1)
def _candidates() -> tuple[str, ...]:
    return tuple(dict.fromkeys([*WINDOWS_ZONES.values(), "Antarctica/Troll", *WINDOWS_NAMES]))


@lru_cache(maxsize=1024)
def rules_of(key: str, year: int) -> ZoneRules:
    """Return the rules by which clocks of an IANA zone change in a year, for those who need to be told.

    Laws that follow the moon or change twice are told as they are in this year.

    >>> str(rules_of("Europe/Berlin", 2026).to_standard.moment(2027))
    '2027-10-31 03:00:00'
    """
    zone = ZoneInfo(key)
    begin = _offset(zone, datetime(year, 1, 1, tzinfo=UTC))
    changes = list(_changes(zone, year))
    if len(changes) != 2:
        return ZoneRules(changes[-1][2] if changes else begin)
    (first, _, summer), (second, _, winter) = changes
    if summer > winter:
        return ZoneRules(winter, summer, _as_rule(zone, first), _as_rule(zone, second))
    return ZoneRules(summer, winter, _as_rule(zone, second), _as_rule(zone, first))


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or _NO_TIME


def _changes(zone: ZoneInfo, year: int) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """Yield when clocks change in a year, as they show it before, with the offsets before and after."""
    day = datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        before, after = _offset(zone, day), _offset(zone, day + _DAY)
        if before != after:
            low, high = 0, 24 * 60
            while high - low > 1:
                middle = (low + high) // 2
                is_before = _offset(zone, day + timedelta(minutes=middle)) == before
                low, high = (middle, high) if is_before else (low, middle)
            yield (day + timedelta(minutes=high) + before).replace(tzinfo=None), before, after
        day += _DAY


def _as_rule(zone: ZoneInfo, moment: datetime) -> YearlyChange:
    """Return a change as the n-th weekday of its month; the last where the next years agree to that."""
    length = calendar.monthrange(moment.year, moment.month)[1]
    place = (moment.day - 1) // 7 + 1
    at = timedelta(hours=moment.hour, minutes=moment.minute)
    may_be_last = moment.day > length - 7
    if place < 5 and may_be_last and not _is_last(zone, moment):
        may_be_last = False
    weekday = moment.isoweekday() % 7
    return YearlyChange(moment.month, 5 if may_be_last else place, weekday, at)


def _is_last(zone: ZoneInfo, moment: datetime) -> bool:
    later = [change for year in range(1, 7) for change, _, _ in _changes(zone, moment.year + year)]
    same = [change for change in later if change.month == moment.month]
    return all(change.day > calendar.monthrange(change.year, change.month)[1] - 7 for change in same)
