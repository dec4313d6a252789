"""Parties of an activity: written with it, mirrored from owner and regarding."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from postroom.errors import InvalidRecord
from postroom.mime.key import address_key
from postroom.schema import registry
from postroom.schema.choices import Participation
from postroom.schema.ids import new_id
from postroom.schema.party import ActivityParty
from postroom.schema.table import TableInfo
from postroom.schema.targets import PARTIES
from postroom.store.records import links, values
from postroom.store.records.addresses import first_address
from postroom.store.records.hooks import Write, WriteKind

_NO_ROLE = 0x80040B06
_TWO_SENDERS = 0x80040B01

_GIVEN = (
    "activitypartyid",
    "partyid",
    "partyobjecttypecode",
    "participationtypemask",
    "addressused",
    "unresolvedpartyname",
    "partyidname",
    "effort",
    "exchangeentryid",
    "externalid",
    "externalidtype",
    "postroom_response",
)
#: Columns that a party copies from the record it stands for.
_COPIED = ("donotemail", "donotfax", "donotphone", "donotpostalmail")
#: Roles that mirror a lookup of the activity.
_MIRRORED = {"regardingobjectid": Participation.REGARDING, "ownerid": Participation.OWNER}
_TYPE_OF = {"regardingobjectid": "regardingobjecttypecode", "ownerid": "owneridtype"}


def check_parties(write: Write) -> None:
    """Look at the parties given with an activity; fill in names and addresses, refuse what does not fit."""
    if write.parties is None:
        return
    rows = []
    for number, given in enumerate(write.parties, start=1):
        try:
            rows.append(_row(write, given))
        except InvalidRecord as problem:
            write.refuse(f"Party {number}: {problem}", code=problem.code, column=problem.column)
    if sum(row.get("participationtypemask") == Participation.SENDER for row in rows) > 1:
        write.refuse("An activity has one sender.", code=_TWO_SENDERS)
    write.parties = rows
    if write.table.has("torecipients") and "torecipients" not in write.values:
        write.values["torecipients"] = _recipients(rows)


def keep_parties(write: Write) -> None:
    """Write the parties given, in place of those the activity had, and mirror owner and regarding."""
    if write.kind is WriteKind.DELETE:
        # The links of the schema remove the parties.
        return
    if write.parties is not None:
        mirrors = list(_MIRRORED.values())
        _remove(write, ActivityParty.participationtypemask.not_in(mirrors))
        _add(write, write.parties)
    for column, role in _MIRRORED.items():
        if write.changes(column):
            _remove(write, ActivityParty.participationtypemask == role)
            if write.values[column] is not None:
                kind = write.after[_TYPE_OF[column]]
                party = {"partyid": write.values[column], "partyobjecttypecode": kind}
                _add(write, [_named(write, {**party, "participationtypemask": int(role)})])


def mark_deleted(write: Write) -> None:
    """Mark the parties of a record that goes; their names and addresses stay."""
    if write.kind is WriteKind.DELETE:
        write.connection.execute(
            sa.update(ActivityParty).where(ActivityParty.partyid == write.id).values(ispartydeleted=True)
        )


def _row(write: Write, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return one checked row of `activityparty`."""
    table = registry.by_logical_name("activityparty")
    for name in given:
        if name not in _GIVEN:
            raise InvalidRecord(f"{name!r} can't be set on a party.", column=name)
    row = {name: values.checked(table, name, value) for name, value in given.items()}
    if row.get("participationtypemask") is None:
        raise InvalidRecord(
            "a party needs its role, participationtypemask.", code=_NO_ROLE, column="participationtypemask"
        )
    for problem in links.settle_lookups(write.connection, table, row):
        raise problem
    if row.get("partyid") is None and not (row.get("addressused") or row.get("unresolvedpartyname")):
        raise InvalidRecord("a party needs a record or an address.", code=0x80040B00, column="partyid")
    return _named(write, row)


def _named(write: Write, row: dict[str, Any]) -> dict[str, Any]:
    """Fill in what the party shows of its record: name, address, preferences."""
    kind = row.get("partyobjecttypecode")
    table = registry.find(kind) if kind in PARTIES or kind in _regardable() else None
    if row.get("partyid") is None or table is None or not table.is_stored:
        row.setdefault("unresolvedpartyname", (row.get("addressused") or "")[:200] or None)
        return row
    record = write.records.find(write.connection, table.logical_name, row["partyid"]) or {}
    row.setdefault("partyidname", _name(table, record))
    address = first_address(list(table.email_columns()), record)
    if address and row.get("addressused") in (None, address[0]):
        row["addressused"], row["addressusedemailcolumnnumber"] = address
    row.update((name, record[name]) for name in _COPIED if record.get(name) is not None)
    return row


def _regardable() -> tuple[str, ...]:
    return registry.by_logical_name("activitypointer").columns["regardingobjectid"].targets


def _name(table: TableInfo, record: Mapping[str, Any]) -> str | None:
    name = record.get(table.primary_name) if table.primary_name else None
    return str(name)[:400] if name else None


def _remove(write: Write, which: sa.ColumnElement[bool]) -> None:
    if write.kind is WriteKind.UPDATE:
        write.connection.execute(sa.delete(ActivityParty).where(ActivityParty.activityid == write.id, which))


def _add(write: Write, rows: Any) -> None:
    if not rows:
        return
    first = write.records.database.next_versions(write.connection, len(rows))
    columns = {name for row in rows for name in row} | {"addressusedemailcolumnnumber", *_COPIED}
    complete = [
        {
            **{name: row.get(name, False if name in _COPIED else None) for name in columns},
            "activitypartyid": row.get("activitypartyid") or new_id(),
            "activityid": write.id,
            "postroom_unresolvedkey": _unresolved_key(row),
            "versionnumber": first + number,
            **dict(_copied_from_activity(write)),
        }
        for number, row in enumerate(rows)
    ]
    write.connection.execute(sa.insert(ActivityParty), complete)


def _unresolved_key(row: Mapping[str, Any]) -> str | None:
    """Return the address under which the party is found when a person says whose it is."""
    return None if row.get("partyid") else address_key(row.get("addressused") or "") or None


def _copied_from_activity(write: Write) -> Iterator[tuple[str, Any]]:
    row = write.after
    for name in (
        "scheduledstart",
        "scheduledend",
        "ownerid",
        "owneridtype",
        "owningbusinessunit",
        "owninguser",
    ):
        yield name, row.get(name)


def _recipients(rows: list[dict[str, Any]]) -> str | None:
    addresses = [
        row["addressused"]
        for row in rows
        if row.get("participationtypemask") == Participation.TO and row.get("addressused")
    ]
    return ("".join(f"{address};" for address in addresses))[:500] or None
