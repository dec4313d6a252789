"""Attached files put together: proven or compared, never doubled, never lost."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.items import a_meeting, an_appointment
from tests.support.synchronizing import NOON, Killed, Synchronizer

from postroom.reconcile.files import AttachedFile, copy_id, difference, is_proven_same, united
from postroom.reconcile.item import Item, Side
from postroom.reconcile.notice import Notice
from postroom.reconcile.policy import Policy
from postroom.servers.memory_items import Fault, MemoryItems


def files_of(item: Item) -> dict[str, bytes]:
    value = item.fields.get("attachments") or ()
    assert isinstance(value, tuple)
    assert len({each.name for each in value}) == len(value), "a file is there twice"
    return {each.name: b"".join(each.content.chunks()) for each in value}


def in_step() -> tuple[Synchronizer, MemoryItems, MemoryItems]:
    """Return two sides that agree on one appointment, whose files are synchronized."""
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    sync = Synchronizer(crm, server, policy=Policy(sync_attachments=True))
    item = crm.put(an_appointment())
    crm.attach(item.id, NOON, one=b"1", two=b"22")
    sync.settle()
    return sync, crm, server


def only(side: MemoryItems) -> Item:
    (item,) = side.items.values()
    return item


def test_the_later_change_of_files_stands_of_a_meeting_too() -> None:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    sync = Synchronizer(crm, server, policy=Policy(sync_attachments=True))
    crm.put(a_meeting())
    sync.settle()
    crm.attach(only(crm).id, NOON + timedelta(minutes=2), later=b"1")
    server.attach(only(server).id, NOON + timedelta(minutes=1), earlier=b"2")
    server.told.clear()
    sync.settle()
    assert files_of(only(crm)) == files_of(only(server)) == {"later": b"1"}
    assert all(sends.notice is Notice.NONE for sends in server.told), "files alone are told to nobody"


def test_without_the_setting_files_stay_where_they_are() -> None:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    sync = Synchronizer(crm, server)
    crm.attach(crm.put(an_appointment()).id, NOON, one=b"1")
    sync.settle()
    assert files_of(only(server)) == {}


def test_files_that_were_never_agreed_on_are_united_whichever_side_is_touched() -> None:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    sync = Synchronizer(crm, server)
    crm.attach(crm.put(an_appointment()).id, NOON, mine=b"1")
    sync.settle()
    server.attach(only(server).id, NOON, theirs=b"2")
    sync.settle()
    sync.policy = Policy(sync_attachments=True)
    crm.edit(only(crm).id, NOON, subject="touched")
    sync.settle()
    assert files_of(only(crm)) == files_of(only(server)) == {"mine": b"1", "theirs": b"2"}


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("side", Side)
def test_a_failed_write_of_files_is_made_good(fault: Fault, side: Side) -> None:
    sync, crm, server = in_step()
    source, target = (crm, server) if side is Side.SERVER else (server, crm)
    source.detach(only(source).id, NOON + timedelta(minutes=1), "one")
    source.attach(only(source).id, NOON + timedelta(minutes=1), three=b"333")
    target.now, target.faults = NOON + timedelta(minutes=5), [fault]
    sync.settle()
    assert files_of(only(crm)) == files_of(only(server)) == {"two": b"22", "three": b"333"}
    assert sync.overwritten == []


@pytest.mark.parametrize("steps", range(8))
def test_killed_at_any_step_no_file_is_lost_or_doubled(steps: int) -> None:
    sync, crm, server = in_step()
    crm.attach(only(crm).id, NOON + timedelta(minutes=1), three=b"333")
    sync.dies_after = steps
    try:
        sync.step()
    except Killed:
        sync.dies_after = None
    sync.dies_after = None
    sync.settle()
    assert files_of(only(crm)) == files_of(only(server)) == {"one": b"1", "two": b"22", "three": b"333"}


def test_lost_pairs_are_found_again_and_no_file_is_moved() -> None:
    sync, crm, server = in_step()
    sync.pairs.clear()
    sync.marks = {Side.CRM: None, Side.SERVER: None}
    before = (only(crm).fields["attachments"], only(server).fields["attachments"])
    sync.settle()
    assert (only(crm).fields["attachments"], only(server).fields["attachments"]) == before


def test_a_copy_is_known_by_its_id_for_as_long_as_its_content_is_the_same() -> None:
    original = AttachedFile("a", "state")
    copy = AttachedFile("a", "d", digest="d", id=copy_id("record", "state", "d"), record="record")
    assert is_proven_same(copy, original)
    assert is_proven_same(original, copy)
    assert not is_proven_same(replace(copy, digest="e"), original)
    assert not is_proven_same(replace(copy, name="b"), original)


def test_what_is_not_proven_is_compared_by_its_digest_and_only_under_one_name() -> None:
    asked: list[str] = []

    def digest_of(file: AttachedFile) -> str:
        asked.append(file.name)
        return "same"

    found = difference((AttachedFile("a", "1"), AttachedFile("b", "2")), (AttachedFile("a", "x"),), digest_of)
    assert (found.added, [each.name for each in found.removed]) == ((), ["b"])
    assert set(asked) == {"a"}


def test_what_stays_where_it_is_is_neither_added_nor_removed() -> None:
    stays, other = AttachedFile("big", "1", "too big"), AttachedFile("huge", "2", "too big")
    found = difference((stays,), (other,), lambda file: file.name)
    assert (found.added, found.removed, found.stay) == ((), (), ())
    assert united((stays,), (other,)) == (other,)
