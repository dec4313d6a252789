"""Items that belong together are found without pairs, and what can't be told apart is named."""

from dataclasses import replace

import pytest
from tests.support.items import a_contact, a_meeting, a_series, a_task
from tests.support.synchronizing import Synchronizer

from postroom.reconcile.item import Identity, Item, Side
from postroom.reconcile.match import match
from postroom.reconcile.pair import Decision, Link
from postroom.reconcile.policy import Duplicates, Policy
from postroom.reconcile.reason import Reason
from postroom.servers.memory_items import MemoryItems


def known(item: Item, item_id: str, **identity: str) -> Item:
    return replace(item, id=item_id, identity=Identity(**identity))


@pytest.mark.parametrize(
    ("crm", "server", "reason"),
    [
        ({}, {"crm_id": "c"}, Reason.MATCHED_BY_CRM_ID),
        ({"token": "t"}, {"token": "t"}, Reason.MATCHED_BY_TOKEN),
        ({"uid": "u"}, {"uid": "u"}, Reason.MATCHED_BY_UID),
        ({}, {}, Reason.MATCHED_BY_CONTENT),
    ],
)
def test_the_surest_sign_decides(crm: dict[str, str], server: dict[str, str], reason: Reason) -> None:
    found = match([known(a_task(), "c", **crm)], [known(a_task(side=Side.SERVER), "s", **server)], Policy())
    assert [(a.id, b.id, why) for a, b, why in found.matches] == [("c", "s", reason)]
    assert not found.crm
    assert not found.server


def test_a_copy_is_told_from_the_original_by_its_calendar_id() -> None:
    record = known(a_meeting(), "c", uid="u")
    original = known(a_meeting(side=Side.SERVER), "s1", uid="u", crm_id="c")
    copy = known(a_meeting(side=Side.SERVER), "s2", uid="other", crm_id="c")
    found = match([record], [copy, original], Policy())
    assert [server.id for _, server, _ in found.matches] == ["s1"]
    assert [(each.item_id, each.reason) for each in found.findings] == [("s2", Reason.IGNORED_COPY)]


def test_two_bearers_of_one_mark_that_nothing_tells_apart_are_named() -> None:
    bearers = [known(a_task(side=Side.SERVER), f"s{n}", crm_id="c") for n in range(2)]
    found = match([known(a_task(), "c")], bearers, Policy())
    assert not found.matches
    assert not found.crm
    assert {each.reason for each in found.findings} == {Reason.DUPLICATE_MARK}
    assert found.findings[0].others == ("s1",)


def test_a_mark_on_an_item_of_another_kind_proves_nothing() -> None:
    found = match([known(a_task(), "c")], [known(a_meeting(side=Side.SERVER), "s", crm_id="c")], Policy())
    assert not found.matches
    assert set(found.crm) | set(found.server) == {"c", "s"}


def test_two_with_one_calendar_id_are_named_on_whichever_side_they_are() -> None:
    records = [known(a_meeting(), f"c{n}", uid="u") for n in range(2)]
    found = match(records, [known(a_meeting(side=Side.SERVER), "s", uid="u")], Policy())
    assert not found.matches
    assert {each.item_id for each in found.findings} == {"c0", "c1", "s"}


def test_an_appointment_is_not_matched_with_a_series() -> None:
    found = match([known(a_meeting(), "c", uid="u")], [known(a_series(), "s", uid="u")], Policy())
    assert not found.matches
    assert not found.findings


def test_twins_that_are_equal_in_everything_are_matched_one_by_one() -> None:
    mine = [known(a_contact(), f"c{n}") for n in range(2)]
    theirs = [known(a_contact(), f"s{n}") for n in range(3)]
    found = match(mine, theirs, Policy())
    assert len(found.matches) == 2
    assert list(found.server) == ["s2"]


def test_those_that_are_only_alike_are_named_and_nothing_is_made_of_them() -> None:
    mine = [known(a_contact(mobile=f"{n}"), f"c{n}") for n in range(2)]
    theirs = [known(a_contact(pager=f"{n}"), f"s{n}") for n in range(2)]
    found = match(mine, theirs, Policy())
    assert (found.matches, found.crm, found.server) == ([], {}, {})
    assert {each.reason for each in found.findings} == {Reason.LOOKS_ALIKE}


def sides(policy: Policy) -> tuple[MemoryItems, MemoryItems, Synchronizer]:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    crm.put(a_contact())
    server.put(a_contact())
    return crm, server, Synchronizer(crm, server, policy=policy)


def test_an_organization_may_have_another_made_of_what_looks_alike() -> None:
    crm, server, sync = sides(Policy(duplicates=Duplicates.CREATE))
    sync.settle()
    assert (len(crm.items), len(server.items)) == (2, 2)


@pytest.mark.parametrize(("answer", "linked"), [("ACCEPT", True), ("REJECT", False)])
def test_a_user_who_is_asked_says_whether_they_are_the_same(answer: str, linked: bool) -> None:
    crm, server, sync = sides(Policy(duplicates=Duplicates.ASK))
    assert [act.reason for act in sync.plan().acts] == [Reason.LOOKS_ALIKE]
    sync.settle()
    (pair,) = sync.pairs.values()
    assert (pair.link, pair.decision) == (Link.UNLINKED, Decision.ASKED)
    sync.pairs[pair.id] = replace(pair, decision=Decision[answer])
    sync.settle()
    assert (sync.pairs[pair.id].link is Link.LINKED) is linked
    assert (len(crm.items), len(server.items)) == (1, 1)


def test_a_copy_that_nobody_tracks_is_not_even_named() -> None:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    crm.put(a_task())
    sync = Synchronizer(crm, server)
    sync.settle()
    (item,) = server.items.values()
    server.put(replace(item, id="", is_tracked=False, identity=replace(item.identity, uid="other")))
    plan = sync.plan()
    assert (plan.acts, plan.findings) == ((), ())


def test_a_copy_of_a_linked_item_is_ignored_unless_the_organization_wants_it() -> None:
    for ignore, records in ((True, 1), (False, 2)):
        crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
        crm.put(a_meeting())
        sync = Synchronizer(crm, server, policy=Policy(ignore_copies=ignore))
        sync.settle()
        (item,) = server.items.values()
        server.put(replace(item, id="", identity=replace(item.identity, uid="other")))
        sync.settle()
        assert len(crm.items) == records
        assert len(sync.pairs) == records
