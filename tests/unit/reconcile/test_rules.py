"""What becomes of changed, deleted, moved and untracked items, kind by kind, and who is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.items import GUEST, a_contact, a_meeting, a_series, a_task, an_appointment, closed
from tests.support.synchronizing import NOON
from tests.support.two_sides import LATER, World, the_act, world

from postroom.reconcile.act import Act
from postroom.reconcile.item import Identity, Item, Kind, Part, Privacy, Side, Span, State
from postroom.reconcile.notice import Notice, Occasion, Rule
from postroom.reconcile.pair import Decision, Doing, Failure, Link, Parting
from postroom.reconcile.policy import Clashes, Conflicts, ContactDeletion, PrivateItems, TaskDeletion
from postroom.reconcile.reason import Reason
from postroom.reconcile.status import ShowAs, TaskProgress
from postroom.schema.choices import AppointmentStatus, SyncDirection

# -- creations and who is invited


def test_a_new_meeting_invites_its_attendees_once() -> None:
    w = World()
    w.crm.put(a_meeting())
    assert the_act(w).sends.rule is Rule.ORGANIZER_INVITES
    w.sync.settle()
    assert [sends.to for sends in w.server.told] == [frozenset({GUEST})]


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        (an_appointment(), Rule.NO_MEETING),
        (a_meeting(days=-1), Rule.PAST),
        (a_meeting(part=Part.GUEST_OF_OUTSIDER), Rule.NOT_ORGANIZER),
        (a_contact(), Rule.NO_MEETING),
    ],
)
def test_nobody_is_invited_without_a_rule(item: Item, rule: Rule) -> None:
    w = World()
    w.crm.put(item)
    act = the_act(w)
    assert (act.doing, act.sends.notice, act.sends.rule) == (Doing.CREATE, Notice.NONE, rule)


def test_a_colleagues_meeting_is_left_to_his_own_mailbox_and_linked_when_it_arrives() -> None:
    w = World()
    record = w.crm.put(a_meeting(part=Part.GUEST_OF_COLLEAGUE))
    assert not w.acts()
    assert w.reasons() == [Reason.ORGANIZER_INVITES]
    w.sync.step()
    invited = a_meeting(
        side=Side.SERVER, part=Part.GUEST_OF_COLLEAGUE, is_tracked=False, identity=record.identity
    )
    w.server.put(invited)
    assert the_act(w).reason is Reason.MATCHED_BY_UID
    w.sync.settle()
    assert (len(w.crm.items), len(w.server.items), w.server.told) == (1, 1, [])


def test_an_untracked_item_is_left_alone() -> None:
    w = World()
    w.server.put(a_task(side=Side.SERVER, is_tracked=False))
    assert not w.acts()


def test_an_attendee_may_track_unless_only_organizers_may() -> None:
    item = a_meeting(side=Side.SERVER, part=Part.GUEST_OF_OUTSIDER)
    free, strict = World(), world(track_from_non_organizer=False)
    for w in (free, strict):
        w.server.put(item)
    assert the_act(free).doing is Doing.CREATE
    assert (strict.acts(), strict.reasons()) == ((), [Reason.FOREIGN_ORGANIZER])


# -- changes


def test_attendees_are_told_only_of_what_they_see() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.edit_crm(pair, regarding="case 1")
    assert the_act(w).sends.rule is Rule.NOTHING_TO_TELL
    w.edit_crm(pair, location="Room 2")
    act = the_act(w)
    assert (act.sends.rule, act.sends.to) == (Rule.ORGANIZER_UPDATES, frozenset({GUEST}))


def test_past_meetings_are_updated_silently_unless_the_organization_wants_it() -> None:
    for openly, notice in ((False, Notice.NONE), (True, Notice.UPDATE)):
        w = world(update_past_meetings_openly=openly)
        pair = w.pair(a_meeting(days=-2))
        w.edit_crm(pair, location="Room 2")
        assert the_act(w).sends.notice is notice


def test_a_removed_guest_is_told_too() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.edit_crm(pair, required=None)
    assert the_act(w).sends.to == frozenset({GUEST})


def test_the_later_change_wins_and_the_other_is_kept_for_restoring() -> None:
    w = World()
    pair = w.pair(a_contact(email1="a@x", mobile="1"))
    w.crm.edit(pair.crm_id or "", NOON, email1="crm@x", mobile="2")
    w.edit_server(pair, email1="server@x")
    w.sync.settle()
    assert w.in_crm(pair).fields["email1"] == w.on_server(pair).fields["email1"] == "server@x"
    assert w.on_server(pair).fields["mobile"] == "2"
    (lost,) = w.sync.overwritten
    assert (lost.side, lost.field, lost.value, lost.replaced_by) == (Side.CRM, "email1", "crm@x", "server@x")


def test_a_field_that_was_emptied_is_an_edit_as_any_other() -> None:
    w = World()
    pair = w.pair(a_contact(nickname="Jo"))
    w.crm.edit(pair.crm_id or "", NOON, nickname=None)
    w.edit_server(pair, nickname="Joey")
    w.sync.settle()
    assert w.in_crm(pair).fields["nickname"] == "Joey"
    assert [(lost.side, lost.value) for lost in w.sync.overwritten] == [(Side.CRM, None)]


def test_the_crm_wins_a_tie() -> None:
    w = World()
    pair = w.pair(a_contact())
    w.edit_crm(pair, nickname="crm")
    w.edit_server(pair, nickname="server")
    w.sync.settle()
    assert w.on_server(pair).fields["nickname"] == "crm"


def test_of_a_meeting_the_organizers_copy_wins_though_it_is_older() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.server.edit(pair.server_id or "", NOON, subject="organizer's")
    w.edit_crm(pair, subject="colleague's")
    w.sync.settle()
    assert w.in_crm(pair).fields["subject"] == "organizer's"
    assert [lost.value for lost in w.sync.overwritten] == ["colleague's"]


def test_a_guests_copy_changes_nothing_in_a_colleagues_meeting() -> None:
    w = World()
    record = w.crm.put(a_meeting(part=Part.GUEST_OF_COLLEAGUE))
    w.server.put(a_meeting(side=Side.SERVER, part=Part.GUEST_OF_COLLEAGUE, identity=record.identity))
    w.sync.settle()
    (pair,) = w.sync.pairs.values()
    w.edit_server(pair, subject="mine")
    act = the_act(w)
    assert (act.doing, act.reason) == (Doing.AGREE, Reason.GUEST_COPY)
    w.sync.settle()
    assert w.in_crm(pair).fields["subject"] == "Review"


@pytest.mark.parametrize("item", [a_meeting(), a_series()], ids=["meeting", "series"])
@pytest.mark.parametrize("state", [State.COMPLETED, State.CANCELED])
def test_an_appointment_that_is_closed_shows_as_free_before_it_leaves_the_filters(
    item: Item, state: State
) -> None:
    w = World()
    pair = w.pair(item)
    w.change(Side.CRM, pair, is_in_scope=False, **_closing(w.in_crm(pair), state))
    w.sync.settle()
    assert w.on_server(pair).fields["show_as"] is ShowAs.FREE
    assert w.server.told == []
    w.edit_server(pair, subject="Later")
    w.sync.settle()
    assert w.in_crm(pair).subject == item.subject


def test_a_closed_record_takes_nothing_from_the_server() -> None:
    w = World()
    pair = w.pair(closed(a_meeting(), State.COMPLETED))
    assert w.on_server(pair).fields["show_as"] is ShowAs.FREE
    w.edit_server(pair, subject="new", show_as=ShowAs.BUSY)
    act = the_act(w)
    assert (act.doing, act.reason) == (Doing.AGREE, Reason.CLOSED_IN_CRM)


def test_a_one_way_field_is_not_carried_back() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.edit_crm(pair, responses=frozenset({("guest@away.example", "Accept")}))
    assert (the_act(w).doing, the_act(w).reason) == (Doing.AGREE, Reason.ONE_WAY)


def test_responses_of_attendees_are_recorded() -> None:
    w = World()
    pair = w.pair(a_meeting())
    answers = frozenset({("guest@away.example", "Accept")})
    w.edit_server(pair, responses=answers)
    w.sync.settle()
    assert w.in_crm(pair).fields["responses"] == answers
    assert not w.server.told


def test_a_user_who_is_asked_decides() -> None:
    for decision, winner in ((Decision.ACCEPT, "server"), (Decision.REJECT, "crm")):
        w = world(conflicts=Conflicts.ASK)
        pair = w.pair(a_contact())
        w.edit_crm(pair, nickname="crm")
        w.edit_server(pair, nickname="server")
        assert the_act(w).doing is Doing.ASK
        w.sync.settle()
        w.edit_server(pair, nickname="server")
        assert not w.acts()
        w.sync.pairs[pair.id] = replace(w.sync.pairs[pair.id], decision=decision)
        w.sync.marks = {Side.CRM: None, Side.SERVER: None}
        w.sync.settle()
        assert w.in_crm(pair).fields["nickname"] == w.on_server(pair).fields["nickname"] == winner


def test_an_item_that_failed_too_often_rests_until_it_changes() -> None:
    w = World()
    pair = w.pair(a_contact())
    w.edit_crm(pair, nickname="new")
    crm, server = w.in_crm(pair), w.on_server(pair)
    failure = Failure(3, crm.version, server.version, "refused")
    w.sync.pairs[pair.id] = replace(w.sync.pairs[pair.id], failure=failure)
    assert (w.acts(), w.reasons()) == ((), [Reason.RESTS])
    w.edit_crm(pair, nickname="newer")
    assert the_act(w).doing is Doing.UPDATE


# -- deletions


def dropped_in_crm(w: World, item: Item) -> Act:
    pair = w.pair(item)
    w.crm.drop(pair.crm_id or "")
    return the_act(w)


def dropped_on_server(w: World, item: Item) -> Act:
    pair = w.pair(item)
    w.server.drop(pair.server_id or "")
    return the_act(w)


@pytest.mark.parametrize(
    ("item", "doing", "reason"),
    [
        (a_meeting(), Doing.DELETE, Reason.DELETED_IN_CRM),
        (a_meeting(days=-1), Doing.UNLINK, Reason.KEPT_PAST),
        (a_meeting(part=Part.GUEST_OF_OUTSIDER), Doing.UNLINK, Reason.KEPT_NOT_ORGANIZER),
        (a_series(), Doing.DELETE, Reason.DELETED_IN_CRM),
        (a_contact(), Doing.UNLINK, Reason.KEPT_OWN_CONTACT),
        (a_contact(part=Part.GUEST_OF_COLLEAGUE), Doing.DELETE, Reason.DELETED_IN_CRM),
        (a_task(), Doing.DELETE, Reason.DELETED_IN_CRM),
        (a_task(state=State.COMPLETED), Doing.UNLINK, Reason.KEPT_COMPLETED_TASK),
    ],
)
def test_what_is_deleted_in_the_crm(item: Item, doing: Doing, reason: Reason) -> None:
    act = dropped_in_crm(World(), item)
    assert (act.doing, act.reason) == (doing, reason)


@pytest.mark.parametrize(
    ("item", "doing", "reason"),
    [
        (a_meeting(), Doing.DELETE, Reason.DELETED_ON_SERVER),
        (a_meeting(days=-1), Doing.UNLINK, Reason.KEPT_PAST),
        (closed(a_meeting()), Doing.UNLINK, Reason.KEPT_CLOSED),
        (a_meeting(part=Part.GUEST_OF_OUTSIDER), Doing.UNLINK, Reason.KEPT_NOT_ORGANIZER),
        (a_series(days=-1), Doing.DELETE, Reason.DELETED_ON_SERVER),
        (a_contact(), Doing.UNLINK, Reason.KEPT_CONTACT),
        (a_task(), Doing.DELETE, Reason.DELETED_ON_SERVER),
    ],
)
def test_what_is_deleted_on_the_server(item: Item, doing: Doing, reason: Reason) -> None:
    act = dropped_on_server(World(), item)
    assert (act.doing, act.reason) == (doing, reason)


@pytest.mark.parametrize(
    ("deletion", "state", "doing"),
    [
        (TaskDeletion.DELETE, State.COMPLETED, Doing.DELETE),
        (TaskDeletion.DELETE_UNLESS_COMPLETED, State.COMPLETED, Doing.UNLINK),
        (TaskDeletion.DELETE_UNLESS_COMPLETED, State.OPEN, Doing.DELETE),
        (TaskDeletion.KEEP, State.OPEN, Doing.UNLINK),
    ],
)
def test_the_organization_says_what_becomes_of_deleted_tasks(
    deletion: TaskDeletion, state: State, doing: Doing
) -> None:
    assert dropped_on_server(world(task_deletion=deletion), a_task(state=state)).doing is doing


def test_contacts_are_deleted_in_the_crm_only_by_their_owner_and_by_choice() -> None:
    chosen = {"contact_deletion": ContactDeletion.DELETE_IF_OWNER}
    assert dropped_on_server(world(**chosen), a_contact()).doing is Doing.DELETE
    foreign = a_contact(part=Part.GUEST_OF_COLLEAGUE)
    assert dropped_on_server(world(**chosen), foreign).doing is Doing.UNLINK


def test_only_an_organizers_deletion_cancels() -> None:
    act = dropped_in_crm(World(), a_meeting())
    assert (act.sends.notice, act.sends.to) == (Notice.CANCELLATION, frozenset({GUEST}))
    assert dropped_in_crm(World(), a_task()).sends.notice is Notice.NONE


def test_what_the_rules_kept_is_not_made_again_until_a_person_acts() -> None:
    w = World()
    pair = w.pair(a_contact())
    w.server.drop(pair.server_id or "")
    w.sync.settle()
    w.edit_crm(pair, nickname="new")
    assert not w.acts()
    w.change(Side.CRM, pair, is_in_scope=False)
    w.sync.settle()
    w.change(Side.CRM, pair, is_in_scope=True)
    w.sync.settle()
    assert len(w.server.items) == 1


def test_an_edit_beats_a_deletion() -> None:
    w = World()
    pair = w.pair(a_task())
    w.edit_crm(pair, body="new")
    w.server.drop(pair.server_id or "")
    assert the_act(w).reason is Reason.EDIT_BEATS_DELETION
    w.sync.settle()
    (item,) = w.server.items.values()
    assert item.fields["body"] == "new"


def test_an_edit_of_what_would_have_been_kept_anyway_makes_nothing_again() -> None:
    w = World()
    pair = w.pair(a_contact())
    w.edit_crm(pair, nickname="new")
    w.server.drop(pair.server_id or "")
    assert (the_act(w).doing, the_act(w).reason) == (Doing.UNLINK, Reason.KEPT_CONTACT)


def test_an_edit_that_can_not_be_made_again_is_named() -> None:
    w = World()
    pair = w.pair(a_task())
    w.change(Side.CRM, pair, hindrance="It recurs.")
    w.edit_crm(pair, body="new")
    w.server.drop(pair.server_id or "")
    assert (w.acts(), w.reasons()) == ((), [Reason.HINDERED])


def test_a_linked_item_that_fell_ill_is_named_and_left_as_it_is() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.edit_crm(pair, organizer=None, subject="new")
    assert (w.acts(), w.reasons()) == ((), [Reason.NO_ORGANIZER])


def test_of_a_guests_copy_the_crm_keeps_what_both_changed() -> None:
    w = World()
    record = w.crm.put(a_meeting(part=Part.GUEST_OF_COLLEAGUE))
    w.server.put(a_meeting(side=Side.SERVER, part=Part.GUEST_OF_COLLEAGUE, identity=record.identity))
    w.sync.settle()
    (pair,) = w.sync.pairs.values()
    w.crm.edit(pair.crm_id or "", NOON, subject="the organizer's")
    w.edit_server(pair, subject="mine")
    w.sync.settle()
    assert w.on_server(pair).fields["subject"] == "the organizer's"
    assert [lost.value for lost in w.sync.overwritten] == ["mine"]
    assert not w.server.told


def test_the_organizers_own_field_is_never_written_on_the_server() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.edit_crm(pair, organizer="other@here.example")
    assert the_act(w).doing is Doing.AGREE


def test_a_moved_item_is_found_again_and_nothing_is_deleted() -> None:
    w = World()
    pair = w.pair(a_meeting())
    moved = w.server.move(pair.server_id or "")
    w.server.edit(moved.id, LATER, body="new")
    assert the_act(w).reason is Reason.MOVED
    w.sync.settle()
    assert w.in_crm(pair).fields["body"] == "new"
    assert (len(w.crm.items), w.server.told) == (1, [])


# -- leaving what is synchronized


def test_a_record_that_leaves_the_filter_is_only_unlinked_and_comes_back_to_its_item() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.change(Side.CRM, pair, is_in_scope=False)
    act = the_act(w)
    assert (act.doing, act.reason, act.parting) == (Doing.UNLINK, Reason.LEFT_SCOPE, Parting.APART)
    w.sync.settle()
    w.change(Side.CRM, pair, is_in_scope=True)
    w.sync.settle()
    assert (len(w.server.items), w.server.told) == (1, [])
    assert w.sync.pairs[pair.id].link is Link.LINKED


def test_an_organization_may_have_it_deleted_as_dataverse_does() -> None:
    w = world(distinct_deletes=False)
    pair = w.pair(a_meeting())
    w.change(Side.CRM, pair, is_in_scope=False)
    act = the_act(w)
    assert (act.doing, act.reason, act.sends.notice) == (
        Doing.DELETE,
        Reason.LEFT_SCOPE,
        Notice.CANCELLATION,
    )
    w.sync.settle()
    assert len(w.crm.items) == 1


def test_even_then_the_past_stays() -> None:
    w = world(distinct_deletes=False)
    pair = w.pair(a_meeting(days=-1))
    w.change(Side.CRM, pair, is_in_scope=False)
    act = the_act(w)
    assert (act.doing, act.reason, act.parting) == (Doing.UNLINK, Reason.KEPT_PAST, Parting.APART)


@pytest.mark.parametrize("side", Side)
def test_untracking_unlinks_and_tracking_again_links_the_same_two(side: Side) -> None:
    w = World()
    pair = w.pair(a_task())
    w.change(side, pair, is_tracked=False)
    assert the_act(w).reason is Reason.UNTRACKED
    w.sync.settle()
    w.edit_crm(pair, body="new")
    assert not w.acts()
    w.change(side, pair, is_tracked=True)
    w.sync.settle()
    assert w.on_server(pair).fields["body"] == "new"
    assert (len(w.crm.items), len(w.server.items)) == (1, 1)


def test_a_deletion_after_parting_brings_nothing_back() -> None:
    w = World()
    pair = w.pair(a_task())
    w.change(Side.CRM, pair, is_in_scope=False)
    w.sync.settle()
    w.crm.drop(pair.crm_id or "")
    w.sync.settle()
    assert not w.crm.items


def test_a_new_organizer_takes_the_meeting_over_without_a_cancellation() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.change(Side.CRM, pair, part=Part.GUEST_OF_COLLEAGUE)
    w.edit_crm(pair, organizer="colleague@here.example")
    act = the_act(w)
    assert (act.doing, act.reason, act.sends.notice) == (
        Doing.UNLINK,
        Reason.ORGANIZER_CHANGED,
        Notice.NONE,
    )


def test_an_organization_may_have_the_old_organizers_meeting_removed() -> None:
    w = world(distinct_deletes=False)
    pair = w.pair(a_meeting())
    w.change(Side.CRM, pair, part=Part.GUEST_OF_COLLEAGUE)
    w.edit_crm(pair, organizer="colleague@here.example")
    act = the_act(w)
    assert (act.doing, act.reason) == (Doing.DELETE, Reason.ORGANIZER_CHANGED)
    w.sync.settle()
    assert (len(w.crm.items), len(w.server.items)) == (1, 0)


@pytest.mark.parametrize(("propagate", "doing"), [(False, Doing.UPDATE), (True, Doing.DELETE)])
def test_a_cancellation_in_the_crm_leaves_only_by_choice(propagate: bool, doing: Doing) -> None:
    w = world(propagate_cancellations=propagate)
    pair = w.pair(a_meeting())
    w.crm.put(closed(w.in_crm(pair)))
    act = the_act(w)
    assert act.doing is doing
    if propagate:
        assert act.sends.notice is Notice.CANCELLATION
    else:
        assert act.fields == {"show_as": ShowAs.FREE}
    w.sync.settle()
    assert len(w.crm.items) == 1
    assert w.in_crm(pair).fields["show_as"] is AppointmentStatus.CANCELED


# -- private items


def test_of_a_private_item_the_crm_learns_only_that_the_time_is_taken() -> None:
    w = World()
    secret = a_meeting("Secret", Side.SERVER, body="secret", location="there", privacy=Privacy.PRIVATE)
    w.server.put(secret)
    w.sync.settle()
    (record,) = w.crm.items.values()
    assert set(record.fields) == {"subject", "time", "show_as", "organizer"}
    assert record.fields["subject"] == "Private appointment"
    assert record.fields["time"] == secret.fields["time"]


def test_a_new_organizer_sends_nothing_from_a_meeting_that_is_not_his_on_the_server() -> None:
    w = World()
    record = w.crm.put(a_meeting(part=Part.GUEST_OF_COLLEAGUE))
    w.server.put(a_meeting(side=Side.SERVER, part=Part.GUEST_OF_COLLEAGUE, identity=record.identity))
    w.sync.settle()
    (pair,) = w.sync.pairs.values()
    w.change(Side.CRM, pair, part=Part.OWNER)
    w.edit_crm(pair, location="Room 2")
    assert the_act(w).sends.rule is Rule.NOT_ORGANIZER


def test_what_becomes_private_says_nothing_more_and_open_again_says_all() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.change(Side.SERVER, pair, privacy=Privacy.PRIVATE)
    w.edit_server(pair, subject="Secret", importance=2)
    w.sync.settle()
    assert (w.in_crm(pair).fields["subject"], w.in_crm(pair).fields["importance"]) == ("Review", 2)
    w.change(Side.SERVER, pair, privacy=Privacy.OPEN)
    w.sync.settle()
    assert w.in_crm(pair).fields["subject"] == "Secret"


def test_an_organization_may_take_private_items_as_any_other() -> None:
    w = world(private_items=PrivateItems.AS_ANY)
    w.server.put(a_meeting("Secret", Side.SERVER, privacy=Privacy.PRIVATE))
    w.sync.settle()
    assert next(iter(w.crm.items.values())).fields["subject"] == "Secret"


def test_a_private_contact_stays_in_the_mailbox() -> None:
    w = World()
    w.server.put(a_contact(privacy=Privacy.PRIVATE))
    assert (w.acts(), w.reasons()) == ((), [Reason.PRIVATE])


# -- what can't be synchronized


def test_bad_items_are_named_with_their_cure_and_the_rest_goes_on() -> None:
    w = World()
    crowd = frozenset(replace(GUEST, key=f"guest{number}") for number in range(1_000))
    crowded = w.crm.put(a_meeting("Everybody", required=crowd))
    nobodys = w.crm.put(a_meeting("Nobody's", organizer=None))
    twins = [w.server.put(a_task(f"Twin {n}", Side.SERVER, identity=_uid("twin"))) for n in range(2)]
    ill = w.crm.put(a_task("Regenerating", hindrance="Regenerating tasks can't be synchronized."))
    good = w.crm.put(a_contact())
    plan = w.sync.plan()
    assert [act.pair.crm_id for act in plan.acts] == [good.id]
    found = {(each.item_id, each.reason) for each in plan.findings}
    assert found == {
        (crowded.id, Reason.TOO_MANY_ATTENDEES),
        (nobodys.id, Reason.NO_ORGANIZER),
        (twins[0].id, Reason.DUPLICATE_UID),
        (twins[1].id, Reason.DUPLICATE_UID),
        (ill.id, Reason.HINDERED),
    }
    assert all(each.subject and each.reason.sentence for each in plan.findings)


def test_an_attendee_without_an_address_is_named_and_the_meeting_goes_on() -> None:
    w = World()
    w.crm.put(a_meeting(unaddressed=("Jo",)))
    plan = w.sync.plan()
    assert [each.words for each in plan.findings] == ["Jo"]
    assert len(plan.acts) == 1


def test_an_appointment_with_impossible_times_is_named() -> None:
    w = World()
    w.crm.put(an_appointment(time=Span(LATER, NOON)))
    w.crm.put(an_appointment(time=Span(NOON, NOON + timedelta(days=11))))
    assert (w.acts(), sorted(w.reasons())) == ((), [Reason.TOO_LONG, Reason.ENDS_EARLY])


@pytest.mark.parametrize(
    ("clashes", "doing", "reasons"),
    [
        (Clashes.IGNORE, Doing.CREATE, []),
        (Clashes.WARN, Doing.CREATE, [Reason.CLASHES]),
        (Clashes.ASK, Doing.ASK, []),
    ],
)
def test_a_clash_of_times_is_ignored_said_or_asked_about(
    clashes: Clashes, doing: Doing, reasons: list[Reason]
) -> None:
    w = world(clashes=clashes)
    item = w.server.put(a_meeting(side=Side.SERVER))
    w.sync.clashes = {item.id: ("other",)}
    assert (the_act(w).doing, w.reasons()) == (doing, reasons)


def test_a_user_who_accepts_a_clash_gets_the_appointment() -> None:
    w = world(clashes=Clashes.ASK)
    item = w.server.put(a_meeting(side=Side.SERVER))
    w.sync.clashes = {item.id: ("other",)}
    w.sync.settle()
    assert not w.crm.items
    (pair,) = w.sync.pairs.values()
    w.sync.pairs[pair.id] = replace(pair, decision=Decision.ACCEPT)
    assert the_act(w).reason is Reason.DECIDED_MAKE
    w.sync.settle()
    assert (len(w.crm.items), w.server.told) == (1, [])


def test_nobody_is_told_in_the_first_pass() -> None:
    w = World()
    w.sync.occasion = Occasion.FIRST
    w.crm.put(a_meeting())
    assert the_act(w).sends.rule is Rule.FIRST_TIME


def test_a_tracked_item_whose_record_is_out_of_scope_is_named_and_not_made_again() -> None:
    w = World()
    w.crm.put(a_contact(is_in_scope=False))
    w.server.put(a_contact())
    assert (w.acts(), w.reasons()) == ((), [Reason.LOOKS_ALIKE])


def test_an_administrators_directions_hold() -> None:
    w = World()
    w.sync.chosen = {Kind.TASK: {"body": SyncDirection.TO_CRM, "subject": SyncDirection.NONE}}
    pair = w.pair(a_task(body="mine"))
    assert "body" not in w.on_server(pair).fields
    w.edit_crm(pair, subject="not to go", body="mine again")
    w.edit_server(pair, subject="nor this", body="theirs")
    w.sync.settle()
    assert (w.in_crm(pair).fields["body"], w.on_server(pair).fields["body"]) == ("theirs", "theirs")
    assert w.in_crm(pair).fields["subject"] == "not to go"
    assert [(lost.field, lost.value) for lost in w.sync.overwritten] == [("body", "mine again")]


def test_no_organizer_on_the_server_does_not_empty_the_crms() -> None:
    w = World()
    pair = w.pair(an_appointment())
    w.edit_server(pair, organizer=None)
    w.sync.settle()
    assert w.in_crm(pair).fields["organizer"]


def test_a_draft_waits_where_drafts_are_kept() -> None:
    w = world(save_as_draft=True)
    w.crm.put(a_meeting(is_draft=True))
    assert (w.acts(), w.reasons()) == ((), [Reason.DRAFT])


def test_an_item_that_was_made_a_series_is_named() -> None:
    w = World()
    pair = w.pair(a_meeting())
    w.change(Side.SERVER, pair, kind=Kind.SERIES)
    w.edit_server(pair, subject="weekly")
    assert w.reasons() == [Reason.KIND_CHANGED]


def test_finishing_a_task_goes_both_ways() -> None:
    w = World()
    pair = w.pair(a_task())
    w.edit_server(pair, status=TaskProgress.COMPLETED)
    w.sync.settle()
    assert w.in_crm(pair).fields["status"].name == "COMPLETED"  # type: ignore[attr-defined]


def _uid(uid: str) -> Identity:
    return Identity(uid=uid)


def _closing(item: Item, state: State) -> dict[str, Any]:
    """Return what closing a record changes of it."""
    after = closed(item, state)
    return {"state": after.state, "fields": after.fields}
