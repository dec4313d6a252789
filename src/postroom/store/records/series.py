"""Rules of series: columns that agree, the rule's own row, and instances that follow."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa

from postroom.recurrence.columns import to_columns
from postroom.recurrence.obstacle import UnsupportedRecurrence
from postroom.schema.choices import AppointmentState, PatternEnd
from postroom.schema.ids import new_id
from postroom.schema.organization import Organization
from postroom.store.records import instances
from postroom.store.records.calendar import write_deletions
from postroom.store.records.hooks import Write, WriteKind
from postroom.store.zones import zone_of_user

_NO_RULE: Final = 0x80040246
_TOO_LONG: Final = 0x8004E121
_MINUTE: Final = timedelta(minutes=1)
_HALF_AN_HOUR, _A_DAY = 30, 24 * 60
#: What a series and its rule's own row both say.
_COMMON: Final = (
    "recurrencepatterntype",
    "interval",
    "daysofweekmask",
    "dayofmonth",
    "instance",
    "monthofyear",
    "isnthmonthly",
    "isnthyearly",
    "isregenerate",
    "isweekdaypattern",
    "firstdayofweek",
    "patternstartdate",
    "patternendtype",
    "patternenddate",
    "occurrences",
    "effectivestartdate",
    "effectiveenddate",
    "starttime",
    "endtime",
    "duration",
)
_OF_THE_RULE: Final = (*_COMMON, "isalldayevent", "postroom_timezone")
_OWNER: Final = ("ownerid", "owneridtype")


def settle_rule(write: Write) -> None:
    """Make the columns that say how a series recurs agree, or refuse them."""
    is_new = write.kind is WriteKind.CREATE
    if write.kind is WriteKind.DELETE or not (is_new or write.changes(*_OF_THE_RULE)):
        return
    _fill_times(write)
    _fill_end(write)
    if write.problems:
        return
    try:
        rule = instances.rule_of(write.after)
        columns = to_columns(rule)
    except UnsupportedRecurrence as problem:
        write.refuse(" ".join(problem.problems), code=_NO_RULE, column="recurrencepatterntype")
        return
    write.values.update(columns)
    write.values.update(scheduledstart=columns["starttime"], scheduledend=columns["endtime"])
    _check_length(write, rule.timing.lasts_for)
    if is_new:
        write.values["ruleid"] = new_id()
    elif "deletedexceptionslist" not in write.values and write.before.get("deletedexceptionslist"):
        kept = instances.kept_deletions(write.before, rule)
        write.values["deletedexceptionslist"] = write_deletions(kept)


def keep_rule(write: Write) -> None:
    """Keep the rule's own row as the series says."""
    row = write.after
    values = {name: row.get(name) for name in _COMMON} | {name: row[name] for name in _OWNER}
    if write.kind is WriteKind.CREATE:
        values |= {"ruleid": row["ruleid"], "objectid": write.id}
        write.records.create(write.connection, "recurrencerule", values, by=write.by, internal=True)
    elif write.kind is WriteKind.UPDATE and row.get("ruleid") and write.changes(*_COMMON, *_OWNER):
        write.records.update(
            write.connection, "recurrencerule", row["ruleid"], values, by=write.by, internal=True
        )


def follow_series(write: Write) -> None:
    """Make the first instances of a series, and let those that are to come follow what was changed."""
    if write.kind is WriteKind.DELETE:
        return
    records, connection, now = write.records, write.connection, write.now
    is_new, is_other = write.kind is WriteKind.CREATE, _has_other_rule(write)
    if not is_new:
        if is_other:
            after = records.get(connection, instances.TABLE, write.id)
            instances.follow_rule(records, connection, write.before, after, now)
        changed = [name for name in instances.SHARED if write.changes(name)]
        if changed or write.parties is not None:
            instances.follow_content(
                records, connection, write.id, changed, now, people=write.parties is not None
            )
    if is_new or is_other:
        at_once = instances.window_of(connection, now).at_once
        instances.expand(records, connection, write.id, now, at_once)


