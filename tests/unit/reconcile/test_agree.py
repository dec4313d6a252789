"""What a pair is before an act, after it, and when it failed."""

from dataclasses import replace

import pytest
from tests.support.items import a_contact
from tests.support.synchronizing import NOON

from postroom.reconcile.act import Act
from postroom.reconcile.agree import Answer, Written, failed, journalled, settled
from postroom.reconcile.changes import View
from postroom.reconcile.fingerprint import fingerprint
from postroom.reconcile.item import Item, Side
from postroom.reconcile.notice import IN_CRM
from postroom.reconcile.pair import UNSEEN, Doing, Failure, Link, Pair, Pending, Snapshot
from postroom.reconcile.plan import make_plan
from postroom.reconcile.reason import Reason
from postroom.reconcile.situation import Situation

NAMES = ("full_name", "nickname")


def item(side: str, version: str = "1", **fields: str) -> Item:
    return replace(a_contact(**fields), id=side, version=version)


def the_pair() -> Pair:
    agreed = Snapshot("1", {name: fingerprint(a_contact().fields.get(name)) for name in NAMES})
    return Pair("p", a_contact().kind, "crm", "server", crm=agreed, server=agreed)


def an_update() -> Act:
    return Act(
        Doing.UPDATE,
        Reason.CHANGED_IN_CRM,
        the_pair(),
        Side.SERVER,
        crm=item("crm", "2", nickname="new"),
        server=item("server"),
        fields={"nickname": "new"},
        names=NAMES,
    )


def test_what_is_about_to_be_written_is_journalled() -> None:
    pair = journalled(the_pair(), an_update(), "token")
    new = fingerprint("new")
    assert pair.pending == Pending(Doing.UPDATE, Side.SERVER, "token", {"nickname": (new, new)})
    assert pair.link is Link.LINKED


def test_an_update_settles_both_sides() -> None:
    after = settled(the_pair(), an_update(), Written("server", "2"))
    assert after is not None
    assert (after.crm.version, after.server.version, after.pending) == ("2", "2", None)
    assert after.crm.prints == after.server.prints


def test_what_the_side_made_of_it_is_agreed_when_it_was_read_again() -> None:
    shortened = item("server", "2", nickname="ne")
    after = settled(the_pair(), an_update(), Written("server", "2", shortened))
    assert after is not None
    assert after.server.prints["nickname"] == fingerprint("ne")
    assert after.crm.prints["nickname"] == fingerprint("new")


def test_what_somebody_wrote_meanwhile_is_not_agreed() -> None:
    meddled = item("server", "3", nickname="another's")
    after = settled(the_pair(), an_update(), Written("server", "2", meddled))
    assert after is not None
    assert (after.server.version, after.server.prints["nickname"]) == ("2", fingerprint("new"))


def test_a_side_that_was_not_read_stays_as_it_was() -> None:
    act = Act(Doing.AGREE, Reason.NO_CONTENT_CHANGE, the_pair(), crm=item("crm", "2"), names=NAMES)
    after = settled(the_pair(), act)
    assert after is not None
    assert (after.crm.version, after.server.version) == ("2", "1")


def test_a_field_that_is_not_settled_keeps_the_side_from_being_believed() -> None:
    act = replace(an_update(), crm=item("crm", "2", nickname="new", full_name="Other"))
    after = settled(the_pair(), act, Written("server", "2"))
    assert after is not None
    assert after.crm.version == UNSEEN


def test_a_refusal_is_counted_while_nothing_changes() -> None:
    pair = journalled(the_pair(), an_update(), "token")
    once = failed(pair, an_update(), "no", Answer.REFUSED)
    twice = failed(once, an_update(), "no", Answer.REFUSED)
    assert twice.failure is not None
    assert (twice.failure.times, twice.failure.words, twice.pending) == (2, "no", None)
    changed = replace(an_update(), crm=item("crm", "3", nickname="newer"))
    anew = failed(twice, changed, "no", Answer.REFUSED).failure
    assert anew is not None
    assert anew.times == 1


def test_a_lost_answer_stays_pending_and_is_counted_by_itself() -> None:
    pair = journalled(the_pair(), an_update(), "token")
    once = failed(pair, an_update(), "lost", Answer.LOST)
    twice = failed(once, an_update(), "lost again", Answer.LOST)
    assert twice.pending == pair.pending
    assert twice.failure == Failure(0, "2", "1", "lost again", lost=2)
    refused = failed(twice, an_update(), "no", Answer.REFUSED).failure
    assert refused is not None
    assert (refused.times, refused.lost) == (1, 2)


def test_a_server_that_fails_as_a_whole_is_no_failure_of_the_item() -> None:
    pair = journalled(the_pair(), an_update(), "token")
    assert failed(pair, an_update(), "down", Answer.SERVER_FAILS) == pair


def test_a_refused_creation_keeps_its_token() -> None:
    act = Act(
        Doing.CREATE,
        Reason.NEW_IN_CRM,
        Pair("", a_contact().kind, "crm", None, link=Link.PENDING),
        Side.SERVER,
        crm=item("crm"),
        draft=replace(item("crm"), id=""),
        names=NAMES,
        sends=IN_CRM,
    )
    pair = journalled(replace(act.pair, id="p"), act, "token")
    after = failed(pair, act, "no", Answer.REFUSED)
    assert after.pending is not None
    assert (after.pending.token, after.pending.is_refused) == ("token", True)
    again = journalled(after, act, "other")
    assert again.pending is not None
    assert not again.pending.is_refused, "what is tried again may have been done"


def situation(pair: Pair, crm: View, server: View) -> Situation:
    return Situation(crm, server, [pair], NOON)


def test_a_plan_without_what_it_needs_is_refused() -> None:
    edited = View({"crm": item("crm", "2", nickname="new")})
    with pytest.raises(LookupError, match="server must be read"):
        make_plan(situation(the_pair(), edited, View()))
    pending = Pending(Doing.CREATE, Side.SERVER, "token")
    half = Pair("p", a_contact().kind, "crm", None, link=Link.PENDING, pending=pending)
    with pytest.raises(LookupError, match="crm must be read"):
        make_plan(situation(half, View(), View()))


@pytest.mark.parametrize(
    ("crm", "reasons"),
    [
        (View(gone={"crm"}), [Reason.LEFT_SCOPE]),
        (View({"crm": replace(item("crm"), is_in_scope=False)}), [Reason.LEFT_SCOPE]),
        (View({"crm": replace(item("crm"), hindrance="It recurs.")}), [Reason.HINDERED]),
    ],
)
def test_a_pending_creation_of_what_is_not_wanted_now_is_dropped(crm: View, reasons: list[Reason]) -> None:
    pending = Pending(Doing.CREATE, Side.SERVER, "token")
    half = Pair("p", a_contact().kind, "crm", None, link=Link.PENDING, pending=pending)
    plan = make_plan(situation(half, crm, View()))
    assert [each.reason for each in (*plan.acts, *plan.findings)] == reasons


def test_a_pending_update_of_what_is_gone_is_decided_as_a_deletion() -> None:
    pair = journalled(the_pair(), an_update(), "token")
    plan = make_plan(situation(pair, View({"crm": item("crm")}), View(gone={"server"})))
    assert [act.reason for act in plan.acts] == [Reason.KEPT_CONTACT]


def test_a_parted_pair_of_which_both_are_gone_is_forgotten() -> None:
    pair = replace(the_pair(), link=Link.UNLINKED)
    plan = make_plan(situation(pair, View(gone={"crm"}), View(gone={"server"})))
    assert [act.doing for act in plan.acts] == [Doing.FORGET]
