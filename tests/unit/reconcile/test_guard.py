"""Plans that would destroy too much are held back, with words."""

import pytest
from tests.support.items import a_meeting, a_task
from tests.support.synchronizing import Synchronizer

from postroom.errors import UnsafePlan
from postroom.reconcile.guard import Guarded, Limits, Reading, guard
from postroom.reconcile.item import Side
from postroom.reconcile.pair import Doing
from postroom.reconcile.policy import Policy, TaskDeletion
from postroom.servers.memory_items import MemoryItems


def many(number: int) -> Synchronizer:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    for each in range(number):
        crm.put(a_task(f"Task {each}"))
    sync = Synchronizer(crm, server, policy=Policy(task_deletion=TaskDeletion.DELETE))
    sync.settle()
    return sync


def after_dropping(sync: Synchronizer, number: int, reading: Reading = Reading.WHOLE) -> Guarded:
    server = sync.server
    assert isinstance(server, MemoryItems)
    for item_id in list(server.items)[:number]:
        server.drop(item_id)
    return guard(sync.plan(), len(sync.pairs), reading)


@pytest.mark.parametrize(
    ("pairs", "dropped", "held"),
    [
        (100, 19, 0),  # few, though nearly a fifth
        (200, 30, 0),  # many, and little of all
        (100, 20, 20),
        (3, 3, 3),  # a side is emptied
        (2, 2, 0),
    ],
)
def test_deletions_are_held_back_where_both_number_and_share_are_too_large(
    pairs: int, dropped: int, held: int
) -> None:
    guarded = after_dropping(many(pairs), dropped)
    assert len(guarded.withheld) == held
    assert len(guarded.plan.acts) == dropped - held


def test_a_refusal_names_the_numbers_and_the_cure() -> None:
    guarded = after_dropping(many(30), 30)
    with pytest.raises(UnsafePlan, match=r"30 of 30 items would be deleted in the CRM; .* approve it"):
        guarded.refuse()
    after_dropping(many(30), 1).refuse()


def test_whoever_approves_a_plan_lifts_the_limits() -> None:
    sync = many(30)
    after_dropping(sync, 30)
    generous = Limits(most_deletions=1_000, emptied_from=1_000)
    assert not guard(sync.plan(), 30, limits=generous).withheld


def test_after_a_partial_read_nothing_is_made_or_deleted() -> None:
    sync = many(10)
    crm = sync.crm
    assert isinstance(crm, MemoryItems)
    crm.put(a_task("New"))
    crm.edit(next(iter(crm.items)), crm.now, body="new")
    guarded = after_dropping(sync, 1, Reading.PARTIAL)
    assert {act.doing for act in guarded.withheld} <= {Doing.CREATE, Doing.DELETE}
    assert not {act.doing for act in guarded.plan.acts} & {Doing.DELETE}
    assert len(guarded.causes) == 1


def test_a_page_that_fails_deletes_nothing_and_the_next_pass_goes_on() -> None:
    sync = many(10)
    server = sync.server
    assert isinstance(server, MemoryItems)
    server.forget_marks()
    server.page_size, server.breaks_after = 3, 1
    assert not sync.step().acts
    assert not sync.step().acts
    assert len(server.items) == 10


def test_not_everybody_is_told_at_once() -> None:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    for each in range(11):
        crm.put(a_meeting(f"Meeting {each}"))
    crm.put(a_task())
    guarded = guard(Synchronizer(crm, server).plan(), 0, limits=Limits(most_notices=10))
    assert (len(guarded.withheld), len(guarded.plan.acts)) == (11, 1)
    assert "11 meetings" in guarded.causes[0]
