"""An item whose writes never get an answer rests in the end, holds nobody up, and is never made twice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from tests.support.items import a_contact
from tests.support.synchronizing import NOON, Synchronizer

from postroom.errors import Unreachable
from postroom.ports.items import Removal
from postroom.reconcile.item import Item, Part, Side, Value
from postroom.reconcile.notice import Sends
from postroom.reconcile.pair import Link
from postroom.reconcile.policy import Policy
from postroom.reconcile.reason import Reason
from postroom.servers.memory_items import MemoryItems

MOST = Policy().most_lost_answers


@dataclass(slots=True)
class Hushed(MemoryItems):
    """A server that hangs up at whatever is written on one item, and counts how often."""

    tried: int = 0
    is_done: bool = False
    is_mended: bool = False

    def create(self, draft: Item, token: str, sends: Sends, *, is_first_try: bool = False) -> tuple[str, str]:
        if self._hangs_up(draft.subject) and not self.is_done:
            raise Unreachable("it hung up")
        made = MemoryItems.create(self, draft, token, sends, is_first_try=is_first_try)
        if self._hangs_up(draft.subject, again=False):
            raise Unreachable("it hung up afterwards")
        return made

    def update(self, item_id: str, version: str, fields: Mapping[str, Value], sends: Sends) -> str:
        if self._hangs_up(self.items[item_id].subject):
            raise Unreachable("it hung up")
        return MemoryItems.update(self, item_id, version, fields, sends)

    def delete(self, item_id: str, version: str, removal: Removal, sends: Sends) -> None:
        if self._hangs_up(self.items[item_id].subject):
            raise Unreachable("it hung up")
        MemoryItems.delete(self, item_id, version, removal, sends)

    def _hangs_up(self, subject: str, *, again: bool = True) -> bool:
        is_meant = subject == "Hush" and not self.is_mended
        self.tried += is_meant and again
        return is_meant


def sides(*subjects: str) -> tuple[MemoryItems, Hushed, Synchronizer]:
    crm, server = MemoryItems(Side.CRM), Hushed(Side.SERVER)
    for subject in subjects:
        crm.put(a_contact(subject))
    return crm, server, Synchronizer(crm, server)


def test_a_creation_that_never_gets_through_rests_and_is_made_once_when_it_does() -> None:
    crm, server, sync = sides("Hush")
    sync.settle(most=MOST + 2)
    assert server.tried == MOST
    assert [each.reason for each in sync.plan().findings] == [Reason.RESTS]
    server.is_mended = True
    sync.settle()
    assert not server.items, "it rests until it changes"
    (item,) = crm.items.values()
    crm.edit(item.id, NOON, job_title="Boss")
    sync.settle()
    assert len(server.items) == 1


def test_a_creation_that_was_done_each_time_is_found_and_made_once() -> None:
    _, server, sync = sides("Hush")
    server.is_done = True
    sync.settle()
    assert (len(server.items), [pair.link for pair in sync.pairs.values()]) == (1, [Link.LINKED])


@pytest.mark.parametrize("what", ["an edit", "a deletion"])
def test_an_edit_or_deletion_that_never_gets_through_rests(what: str) -> None:
    crm, server, sync = sides("Hush")
    server.is_mended = True
    sync.settle()
    server.is_mended = False
    (item,) = crm.items.values()
    if what == "an edit":
        crm.edit(item.id, NOON, job_title="Boss")
    else:
        # The owner's own copy of a contact stays; another's goes.
        (pair,) = sync.pairs.values()
        sync.pairs[pair.id] = replace(pair, part=Part.GUEST_OF_OUTSIDER)
        crm.drop(item.id)
    sync.settle(most=2 * MOST + 2)
    assert server.tried == MOST
    assert [each.reason for each in sync.plan().findings] == [Reason.RESTS]


def test_an_edit_that_gets_through_in_the_end_begins_to_count_anew() -> None:
    crm, server, sync = sides("Hush")
    server.is_mended = True
    sync.settle()
    server.is_mended = False
    (item,) = crm.items.values()
    crm.edit(item.id, NOON, job_title="Boss")
    for _ in range(MOST):
        sync.step()
    (pair,) = sync.pairs.values()
    assert pair.failure is not None
    assert 1 < pair.failure.lost < MOST
    server.is_mended = True
    sync.settle()
    (pair,) = sync.pairs.values()
    assert pair.failure is None
    assert [each.fields["job_title"] for each in server.items.values()] == ["Boss"]


def test_what_loses_its_answers_is_done_after_everything_else() -> None:
    crm, _, sync = sides("Hush")
    sync.step()
    crm.put(a_contact("Another"))
    crm.put(a_contact("Third"))
    assert [act.draft.subject for act in sync.plan().acts if act.draft][-1] == "Hush"
