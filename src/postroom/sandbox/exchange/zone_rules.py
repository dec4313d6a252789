"""Rules of daylight saving time: found in the IANA database, applied where only rules are."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_NONE = timedelta()


@dataclass(frozen=True, slots=True)
class Change:
    """When clocks change: a time on the n-th weekday of a month; -1 is the last."""

    month: int
    #: 0 is Monday.
    weekday: int
    occurrence: int
    #: Since midnight, as clocks show it before they are changed.
    at: timedelta

    def moment(self, year: int) -> datetime:
        """Return when clocks change in a year, as they show it before.

        >>> Change(3, 6, -1, timedelta(hours=2)).moment(2026)
        datetime.datetime(2026, 3, 29, 2, 0)
        """
        first, days = calendar.monthrange(year, self.month)
        day = 1 + (self.weekday - first) % 7 + 7 * ((self.occurrence if self.occurrence > 0 else 5) - 1)
        while day > days:
            day -= 7
        return datetime.combine(date(year, self.month, day), time()) + self.at


@dataclass(frozen=True, slots=True)
class Rules:
    """What clocks show in winter and in summer, and when they change; the last three are None for none."""

    standard: timedelta
    daylight: timedelta | None = None
    to_daylight: Change | None = None
    to_standard: Change | None = None


class RuledZone(tzinfo):
    """A time zone of which only rules are known, the same in every year."""

    def __init__(self, name: str, rules: Rules) -> None:
        self._name = name
        self._rules = rules

    def utcoffset(self, at: datetime | None) -> timedelta:
        """Return how far clocks are ahead of UTC."""
        rules = self._rules
        if at is None or rules.daylight is None or rules.to_daylight is None or rules.to_standard is None:
            return rules.standard
        shown = at.replace(tzinfo=None)
        begins, ends = (change.moment(at.year) for change in (rules.to_daylight, rules.to_standard))
        gap = rules.daylight - rules.standard
        # What clocks show twice is the first of the two unless the fold says otherwise; what they
        # never show is read as it was before the change.
        begins += gap * (1 - at.fold)
        ends -= gap * at.fold
        is_summer = begins <= shown < ends if begins < ends else not ends <= shown < begins
        return rules.daylight if is_summer else rules.standard

    def dst(self, at: datetime | None) -> timedelta:
        """Return how far clocks are ahead of winter's."""
        return self.utcoffset(at) - self._rules.standard

    def tzname(self, at: datetime | None) -> str:
        """Return the name."""
        return self._name

    def fromutc(self, at: datetime) -> datetime:
        """Return what clocks show at an instant."""
        winter = at + self._rules.standard
        summer = winter if self._rules.daylight is None else at + self._rules.daylight
        for local in (summer, winter):
            if local.replace(tzinfo=None) - self.utcoffset(local) == at.replace(tzinfo=None):
                return local
        # What clocks show for the second time.
        return winter.replace(fold=1)


def find_rules(zone: tzinfo, year: int) -> Rules:
    """Return the rules by which a zone's clocks change in a year, and in those after it if possible.

    Some laws name no weekday of a month (some follow the moon); then the rules are right for this year.
    """
    years = [list(_changes(zone, each)) for each in range(year, year + 6)]
    begin = zone.utcoffset(datetime(year, 1, 1, tzinfo=zone)) or _NONE
    if len(years[0]) != 2:
        return Rules(begin)
    rules = []
    for place in (0, 1):
        same = [changes[place] for changes in years if len(changes) == 2]
        rules.append(_rule(same) or _rule(same[:1]))
    first_offset, second_offset = years[0][0][1], years[0][1][1]
    if first_offset > second_offset:
        return Rules(second_offset, first_offset, rules[0], rules[1])
    return Rules(first_offset, second_offset, rules[1], rules[0])


def _changes(zone: tzinfo, year: int) -> Iterator[tuple[datetime, timedelta]]:
    """Yield when clocks change in a year, as they show it before, and how far they are ahead after."""
    hour = timedelta(hours=1)
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        before, after = (moment.astimezone(zone).utcoffset() or _NONE for moment in (at, at + 24 * hour))
        if before != after:
            yield _moment(zone, at, before), after
        at += 24 * hour


def _moment(zone: tzinfo, day: datetime, before: timedelta) -> datetime:
    low, high = 0, 24 * 60
    while high - low > 1:
        middle = (low + high) // 2
        offset = (day + timedelta(minutes=middle)).astimezone(zone).utcoffset()
        low, high = (middle, high) if offset == before else (low, middle)
    return (day + timedelta(minutes=high) + before).replace(tzinfo=None)


def _rule(changes: list[tuple[datetime, timedelta]]) -> Change | None:
    """Return the one rule that all these changes follow, or None."""
    moments = [moment for moment, _ in changes]
    lasts = {moment.day > calendar.monthrange(moment.year, moment.month)[1] - 7 for moment in moments}
    counts = {(moment.day - 1) // 7 + 1 for moment in moments}
    shapes = {(moment.month, moment.weekday(), moment.time()) for moment in moments}
    if len(shapes) != 1 or len({offset for _, offset in changes}) != 1:
        return None
    if lasts != {True} and len(counts) != 1:
        return None
    month, weekday, at = shapes.pop()
    since = timedelta(hours=at.hour, minutes=at.minute)
    return Change(month, weekday, -1 if lasts == {True} else counts.pop(), since)
