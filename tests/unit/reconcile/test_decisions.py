"""What is put to a person, what waits for the answer and what does not, and how it is carried out."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.items import a_contact, a_meeting, a_task, closed
from tests.support.synchronizing import NOON, Killed, Synchronizer
from tests.support.two_sides import World, the_act, world

from postroom.reconcile.choice import CHOICES, choice_of, question_of
from postroom.reconcile.item import Kind, Side, State
from postroom.reconcile.pair import Decision, Doing, Failure, Link, Pair
from postroom.reconcile.policy import Clashes, Conflicts, Duplicates, Policy
from postroom.reconcile.question import About, Question
from postroom.reconcile.reason import Reason
from postroom.schema.choices import SyncDirection
from postroom.servers.memory_items import MemoryItems


def torn(w: World) -> Pair:
    """Have one field of a contact changed on both sides, another one on each, and the question put."""
    pair = w.pair(a_contact())
    w.edit_crm(pair, nickname="crm", job_title="Boss")
    w.edit_server(pair, nickname="server", mobile="+45 1")
    w.sync.settle()
    return w.now(pair)


def test_a_question_names_both_values_and_holds_nothing_else_up() -> None:
    w = world(conflicts=Conflicts.ASK)
    pair = torn(w)
    assert pair.decision is Decision.ASKED
    assert pair.question is not None
    assert pair.question.about is About.VALUES
    assert {n: (each.crm, each.server) for n, each in pair.question.contests.items()} == {
        "nickname": ("crm", "server")
    }
    assert (w.in_crm(pair).fields["nickname"], w.on_server(pair).fields["nickname"]) == ("crm", "server")
    assert (w.in_crm(pair).fields["mobile"], w.on_server(pair).fields["job_title"]) == ("+45 1", "Boss")
    assert not w.sync.overwritten


def test_what_is_changed_while_a_question_is_open_reaches_the_other_side() -> None:
    w = world(conflicts=Conflicts.ASK)
    pair = torn(w)
    w.edit_server(pair, department="Sales")
    w.edit_crm(pair, pager="7")
    w.sync.settle()
    assert (w.in_crm(pair).fields["department"], w.on_server(pair).fields["pager"]) == ("Sales", "7")
    assert w.now(pair).decision is Decision.ASKED
    assert w.in_crm(pair).fields["nickname"] == "crm"


@pytest.mark.parametrize(
    ("decision", "winner", "loser"), [(Decision.ACCEPT, "server", "crm"), (Decision.REJECT, "crm", "server")]
)
def test_an_answer_is_carried_out_and_the_other_value_kept(
    decision: Decision, winner: str, loser: str
) -> None:
    w = world(conflicts=Conflicts.ASK)
    pair = torn(w)
    w.decide(pair, decision)
    w.sync.settle()
    assert w.in_crm(pair).fields["nickname"] == w.on_server(pair).fields["nickname"] == winner
    assert [lost.value for lost in w.sync.overwritten] == [loser]
    assert (w.now(pair).decision, w.now(pair).question) == (Decision.NONE, None)


def test_an_answer_about_other_values_is_not_carried_out_but_asked_anew() -> None:
    w = world(conflicts=Conflicts.ASK)
    pair = torn(w)
    w.edit_server(pair, nickname="another")
    w.decide(pair, Decision.REJECT)
    w.sync.settle()
    assert w.on_server(pair).fields["nickname"] == "another"
    after = w.now(pair)
    assert after.decision is Decision.ASKED
    assert after.question is not None
    assert after.question.contests["nickname"].server == "another"


def test_an_answer_counts_for_the_fields_that_were_asked_about_and_no_others() -> None:
    w = world(conflicts=Conflicts.ASK)
    pair = torn(w)
    w.decide(pair, Decision.ACCEPT)
    w.edit_crm(pair, department="crm's")
    w.edit_server(pair, department="server's")
    w.sync.settle()
    assert w.in_crm(pair).fields["nickname"] == "server"
    after = w.now(pair)
    assert (after.decision, after.question and set(after.question.contests)) == (
        Decision.ASKED,
        {"department"},
    )


@pytest.mark.parametrize(("crm", "server"), [("same", "same"), (None, None)])
def test_a_question_that_both_sides_settle_themselves_is_gone(crm: str | None, server: str | None) -> None:
    w = world(conflicts=Conflicts.ASK)
    pair = torn(w)
    w.edit_crm(pair, nickname=crm)
    w.edit_server(pair, nickname=server)
    w.sync.settle()
    assert (w.now(pair).decision, w.now(pair).question) == (Decision.NONE, None)


def test_a_question_is_gone_with_the_pair_and_with_the_wish_to_be_asked() -> None:
    w = world(conflicts=Conflicts.ASK)
    pair = torn(w)
    w.sync.policy = Policy()
    w.sync.settle()
    assert w.in_crm(pair).fields["nickname"] == w.on_server(pair).fields["nickname"]
    assert w.now(pair).question is None
    w = world(conflicts=Conflicts.ASK)
    pair = torn(w)
    w.change(Side.CRM, pair, is_tracked=False)
    w.sync.settle()
    assert (w.now(pair).link, w.now(pair).question) == (Link.UNLINKED, None)


def test_nothing_is_asked_where_a_rule_decides_or_only_one_value_could_stay() -> None:
    w = world(conflicts=Conflicts.ASK)
    meeting = w.pair(a_meeting())
    w.edit_crm(meeting, subject="mine")
    w.edit_server(meeting, subject="organizer's")
    w.sync.settle()
    assert w.in_crm(meeting).fields["subject"] == "organizer's"
    w = world(conflicts=Conflicts.ASK)
    w.sync.chosen = {Kind.TASK: {"body": SyncDirection.TO_CRM}}
    task = w.pair(a_task(body="first"))
    w.edit_crm(task, body="mine")
    w.edit_server(task, body="theirs")
    w.sync.settle()
    assert (w.in_crm(task).fields["body"], w.now(task).question) == ("theirs", None)


def test_an_answer_does_not_write_into_a_record_that_was_closed_meanwhile() -> None:
    w = world(conflicts=Conflicts.ASK)
    pair = w.pair(replace(a_meeting(), fields={**a_meeting().fields, "required": frozenset()}))
    w.edit_crm(pair, subject="mine")
    w.edit_server(pair, subject="theirs")
    w.sync.settle()
    assert w.now(pair).decision is Decision.ASKED
    w.crm.put(closed(w.in_crm(pair), State.COMPLETED))
    w.decide(pair, Decision.ACCEPT)
    w.sync.settle()
    assert w.in_crm(pair).fields["subject"] == "mine"


def twins(**policy: object) -> tuple[MemoryItems, MemoryItems, Synchronizer]:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    crm.put(a_contact(mobile="1"))
    server.put(a_contact(mobile="2"))
    return crm, server, Synchronizer(crm, server, policy=Policy(duplicates=Duplicates.ASK))


def test_two_that_look_alike_wait_with_what_tells_them_apart_until_somebody_says() -> None:
    crm, server, sync = twins()
    sync.settle()
    (pair,) = sync.pairs.values()
    assert pair.question is not None
    assert (pair.question.about, set(pair.question.contests)) == (About.DUPLICATE, {"mobile"})
    # Seen again, they are not put together behind the person's back.
    for held in (crm, server):
        (item,) = held.items.values()
        held.edit(item.id, NOON, body=f"{held.side.value} only")
    assert not sync.plan().acts


def test_two_different_things_each_get_a_counterpart_of_their_own() -> None:
    crm, server, sync = twins()
    sync.settle()
    (pair,) = sync.pairs.values()
    sync.pairs[pair.id] = replace(pair, decision=Decision.BOTH)
    assert {act.reason for act in sync.plan().acts} == {Reason.DECIDED_DIFFERENT}
    sync.settle()
    for held in (crm, server):
        assert sorted(str(item.fields["mobile"]) for item in held.items.values()) == ["1", "2"]
    assert [each.link for each in sync.pairs.values()] == [Link.LINKED] * 2
    assert all(each.decision is Decision.NONE for each in sync.pairs.values())


def test_killed_at_any_step_two_different_things_are_made_once_each() -> None:
    for steps in range(14):
        crm, server, sync = twins()
        sync.settle()
        (pair,) = sync.pairs.values()
        sync.pairs[pair.id] = replace(pair, decision=Decision.BOTH)
        sync.dies_after = steps
        try:
            sync.step()
        except Killed:
            sync.dies_after = None
        sync.dies_after = None
        sync.settle()
        assert (len(crm.items), len(server.items), len(sync.pairs)) == (2, 2, 2), steps


def test_what_is_skipped_stays_alone_whatever_becomes_of_it() -> None:
    crm, server, sync = twins()
    sync.settle()
    (pair,) = sync.pairs.values()
    sync.pairs[pair.id] = replace(pair, decision=Decision.REJECT)
    assert [act.reason for act in sync.plan().acts] == [Reason.DECIDED_SKIP]
    sync.settle()
    (item,) = crm.items.values()
    crm.edit(item.id, NOON, job_title="Boss")
    sync.settle()
    assert (len(crm.items), len(server.items)) == (1, 1)


@pytest.mark.parametrize("decision", [Decision.ASKED, Decision.REJECT, Decision.BOTH])
def test_with_one_of_two_that_look_alike_the_question_is_gone(decision: Decision) -> None:
    _, server, sync = twins()
    sync.settle()
    (pair,) = sync.pairs.values()
    sync.pairs[pair.id] = replace(pair, decision=decision)
    (item,) = server.items.values()
    server.drop(item.id)
    sync.settle()
    assert [str(item.fields["mobile"]) for item in server.items.values()] == ["1"]
    assert [each.link for each in sync.pairs.values()] == [Link.LINKED]


def clashing() -> tuple[World, Pair]:
    w = world(clashes=Clashes.ASK)
    item = w.server.put(a_meeting(side=Side.SERVER))
    w.sync.clashes = {item.id: ("Ann has 'Review' then.",)}
    w.sync.settle()
    (pair,) = w.sync.pairs.values()
    return w, pair


def test_a_taken_time_is_asked_about_with_what_takes_it_and_may_be_left() -> None:
    w, pair = clashing()
    assert pair.question == Question(About.BOOKING, words="Ann has 'Review' then.")
    w.decide(pair, Decision.REJECT)
    w.sync.settle()
    assert not w.crm.items
    assert w.now(pair).decision is Decision.NONE


def test_an_appointment_that_is_moved_while_it_waits_is_judged_anew() -> None:
    w, pair = clashing()
    w.sync.clashes = {}
    w.server.edit(pair.server_id or "", NOON, time=a_meeting(days=5).fields["time"])
    w.sync.settle()
    assert len(w.crm.items) == 1


def test_a_pair_that_rests_is_tried_once_more_when_its_user_says_so() -> None:
    w = World()
    pair = w.pair(a_contact())
    w.edit_crm(pair, nickname="new")
    failure = Failure(3, w.in_crm(pair).version, w.on_server(pair).version, "refused")
    w.sync.pairs[pair.id] = replace(w.now(pair), failure=failure)
    assert not w.acts()
    assert question_of(w.now(pair), w.policy) == Question(About.FAILURE, words="refused")
    w.decide(pair, Decision.ACCEPT)
    assert the_act(w).doing is Doing.UPDATE
    w.sync.settle()
    assert (w.now(pair).failure, w.now(pair).decision) == (None, Decision.NONE)


def test_every_choice_is_a_decision_and_is_known_again_by_its_word() -> None:
    assert set(CHOICES) == set(About)
    for about, choices in CHOICES.items():
        for word, decision in choices.items():
            assert decision.is_answer
            assert choice_of(Question(about), decision) == word
        assert choice_of(Question(about), Decision.ASKED) == ""


def test_the_later_of_two_changes_stays_where_nobody_is_asked() -> None:
    w = World()
    pair = w.pair(a_contact())
    w.crm.edit(pair.crm_id or "", NOON, nickname="early")
    w.server.edit(pair.server_id or "", NOON + timedelta(hours=1), nickname="late")
    w.sync.settle()
    assert w.in_crm(pair).fields["nickname"] == "late"
