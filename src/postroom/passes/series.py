"""Messages on series: made of an appointment, divided, ended, and expanded further."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.passes.context import Context
from postroom.recurrence.columns import to_columns
from postroom.recurrence.expand import day_of, first_day, is_day_of, length_of, nth_day, place_of
from postroom.recurrence.rule import Rule
from postroom.recurrence.wording import describe
from postroom.schema.appointment import Appointment
from postroom.schema.choices import AppointmentState, PatternEnd
from postroom.schema.ids import new_id
from postroom.schema.organization import Organization
from postroom.store.records import instances
from postroom.store.records.calendar import read_deletions, write_deletions

log = logging.getLogger(__name__)

_APPOINTMENT = Appointment.__table__
_BATCH = Organization.__table__.c.recurrenceexpansionjobbatchsize
#: Series that one round of upkeep looks at.
_AT_ONCE: Final = 50
_USUAL_BATCH: Final = 100


def add_recurrence(
    context: Context, appointment: UUID, rule: Mapping[str, Any], *, by: UUID | None = None
) -> UUID:
    """Put a series in the place of an appointment and return its key; `rule` are columns of the series.

    The appointment is deleted, and its guests learn by that and by the series' own invitation.
    """
    # source: DATAVERSE-ACTIONS AddRecurrence
    with context.database.write() as connection:
        row = context.records.get(connection, "appointment", appointment)
        if row["seriesid"] is not None:
            raise UserError("This appointment is one day of a series already; change the series instead.")
        values = {
            **{name: row[name] for name in instances.SHARED},
            "starttime": row["scheduledstart"],
            "endtime": row["scheduledend"],
            "isalldayevent": row["isalldayevent"],
            "parties": instances.parties_of(connection, appointment),
            **rule,
        }
        series = context.records.create(connection, instances.TABLE, values, by=by)
        context.records.delete(connection, "appointment", appointment, by=by)
        return series


def split_series(
    context: Context, series: UUID, at: datetime, changes: Mapping[str, Any], *, by: UUID | None = None
) -> UUID:
    """Let a series end before one of its days and another one begin with it; return the other's key.

    `at` is when that day would have started; `changes` are columns of the new series: what is to be
    different on this day and on all that follow. Days that were changed or removed go along.
    """
    with context.database.write() as connection:
        row = context.records.get(connection, instances.TABLE, series)
        before, after = _parts(instances.rule_of(row), at)
        begins_at = to_columns(after)["starttime"]
        removed, other = read_deletions(row["deletedexceptionslist"]), new_id()
        _hand_over(connection, series, other, begins_at)
        values = {
            **{name: row[name] for name in (*instances.SHARED, "isalldayevent", "postroom_timezone")},
            **to_columns(after),
            "activityid": other,
            "groupid": row["groupid"] or series,
            "deletedexceptionslist": write_deletions(day for day in removed if day >= begins_at),
            "parties": instances.parties_of(connection, series),
        }
        context.records.create(connection, instances.TABLE, values, by=by, internal=True)
        rest = write_deletions(day for day in removed if day < begins_at)
        ended = {**to_columns(before), "deletedexceptionslist": rest}
        context.records.update(connection, instances.TABLE, series, ended, by=by, internal=True)
        if changes:
            context.records.update(connection, instances.TABLE, other, changes, by=by)
        return other


def end_series(
    context: Context, series: UUID, at: datetime, state_of_past: AppointmentState, *, by: UUID | None = None
) -> None:
    """Let a series have no day after an instant, and give its open days before it that state."""
    # source: DATAVERSE-ACTIONS DeleteOpenInstances
    with context.database.write() as connection:
        row = context.records.get(connection, instances.TABLE, series)
        rule = instances.rule_of(row)
        last = at.astimezone(rule.timing.zone.tz).date()
        if last < (first_day(rule) or last):
            raise UserError("The series would end before it begins; delete it instead.")
        end = {"patternendtype": int(PatternEnd.PATTERN_END_DATE), "occurrences": None}
        day = datetime(last.year, last.month, last.day, tzinfo=at.tzinfo)
        values = {**end, "patternenddate": day}
        context.records.update(connection, instances.TABLE, series, values, by=by)
        for each in instances.instances_of(connection, series):
            if each["statecode"] in instances.OPEN and state_of_past not in instances.OPEN:
                state = {"statecode": int(state_of_past)}
                context.records.update(connection, "appointment", each["activityid"], state, by=by)


def describe_series(context: Context, series: UUID) -> str:
    """Return how a series recurs, as a sentence; raises `UnsupportedRecurrence` when it means nothing."""
    # source: DATAVERSE-ACTIONS ValidateRecurrenceRule
    with context.database.read() as connection:
        return describe(instances.rule_of(context.records.get(connection, instances.TABLE, series)))


def expand_series(context: Context) -> int:
    """Make some of the days of series that have come into the window; return how many."""
    with context.database.read() as connection:
        waiting = instances.due(connection, context.clock.now(), _AT_ONCE)
        batch = connection.scalar(sa.select(_BATCH)) or _USUAL_BATCH if waiting else 0
    made = 0
    for series in waiting:
        if made >= batch:
            break
        made += _expand_one(context, series, batch - made)
    return made


def _expand_one(context: Context, series: UUID, at_most: int) -> int:
    try:
        with context.database.write() as connection:
            return instances.expand(context.records, connection, series, context.clock.now(), at_most)
    except UserError:
        # One that can't be expanded must not keep the others waiting.
        log.warning("a series could not be expanded", extra={"series": str(series)}, exc_info=True)
        with context.database.write() as connection:
            instances.expand_no_more(connection, series)
        return 0


def _parts(rule: Rule, at: datetime) -> tuple[Rule, Rule]:
    """Return the rule before a day and the one that begins with it."""
    day = day_of(rule, at)
    if day is None or not is_day_of(rule, day):
        raise UserError(f"The series has no day that starts at {at.isoformat()}.")
    place, length = place_of(rule, day), length_of(rule)
    last = nth_day(rule, place - 1) if place else None
    if last is None:
        raise UserError("This is the first day of the series; change the series itself.")
    remaining = None if rule.occurrences is None or length is None else length - place
    return (
        replace(rule, ends_on=last, occurrences=None),
        replace(rule, starts_on=day, occurrences=remaining),
    )


def _hand_over(connection: Connection, series: UUID, other: UUID, begins_at: datetime) -> None:
    """Let the days from then on be days of the other series."""
    original = sa.func.coalesce(_APPOINTMENT.c.originalstartdate, _APPOINTMENT.c.scheduledstart)
    connection.execute(
        sa.update(_APPOINTMENT)
        .where(_APPOINTMENT.c.seriesid == series, original >= begins_at)
        .values(seriesid=other)
    )
