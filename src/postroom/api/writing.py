"""Writes of the Web API: drafts become records, under the caller's rights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.api import audit
from postroom.api.address import Key
from postroom.api.odata.names import names_of
from postroom.api.odata.sight import Sight
from postroom.api.odata.values import TEXTS, fit
from postroom.api.odata.write import Draft, Reference
from postroom.api.problems import Problem, denied
from postroom.api.rights import check_changeable, check_sender, check_writable
from postroom.api.visit import Visit
from postroom.errors import InvalidRecord, NoSuchRecord
from postroom.schema.table import TableInfo
from postroom.store.records import Records
from postroom.store.records.hooks import WriteKind

_PARTIES = "activityparty"
_NO_SUCH_KEY = 0x80060891
_KEY_NOT_UNIQUE = 0x80060892
_NO_VERSIONS = 0x8006088D


@dataclass(frozen=True, slots=True)
class Writing:
    """Writes of one caller on one connection."""

    connection: sa.Connection
    visit: Visit

    @property
    def _records(self) -> Records:
        return self.visit.postroom.records

    @property
    def _sight(self) -> Sight:
        return self.visit.sight(self.connection)

    def create(self, draft: Draft) -> UUID:
        """Create a record with all that comes with it; what only an update may set comes second."""
        table = draft.table
        check_writable(self.visit.caller, table, WriteKind.CREATE)
        values = self.values_of(draft)
        first, second = _in_two_steps(table, values)
        by = self.visit.caller.user
        id_ = self._records.create(self.connection, table.logical_name, first, by=by)
        for column, parts in draft.parts.items():
            for part in parts:
                if part.table.logical_name != _PARTIES:
                    self.create_part(draft.table, id_, column, part)
        if second:
            self._records.update(self.connection, table.logical_name, id_, second, by=by)
        self._settle(WriteKind.CREATE, table, id_, values)
        return id_

    def create_part(self, parent: TableInfo, parent_id: UUID, column: str, part: Draft) -> UUID:
        """Create a record that points to its parent."""
        part.references[column] = Reference(parent, parent_id)
        return self.create(part)

    def update(self, draft: Draft, id_: UUID, if_version: int | None = None) -> None:
        """Change columns of a record, and the parties of an activity."""
        table = draft.table
        self._check_seen(table, id_)
        check_writable(self.visit.caller, table, WriteKind.UPDATE)
        check_changeable(self.visit.caller, self.connection, table, id_)
        for parts in draft.parts.values():
            if any(part.table.logical_name != _PARTIES for part in parts):
                raise InvalidRecord("Related records can't be changed through this one; write each itself.")
        values = self.values_of(draft)
        values.pop(table.primary_id, None)
        by = self.visit.caller.user
        self._records.update(self.connection, table.logical_name, id_, values, by=by, if_version=if_version)
        self._settle(WriteKind.UPDATE, table, id_, values)

    def delete(self, table: TableInfo, id_: UUID, if_version: int | None = None) -> None:
        """Delete a record."""
        self._check_seen(table, id_)
        check_writable(self.visit.caller, table, WriteKind.DELETE)
        check_changeable(self.visit.caller, self.connection, table, id_)
        by = self.visit.caller.user
        self._records.delete(self.connection, table.logical_name, id_, by=by, if_version=if_version)
        self._note(WriteKind.DELETE.value, table, id_, ())

    def point(self, table: TableInfo, id_: UUID, column: str, reference: Reference | None) -> None:
        """Have a lookup point to another record, or to none."""
        self.update(Draft(table, table.logical_name, references={column: reference}), id_)

    def set_parties(self, table: TableInfo, id_: UUID, parties: Sequence[Draft]) -> None:
        """Replace all parties of an activity."""
        draft = Draft(table, table.logical_name, parts={"activityid": list(parties)})
        self.update(draft, id_)

    # Which record -----------------------------------------------------------------------------------------

    def find(self, table: TableInfo, key: Key) -> UUID | None:
        """Return the record that a key names, or None; refuse values that name several."""
        if key.id is not None:
            return key.id if self.is_seen(table, key.id) else None
        return find_by_values(self.connection, self._sight, table, key.values)

    def get(self, table: TableInfo, key: Key) -> UUID:
        """Return the record that a key names; raises `NoSuchRecord`."""
        found = self.find(table, key)
        if found is None:
            raise absent(table, key)
        return found

    def is_seen(self, table: TableInfo, id_: UUID) -> bool:
        """Say whether the caller sees a record."""
        source = self._sight.root(table)
        query = sa.select(sa.literal(1)).select_from(source).where(source.c[table.primary_id] == id_)
        return self.connection.scalar(query) is not None

    def hold_key(self, table: TableInfo, key: Key) -> None:
        """Let nobody else create a record under the same key until the transaction ends."""
        shown = ",".join(f"{name}={value}".lower() for name, value in sorted(key.values.items()))
        self._records.database.lock(self.connection, f"{table.set_name}({key.id or shown})")

    def _check_seen(self, table: TableInfo, id_: UUID) -> None:
        if not self.visit.caller.is_administrator and not self.is_seen(table, id_):
            raise absent(table, Key(id_))

    # Values -----------------------------------------------------------------------------------------------

    def values_of(self, draft: Draft) -> dict[str, Any]:
        """Return the columns of a draft: values, lookups, and the parties of an activity."""
        values = dict(draft.values)
        for (column, _), nested in draft.nested.items():
            draft.references[column] = Reference(nested.table, self.create(nested))
        for column, reference in draft.references.items():
            values.update(self._pointer(draft.table, column, reference))
        if draft.table.is_activity and "activityid" in draft.parts:
            parts = draft.parts["activityid"]
            parties = [part for part in parts if part.table.logical_name == _PARTIES]
            if parties or not parts:
                values["parties"] = [self.values_of(part) for part in parties]
        return values

    def _pointer(self, table: TableInfo, column: str, reference: Reference | None) -> dict[str, Any]:
        """Return a lookup's value, and the table it points to where there is a choice."""
        if reference is None:
            return {column: None}
        id_ = reference.id
        if id_ is None or not self.visit.caller.is_administrator:
            # What somebody does not see he does not point to: some rows show what they point to.
            id_ = self.get(reference.table, Key(id_, reference.key))
        values: dict[str, Any] = {column: id_}
        type_column = table.columns[column].type_column
        # Where a caller may not set it, the store finds out the table by itself.
        if type_column is not None and table.columns[type_column].may_create:
            values[type_column] = reference.table.logical_name
        return values

    def _settle(self, kind: WriteKind, table: TableInfo, id_: UUID, values: Mapping[str, Any]) -> None:
        """Check that the caller may have it as it is now, and note what was written."""
        caller = self.visit.caller
        if not caller.is_administrator:
            if not self.is_seen(table, id_):
                raise denied(f"You may not {kind.value} a {table.label} that you could not see afterwards.")
            check_changeable(caller, self.connection, table, id_)
            if table.logical_name == "email":
                check_sender(caller, self.connection, id_)
        self._note(kind.value, table, id_, sorted(values))

    def _note(self, operation: str, table: TableInfo, id_: UUID, columns: Sequence[str]) -> None:
        now = self.visit.postroom.clock.now()
        audit.note(self.connection, self.visit.caller, now, operation, table.logical_name, id_, columns)


