"""Records in bulk: a document of entity sets, taken in as a whole or not at all.

Sets and records may come in any order. A reference to a record that stands later in the document is set once
that record is written. What has an id that exists is changed where it differs, so loading a document twice
changes nothing the second time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.api.odata.names import table_of_set
from postroom.api.odata.write import Draft, Reference, read_draft, read_reference
from postroom.api.upsert import Done, Upsert
from postroom.errors import UserError
from postroom.schema.column import Kind, Required
from postroom.schema.table import TableInfo
from postroom.store.database import Database
from postroom.store.records import ORGANIZATION_ID, Records

# Configuration before those whom it configures: a new user's mailbox gets the profile that is the default by
# then, and a mailbox can be spoken of once its user or queue has brought it into being.
_FIRST = (
    "emailserverprofile",
    "organization",
    "businessunit",
    "systemuser",
    "usersettings",
    "team",
    "queue",
    "mailbox",
    "account",
    "contact",
    "lead",
    "incident",
)
_KEY_BIND = "systemuserid@odata.bind"

#: Called after each record with how many are done and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """One record of the document and its key in the store."""

    set_name: str
    id: UUID
    done: Done


@dataclass(frozen=True, slots=True)
class LoadReport:
    """All records of the document in the order in which they were written."""

    records: Sequence[Loaded]

    def count(self, done: Done) -> int:
        """Return how many records ended in this way."""
        return sum(record.done is done for record in self.records)

    def created(self) -> Mapping[str, int]:
        """Return how many records were created, by set."""
        counts: dict[str, int] = defaultdict(int)
        for record in self.records:
            counts[record.set_name] += record.done is Done.CREATED
        return {name: count for name, count in counts.items() if count}

    def as_rows(self) -> list[dict[str, str]]:
        """Return a row for each record."""
        return [{"set": r.set_name, "id": str(r.id), "done": r.done.value} for r in self.records]


def load_document(
    database: Database,
    records: Records,
    document: Mapping[str, Any],
    *,
    progress: Progress = lambda _done, _all: None,
) -> LoadReport:
    """Take in a document; raises `UserError` with every problem, and then nothing of it is kept."""
    problems: list[str] = []
    entries = _read(document, problems)
    with database.write() as connection:
        loading = _Loading(connection, records, entries, problems)
        loading.run(progress)
        if problems:
            raise UserError(*problems)
    return LoadReport(loading.loaded)


@dataclass(slots=True, eq=False)
class _Entry:
    """One record of the document on its way into the store."""

    draft: Draft
    #: The user whose settings these are, where the document names him by a reference.
    key: Reference | None = None
    id: UUID | None = None
    is_begun: bool = False
    is_broken: bool = False


def _read(document: Mapping[str, Any], problems: list[str]) -> list[_Entry]:
    """Return the entries of all sets in the order in which they are best written."""
    entries: list[_Entry] = []
    for set_name, bodies in document.items():
        try:
            table = table_of_set(set_name)
        except UserError as fault:
            problems.extend(fault.problems)
            continue
        if not isinstance(bodies, list):
            problems.append(f"{set_name}: expected a list of records.")
            continue
        for index, body in enumerate(bodies):
            try:
                entries.append(_entry(table, body, f"{set_name}[{index}]"))
            except UserError as fault:
                problems.extend(fault.problems)
    return sorted(entries, key=lambda entry: _rank(entry.draft.table))


def _entry(table: TableInfo, body: object, where: str) -> _Entry:
    key = None
    if table.logical_name == "usersettings" and isinstance(body, Mapping) and _KEY_BIND in body:
        key = read_reference(body[_KEY_BIND], ("systemuser",))
        body = {name: value for name, value in body.items() if name != _KEY_BIND}
    entry = _Entry(read_draft(table, body, where=where), key)
    for _, link in entry.draft.nested:
        raise UserError(
            f'{where}.{link}: write "{link}@odata.bind": "/<set>(<id>)" to point to a record, '
            "or null to empty it."
        )
    entry.id = entry.draft.id
    return entry


def _rank(table: TableInfo) -> tuple[int, bool]:
    name = table.logical_name
    known = _FIRST.index(name) if name in _FIRST else len(_FIRST)
    # What hangs on an activity, such as an attachment, comes after all of them.
    return known, not table.is_activity


@dataclass(slots=True)
class _Loading:
    """One document being written in one transaction."""

    connection: sa.Connection
    records: Records
    entries: Sequence[_Entry]
    problems: list[str]
    loaded: list[Loaded] = field(default_factory=list)
    #: Lookups to be set when the record they point to is there.
    _later: list[tuple[_Entry, str, _Entry]] = field(default_factory=list)
    _by_id: dict[tuple[str, UUID], _Entry] = field(default_factory=dict)
    _by_key: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], _Entry]] = field(default_factory=dict)
    _by_table: dict[str, list[_Entry]] = field(default_factory=lambda: defaultdict(list))

    def run(self, progress: Progress) -> None:
        """Write all entries, then the references that had to wait."""
        for entry in self.entries:
            self._by_table[entry.draft.table.logical_name].append(entry)
            if entry.id is not None:
                known = self._by_id.setdefault((entry.draft.table.logical_name, entry.id), entry)
                if known is not entry:
                    self.problems.append(f"{entry.draft.where}: has the same id as {known.draft.where}.")
        for number, entry in enumerate(self.entries, start=1):
            self._write(entry)
            progress(number, len(self.entries))
        for entry, column, target in self._later:
            with self._noting(entry):
                self._set_later(entry, column, target)

    def _write(self, entry: _Entry) -> None:
        if entry.is_begun:
            return
        entry.is_begun = True
        with self._noting(entry):
            draft = entry.draft
            values = {**draft.values, **self._references(entry)}
            id_ = self._find(entry, values)
            if id_ is None:
                entry.id = self._upsert().create(draft, values)
                done = Done.CREATED
            else:
                entry.id = id_
                done = self._upsert().change(draft, id_, values)
            self.loaded.append(Loaded(draft.table.set_name, entry.id, done))

    def _upsert(self) -> Upsert:
        return Upsert(self.connection, self.records, self._point_at_once)

    def _noting(self, entry: _Entry) -> "_Noting":
        return _Noting(self.connection, entry, self.problems)

    # References -------------------------------------------------------------------------------------------

    def _references(self, entry: _Entry) -> dict[str, Any]:
        """Return the values of the draft's lookups, leaving out those that must wait."""
        values: dict[str, Any] = {}
        for column, reference in entry.draft.references.items():
            waiting = None if reference is None else self._waiting(reference)
            if waiting is not None and _must_be_there(entry.draft.table, column):
                self._write(waiting)
                waiting = None
            if waiting is not None:
                self._later.append((entry, column, waiting))
                continue
            values.update(self._pointer(entry.draft.table, column, reference))
        return values

    def _pointer(self, table: TableInfo, column: str, reference: Reference | None) -> dict[str, Any]:
        """Return the lookup's value, and the table it points to where there is a choice."""
        values: dict[str, Any] = {column: None if reference is None else self._resolve(reference)}
        type_column = table.columns[column].type_column
        # Where a caller may not set it, the store finds out the table by itself.
        if type_column is not None and table.columns[type_column].may_create and reference is not None:
            values[type_column] = reference.table.logical_name
        return values

    def _point_at_once(self, table: TableInfo, column: str, reference: Reference | None) -> dict[str, Any]:
        """Return a lookup of a part, whose target is written first if it waits."""
        waiting = None if reference is None else self._waiting(reference)
        if waiting is not None:
            self._write(waiting)
        return self._pointer(table, column, reference)

    def _waiting(self, reference: Reference) -> _Entry | None:
        """Return the entry that a reference means, if it is not written yet."""
        entry = self._meant(reference)
        return entry if entry is not None and not entry.is_begun else None

    def _meant(self, reference: Reference) -> _Entry | None:
        name = reference.table.logical_name
        if reference.id is not None:
            return self._by_id.get((name, reference.id))
        columns = tuple(sorted(reference.key))
        if (name, columns) not in self._by_key:
            # Made once for all references of the same form: thousands of contacts may name accounts.
            entries = reversed(self._by_table[name])
            self._by_key[name, columns] = {_key(entry.draft.values, columns): entry for entry in entries}
        return self._by_key[name, columns].get(_key(reference.key, columns))

    def _resolve(self, reference: Reference) -> UUID:
        meant = self._meant(reference)
        if meant is not None and meant.is_broken:
            # The one problem is that other record; this one has nothing wrong with it.
            raise _FollowsFromAnother
        if meant is not None and meant.id is not None:
            return meant.id
        if reference.id is not None:
            return reference.id
        table = reference.table.table
        where = [_same(table.c[column], value) for column, value in reference.key.items()]
        found = self.connection.scalars(
            sa.select(table.c[reference.table.primary_id]).where(*where).limit(2)
        ).all()
        if len(found) != 1:
            raise UserError(f"{reference} names {'several records' if found else 'no record'}.")
        id_: UUID = found[0]
        return id_

    def _set_later(self, entry: _Entry, column: str, target: _Entry) -> None:
        if entry.is_broken or target.is_broken or entry.id is None:
            return
        reference = Reference(target.draft.table, target.id)
        values = self._pointer(entry.draft.table, column, reference)
        self._upsert().change(Draft(entry.draft.table, entry.draft.where), entry.id, values)

    # Which record -----------------------------------------------------------------------------------------

    def _find(self, entry: _Entry, values: dict[str, Any]) -> UUID | None:
        """Return the record that an entry is to change, or None when it is new."""
        name = entry.draft.table.logical_name
        if name == "organization":
            return self._organization(entry)
        if name == "mailbox":
            return self._mailbox(entry, values)
        if entry.key is not None:
            return self._resolve(entry.key)
        if entry.id is not None and self.records.find(self.connection, name, entry.id) is not None:
            return entry.id
        return None

    def _organization(self, entry: _Entry) -> UUID:
        if entry.id not in (None, ORGANIZATION_ID):
            raise UserError(f"there is one organization, and its id is {ORGANIZATION_ID}; leave the id out.")
        return ORGANIZATION_ID

    def _mailbox(self, entry: _Entry, values: dict[str, Any]) -> UUID | None:
        """Return the mailbox that an entry means: by its id, by its user or queue, or by its address.

        A mailbox that belongs to nobody is a forward mailbox and may be new.
        """
        owner = values.pop("regardingobjectid", None)
        values.pop("regardingobjecttypecode", None)
        table = entry.draft.table.table
        if entry.id is not None and self.records.find(self.connection, "mailbox", entry.id) is not None:
            return entry.id
        if owner is not None:
            return self._mailbox_of(entry, owner)
        if entry.id is None and values.get("emailaddress"):
            where = _same(table.c.emailaddress, values["emailaddress"])
            found = self.connection.scalars(sa.select(table.c.mailboxid).where(where)).all()
            if len(found) > 1:
                raise UserError("several mailboxes have this address; give the mailboxid.")
            if found:
                # The address said which mailbox; its letters' case is no change of the address.
                del values["emailaddress"]
                id_: UUID = found[0]
                return id_
        if values.setdefault("isforwardmailbox", True) is not True:
            raise UserError(
                "no user or queue has a mailbox with this address: a mailbox is made with its user or queue. "
                "Name the owner with regardingobjectid@odata.bind or regardingobjectid_queue@odata.bind."
            )
        return None

    def _mailbox_of(self, entry: _Entry, owner: UUID) -> UUID:
        table = entry.draft.table.table
        found = self.connection.scalar(sa.select(table.c.mailboxid).where(table.c.regardingobjectid == owner))
        if found is None:
            raise UserError(f"{owner} is no user or queue with a mailbox.")
        if entry.id not in (None, found):
            raise UserError(f"the mailbox of this user or queue was made with it and has the id {found}.")
        id_: UUID = found
        return id_


