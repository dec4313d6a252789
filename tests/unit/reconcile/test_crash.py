"""Killed at any step or left without an answer, a pass is resumed and nothing is made twice."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.items import a_contact, a_meeting, a_series, a_task
from tests.support.synchronizing import NOON, Killed, Synchronizer

from postroom.reconcile.item import Identity, Item, Part, Side
from postroom.reconcile.pair import Decision
from postroom.reconcile.reason import Reason
from postroom.reconcile.status import says_the_same
from postroom.servers.memory_items import Fault, MemoryItems

#: More steps than any pass of these scenes takes.
MOST_STEPS = 80


def in_step() -> Synchronizer:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    for item in (a_contact("Jane"), a_meeting("Review"), a_task("Call"), a_series("Stand-up")):
        crm.put(item)
    sync = Synchronizer(crm, server)
    sync.settle()
    return sync


def newcomers(sync: Synchronizer) -> None:
    memory(sync, Side.CRM).put(a_meeting("New"))
    memory(sync, Side.SERVER).put(a_contact("Joe"))


def edits(sync: Synchronizer) -> None:
    """Change different fields, and one field on both sides, of everything."""
    for pair in list(sync.pairs.values()):
        name = "nickname" if pair.kind.value == "contact" else "body"
        memory(sync, Side.CRM).edit(pair.crm_id or "", NOON, **{name: "crm", "regarding": 1, "subject": "c"})
        memory(sync, Side.SERVER).edit(pair.server_id or "", NOON + timedelta(1), **{name: "server"})
        memory(sync, Side.SERVER).edit(pair.server_id or "", NOON + timedelta(1), job_title="s", importance=2)


def deletions(sync: Synchronizer) -> None:
    for number, pair in enumerate(list(sync.pairs.values())):
        side = Side.CRM if number % 2 else Side.SERVER
        memory(sync, side).drop(pair.id_on(side) or "")


def lost_pairs(sync: Synchronizer) -> None:
    sync.pairs.clear()
    sync.marks = {Side.CRM: None, Side.SERVER: None}


def memory(sync: Synchronizer, side: Side) -> MemoryItems:
    held = sync.side(side)
    assert isinstance(held, MemoryItems)
    return held


def contents(sync: Synchronizer, side: Side) -> list[str]:
    return sorted(str(sorted(map(str, item.fields.items()))) for item in memory(sync, side).items.values())


@pytest.mark.parametrize("scene", [newcomers, edits, deletions, lost_pairs])
def test_killed_at_any_step_it_comes_to_the_same_end(scene: Callable[[Synchronizer], None]) -> None:
    undisturbed = in_step()
    scene(undisturbed)
    undisturbed.settle()
    for steps in range(MOST_STEPS):
        sync = in_step()
        scene(sync)
        sync.dies_after = steps
        with suppress(Killed):
            sync.step()
        sync.dies_after = None
        sync.settle()
        for side in Side:
            assert contents(sync, side) == contents(undisturbed, side), steps
        assert len(sync.pairs) == len(undisturbed.pairs)


@pytest.mark.parametrize("scene", [newcomers, edits, deletions])
@pytest.mark.parametrize("fault", Fault)
def test_any_fault_at_any_write_comes_to_the_same_end(
    scene: Callable[[Synchronizer], None], fault: Fault
) -> None:
    undisturbed = in_step()
    scene(undisturbed)
    undisturbed.settle()
    for writes in range(5):
        sync = in_step()
        scene(sync)
        for side in Side:
            memory(sync, side).faults = [fault] * (writes + 1)
        sync.settle(most=20)
        for side in Side:
            assert contents(sync, side) == contents(undisturbed, side)


def test_an_invitation_whose_answer_was_lost_is_not_sent_again() -> None:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    crm.put(a_meeting())
    server.faults = [Fault.ANSWER_LOST]
    sync = Synchronizer(crm, server)
    sync.step()
    plan = sync.plan()
    assert [act.reason for act in plan.acts] == [Reason.ANSWER_FOUND]
    sync.settle()
    assert (len(server.items), len(server.told)) == (1, 1)


def test_a_creation_that_never_arrived_is_tried_again_under_the_same_token() -> None:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    crm.put(a_task())
    server.faults = [Fault.NOT_REACHED]
    sync = Synchronizer(crm, server)
    sync.step()
    (pair,) = sync.pairs.values()
    (act,) = sync.plan().acts
    assert pair.pending is not None
    assert (act.reason, act.token) == (Reason.ANSWER_MISSING, pair.pending.token)


def test_what_was_written_unanswered_is_not_taken_for_somebodys_edit() -> None:
    sync = in_step()
    crm, server = memory(sync, Side.CRM), memory(sync, Side.SERVER)
    pair = next(pair for pair in sync.pairs.values() if pair.kind.value == "task")
    crm.edit(pair.crm_id or "", NOON, body="first")
    # The server's clock is ahead, so by time alone our own write would win.
    server.now = NOON + timedelta(hours=1)
    server.faults = [Fault.ANSWER_LOST]
    sync.step()
    crm.edit(pair.crm_id or "", NOON + timedelta(minutes=1), body="second")
    sync.settle()
    assert server.items[pair.server_id or ""].fields["body"] == "second"
    assert not sync.overwritten


def test_a_lost_state_is_rebuilt_without_making_or_telling_anything() -> None:
    sync = in_step()
    memory(sync, Side.CRM).put(a_contact("Twin"))
    memory(sync, Side.CRM).put(a_contact("Twin"))
    sync.settle()
    before = [dict(memory(sync, side).items) for side in Side]
    told = list(memory(sync, Side.SERVER).told)
    lost_pairs(sync)
    for side in Side:
        memory(sync, side).forget_marks()
    sync.settle()
    assert [dict(memory(sync, side).items) for side in Side] == before
    assert memory(sync, Side.SERVER).told == told


def test_a_lost_state_is_rebuilt_even_where_the_marks_on_items_are_gone_too() -> None:
    sync = in_step()
    server = memory(sync, Side.SERVER)
    told = list(server.told)
    for item in list(server.items.values()):
        server.put(
            replace(item, identity=replace(item.identity, token="", crm_id="", uid=f"other {item.id}"))
        )
    lost_pairs(sync)
    reasons = {act.reason for act in sync.plan().acts}
    assert reasons == {Reason.MATCHED_BY_CONTENT}
    sync.settle()
    assert [len(memory(sync, side).items) for side in Side] == [4, 4]
    assert server.told == told


def test_lost_marks_alone_change_nothing() -> None:
    sync = in_step()
    for side in Side:
        memory(sync, side).forget_marks()
    assert not sync.step().acts


def test_differences_found_while_rebuilding_are_put_together_and_told_to_nobody() -> None:
    sync = in_step()
    server = memory(sync, Side.SERVER)
    pair = next(pair for pair in sync.pairs.values() if pair.kind.value == "appointment")
    told = list(server.told)
    memory(sync, Side.CRM).edit(pair.crm_id or "", NOON, location="Room 1")
    server.edit(pair.server_id or "", NOON, body="brought along")
    lost_pairs(sync)
    sync.settle()
    crm, item = memory(sync, Side.CRM).items[pair.crm_id or ""], server.items[pair.server_id or ""]
    assert all(says_the_same(crm, item, name) for name in ("location", "body"))
    assert (item.fields["location"], crm.fields["body"]) == ("Room 1", "brought along")
    assert server.told == told


def test_a_user_who_decided_after_all_gets_another_item() -> None:
    sync = in_step()
    pair = next(pair for pair in sync.pairs.values() if pair.kind.value == "contact")
    server = memory(sync, Side.SERVER)
    server.drop(pair.server_id or "")
    sync.settle()
    assert not names(server, "Jane")
    sync.pairs[pair.id] = replace(sync.pairs[pair.id], decision=Decision.ACCEPT)
    sync.settle()
    assert names(server, "Jane")


def names(held: MemoryItems, name: str) -> list[Item]:
    return [item for item in held.items.values() if item.fields.get("full_name") == name]


def test_what_is_moved_after_a_crash_is_known_by_its_calendar_id_and_made_once() -> None:
    for steps in range(12):
        crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
        item = server.put(a_meeting(side=Side.SERVER))
        sync = Synchronizer(crm, server, dies_after=steps)
        with suppress(Killed):
            sync.step()
        sync.dies_after = None
        server.move(item.id)
        sync.settle()
        assert [len(crm.items), len(server.items), len(sync.pairs)] == [1, 1, 1], steps


def test_an_item_that_comes_back_is_linked_to_the_record_that_was_kept() -> None:
    sync = in_step()
    server = memory(sync, Side.SERVER)
    pair = next(pair for pair in sync.pairs.values() if pair.kind.value == "appointment")
    crm = memory(sync, Side.CRM)
    crm.put(replace(crm.items[pair.crm_id or ""], part=Part.GUEST_OF_OUTSIDER))
    server.put(replace(server.items[pair.server_id or ""], part=Part.GUEST_OF_OUTSIDER))
    sync.settle()
    item = server.items[pair.server_id or ""]
    server.drop(item.id)
    sync.settle()
    back = server.put(replace(item, id="", is_tracked=False, identity=Identity(item.identity.uid)))
    assert not sync.plan().acts
    server.put(replace(back, is_tracked=True))
    sync.settle()
    assert (len(crm.items), sync.pairs[pair.id].server_id) == (4, back.id)


def test_another_item_with_the_calendar_id_of_a_linked_one_is_named() -> None:
    sync = in_step()
    server = memory(sync, Side.SERVER)
    item = next(item for item in server.items.values() if item.kind.value == "task")
    other = server.put(replace(item, id="", identity=Identity(item.identity.uid)))
    untracked = server.put(replace(other, id="", is_tracked=False))
    plan = sync.plan()
    assert [(each.item_id, each.reason) for each in plan.findings] == [(other.id, Reason.DUPLICATE_UID)]
    assert untracked.id not in {act.pair.server_id for act in plan.acts}
