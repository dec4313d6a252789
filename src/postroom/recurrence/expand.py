"""Occurrences of a rule: the n-th, the place of a day, those in a window.

Never more work than asked for: every pattern lets the n-th day be computed directly, and the days grow
with n. So a place is found by bisection and a window far from the start costs as little as one near it;
endless rules are no danger.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice

from postroom.recurrence.rule import LAST_DAY, Rule, wall_clock
from postroom.schema.choices import RecurrencePattern, WeekInstance

_DAY = timedelta(days=1)
#: No zone is further from UTC than this, so the day there differs from UTC's by one at most.
_FARTHEST = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence: the day of the rule that it stands for, and when it starts and ends."""

    original_on: date
    starts_at: datetime
    ends_at: datetime


def nth_day(rule: Rule, number: int) -> date | None:
    """Return the day of the n-th occurrence, from 0 and without regard to the end; None after the last day.

    >>> rule = Rule(pattern=RecurrencePattern.MONTHLY, starts_on=date(2026, 1, 31), day_of_month=31)
    >>> str(nth_day(rule, 1))
    '2026-02-28'
    """
    if rule.pattern is RecurrencePattern.DAILY:
        return _bounded(rule.starts_on.toordinal() + number * rule.interval)
    if rule.pattern is RecurrencePattern.WEEKLY:
        return _bounded(_nth_of_weeks(rule, number))
    return _nth_of_months(rule, number)


def _bounded(ordinal: int) -> date | None:
    return date.fromordinal(ordinal) if ordinal <= LAST_DAY.toordinal() else None


def _nth_of_weeks(rule: Rule, number: int) -> int:
    """Return the ordinal of a weekly rule's n-th day; the first week may be entered in its middle."""
    first = rule.first_day_of_week.numbers[0]
    offsets = sorted((day - first) % 7 for day in rule.days.numbers)
    entered = (rule.starts_on.isoweekday() - first) % 7
    week = rule.starts_on.toordinal() - entered
    skipped = sum(offset < entered for offset in offsets)
    weeks, place = divmod(number + skipped, len(offsets))
    return week + weeks * rule.interval * 7 + offsets[place]


def _nth_of_months(rule: Rule, number: int) -> date | None:
    start = rule.starts_on
    is_yearly = rule.pattern is RecurrencePattern.YEARLY
    step = rule.interval * (12 if is_yearly else 1)
    month = start.year * 12 + (rule.month or start.month) - 1
    first = _day_in_month(rule, month)
    if first is not None and first < start:
        number += 1
    return _day_in_month(rule, month + number * step)


def _day_in_month(rule: Rule, months: int) -> date | None:
    """Return the rule's day in a month that is counted from the year 0; None after the last day."""
    year, month = divmod(months, 12)
    if year > LAST_DAY.year:
        return None
    first_weekday, length = calendar.monthrange(year, month + 1)
    if rule.instance is None:
        return _bounded(date(year, month + 1, min(rule.day_of_month or 1, length)).toordinal())
    # monthrange counts from Monday, Days from Sunday.
    fitting = [day for day in range(1, length + 1) if rule.days & (1 << ((first_weekday + day) % 7))]
    place = -1 if rule.instance is WeekInstance.LAST else int(rule.instance) - 1
    return _bounded(date(year, month + 1, fitting[place]).toordinal())


def place_of(rule: Rule, day: date) -> int:
    """Return how many days of the rule lie before a day, without regard to its end.

    >>> from postroom.recurrence.rule import WEEKDAYS
    >>> rule = Rule(pattern=RecurrencePattern.WEEKLY, starts_on=date(2026, 11, 25), days=WEEKDAYS)
    >>> place_of(rule, date(2026, 12, 1)), place_of(rule, date(2000, 1, 1))
    (4, 0)
    """
    low, high = 0, max(0, (min(day, LAST_DAY) - rule.starts_on).days + 1)
    while low < high:
        middle = (low + high) // 2
        found = nth_day(rule, middle)
        if found is not None and found < day:
            low = middle + 1
        else:
            high = middle
    return low


def length_of(rule: Rule) -> int | None:
    """Return how many occurrences the rule has; None when it has no end."""
    if rule.ends_on is not None:
        return place_of(rule, rule.ends_on + _DAY)
    return rule.occurrences


