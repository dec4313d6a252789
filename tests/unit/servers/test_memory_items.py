"""Items without a server keep the promises of the port, and fail as they are told."""

from dataclasses import dataclass, field, replace

import pytest
from tests.contracts.item_files import ItemFilesContract
from tests.contracts.item_side import ItemPlace, ItemSideContract, look
from tests.support.items import a_task
from tests.support.synchronizing import NOON

from postroom.errors import StaleVersion, Unreachable
from postroom.ports.items import Removal
from postroom.reconcile.item import Item, Side
from postroom.reconcile.notice import IN_CRM
from postroom.servers.memory_items import Fault, MemoryItems


@dataclass
class InMemory:
    side: MemoryItems = field(default_factory=lambda: MemoryItems(Side.SERVER, page_size=1))

    def put(self, item: Item) -> str:
        return self.side.put(item).id

    def edit(self, item_id: str, subject: str) -> None:
        self.side.edit(item_id, NOON, subject=subject)

    def drop(self, item_id: str) -> None:
        self.side.drop(item_id)


class TestMemoryItems(ItemSideContract):
    @pytest.fixture
    def place(self) -> ItemPlace:
        return InMemory()


class TestFilesInMemory(ItemFilesContract):
    @pytest.fixture
    def side(self) -> MemoryItems:
        return MemoryItems(Side.SERVER)


def test_a_lost_answer_hides_what_was_done() -> None:
    side = MemoryItems(Side.CRM, faults=[Fault.ANSWER_LOST])
    with pytest.raises(Unreachable):
        side.create(a_task("One"), "token", IN_CRM)
    assert side.find_by_token(["token"])


def test_a_request_that_never_arrives_does_nothing() -> None:
    side = MemoryItems(Side.CRM, faults=[Fault.NOT_REACHED])
    with pytest.raises(Unreachable):
        side.create(a_task("One"), "token", IN_CRM)
    assert not side.items


def test_somebody_may_write_first() -> None:
    side = MemoryItems(Side.CRM, faults=[Fault.STALE])
    item = side.put(a_task("One"))
    with pytest.raises(StaleVersion):
        side.delete(item.id, item.version, Removal.FOR_GOOD, IN_CRM)


def test_a_look_that_breaks_gave_its_first_pages() -> None:
    side = MemoryItems(Side.CRM, page_size=1, breaks_after=1)
    side.put(a_task("One"))
    side.put(a_task("Two"))
    pages = side.changes(None)
    assert len(next(pages).items) == 1
    with pytest.raises(Unreachable):
        next(pages)
    assert len(look(side).subjects) == 2


def test_a_note_has_the_item_tracked_and_changes_its_version_once() -> None:
    side = MemoryItems(Side.SERVER)
    item = side.put(replace(a_task(), is_tracked=False))
    side.note(item.id, "record")
    noted = side.items[item.id]
    assert (noted.is_tracked, noted.identity.crm_id) == (True, "record")
    side.note(item.id, "record")
    assert side.items[item.id].version == noted.version != item.version
