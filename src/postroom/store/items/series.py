"""Series: a master with changed and removed days as the field `recurrence`, and back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.reconcile.fields import canonical_fields
from postroom.reconcile.item import Kind, Span, Value
from postroom.reconcile.series import OF_A_DAY, PATTERNS, ChangedDay, Recurrence, Series, usual_span
from postroom.reconcile.status import APPOINTMENT_TO_CRM, APPOINTMENT_TO_SERVER, ShowAs
from postroom.recurrence.columns import to_columns
from postroom.recurrence.exchange import ExchangeRecurrence, from_exchange, to_exchange
from postroom.recurrence.expand import day_of, last_day, occurrence_on
from postroom.recurrence.obstacle import Obstacle, UnsupportedRecurrence
from postroom.recurrence.rule import Rule, Timing
from postroom.recurrence.windows_zones import WINDOWS_ZONES
from postroom.recurrence.zone import zone_named
from postroom.schema.appointment import Appointment
from postroom.schema.choices import AppointmentStatus, InstanceType
from postroom.store.index import chunks_of
from postroom.store.items import appointments
from postroom.store.items.columns import Row, clipped
from postroom.store.items.keeper import Keeper
from postroom.store.items.people import People, parties_with, people_of
from postroom.store.records import Records
from postroom.store.records.calendar import read_deletions, write_deletions
from postroom.store.records.instances import (
    OPEN,
    TABLE,
    instances_of,
    is_changed,
    make,
    mask_of,
    original_of,
    restore,
    rule_of,
    zone_of,
)

_APPOINTMENT = Appointment.__table__
_CHANGED: Final = (InstanceType.RECURRING_EXCEPTION, InstanceType.RECURRING_FUTURE_EXCEPTION)
#: What stands in an instance's mask when a field of it was changed.
_MASKS: Final[Mapping[str, str]] = {
    "body": "description",
    "importance": "prioritycode",
    "location": "location",
    "optional": "parties",
    "required": "parties",
    "show_as": "statuscode",
    "subject": "subject",
}
_DAY: Final = timedelta(days=1)
_MANY_DIGITS: Final = 9
#: What a recurrence has in the words of Exchange, by the names of our own.
_PARTS: Final[Mapping[str, str]] = {
    "Interval": "interval",
    "DayOfMonth": "day_of_month",
    "Month": "month",
    "DayOfWeekIndex": "day_of_week_index",
    "FirstDayOfWeek": "first_day_of_week",
}


def changed_days_of(connection: Connection, masters: Iterable[UUID]) -> Mapping[UUID, Sequence[Row]]:
    """Return the instances of these series that are not as the others, by their series."""
    found: dict[UUID, list[Row]] = {}
    for chunk in chunks_of(masters):
        query = sa.select(_APPOINTMENT).where(
            _APPOINTMENT.c.seriesid.in_(chunk), _APPOINTMENT.c.instancetypecode.in_(_CHANGED)
        )
        for row in connection.execute(query.order_by(_APPOINTMENT.c.activityid)).mappings():
            found.setdefault(row["seriesid"], []).append(dict(row))
    return found


def series_of(row: Row, own: Mapping[str, Value], days: Iterable[tuple[Row, People]]) -> Series:
    """Return how a series recurs; `own` are its fields, `days` those that were changed, with their people.

    Raises `UnsupportedRecurrence` when its columns mean nothing or Exchange could not say them.
    """
    first = _first(row)
    return Series(
        _recurrence(rule_of(row)),
        first,
        _zone_name(row),
        tuple(sorted(_changed_days(own, days, first), key=lambda day: day.original_at)),
        tuple(sorted(read_deletions(row["deletedexceptionslist"]))),
    )


def last_start_of(row: Row) -> datetime | None:
    """Return when the last day of a series starts, or None when it has no end."""
    try:
        rule = rule_of(row)
        day = last_day(rule)
    except UnsupportedRecurrence:
        return None
    return None if day is None else occurrence_on(rule, day).starts_at


def columns_of(series: Series) -> dict[str, Any]:
    """Return the columns that say how a series recurs, and which of its days were removed.

    Raises `UnsupportedRecurrence` when the CRM can't say that.
    """
    return {
        **to_columns(_rule(series)),
        "postroom_timezone": series.zone[:200],
        "deletedexceptionslist": write_deletions(series.removed),
    }


def settle_days(records: Records, connection: Connection, keeper: Keeper, id: UUID, wanted: Series) -> None:
    """Make the days of a series as they are wanted: changed, removed, or as usual."""
    master = records.get(connection, TABLE, id)
    rule = rule_of(master)
    present = {day_of(rule, original_of(row)): row for row in instances_of(connection, id)}
    changed = {day_of(rule, each.original_at): each for each in wanted.changed}
    removed = {day_of(rule, at) for at in wanted.removed} - changed.keys()
    if None in changed:
        lost = changed[None].original_at
        raise UserError(
            f"The series has no day at {lost:%Y-%m-%d %H:%M} UTC that could be changed; "
            "open the series in Outlook and save it."
        )
    for day, row in present.items():
        if day in removed and row["statecode"] in OPEN:
            records.delete(connection, "appointment", row["activityid"], by=keeper.user, internal=True)
        elif is_changed(row) and day not in changed:
            restore(records, connection, row)
    if changed:
        _Days(records, connection, keeper, master).change(changed, present)


@dataclass(frozen=True)
class _Days:
    """The days of one series, under way to be changed."""

    records: Records
    connection: Connection
    keeper: Keeper
    master: Row

    def change(self, wanted: Mapping[date | None, ChangedDay], present: Mapping[date | None, Row]) -> None:
        """Make these days as they are wanted; those that are not there yet are made."""
        rows = {day: present.get(day) or self._make(day) for day in wanted if day is not None}
        master, keys = self.master["activityid"], [row["activityid"] for row in rows.values()]
        people = people_of(self.connection, [master, *keys], self.keeper)
        nobody = People(self.keeper)
        own = _fields(self.master, people.get(master, nobody))
        for day, row in rows.items():
            if row["statecode"] in OPEN:
                self._become(row, people.get(row["activityid"], nobody), own, wanted[day])

    def _become(self, row: Row, people: People, own: Mapping[str, Value], wanted: ChangedDay) -> None:
        if is_changed(row) and _changed_day(own, row, people) == wanted:
            return
        told = {name: _in_crm(name, value) for name, value in wanted.fields}
        present, target = _fields(row, people), {name: told.get(name, own[name]) for name in OF_A_DAY}
        fields = {name: value for name, value in target.items() if value != present[name]}
        values = clipped(
            "appointment", appointments.columns_of("appointment", {**fields, "time": wanted.span})
        )
        parties = parties_with(self.connection, people, fields)
        values |= {} if parties is None else {"parties": parties}
        mask = {_MASKS[name] for name in told}
        if wanted.span != usual_span(wanted.original_at, _first(self.master)):
            mask |= {"scheduledstart", "scheduledend"}
        values |= {
            "originalstartdate": wanted.original_at,
            "instancetypecode": int(InstanceType.RECURRING_EXCEPTION),
            "modifiedfieldsmask": ",".join(sorted(mask)) or None,
        }
        self.records.update(
            self.connection,
            "appointment",
            row["activityid"],
            values,
            by=self.keeper.user,
            internal=True,
        )

    def _make(self, day: date) -> Row:
        at = occurrence_on(rule_of(self.master), day)
        id = make(self.records, self.connection, self.master, at)
        return self.records.get(self.connection, "appointment", id)


def _changed_days(
    own: Mapping[str, Value], days: Iterable[tuple[Row, People]], first: Span
) -> Iterator[ChangedDay]:
    for row, people in days:
        day = _changed_day(own, row, people)
        # One that was changed and changed back is as the others.
        if day.fields or day.span != usual_span(day.original_at, first):
            yield day


def _changed_day(own: Mapping[str, Value], row: Row, people: People) -> ChangedDay:
    mask, read = mask_of(row), _fields(row, people)
    span = Span(row["scheduledstart"], row["scheduledend"], bool(row["isalldayevent"]))
    different = tuple(
        (name, _on_server(name, read[name]))
        for name in OF_A_DAY
        if _MASKS[name] in mask and read[name] != own[name]
    )
    return ChangedDay(original_of(row), span, different)


def _fields(row: Row, people: People) -> Mapping[str, Value]:
    return canonical_fields(Kind.SERIES, appointments.fields_of(row, people))


def _on_server(name: str, value: Value) -> Value:
    """Return a value of a changed day as series hold it, which speak as the server does."""
    if name == "show_as" and isinstance(value, int):
        return APPOINTMENT_TO_SERVER.get(AppointmentStatus(value))
    return value


def _in_crm(name: str, value: Value) -> Value:
    return APPOINTMENT_TO_CRM[value] if name == "show_as" and isinstance(value, ShowAs) else value


def _first(row: Row) -> Span:
    return Span(row["starttime"], row["endtime"], bool(row["isalldayevent"]))


def _zone_name(row: Row) -> str:
    """Return Windows' name of the zone of a series; one that nobody knows is given back as it came."""
    zone = zone_of(row)
    is_known = zone.name_as_given in WINDOWS_ZONES or zone.is_approximated
    return zone.name_as_given if is_known else zone.windows_name


