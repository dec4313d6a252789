"""The store as a side of synchronization keeps what every side promises."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.contracts.item_files import ItemFilesContract
from tests.contracts.item_side import ItemSideContract

from postroom.configuration.attachments import AttachmentRules
from postroom.ports.items import ItemPage
from postroom.reconcile.item import Item, Side
from postroom.reconcile.notice import IN_CRM
from postroom.reconcile.pair import Pair, Snapshot
from postroom.schema.ids import new_id
from postroom.schema.pair import ExchangeSyncIdMapping
from postroom.store import filters, pairs
from postroom.store.blobs import MemoryBlobs
from postroom.store.database import Database
from postroom.store.items import StoreItems
from postroom.store.items.files import RecordFiles
from postroom.store.records import Records

_PAIR = ExchangeSyncIdMapping.__table__


@dataclass(frozen=True, slots=True)
class SettlingItems(StoreItems):
    """A side all of whose changes are settled once they have been seen: the pairs say so."""

    def changes(self, mark: str | None) -> Iterator[ItemPage]:
        """Yield the pages of a look and agree on what they hold."""
        pages = list(StoreItems.changes(self, mark))
        with self.records.database.write() as connection:
            for page in pages:
                gone = [UUID(id) for id in page.gone]
                connection.execute(sa.delete(_PAIR).where(_PAIR.c.objectid.in_(gone)))
                for item in page.items:
                    connection.execute(sa.delete(_PAIR).where(_PAIR.c.objectid == UUID(item.id)))
                    pair = Pair(str(new_id()), item.kind, item.id, f"item of {item.id}")
                    pair = pair.with_snapshot(Side.CRM, Snapshot(item.version))
                    now = self.records.clock.now()
                    pairs.store(self.records.database, connection, self.user, pair, item.subject, now)
        yield from pages


@dataclass
class StorePlace:
    """The store as people see it."""

    side: StoreItems

    def put(self, item: Item) -> str:
        """Have a person make an item and return its id."""
        return self.side.create(item, str(new_id()), IN_CRM)[0]

    def edit(self, item_id: str, subject: str) -> None:
        """Have a person change an item."""
        with self.side.records.database.write() as connection:
            self.side.records.update(connection, "task", UUID(item_id), {"subject": subject})

    def drop(self, item_id: str) -> None:
        """Have a person delete an item."""
        with self.side.records.database.write() as connection:
            self.side.records.delete(connection, "task", UUID(item_id))


class TestStoreItems(ItemSideContract):
    """The contract, over either database."""

    @pytest.fixture
    def place(self, database: Database, records: Records) -> StorePlace:
        """Eva's records."""
        with database.write() as connection:
            user = records.create(connection, "systemuser", {"lastname": "Ek"})
            filters.populate(records, connection, user)
        return StorePlace(SettlingItems(records, user))


class TestFilesInTheStore(ItemFilesContract):
    """The contract on files, over either database; contents on both sides of the threshold."""

    @pytest.fixture
    def side(self, database: Database, records: Records) -> StoreItems:
        """Eva's records."""
        with database.write() as connection:
            user = records.create(connection, "systemuser", {"lastname": "Ek"})
        files = RecordFiles(MemoryBlobs(), AttachmentRules(10_000, frozenset()), threshold=1)
        return StoreItems(records, user, files=files)

    @pytest.fixture
    def which(self) -> Side:
        """The CRM's words."""
        return Side.CRM
