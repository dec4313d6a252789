"""Instances: the days of a series as appointments, made ahead and kept in step with it.

What has begun is history and stays as it is; what is still to come follows its series.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.recurrence.columns import from_columns
from postroom.recurrence.expand import Occurrence, day_of, is_day_of, occurrence_on, occurrences_between
from postroom.recurrence.rule import Rule
from postroom.recurrence.zone import Zone, zone_named
from postroom.schema.appointment import Appointment
from postroom.schema.choices import AppointmentState, ExpansionState, InstanceType, Participation
from postroom.schema.organization import Organization
from postroom.schema.party import ActivityParty
from postroom.schema.recurrence import RecurringAppointmentMaster
from postroom.store.records.calendar import read_deletions
from postroom.store.records.hooks import Rows

Row = Mapping[str, Any]

TABLE: Final = "recurringappointmentmaster"
#: What each instance has from its series, unless it was changed by itself.
SHARED: Final = (
    "subject",
    "description",
    "location",
    "prioritycode",
    "statuscode",
    "ismapiprivate",
    "isonlinemeeting",
    "onlinemeetingchatid",
    "onlinemeetingid",
    "onlinemeetingjoinurl",
    "onlinemeetingtype",
    "regardingobjectid",
    "regardingobjecttypecode",
    "ownerid",
    "owneridtype",
    "category",
    "subcategory",
)
#: What a party of the series hands on to those of its instances.
_OF_A_PARTY: Final = (
    "partyid",
    "partyobjecttypecode",
    "participationtypemask",
    "addressused",
    "unresolvedpartyname",
    "effort",
)
_MIRRORED: Final = (Participation.REGARDING, Participation.OWNER)
OPEN: Final = (AppointmentState.OPEN, AppointmentState.SCHEDULED)
_MASTER = RecurringAppointmentMaster.__table__
_APPOINTMENT = Appointment.__table__
_PARTY = ActivityParty.__table__
_ORGANIZATION = Organization.__table__
_FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Which days of series are kept as appointments."""

    since: datetime
    until: datetime
    #: How many instances are made at once when a series is written.
    at_once: int


def window_of(connection: Connection, now: datetime) -> Window:
    """Return the window of the organization's settings."""
    columns = _ORGANIZATION.c[
        "pastexpansionwindow", "futureexpansionwindow", "recurrenceexpansionsynchcreatemax"
    ]
    past, future, at_once = connection.execute(sa.select(*columns)).one()
    return Window(_months_from(now, -(past or 3)), _months_from(now, future or 12), at_once or 15)


def zone_of(row: Row) -> Zone:
    """Return the zone whose clocks a series follows."""
    return zone_named(row["postroom_timezone"] or "UTC")


def rule_of(row: Row) -> Rule:
    """Return the rule in the columns of a series; raises `UnsupportedRecurrence`."""
    return from_columns(row, zone_of(row))


def expand(records: Rows, connection: Connection, series: UUID, now: datetime, at_most: int) -> int:
    """Make the next instances of a series, as far as the window goes; return how many."""
    row = records.get(connection, TABLE, series)
    if row["statecode"] not in OPEN:
        return 0
    rule, window, last = rule_of(row), window_of(connection, now), row["lastexpandedinstancedate"]
    taken = _originals(connection, series) | read_deletions(row["deletedexceptionslist"])
    parties = parties_of(connection, series) if at_most else []
    made = 0
    following: datetime | None = None
    for each in occurrences_between(rule, max(window.since, last or window.since), window.until):
        if last is not None and each.starts_at <= last:
            continue
        if each.starts_at not in taken:
            if made == at_most:
                following = each.starts_at
                break
            _make(records, connection, row, each, parties)
            made += 1
        last = each.starts_at
    else:
        following = _first_from(rule, window.until)
    _note(connection, series, last, following)
    return made


def make(records: Rows, connection: Connection, master: Row, occurrence: Occurrence) -> UUID:
    """Make one instance of a series and return its key."""
    return _make(records, connection, master, occurrence, parties_of(connection, master["activityid"]))


def due(connection: Connection, now: datetime, limit: int) -> Sequence[UUID]:
    """Return series that have instances to be made, the most urgent first."""
    query = (
        sa.select(_MASTER.c.activityid)
        .where(
            _MASTER.c.nextexpansioninstancedate < window_of(connection, now).until,
            _MASTER.c.statecode.in_(OPEN),
        )
        .order_by(_MASTER.c.nextexpansioninstancedate, _MASTER.c.activityid)
        .limit(limit)
    )
    return connection.scalars(query).all()


def expand_no_more(connection: Connection, series: UUID) -> None:
    """Make no more instances of a series until it is changed."""
    _note(connection, series, None, None)


def instances_of(connection: Connection, series: UUID) -> list[Row]:
    """Return the instances of a series, those that were changed and those that were not."""
    query = sa.select(_APPOINTMENT).where(_APPOINTMENT.c.seriesid == series)
    return [dict(row) for row in connection.execute(query).mappings()]


def kept_deletions(before: Row, rule: Rule) -> frozenset[datetime]:
    """Return the removed days that a series still has under a new rule."""
    old = rule_of(before)
    return frozenset(at for at in read_deletions(before["deletedexceptionslist"]) if _is_same(old, rule, at))


