"""One draft written into the store: created, or changed where it differs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.api.odata.write import Draft, Reference
from postroom.schema import registry
from postroom.schema.table import TableInfo
from postroom.store.records import Records
from postroom.tracking.token import with_token

_PARTIES = "activityparty"

# What a document says of a new record only. An e-mail that has left must not leave again because the document
# that brought it is loaded once more; `outbox resend` is for that.
_LEFT_ALONE: Mapping[str, frozenset[str]] = {
    "": frozenset({"overriddencreatedon"}),
    "email": frozenset({"statecode", "statuscode"}),
}

#: Returns a lookup's values for a reference: the key, and the table where there is a choice.
Point = Callable[[TableInfo, str, Reference | None], dict[str, Any]]


class Done(Enum):
    """What became of one record of the document."""

    CREATED = "created"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Upsert:
    """Writes drafts on one connection; `point` finds the records that parts refer to."""

    connection: sa.Connection
    records: Records
    point: Point

    def create(self, draft: Draft, values: dict[str, Any]) -> UUID:
        """Create the record; what only an update may set, such as the state, is set in a second step."""
        columns = draft.table.columns
        name = draft.table.logical_name
        second = {
            column: value
            for column, value in values.items()
            if not columns[column].may_create
            and columns[column].may_update
            and value != columns[column].default
        }
        first: dict[str, Any] = {column: value for column, value in values.items() if column not in second}
        parties = self._parties(draft)
        if parties is not None:
            first["parties"] = parties
        id_ = self.records.create(self.connection, name, first)
        self._write_parts(draft, id_)
        if second:
            self.records.update(self.connection, name, id_, second)
        return id_

    def change(self, draft: Draft, id_: UUID, values: Mapping[str, Any]) -> Done:
        """Change what differs from the record as it is."""
        held = self.records.get(self.connection, draft.table.logical_name, id_)
        changes: dict[str, Any] = {
            column: value
            for column, value in values.items()
            if self._differs(draft.table, held, column, value)
        }
        parties = self._parties(draft)
        if parties is not None and self._parties_differ(id_, parties):
            changes["parties"] = parties
        if changes:
            self.records.update(self.connection, draft.table.logical_name, id_, changes)
        more = self._write_parts(draft, id_)
        return Done.CHANGED if changes or more else Done.SAME

    def _differs(self, table: TableInfo, held: Mapping[str, Any], column: str, value: Any) -> bool:
        info = table.columns[column]
        if info.is_secret:
            id_ = held[table.primary_id]
            plain = self.records.open_secret(self.connection, table.logical_name, id_, column)
            return bool(plain != value)
        if column in _LEFT_ALONE.get(table.logical_name, ()) or column in _LEFT_ALONE[""]:
            return False
        if column == "subject" and held.get("trackingtoken"):
            return not _is_marked(held["subject"] or "", value or "", held["trackingtoken"])
        return bool(held.get(column) != value)

    def _parties(self, draft: Draft) -> list[dict[str, Any]] | None:
        """Return the parties of an activity as the store takes them, or None when none were given."""
        given = [part for part in draft.parts.get("activityid", ()) if part.table.logical_name == _PARTIES]
        if not given and "activityid" not in draft.parts:
            return None
        return [{**part.values, **self._pointers(part)} for part in given]

    def _pointers(self, part: Draft) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column, reference in part.references.items():
            values.update(self.point(part.table, column, reference))
        return values

    def _parties_differ(self, activity: UUID, parties: Sequence[Mapping[str, Any]]) -> bool:
        columns = ("participationtypemask", "partyid", "addressused")
        table = registry.by_logical_name(_PARTIES).table
        roles = {party.get("participationtypemask") for party in parties}
        query = sa.select(*(table.c[name] for name in columns)).where(
            table.c.activityid == activity, table.c.participationtypemask.in_(roles)
        )
        held = [row._asdict() for row in self.connection.execute(query)]
        for party in parties:
            same = (
                row for row in held if all(row[n] == party[n] for n in columns if party.get(n) is not None)
            )
            found = next(same, None)
            if found is None:
                return True
            held.remove(found)
        return bool(held)

    def _write_parts(self, draft: Draft, parent: UUID) -> bool:
        """Write the parts other than parties; say whether any was new or changed."""
        is_changed = False
        for column, parts in draft.parts.items():
            for part in parts:
                if part.table.logical_name != _PARTIES:
                    is_changed |= self._write_part(draft, part, column, parent)
        return is_changed

    def _write_part(self, draft: Draft, part: Draft, column: str, parent: UUID) -> bool:
        values = {**part.values, **self._pointers(part), column: parent}
        type_column = part.table.columns[column].type_column
        if type_column is not None:
            values[type_column] = draft.table.logical_name
        name = part.table.logical_name
        if part.id is not None and self.records.find(self.connection, name, part.id) is not None:
            return self.change(part, part.id, values) is not Done.SAME
        if part.id is None and self._is_there(part.table, values):
            return False
        self.create(part, values)
        return True

    def _is_there(self, table: TableInfo, values: Mapping[str, Any]) -> bool:
        """Say whether a part without an id has been loaded before."""
        where = [table.table.c[column] == value for column, value in values.items() if value is not None]
        key = table.table.c[table.primary_id]
        return self.connection.scalar(sa.select(key).where(*where).limit(1)) is not None


def _is_marked(held: str, given: str, token: str) -> bool:
    """Say whether this is the subject given, with the token that was put behind it when it was to leave."""
    return held == given or held == with_token(given, token, len(held))
