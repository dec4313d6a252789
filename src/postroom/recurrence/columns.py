"""Rules as the CRM keeps them: columns of a series and of its recurrence rule."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from postroom.recurrence.expand import first_day, last_day, occurrence_on
from postroom.recurrence.obstacle import Obstacle, UnsupportedRecurrence
from postroom.recurrence.rule import NO_DAYS, WEEKDAYS, Days, Rule, Timing
from postroom.recurrence.zone import Zone
from postroom.schema.choices import MonthOfYear, PatternEnd, RecurrencePattern, WeekInstance

_LONGEST_INTERVAL: Final = 1000
_MOST_OCCURRENCES: Final = 999
_MINUTE: Final = timedelta(minutes=1)


def from_columns(columns: Mapping[str, Any], zone: Zone) -> Rule:
    """Return the rule that a series' columns hold; `zone` is where its owner's clocks are."""
    if columns.get("isregenerate"):
        raise UnsupportedRecurrence(Obstacle.REGENERATES)
    try:
        return _read(columns, zone)
    except (AttributeError, KeyError, ValueError, TypeError, OverflowError) as problem:
        raise UnsupportedRecurrence(
            Obstacle.INVALID, f"A column of the series means nothing or is missing: {str(problem)[:80]}."
        ) from problem


def _read(columns: Mapping[str, Any], zone: Zone) -> Rule:
    pattern = RecurrencePattern(columns["recurrencepatterntype"])
    # "Every weekday" is kept as weekly; programs that keep it as daily mean the same.
    if columns.get("isweekdaypattern") and pattern is RecurrencePattern.DAILY:
        pattern = RecurrencePattern.WEEKLY
    is_relative = bool(columns.get("isnthmonthly" if pattern is RecurrencePattern.MONTHLY else "isnthyearly"))
    within_month = pattern in (RecurrencePattern.MONTHLY, RecurrencePattern.YEARLY)
    relative = within_month and is_relative
    days = WEEKDAYS if columns.get("isweekdaypattern") else Days(columns.get("daysofweekmask") or 0)
    end = PatternEnd(columns.get("patternendtype") or PatternEnd.NO_END_DATE)
    timing = _timing(columns, zone)
    return Rule(
        pattern=pattern,
        starts_on=_local_day(columns["patternstartdate"], timing),
        interval=columns.get("interval") or 1,
        days=days if relative or pattern is RecurrencePattern.WEEKLY else NO_DAYS,
        instance=WeekInstance(columns["instance"]) if relative else None,
        day_of_month=columns["dayofmonth"] if within_month and not relative else None,
        month=int(columns["monthofyear"]) if pattern is RecurrencePattern.YEARLY else None,
        first_day_of_week=Days(1 << (columns.get("firstdayofweek") or 0)),
        ends_on=_day(columns["patternenddate"]) if end is PatternEnd.PATTERN_END_DATE else None,
        occurrences=columns["occurrences"] if end is PatternEnd.OCCURRENCES else None,
        timing=timing,
    )


def _timing(columns: Mapping[str, Any], zone: Zone) -> Timing:
    lasts_for = columns.get("duration", 30) * _MINUTE
    if columns.get("isalldayevent"):
        days = max(1, -(-lasts_for // timedelta(days=1)))
        return Timing(time(), timedelta(days=days), is_all_day=True, zone=zone)
    return Timing(columns["starttime"].astimezone(zone.tz).time(), lasts_for, zone=zone)


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _local_day(value: datetime, timing: Timing) -> date:
    """Return the day of an instant where the series is; midnight of UTC floats, as all-day items do."""
    is_floating = timing.is_all_day and value.astimezone(UTC).time() == time()
    return value.astimezone(UTC if is_floating else timing.zone.tz).date()


def to_columns(rule: Rule) -> dict[str, Any]:
    """Return the columns that hold exactly the rule's occurrences; refuse what the CRM cannot say."""
    first, last = first_day(rule), last_day(rule)
    if first is None:
        raise UnsupportedRecurrence(Obstacle.NEVER)
    if rule.interval > _LONGEST_INTERVAL:
        raise UnsupportedRecurrence(
            Obstacle.INTERVAL, f"The CRM knows intervals up to {_LONGEST_INTERVAL}, not {rule.interval}."
        )
    rule = replace(rule, starts_on=first)
    if rule.occurrences is not None and rule.occurrences > _MOST_OCCURRENCES:
        rule = replace(rule, occurrences=None, ends_on=last)
    return {**_pattern_columns(rule), **_range_columns(rule, first, last)}


def _pattern_columns(rule: Rule) -> dict[str, Any]:
    is_weekdays = rule.pattern is RecurrencePattern.WEEKLY and rule.days == WEEKDAYS and rule.interval == 1
    return {
        "recurrencepatterntype": int(rule.pattern),
        "interval": rule.interval,
        "daysofweekmask": int(rule.days) or None,
        "dayofmonth": rule.day_of_month,
        "instance": None if rule.instance is None else int(rule.instance),
        "monthofyear": rule.month or int(MonthOfYear.INVALID),
        "isnthmonthly": rule.is_relative and rule.pattern is RecurrencePattern.MONTHLY,
        "isnthyearly": rule.is_relative and rule.pattern is RecurrencePattern.YEARLY,
        "isweekdaypattern": is_weekdays,
        "isregenerate": False,
        "firstdayofweek": rule.first_day_of_week.numbers[0],
    }


def _range_columns(rule: Rule, first: date, last: date | None) -> dict[str, Any]:
    start = occurrence_on(rule, first)
    end = PatternEnd.NO_END_DATE
    if rule.ends_on is not None:
        end = PatternEnd.PATTERN_END_DATE
    elif rule.occurrences is not None:
        end = PatternEnd.OCCURRENCES
    return {
        "patternstartdate": start.starts_at,
        "patternendtype": int(end),
        "patternenddate": None if rule.ends_on is None else datetime.combine(rule.ends_on, time(), UTC),
        "occurrences": rule.occurrences,
        "starttime": start.starts_at,
        "endtime": start.ends_at,
        "duration": rule.timing.lasts_for // _MINUTE,
        "isalldayevent": rule.timing.is_all_day,
        "effectivestartdate": datetime.combine(first, time(), UTC),
        "effectiveenddate": None if last is None else occurrence_on(rule, last).ends_at,
    }