def follow_rule(records: Rows, connection: Connection, before: Row, after: Row, now: datetime) -> None:
    """Let what is still to come follow another rule; changed days stay changed where they start as before."""
    old, new, series = rule_of(before), rule_of(after), after["activityid"]
    parties = parties_of(connection, series)
    for row in instances_of(connection, series):
        original, is_exception = original_of(row), is_changed(row)
        if is_exception and _is_same(old, new, original):
            continue
        if row["statecode"] not in OPEN or _has_begun(row, now):
            values = {"instancetypecode": int(InstanceType.RECURRING_INSTANCE)} if is_exception else {}
        elif (day := day_of(old, original)) is not None and is_day_of(new, day):
            usual = _usual(after, occurrence_on(new, day), parties)
            values = usual if is_exception else {name: usual[name] for name in _TIMES}
        else:
            records.delete(connection, "appointment", row["activityid"], internal=True)
            continue
        if any(row.get(name) != value for name, value in values.items()):
            records.update(connection, "appointment", row["activityid"], values, internal=True)
    _note(connection, series, now, now)


def follow_content(
    records: Rows,
    connection: Connection,
    series: UUID,
    columns: Iterable[str],
    now: datetime,
    *,
    people: bool,
) -> None:
    """Let what is still to come have what a series says now, but for what was changed by itself."""
    master = records.get(connection, TABLE, series)
    parties = parties_of(connection, series)
    for row in instances_of(connection, series):
        if row["statecode"] not in OPEN or _has_begun(row, now):
            continue
        own = mask_of(row)
        values: dict[str, Any] = {name: master[name] for name in columns if name not in own}
        if people and "parties" not in own:
            values["parties"] = parties
        if values:
            records.update(connection, "appointment", row["activityid"], values, internal=True)


def restore(records: Rows, connection: Connection, row: Row) -> None:
    """Make a changed day of a series as usual again."""
    master = records.get(connection, TABLE, row["seriesid"])
    rule = rule_of(master)
    day = day_of(rule, original_of(row))
    if day is not None:
        usual = _usual(master, occurrence_on(rule, day), parties_of(connection, row["seriesid"]))
        records.update(connection, "appointment", row["activityid"], usual, internal=True)


def original_of(row: Row) -> datetime:
    """Return when an instance would start had nobody moved it."""
    found: datetime = row["originalstartdate"] or row["scheduledstart"]
    return found


def is_changed(row: Row) -> bool:
    """Say whether an instance is not as the others."""
    return row["instancetypecode"] in (
        InstanceType.RECURRING_EXCEPTION,
        InstanceType.RECURRING_FUTURE_EXCEPTION,
    )


def mask_of(row: Row) -> frozenset[str]:
    """Return what was changed on an instance by itself: names of columns, and `parties`."""
    return frozenset(filter(None, (row["modifiedfieldsmask"] or "").split(",")))


def parties_of(connection: Connection, activity: UUID) -> list[Row]:
    """Return the people of a series or an appointment, as they are given to another one."""
    query = sa.select(*_PARTY.c[_OF_A_PARTY]).where(
        _PARTY.c.activityid == activity, _PARTY.c.participationtypemask.not_in(_MIRRORED)
    )
    rows = connection.execute(query.order_by(_PARTY.c.activitypartyid)).mappings()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _make(
    records: Rows, connection: Connection, master: Row, occurrence: Occurrence, parties: Sequence[Row]
) -> UUID:
    values = {**_usual(master, occurrence, parties), "seriesid": master["activityid"]}
    return records.create(connection, "appointment", values, by=master["modifiedby"], internal=True)


_TIMES: Final = ("scheduledstart", "scheduledend", "isalldayevent", "originalstartdate")


def _usual(master: Row, occurrence: Occurrence, parties: Sequence[Row]) -> dict[str, Any]:
    """Return what an instance is unless somebody changes it."""
    return {
        **{name: master[name] for name in SHARED},
        "scheduledstart": occurrence.starts_at,
        "scheduledend": occurrence.ends_at,
        "isalldayevent": bool(master["isalldayevent"]),
        "originalstartdate": occurrence.starts_at,
        "instancetypecode": int(InstanceType.RECURRING_INSTANCE),
        "modifiedfieldsmask": None,
        "parties": parties,
    }


def _note(connection: Connection, series: UUID, last: datetime | None, following: datetime | None) -> None:
    """Note how far a series is expanded; that is no change of the series."""
    state = ExpansionState.FULL
    if following is not None:
        state = ExpansionState.UNEXPANDED if last is None else ExpansionState.PARTIAL
    connection.execute(
        sa.update(_MASTER)
        .where(_MASTER.c.activityid == series)
        .values(
            lastexpandedinstancedate=last, nextexpansioninstancedate=following, expansionstatecode=int(state)
        )
    )


def _originals(connection: Connection, series: UUID) -> frozenset[datetime]:
    columns = _APPOINTMENT.c
    starts = sa.func.coalesce(
        columns.originalstartdate, columns.scheduledstart, type_=columns.originalstartdate.type
    )
    return frozenset(connection.scalars(sa.select(starts).where(columns.seriesid == series)))


def _first_from(rule: Rule, at: datetime) -> datetime | None:
    starts = (each.starts_at for each in occurrences_between(rule, at, _FOREVER))
    return next((start for start in starts if start >= at), None)


def _is_same(old: Rule, new: Rule, original: datetime) -> bool:
    """Say whether the day that would have started then starts then under the new rule as well."""
    day = day_of(old, original)
    return day is not None and is_day_of(new, day) and occurrence_on(new, day).starts_at == original


def _has_begun(row: Row, now: datetime) -> bool:
    return row["scheduledstart"] is not None and row["scheduledstart"] <= now


def _months_from(at: datetime, months: int) -> datetime:
    """Return the instant so many months later or earlier; a day that the month lacks is its last.

    >>> str(_months_from(datetime(2026, 3, 31, tzinfo=UTC), -1))
    '2026-02-28 00:00:00+00:00'
    """
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    for day in (at.day, 30, 29, 28):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