def find_by_values(
    connection: sa.Connection, sight: Sight, table: TableInfo, values: Mapping[str, Any]
) -> UUID | None:
    """Return the one record with these values, or None; refuse values that several have."""
    source, names = sight.root(table), names_of(table.logical_name)
    clauses = []
    for name, value in values.items():
        column = names.column(name)
        kind = table.columns[column].kind
        if value is None:
            raise Problem(400, f"The key {name}=null names no record.")
        fitted = fit(kind, value, name)
        if kind in TEXTS:
            clauses.append(sa.func.lower(source.c[column]) == sa.func.lower(fitted))
        else:
            clauses.append(source.c[column] == fitted)
    found = connection.scalars(sa.select(source.c[table.primary_id]).where(*clauses).limit(2)).all()
    if len(found) > 1:
        shown = ", ".join(values)
        raise InvalidRecord(
            f"Several {table.plural_label} have these values of {shown}.", code=_KEY_NOT_UNIQUE
        )
    return found[0] if found else None


def give_key(draft: Draft, key: Key) -> None:
    """Give a record that is to be created what its address says of it."""
    if key.id is not None:
        draft.values[draft.table.primary_id] = key.id
    names = names_of(draft.table.logical_name)
    for name, value in key.values.items():
        column = names.column(name)
        if column not in draft.values and column not in draft.references:
            draft.values[column] = value


def absent(table: TableInfo, key: Key) -> NoSuchRecord:
    """Return the error of a record that is not there, or not to be seen."""
    if key.id is not None:
        return NoSuchRecord(f"{table.logical_name} With Id = {key.id} Does Not Exist")
    shown = ", ".join(key.values)
    return NoSuchRecord(
        f"A record with the specified key values of {shown} does not exist in {table.logical_name}.",
        code=_NO_SUCH_KEY,
    )


def expected_version(table: TableInfo, condition: str) -> int | None:
    """Return the row version that an If-Match names; None for `*`, which is content with any.

    >>> from postroom.schema import registry
    >>> expected_version(registry.by_logical_name("contact"), 'W/"42"')
    42
    """
    if condition == "*":
        return None
    text = condition.removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise Problem(400, f'If-Match: expected * or an ETag such as W/"42", not {condition!r:.60}.')
    if not table.has("versionnumber"):
        raise InvalidRecord(f"{table.plural_label} have no versions.", code=_NO_VERSIONS)
    return int(text)


def _in_two_steps(table: TableInfo, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a create sets and what has to wait until the record is there, such as its state."""
    second = {
        name: value
        for name, value in values.items()
        if (info := table.columns.get(name)) is not None
        and not info.may_create
        and info.may_update
        and value != info.default
    }
    return {name: value for name, value in values.items() if name not in second}, second