def days_of(rule: Rule, since: date | None = None) -> Iterator[date]:
    """Yield the days of a rule, lazily and in order, from a day on.

    >>> rule = Rule(pattern=RecurrencePattern.DAILY, starts_on=date(2026, 1, 1), interval=10)
    >>> [day.day for day in islice(days_of(rule, date(2026, 1, 15)), 2)]
    [21, 31]
    """
    first = 0 if since is None else place_of(rule, since)
    length = length_of(rule)
    for number in count(first) if length is None else range(first, length):
        day = nth_day(rule, number)
        if day is None:
            return
        yield day


def first_days(rule: Rule, number: int) -> list[date]:
    """Return the first days of a rule; fewer when it has no more."""
    return list(islice(days_of(rule), number))


def first_day(rule: Rule) -> date | None:
    """Return the first day of a rule; None when it has none."""
    return next(days_of(rule), None)


def last_day(rule: Rule) -> date | None:
    """Return the last day of a rule; None when it has no end or no day."""
    length = length_of(rule)
    if not length:
        return None
    return nth_day(rule, min(length, place_of(rule, LAST_DAY + _DAY)) - 1)


def is_day_of(rule: Rule, day: date) -> bool:
    """Say whether the rule has an occurrence on a day."""
    place, length = place_of(rule, day), length_of(rule)
    return nth_day(rule, place) == day and (length is None or place < length)


def occurrence_on(rule: Rule, day: date) -> Occurrence:
    """Return the occurrence of a day of the rule, at the instants that its zone's clocks say.

    Times that clocks never show are moved forward by what is skipped; of times that they show twice the
    first counts. An end is what clocks show as well, so a change of clocks in between moves no end.

    >>> from postroom.recurrence.rule import Timing
    >>> from postroom.recurrence.zone import zone_named
    >>> at = Timing(starts_at=datetime(2026, 1, 1, 2, 30).time(), zone=zone_named("Europe/Berlin"))
    >>> rule = Rule(pattern=RecurrencePattern.DAILY, starts_on=date(2026, 3, 1), timing=at)
    >>> str(occurrence_on(rule, date(2026, 3, 29)).starts_at)
    '2026-03-29 01:30:00+00:00'
    """
    start = wall_clock(rule, day)
    timing = rule.timing
    starts_at = _instant(rule, start)
    ends_at = _instant(rule, start + timing.lasts_for)
    # Where clocks are set back within it, the end could come first.
    return Occurrence(day, starts_at, max(starts_at, ends_at))


def _instant(rule: Rule, shown: datetime) -> datetime:
    # fold=0 reads a skipped time by the offset before the change, which moves it forward.
    return shown.replace(tzinfo=rule.timing.zone.tz, fold=0).astimezone(UTC)


def day_of(rule: Rule, starts_at: datetime) -> date | None:
    """Return the day of the rule that an original start stands for; None when there is none near it.

    The start may be off by some hours: zones are approximated, and all-day items float.
    """
    local = starts_at.astimezone(rule.timing.zone.tz).date()
    near = [day for day in (local - _DAY, local, local + _DAY) if is_day_of(rule, day)]
    if not near:
        return None
    distances = {day: abs(occurrence_on(rule, day).starts_at - starts_at) for day in near}
    best = min(near, key=lambda day: distances[day])
    return best if best == local or distances[best] <= timedelta(hours=14) else None


def occurrences_between(rule: Rule, since: datetime, until: datetime) -> Iterator[Occurrence]:
    """Yield the occurrences of a rule that touch a window of instants, in order.

    One that ends just when the window begins does not touch it, unless it has no length.
    """
    earliest = since - _FARTHEST - rule.timing.lasts_for if since.year > 2 else since
    for day in days_of(rule, earliest.date()):
        found = occurrence_on(rule, day)
        if found.starts_at >= until:
            return
        if touches(found.starts_at, found.ends_at, since):
            yield found


def touches(starts_at: datetime, ends_at: datetime, since: datetime) -> bool:
    """Say whether something is not over when a window begins."""
    return ends_at > since or starts_at >= since
