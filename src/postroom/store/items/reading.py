"""Reading: records of the store as items, many at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.reconcile.fields import canonical_fields
from postroom.reconcile.item import Identity, Item, Kind, Part, Privacy
from postroom.recurrence.obstacle import UnsupportedRecurrence
from postroom.schema import registry
from postroom.store.index import chunks_of
from postroom.store.items import appointments, contacts, letters, series, services, tasks
from postroom.store.items.columns import KINDS, Row
from postroom.store.items.keeper import Keeper
from postroom.store.items.people import People, people_of

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

Made = dict[UUID, Item]


def read_items(
    connection: Connection, table: str, ids: Collection[UUID], keeper: Keeper
) -> Mapping[UUID, Item]:
    """Return the records of one table as items, as if all were in scope; those that are gone are missing."""
    rows = [row for chunk in chunks_of(ids) for row in _rows(connection, table, chunk)]
    return _MAKERS[KINDS[table]](connection, rows, keeper)


def is_instance(table: str) -> sa.ColumnElement[bool]:
    """Return the condition that a record is only a part of a series, which is one item as a whole."""
    columns = registry.by_logical_name(table).table.c
    return columns.seriesid.is_not(None) if "seriesid" in columns else sa.false()


def _rows(connection: Connection, table: str, ids: Sequence[UUID]) -> list[Row]:
    info = registry.by_logical_name(table)
    query = sa.select(info.table).where(info.table.c[info.primary_id].in_(ids), sa.not_(is_instance(table)))
    return [dict(row) for row in connection.execute(query).mappings()]


def _contacts(connection: Connection, rows: Sequence[Row], keeper: Keeper) -> Made:
    companies = contacts.companies_of(connection, rows)
    return {
        row["contactid"]: _item(
            Kind.CONTACT,
            row["contactid"],
            row,
            contacts.fields_of(row, companies.get(row["parentcustomerid"])),
            part=_part(row, keeper),
        )
        for row in rows
    }


def _tasks(_connection: Connection, rows: Sequence[Row], keeper: Keeper) -> Made:
    return {
        row["activityid"]: _item(
            Kind.TASK,
            row["activityid"],
            row,
            tasks.fields_of(row),
            part=_part(row, keeper),
            state=tasks.state_of(row),
        )
        for row in rows
    }


def _letters(kind: Kind) -> "_Maker":
    def make(_connection: Connection, rows: Sequence[Row], keeper: Keeper) -> Made:
        return {
            row["activityid"]: _item(
                kind,
                row["activityid"],
                row,
                letters.fields_of(kind, row),
                part=_part(row, keeper),
                state=letters.state_of(row),
            )
            for row in rows
        }

    return make


def _services(connection: Connection, rows: Sequence[Row], keeper: Keeper) -> Made:
    people = people_of(connection, [row["activityid"] for row in rows], keeper)
    nobody = People(keeper)
    return {row["activityid"]: _service(row, people.get(row["activityid"], nobody)) for row in rows}


def _service(row: Row, people: People) -> Item:
    return _item(
        Kind.SERVICE,
        row["activityid"],
        row,
        services.fields_of(row, people),
        state=services.state_of(row),
        unaddressed=people.unaddressed,
        hindrance=appointments.hindrance_of(row),
    )


def _appointments(connection: Connection, rows: Sequence[Row], keeper: Keeper) -> Made:
    people = people_of(connection, [row["activityid"] for row in rows], keeper)
    nobody = People(keeper)
    return {row["activityid"]: _appointment(row, people.get(row["activityid"], nobody)) for row in rows}


def _appointment(row: Row, people: People) -> Item:
    fields = appointments.fields_of(row, people) | {"time": appointments.span_of(row)}
    hindrance = appointments.hindrance_of(row)
    is_draft = bool(row["isdraft"])
    return _in_calendar(Kind.APPOINTMENT, row, people, fields, is_draft=is_draft, hindrance=hindrance)


def _series(connection: Connection, rows: Sequence[Row], keeper: Keeper) -> Made:
    masters = [row["activityid"] for row in rows]
    changed = series.changed_days_of(connection, masters)
    days = [day["activityid"] for each in changed.values() for day in each]
    people = people_of(connection, [*masters, *days], keeper)
    nobody = People(keeper)
    return {
        row["activityid"]: _one_series(
            row,
            people.get(row["activityid"], nobody),
            [(day, people.get(day["activityid"], nobody)) for day in changed.get(row["activityid"], ())],
        )
        for row in rows
    }


def _one_series(row: Row, people: People, days: Sequence[tuple[Row, People]]) -> Item:
    fields, hindrance = appointments.fields_of(row, people), ""
    try:
        own = canonical_fields(Kind.SERIES, fields)
        fields["recurrence"] = series.series_of(row, own, days)
    except UnsupportedRecurrence as obstacle:
        hindrance = " ".join(obstacle.problems)
    last_start_at = series.last_start_of(row)
    return _in_calendar(Kind.SERIES, row, people, fields, hindrance=hindrance, last_start_at=last_start_at)


def _in_calendar(kind: Kind, row: Row, people: People, fields: Mapping[str, Any], **more: Any) -> Item:
    return _item(
        kind,
        row["activityid"],
        row,
        fields,
        part=people.part,
        state=appointments.state_of(row),
        identity=Identity(row["globalobjectid"] or ""),
        privacy=Privacy.PRIVATE if row["ismapiprivate"] else Privacy.OPEN,
        unaddressed=people.unaddressed,
        **more,
    )


def _item(kind: Kind, id: UUID, row: Row, fields: Mapping[str, Any], **more: Any) -> Item:
    return Item(
        str(id),
        str(row["versionnumber"]),
        kind,
        canonical_fields(kind, fields),
        row["modifiedon"] or _BEGINNING,
        **more,
    )


def _part(row: Row, keeper: Keeper) -> Part:
    if row["ownerid"] == keeper.user:
        return Part.OWNER
    return Part.GUEST_OF_COLLEAGUE if row["ownerid"] in keeper.colleagues else Part.GUEST_OF_OUTSIDER


_Maker = Callable[[Connection, Sequence[Row], Keeper], Made]
_MAKERS: Mapping[Kind, _Maker] = {
    Kind.CONTACT: _contacts,
    Kind.TASK: _tasks,
    Kind.APPOINTMENT: _appointments,
    Kind.SERIES: _series,
    Kind.PHONE_CALL: _letters(Kind.PHONE_CALL),
    Kind.LETTER: _letters(Kind.LETTER),
    Kind.FAX: _letters(Kind.FAX),
    Kind.SERVICE: _services,
}
#: The tables that are read.
READ: Final = tuple(table for table, kind in KINDS.items() if kind in _MAKERS)