class _FollowsFromAnother(Exception):  # noqa: N818 - it never leaves this module
    """The record can't be written only because another one of the document has a problem."""


@dataclass(slots=True)
class _Noting:
    """A savepoint around one record: its problems are noted, and the next record is tried."""

    connection: sa.Connection
    entry: _Entry
    problems: list[str]
    _savepoint: Any = None

    def __enter__(self) -> None:
        """Begin the savepoint."""
        self._savepoint = self.connection.begin_nested()

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: object) -> bool:
        """Keep the record, or take it back and note why."""
        if fault is None:
            self._savepoint.commit()
            return False
        if isinstance(fault, UserError | sa.exc.IntegrityError | _FollowsFromAnother):
            self._savepoint.rollback()
            self.entry.is_broken = True
            self.problems.extend(f"{self.entry.draft.where}: {problem}" for problem in _words(fault))
            return True
        return False


def _words(fault: BaseException) -> Iterator[str]:
    if isinstance(fault, UserError):
        yield from fault.problems
    elif isinstance(fault, sa.exc.IntegrityError):
        yield "a row with the same key is already there."


def _must_be_there(table: TableInfo, column: str) -> bool:
    """Say whether a record can't even begin without this lookup; an owner is filled in meanwhile."""
    info = table.columns[column]
    return (info.required is Required.SYSTEM and info.kind is not Kind.OWNER) or not info.may_update


def _key(values: Mapping[str, Any], columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_folded(values.get(column)) for column in columns)


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _same(column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
    return sa.func.lower(column) == sa.func.lower(value) if isinstance(value, str) else column == value
