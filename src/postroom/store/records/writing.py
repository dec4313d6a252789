"""`Records`: rows written under all rules of the schema, and read without their secrets.

A write goes through these steps: the columns a caller may set; what each value must be; defaults; state and
status; lookups; what must not be empty; the hooks before; sealing; the row itself; the hooks after. All
problems of the steps up to the hooks are told at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.errors import InvalidRecord, NoSuchRecord, StaleVersion
from postroom.ports.clock import Clock
from postroom.ports.secrets import Secrets
from postroom.schema import registry
from postroom.schema.column import Kind, OnDelete
from postroom.schema.ids import SYSTEM_USER_ID, new_id
from postroom.schema.table import TableInfo
from postroom.store.database import Database
from postroom.store.records import links, organization
from postroom.store.records import values as rules_of_values
from postroom.store.records.hooks import Hooks, Write, WriteKind
from postroom.store.records.rules import DEFAULT_HOOKS, WRITTEN_ONLY_BY_US
from postroom.store.records.sealing import place_of

_DUPLICATE = 0x80040237
_IN_USE = 0x80040227
_PARTIES = "parties"


class Records:
    """Validated records of every table, on a connection that the caller gives."""

    def __init__(
        self, database: Database, secrets: Secrets, clock: Clock, *, hooks: Hooks = DEFAULT_HOOKS
    ) -> None:
        self.database = database
        self.secrets = secrets
        self.clock = clock
        self.hooks = hooks

    def ensure_organization(self, connection: sa.Connection, *, name: str = "Postroom") -> UUID:
        """Make the organization, its root business unit and the SYSTEM user, unless they are there."""
        return organization.ensure(self.database, connection, self.clock.now(), name)

    def create(
        self,
        connection: sa.Connection,
        table: str,
        values: Mapping[str, Any],
        *,
        by: UUID | None = None,
        internal: bool = False,
    ) -> UUID:
        """Create a record and return its key, which the values may name.

        An activity may bring its `parties`: a list of dicts with `participationtypemask` and either `partyid`
        (and `partyobjecttypecode`) or `addressused`.
        """
        info = _stored(table)
        write = self._begin(connection, info, WriteKind.CREATE, {}, values, by, internal=internal)
        self._may_write(write)
        self._check_values(write, values)
        self._fill(write)
        self._settle(write)
        write.problems.extend(rules_of_values.missing(info, write.values))
        self._run(self.hooks.before, write)
        self._insert(write)
        self._call(self.hooks.after, write)
        return write.id

    def update(
        self,
        connection: sa.Connection,
        table: str,
        id: UUID,
        values: Mapping[str, Any],
        *,
        by: UUID | None = None,
        if_version: int | None = None,
        internal: bool = False,
    ) -> None:
        """Change columns of a record; raises `StaleVersion` when it has another version than expected."""
        info = _stored(table)
        before = self._held(connection, info, id, if_version)
        write = self._begin(connection, info, WriteKind.UPDATE, before, values, by, internal=internal)
        write.id = id
        self._may_write(write)
        self._check_values(write, values)
        self._settle(write)
        write.problems.extend(
            problem
            for problem in rules_of_values.missing(info, write.after)
            if problem.column in write.values
        )
        self._run(self.hooks.before, write)
        self._overwrite(write)
        self._call(self.hooks.after, write)

    def delete(
        self,
        connection: sa.Connection,
        table: str,
        id: UUID,
        *,
        by: UUID | None = None,
        if_version: int | None = None,
        internal: bool = False,
    ) -> None:
        """Remove a record and what belongs to it; links to it go too or forbid it, as the schema says."""
        info = _stored(table)
        before = self._held(connection, info, id, if_version)
        write = self._begin(connection, info, WriteKind.DELETE, before, {}, by, internal=internal)
        write.id = id
        self._may_write(write)
        self._run(self.hooks.before, write)
        self._follow_links(write)
        connection.execute(sa.delete(info.table).where(info.table.c[info.primary_id] == id))
        self._call(self.hooks.after, write)

    def get(self, connection: sa.Connection, table: str, id: UUID) -> dict[str, Any]:
        """Return a record without its secrets; raises `NoSuchRecord`."""
        found = self.find(connection, table, id)
        if found is None:
            raise _absent(registry.by_logical_name(table), id)
        return found

    def find(self, connection: sa.Connection, table: str, id: UUID) -> dict[str, Any] | None:
        """Return a record without its secrets, or None.

        `activitypointer` finds an activity of any kind, with the columns of its own table.
        """
        info = registry.by_logical_name(table)
        for concrete in (info,) if info.is_stored else registry.activities():
            found = self.select(
                connection, concrete.logical_name, concrete.table.c[concrete.primary_id] == id
            )
            if found:
                return found[0]
        return None

    def select(
        self,
        connection: sa.Connection,
        table: str,
        where: sa.ColumnElement[bool] | None = None,
        *,
        order_by: Sequence[Any] = (),
        limit: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Return records without their secrets."""
        info = _stored(table)
        secrets = set(info.secrets())
        wanted = [info.table.c[name] for name in columns or info.columns if name not in secrets]
        query = sa.select(*wanted).order_by(*order_by).limit(limit)
        if where is not None:
            query = query.where(where)
        return [dict(row) for row in connection.execute(query).mappings()]

    def open_secret(self, connection: sa.Connection, table: str, id: UUID, column: str) -> str | None:
        """Return a secret in plain, for the one who signs in with it; None when none is set."""
        info = _stored(table)
        sealed = connection.scalar(sa.select(info.table.c[column]).where(info.table.c[info.primary_id] == id))
        return None if sealed is None else self.secrets.open(sealed, place=place_of(info, id, column))

    def _begin(
        self,
        connection: sa.Connection,
        info: TableInfo,
        kind: WriteKind,
        before: Mapping[str, Any],
        given: Mapping[str, Any],
        by: UUID | None,
        *,
        internal: bool,
    ) -> Write:
        return Write(
            connection,
            self,
            info,
            kind,
            new_id(),
            before,
            {},
            by or SYSTEM_USER_ID,
            self.clock.now(),
            internal,
            parties=given.get(_PARTIES) if info.is_activity else None,
        )

    def _may_write(self, write: Write) -> None:
        code = WRITTEN_ONLY_BY_US.get((write.table.logical_name, write.kind))
        if code is not None and not write.internal:
            raise InvalidRecord(
                f"{write.table.plural_label} can't be {write.kind.value}d directly.", code=code
            )

    def _check_values(self, write: Write, given: Mapping[str, Any]) -> None:
        """Take over every given value that the caller may set and that fits its column."""
        for name, value in given.items():
            if name == _PARTIES and write.table.is_activity:
                continue
            try:
                self._take(write, name, value)
            except InvalidRecord as problem:
                write.problems.append(problem)

    def _take(self, write: Write, name: str, value: Any) -> None:
        info = write.table.columns.get(name)
        if info is None:
            problem = f"{write.table.logical_name} has no column {name!r}."
            raise InvalidRecord(problem, code=rules_of_values.UNKNOWN_COLUMN, column=name)
        fitted = rules_of_values.checked(write.table, name, value)
        if write.kind is WriteKind.CREATE:
            allowed, unchanged = info.may_create, fitted == info.default
        else:
            allowed, unchanged = info.may_update, fitted == write.before.get(name)
        if info.kind is Kind.KEY:
            allowed = allowed and write.kind is WriteKind.CREATE
            unchanged = fitted == write.id and write.kind is WriteKind.UPDATE
        # Clients send back what they have read; that is no attempt to change it.
        if not (allowed or write.internal or unchanged):
            raise InvalidRecord(
                f"{write.table.logical_name}.{name} ({info.label}): it can't be set here.", column=name
            )
        if info.kind is Kind.KEY:
            self._take_key(write, fitted)
        elif allowed or write.internal:
            write.values[name] = fitted

    def _take_key(self, write: Write, key: UUID) -> None:
        write.id = key
        if write.kind is WriteKind.CREATE and links.exists(write.connection, write.table.logical_name, key):
            raise InvalidRecord(
                f"There is a {write.table.label} with the key {key} already.", code=_DUPLICATE
            )

    def _fill(self, write: Write) -> None:
        """Fill in what a new record gets when nobody says otherwise."""
        columns, values = write.table.columns, write.values
        if "ownerid" in columns and columns["ownerid"].may_create:
            values.setdefault("ownerid", write.by)
        if "businessunitid" in columns:
            values.setdefault("businessunitid", organization.ROOT_UNIT_ID)
        if "organizationid" in columns and write.table.logical_name != "organization":
            values.setdefault("organizationid", organization.ORGANIZATION_ID)
        if "activitymimeattachmentidunique" in columns:
            values.setdefault("activitymimeattachmentidunique", new_id())
        state = {name: values[name] for name in ("statecode", "statuscode") if name in values}
        for name, info in columns.items():
            if name not in state and values.get(name) is None and info.default is not None:
                values[name] = info.default
        if state:
            for name in {"statecode", "statuscode"} - state.keys():
                values.pop(name, None)

    def _settle(self, write: Write) -> None:
        try:
            rules_of_values.settle_state(write.table, write.before, write.values)
        except InvalidRecord as problem:
            write.problems.append(problem)
        self._recall_types(write)
        write.problems.extend(links.settle_lookups(write.connection, write.table, write.values))
        owned = write.table.has("owningbusinessunit") and write.table.has("owneridtype")
        if owned and write.values.get("ownerid") and not write.problems:
            links.derive_owner(write.connection, write.values)

    def _recall_types(self, write: Write) -> None:
        """Check a lookup again when only the table it points to is set."""
        for name, info in write.table.lookups():
            if info.type_column in write.values and name not in write.values and write.before.get(name):
                write.values[name] = write.before[name]

    def _run(self, hooks: Mapping[str, Sequence[Any]], write: Write) -> None:
        """Call the hooks unless there are problems already, then raise what problems there are."""
        _raise(write.problems)
        self._call(hooks, write)

    def _call(self, hooks: Mapping[str, Sequence[Any]], write: Write) -> None:
        for hook in hooks.get(write.table.logical_name, ()):
            hook(write)
        _raise(write.problems)

    def _insert(self, write: Write) -> None:
        stored = self._sealed(write)
        created = stored.get("overriddencreatedon") or stored.get("createdon") or write.now
        stamps = {
            "createdon": created,
            "createdby": stored.get("createdby") or write.by,
            **self._stamps(write),
        }
        known = {name: value for name, value in stamps.items() if write.table.has(name)}
        row = {**stored, **known, write.table.primary_id: write.id}
        write.values.update(known)
        write.connection.execute(sa.insert(write.table.table), row)

    def _overwrite(self, write: Write) -> None:
        stamps = {name: value for name, value in self._stamps(write).items() if write.table.has(name)}
        row = {**self._sealed(write), **stamps}
        write.values.update(stamps)
        if row:
            key = write.table.table.c[write.table.primary_id]
            write.connection.execute(sa.update(write.table.table).where(key == write.id).values(row))

    def _stamps(self, write: Write) -> dict[str, Any]:
        return {
            "modifiedon": write.now,
            "modifiedby": write.by,
            "versionnumber": self.database.next_versions(write.connection),
        }

    def _sealed(self, write: Write) -> dict[str, Any]:
        """Return the values with every secret sealed and its flag set."""
        stored = dict(write.values)
        for name in write.table.secrets():
            if name not in stored:
                continue
            plain = stored[name] or None
            place = place_of(write.table, write.id, name)
            stored[name] = None if plain is None else self.secrets.seal(plain, place=place)
            if flag := write.table.columns[name].set_flag:
                stored[flag] = write.values[flag] = plain is not None
        return stored

    def _held(
        self, connection: sa.Connection, info: TableInfo, id: UUID, if_version: int | None
    ) -> dict[str, Any]:
        """Return the row as it is and keep others from changing it until the transaction ends."""
        secrets = set(info.secrets())
        wanted = [column for column in info.table.c if column.name not in secrets]
        query = sa.select(*wanted).where(info.table.c[info.primary_id] == id).with_for_update()
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise _absent(info, id)
        if if_version is not None and row["versionnumber"] != if_version:
            raise StaleVersion(
                f"{info.label} {id} has version {row['versionnumber']}, not {if_version}; read it again."
            )
        return dict(row)

    def _follow_links(self, write: Write) -> None:
        for table, names in links.pointing_to(write.table.logical_name).items():
            for name in names:
                self._follow(write, table, name)

    def _follow(self, write: Write, table: TableInfo, name: str) -> None:
        info = table.columns[name]
        if info.on_delete is OnDelete.NOTHING:
            return
        key, link = table.table.c[table.primary_id], table.table.c[name]
        found = write.connection.scalars(sa.select(key).where(link == write.id)).all()
        if found and info.on_delete is OnDelete.RESTRICT:
            problem = f"{write.table.label} {write.id} is in use by {len(found)} of {table.plural_label}."
            raise InvalidRecord(problem, code=_IN_USE)
        for id in found:
            if info.on_delete is OnDelete.CASCADE:
                self.delete(write.connection, table.logical_name, id, by=write.by, internal=True)
            else:
                unlinked = {name: None}
                self.update(write.connection, table.logical_name, id, unlinked, by=write.by, internal=True)


def _stored(table: str) -> TableInfo:
    info = registry.find(table)
    if info is None:
        raise InvalidRecord(f"There is no table {table!r}.", code=links.NO_SUCH_TABLE)
    if not info.is_stored:
        raise InvalidRecord(f"{info.plural_label} are read together, but written each in its own table.")
    return info


def _absent(info: TableInfo, id: UUID) -> NoSuchRecord:
    return NoSuchRecord(f"There is no {info.label} with the key {id}.")


def _raise(problems: Iterable[InvalidRecord]) -> None:
    """Raise all problems as one."""
    found = list(problems)
    if len(found) == 1:
        raise found[0]
    if found:
        whole = InvalidRecord("\n".join(map(str, found)), code=found[0].code, column=found[0].column)
        whole.problems = tuple(sentence for problem in found for sentence in problem.problems)
        raise whole