def part_with_instances(write: Write) -> None:
    """Remove the open instances of a series that goes; completed and canceled ones tell what was."""
    if write.kind is not WriteKind.DELETE:
        return
    for row in instances.instances_of(write.connection, write.id):
        if row["statecode"] in (AppointmentState.OPEN, AppointmentState.SCHEDULED):
            write.records.delete(
                write.connection, "appointment", row["activityid"], by=write.by, internal=True
            )


def _has_other_rule(write: Write) -> bool:
    if write.kind is not WriteKind.UPDATE or not write.changes(*_OF_THE_RULE):
        return False
    return instances.rule_of(write.before) != instances.rule_of(write.after)


def _fill_times(write: Write) -> None:
    """Fill in the first day, its times and their zone from what was given of them."""
    values = write.values
    if write.after.get("starttime") is None:
        values["starttime"] = write.after.get("patternstartdate")
    start: datetime | None = write.after.get("starttime")
    if start is None:
        write.refuse("A series needs the time at which it starts.", code=_NO_RULE, column="starttime")
        return
    if write.after.get("patternstartdate") is None:
        values["patternstartdate"] = start
    if write.after.get("interval") is None:
        values["interval"] = 1
    values["duration"] = _minutes(write, start)
    values["endtime"] = start + values["duration"] * _MINUTE
    if not write.after.get("postroom_timezone"):
        values["postroom_timezone"] = _zone_name(write, start)
    _settle_first_day(write, start)


def _minutes(write: Write, start: datetime) -> int:
    """Return how many minutes each day lasts: by its end where that was given, else as before."""
    end: datetime | None = write.after.get("endtime")
    if end is not None and (write.changes("endtime") or write.after.get("duration") is None):
        if end < start:
            write.refuse("The days of the series end before they start.", code=_NO_RULE, column="endtime")
        return (end - start) // _MINUTE
    usual = _A_DAY if write.after.get("isalldayevent") else _HALF_AN_HOUR
    given: int | None = write.after.get("duration")
    return usual if given is None else given


def _zone_name(write: Write, start: datetime) -> str:
    # Whole days that begin at midnight in UTC float, as those of single appointments do.
    if write.after.get("isalldayevent") and start.astimezone(UTC).time() == time():
        return "UTC"
    return zone_of_user(write.connection, write.after.get("ownerid")).windows_name


def _settle_first_day(write: Write, start: datetime) -> None:
    """Take a first day that was given as a day, at midnight in UTC, for that day where the series is."""
    first: datetime = write.after["patternstartdate"]
    if not write.changes("patternstartdate") or first == start or first.astimezone(UTC).time() != time():
        return
    zone = instances.zone_of(write.after).tz
    shown = datetime.combine(first.astimezone(UTC).date(), start.astimezone(zone).time(), zone)
    write.values["patternstartdate"] = shown.astimezone(UTC)


def _fill_end(write: Write) -> None:
    """Fill in the number of days that a series without one has, and refuse an end that is missing."""
    end = write.after.get("patternendtype")
    if end == PatternEnd.OCCURRENCES and write.after.get("occurrences") is None:
        column = Organization.__table__.c.recurrencedefaultnumberofoccurrences
        write.values["occurrences"] = write.connection.scalar(sa.select(column)) or 10
    if end == PatternEnd.PATTERN_END_DATE and write.after.get("patternenddate") is None:
        write.refuse("A series that ends on a day needs that day.", code=_NO_RULE, column="patternenddate")


def _check_length(write: Write, lasts_for: timedelta) -> None:
    most: Any = write.connection.scalar(sa.select(Organization.__table__.c.maxappointmentdurationdays))
    if most and lasts_for > timedelta(days=most):
        write.refuse(
            f"Each day of a series may last up to {most} days; shorten it.", code=_TOO_LONG, column="duration"
        )
