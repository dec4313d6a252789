"""`StoreItems`: the CRM as an `ItemSide` for one user.

A record's key is the token that it was to be made under, so a creation whose answer was lost is found again
by looking for the key.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Any, Final
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import NoSuchRecord, StaleVersion
from postroom.ports.items import Feed, ItemPage, Removal
from postroom.reconcile.item import Identity, Item, Kind, Value
from postroom.reconcile.match import content_key
from postroom.reconcile.notice import Sends
from postroom.reconcile.series import Series
from postroom.schema import registry
from postroom.schema.ids import SYSTEM_USER_ID
from postroom.store.fetch import Viewer, viewer_of
from postroom.store.index import chunks_of
from postroom.store.items import appointments, contacts, letters, series, tasks
from postroom.store.items.alike import candidates
from postroom.store.items.columns import KINDS, TABLES, clipped
from postroom.store.items.files import TABLE as FILED
from postroom.store.items.files import Gathered, RecordFiles
from postroom.store.items.keeper import Keeper, keeper_of
from postroom.store.items.look import Standing, look, standing_of
from postroom.store.items.people import People, known_user, parties_with, people_of
from postroom.store.items.reading import READ, is_instance, read_items
from postroom.store.records import Records, links

_TOKENS: Final = UUID("5d1b7c0e-3a0f-4f0e-9d43-0f1a6e0c8a57")
_CALENDAR: Final = ("appointment", "recurringappointmentmaster")
_PAGE: Final = 200
#: How marks begin, and all that they need to hold: pairs say what has been seen. One that stays the same
#: spares a mailbox in which nothing has changed the writing of it.
_MARK: Final = "looked"


def record_id(token: str) -> UUID:
    """Return the key of the record that is made under a token; a token that is a key is the key itself.

    >>> record_id("01890f3e-0000-7000-8000-000000000001").hex
    '01890f3e000070008000000000000001'
    """
    return _key(token) or uuid5(_TOKENS, token)


@dataclass(frozen=True, slots=True)
class StoreItems:
    """The appointments, contacts, tasks and the like that go to one user's mailbox."""

    records: Records
    user: UUID
    #: Where the user's days begin and end, for filters that speak of days.
    zone: tzinfo = UTC
    page_size: int = _PAGE
    #: How attached files are read and kept; None when they are not synchronized.
    files: RecordFiles | None = None

    def changes(self, mark: str | None) -> Iterator[ItemPage]:
        """Yield what is to be seen since the last look, or everything that is in scope."""
        feed = Feed.SINCE if (mark or "").startswith(_MARK) else Feed.WHOLE
        with self.records.database.read() as connection:
            viewer = self._viewer(connection)
            looks = {table: look(connection, viewer, table, whole=feed is Feed.WHOLE) for table in READ}
        gone = [str(id) for each in looks.values() for id in each.gone] if feed is Feed.SINCE else []
        yield ItemPage((), gone, _MARK, feed)
        for table, each in looks.items():
            for ids in chunks_of(each.seen, self.page_size):
                with self.records.database.read() as connection:
                    items = self._read(connection, table, ids)
                yield ItemPage(tuple(items.values()), (), _MARK, feed)

    def get(self, ids: Sequence[str]) -> Mapping[str, Item]:
        """Return the records of these keys as they are now."""
        keys = {key for each in ids if (key := _key(each)) is not None}
        with self.records.database.read() as connection:
            found = [self._read(connection, table, keys) for table in READ]
        return {id: item for items in found for id, item in items.items()}

    def create(self, draft: Item, token: str, sends: Sends, *, is_first_try: bool = False) -> tuple[str, str]:
        """Make a record whose key the token fixes, or return the one that is there."""
        id, table = record_id(token), TABLES[draft.kind]
        with self._gathered(table, id, draft.fields) as files, self.records.database.write() as connection:
            if self._version(connection, table, id) is None:
                self._create(connection, table, id, draft, files)
            return str(id), self._version(connection, table, id) or ""

    def update(self, item_id: str, version: str, fields: Mapping[str, Value], sends: Sends) -> str:
        """Write these fields of a record and return its new version."""
        with self.records.database.read() as connection:
            id, table = self._place(connection, item_id)
        with self._gathered(table, id, fields) as files, self.records.database.write() as connection:
            self._update(connection, table, id, version, fields, files)
            return self._version(connection, table, id) or ""

    def delete(self, item_id: str, version: str, removal: Removal, sends: Sends) -> None:
        """Remove a record for good: the CRM has no deleted items."""
        with self.records.database.write() as connection:
            try:
                id, table = self._place(connection, item_id)
            except StaleVersion:
                return
            self.records.delete(
                connection, table, id, by=self.user, if_version=_number(version), internal=True
            )

    def find_by_token(self, tokens: Sequence[str]) -> Mapping[str, str]:
        """Return the keys of records that were made under these tokens."""
        keys = {record_id(token): token for token in tokens}
        with self.records.database.read() as connection:
            found = [id for table in READ for id in _existing(connection, table, keys)]
        return {keys[id]: str(id) for id in found}

    def find_by_uid(self, uids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the keys of records with these calendar ids."""
        found: dict[str, list[str]] = {}
        with self.records.database.read() as connection:
            for table in _CALENDAR:
                for uid, id in _with_uid(connection, table, uids):
                    found.setdefault(uid, []).append(str(id))
        return found

    def find_alike(self, items: Sequence[Item]) -> Sequence[str]:
        """Return the keys of records that look like one of these; only what the user's mailbox is to have."""
        wanted = {(item.kind, key) for item in items if (key := content_key(item))}
        found: list[str] = []
        with self.records.database.read() as connection:
            for table in READ:
                alike = [item for item in items if item.kind is KINDS[table]]
                ids = set(candidates(connection, KINDS[table], alike))
                for item in self._read(connection, table, ids).values() if ids else ():
                    if item.is_wanted and (item.kind, content_key(item)) in wanted:
                        found.append(item.id)
        return found

    def note(self, item_id: str, other_id: str) -> None:
        """Do nothing: which item a record belongs to stands in the pair."""

    def _viewer(self, connection: Connection) -> Viewer:
        return viewer_of(connection, self.user, self.records.clock.now(), self.zone)

    def _read(self, connection: Connection, table: str, ids: Collection[UUID]) -> Mapping[str, Item]:
        keeper = keeper_of(connection, self.user)
        items = read_items(connection, table, ids, keeper)
        if not items:
            return {}
        if self.files is not None and table == FILED:
            items = self.files.onto(self.records.database, connection, items)
        standing = standing_of(connection, self._viewer(connection), table, list(items))
        return {item.id: _placed(item, id, standing) for id, item in items.items()}

    @contextmanager
    def _gathered(self, table: str, id: UUID, fields: Mapping[str, Value]) -> Iterator[Gathered | None]:
        """Give what is needed to write the files among these fields, where they are synchronized."""
        is_filed = self.files is not None and table == FILED
        gathered = self.files.gather(self.records.database, id, fields) if self.files and is_filed else None
        with nullcontext() if gathered is None else closing(gathered):
            yield gathered

    def _create(
        self, connection: Connection, table: str, id: UUID, draft: Item, files: Gathered | None
    ) -> None:
        keeper = keeper_of(connection, self.user)
        info = registry.by_logical_name(table)
        values = {info.primary_id: id, **self._columns(connection, draft.kind, draft.fields)}
        values |= _errors(files)
        owner = self._owner(connection, keeper, draft)
        if draft.kind is Kind.TASK:
            values |= tasks.new_columns(self.records.clock.now())
        if draft.kind.is_calendar:
            values["globalobjectid"] = draft.identity.uid[:300] or None
            values["parties"] = parties_with(connection, People(keeper), _invited(draft, keeper)) or []
        # source: DATAVERSE-SYNC SYSTEM makes what its tracker does not organize
        by = self.user if owner == self.user else SYSTEM_USER_ID
        self.records.create(
            connection,
            table,
            {**values, "ownerid": owner, "owneridtype": "systemuser"},
            by=by,
            internal=True,
        )
        self._settle_days(connection, keeper, id, draft.fields)
        self._keep_files(connection, id, files)
        self._keep_tracked(connection, table, id)

    def _keep_files(self, connection: Connection, id: UUID, files: Gathered | None) -> None:
        if self.files is not None and files is not None:
            self.files.write(self.records, connection, id, files, self.user)

    def _keep_tracked(self, connection: Connection, table: str, id: UUID) -> None:
        """Let a record that no filter finds stay, since a person tracked it on the server."""
        # source: DATAVERSE-SYNC once an item is tracked, its changes go both ways
        if id in standing_of(connection, self._viewer(connection), table, [id]).wanted:
            return
        values = {"objectid": id, "objecttypecode": registry.by_logical_name(table).object_type_code}
        self.records.create(
            connection,
            "subscriptionmanuallytrackedobject",
            {**values, "subscriptionid": self.user, "track": True},
            by=self.user,
            internal=True,
        )

    def _update(
        self,
        connection: Connection,
        table: str,
        id: UUID,
        version: str,
        fields: Mapping[str, Value],
        files: Gathered | None,
    ) -> None:
        kind = KINDS[table]
        values = {**self._columns(connection, kind, fields), **_errors(files)}
        if kind.is_calendar:
            keeper = keeper_of(connection, self.user)
            present = people_of(connection, [id], keeper).get(id, People(keeper))
            parties = parties_with(connection, present, fields)
            values |= {} if parties is None else {"parties": parties}
        try:
            self.records.update(
                connection, table, id, values, by=self.user, if_version=_number(version), internal=True
            )
        except NoSuchRecord as error:
            raise StaleVersion(f"{id} is gone") from error
        self._keep_files(connection, id, files)
        self._settle_days(connection, keeper_of(connection, self.user), id, fields)

    def _settle_days(
        self, connection: Connection, keeper: Keeper, id: UUID, fields: Mapping[str, Value]
    ) -> None:
        """Make the days of a series as the field wants them, which the series itself was made as."""
        if isinstance(wanted := fields.get("recurrence"), Series):
            series.settle_days(self.records, connection, keeper, id, wanted)

    def _columns(self, connection: Connection, kind: Kind, fields: Mapping[str, Value]) -> dict[str, Any]:
        table = TABLES[kind]
        if kind is Kind.CONTACT:
            values = contacts.columns_of(connection, fields)
        elif kind is Kind.TASK:
            values = tasks.columns_of(fields)
        elif kind in letters.STATUSES:
            values = letters.columns_of(kind, fields)
        else:
            values = appointments.columns_of(table, fields)
        if isinstance(wanted := fields.get("recurrence"), Series):
            values |= series.columns_of(wanted)
        return clipped(table, _without_lost_regarding(connection, values))

    def _owner(self, connection: Connection, keeper: Keeper, draft: Item) -> UUID:
        """Return who will own a new record: the organizer if he is a user, else the keeper."""
        organizer = draft.fields.get("organizer")
        if not draft.kind.is_calendar or not organizer:
            return self.user
        return known_user(connection, keeper, str(organizer)) or self.user

    def _place(self, connection: Connection, item_id: str) -> tuple[UUID, str]:
        key = _key(item_id)
        for table in READ:
            if key is not None and self._version(connection, table, key) is not None:
                return key, table
        raise StaleVersion(f"There is no record {item_id} any more.")

    def _version(self, connection: Connection, table: str, id: UUID) -> str | None:
        info = registry.by_logical_name(table)
        query = sa.select(info.table.c.versionnumber).where(info.table.c[info.primary_id] == id)
        version = connection.scalar(query)
        return None if version is None else str(version)


def _placed(item: Item, id: UUID, standing: Standing) -> Item:
    """Return the item with what the user's filters and wishes say of it."""
    is_in_scope = id in standing.wanted
    hindrance = item.hindrance
    if not is_in_scope and standing.broken:
        # The broken filter may be the one that finds it: it must not pass for one that left.
        hindrance = " ".join(each.words for each in standing.broken)
    return replace(
        item,
        identity=Identity(item.identity.uid, item.id),
        is_in_scope=is_in_scope or bool(standing.broken),
        is_tracked=id not in standing.untracked,
        hindrance=hindrance,
    )


def _errors(files: Gathered | None) -> dict[str, Any]:
    return {} if files is None else {"attachmenterrors": int(files.errors)}


def _invited(draft: Item, keeper: Keeper) -> Mapping[str, Value]:
    """Return the fields of a new appointment; without an organizer it is the keeper's own."""
    organizer = draft.fields.get("organizer") or keeper.address or None
    return {**draft.fields, "organizer": organizer}


def _without_lost_regarding(connection: Connection, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values without a regarding record that is gone: an item may name it for ever."""
    table, id = values.get("regardingobjecttypecode"), values.get("regardingobjectid")
    if table is None or id is None:
        return values
    key = _key(str(id))
    if key is not None and links.exists(connection, table, key):
        return values
    return {name: value for name, value in values.items() if not name.startswith("regardingobject")}


def _existing(connection: Connection, table: str, ids: Collection[UUID]) -> Iterator[UUID]:
    info = registry.by_logical_name(table)
    key = info.table.c[info.primary_id]
    for chunk in chunks_of(ids):
        yield from connection.scalars(sa.select(key).where(key.in_(chunk)))


def _with_uid(connection: Connection, table: str, uids: Sequence[str]) -> Iterator[tuple[str, UUID]]:
    columns = registry.by_logical_name(table).table.c
    for chunk in chunks_of(uid for uid in uids if uid):
        query = sa.select(columns.globalobjectid, columns.activityid)
        rows = connection.execute(query.where(columns.globalobjectid.in_(chunk), sa.not_(is_instance(table))))
        yield from ((uid, id) for uid, id in rows)


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(version: str) -> int:
    """Return a version as the store counts; one that it never gave is none that is there now."""
    return int(version) if version.isascii() and version.isdigit() else -1