def _recurrence(rule: Rule) -> Recurrence:
    told = to_exchange(rule)
    said = {name: str(getattr(told, part)) for name, part in _PARTS.items()}
    said["DaysOfWeek"] = " ".join(told.days_of_week)
    parts = tuple(said[name] for name in PATTERNS[told.kind])
    return Recurrence(told.kind, parts, told.start_date, told.end_date, told.number)


def _rule(series: Series) -> Rule:
    recurrence, said = series.recurrence, dict[str, Any]()
    for name, part in zip(PATTERNS[recurrence.pattern], recurrence.parts, strict=True):
        if name == "DaysOfWeek":
            said["days_of_week"] = tuple(part.split())
        elif name in ("Interval", "DayOfMonth"):
            said[_PARTS[name]] = _number(part)
        else:
            said[_PARTS[name]] = part
    told = ExchangeRecurrence(
        recurrence.pattern,
        recurrence.starts_on,
        end_date=recurrence.ends_on,
        number=recurrence.occurrences,
        **said,
    )
    return from_exchange(told, _timing(series))


def _timing(series: Series) -> Timing:
    start, end, is_all_day = series.first
    zone = zone_named(series.zone or "UTC", around=start.date())
    if not is_all_day:
        return Timing(start.astimezone(zone.tz).time(), end - start, zone=zone)
    days = max(1, round((end - start) / _DAY))
    return Timing(time(), days * _DAY, is_all_day=True, zone=zone)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < _MANY_DIGITS):
        raise UnsupportedRecurrence(Obstacle.INVALID)
    return int(text)
