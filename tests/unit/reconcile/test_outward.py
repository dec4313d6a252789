"""Phone calls, letters, faxes and service activities: made in the CRM alone, tasks and meetings elsewhere."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.items import GUEST, a_call, a_service, a_task, an_appointment
from tests.support.synchronizing import NOON, Synchronizer

from postroom.reconcile.act import Act
from postroom.reconcile.item import Identity, Item, Kind, Side, State
from postroom.reconcile.match import match
from postroom.reconcile.notice import Notice, Rule
from postroom.reconcile.pair import Decision, Doing, Link, Pair, Parting
from postroom.reconcile.policy import Policy, TaskDeletion
from postroom.reconcile.reason import Reason
from postroom.reconcile.status import Left, ShowAs, TaskProgress, says_the_same, translated
from postroom.reconcile.wording import headline
from postroom.schema.choices import (
    Choice,
    FaxStatus,
    LetterStatus,
    PhoneCallStatus,
    ServiceStatus,
    TaskStatus,
)
from postroom.servers.memory_items import MemoryItems

LATER = NOON + timedelta(hours=1)
CORRESPONDENCE = (Kind.PHONE_CALL, Kind.LETTER, Kind.FAX)


class Desk:
    """Both sides, and one record that both have."""

    def __init__(self, item: Item, **policy: Any) -> None:
        self.crm, self.server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
        self.sync = Synchronizer(self.crm, self.server, policy=Policy(**policy))
        self.record = self.crm.put(item).id
        self.sync.settle()

    @property
    def pair(self) -> Pair:
        (pair,) = self.sync.pairs.values()
        return pair

    @property
    def item(self) -> Item:
        """The item on the server."""
        (item,) = self.server.items.values()
        return item

    def edit_server(self, **fields: Any) -> None:
        self.server.edit(self.item.id, LATER, **fields)

    def edit_crm(self, **fields: Any) -> None:
        self.crm.edit(self.record, LATER, **fields)

    def close(self, status: Choice, name: str = "status") -> None:
        """Have a person close the record, which filters do not find any more."""
        item = self.crm.items[self.record]
        fields = {**item.fields, name: status}
        self.crm.put(replace(item, fields=fields, state=State.COMPLETED, is_in_scope=False))

    def act(self) -> Act:
        (act,) = self.sync.plan().acts
        return act


@pytest.mark.parametrize("kind", CORRESPONDENCE)
def test_it_becomes_a_task_and_the_plan_says_so(kind: Kind) -> None:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    crm.put(a_call(kind=kind, due=LATER))
    sync = Synchronizer(crm, server)
    (act,) = sync.plan().acts
    assert headline(act) == f"make the task of the {kind.value} on the server"
    sync.settle()
    (item,) = server.items.values()
    assert (item.kind, item.fields["due"]) == (Kind.TASK, LATER)
    assert item.fields["status"] is TaskProgress.NOT_STARTED
    (pair,) = sync.pairs.values()
    assert pair.kind is kind


@pytest.mark.parametrize("kind", CORRESPONDENCE)
def test_an_edit_of_the_task_reaches_the_record(kind: Kind) -> None:
    desk = Desk(a_call(kind=kind))
    desk.edit_server(subject="Another")
    assert headline(desk.act()) == f"change the {kind.value} in the CRM: subject"
    desk.sync.settle()
    assert desk.crm.items[desk.record].subject == "Another"


@pytest.mark.parametrize(
    ("kind", "completed"),
    [
        (Kind.PHONE_CALL, PhoneCallStatus.MADE),
        (Kind.LETTER, LetterStatus.SENT),
        (Kind.FAX, FaxStatus.COMPLETED),
    ],
)
def test_who_completes_the_task_completes_the_record(kind: Kind, completed: Choice) -> None:
    desk = Desk(a_call(kind=kind))
    desk.edit_server(status=TaskProgress.COMPLETED, percent=100)
    desk.sync.settle()
    record = desk.crm.items[desk.record]
    assert record.fields["status"] is completed
    assert record.kind is kind
    assert "percent" not in record.fields


@pytest.mark.parametrize("progress", [TaskProgress.IN_PROGRESS, TaskProgress.WAITING, TaskProgress.DEFERRED])
def test_how_far_an_open_task_is_stays_with_the_task(progress: TaskProgress) -> None:
    desk = Desk(a_call(kind=Kind.LETTER, status=LetterStatus.OPEN))
    desk.edit_server(status=progress)
    desk.sync.settle()
    assert desk.crm.items[desk.record].fields["status"] is LetterStatus.OPEN
    desk.edit_crm(subject="Another")
    desk.sync.settle()
    assert (desk.item.subject, desk.item.fields["status"]) == ("Another", progress)


def test_a_status_that_says_more_than_the_task_is_kept() -> None:
    call = a_call(status=PhoneCallStatus.RECEIVED)
    done = a_task(side=Side.SERVER, status=TaskProgress.COMPLETED)
    told = translated(done, "status", Side.CRM, PhoneCallStatus.RECEIVED, kind=Kind.PHONE_CALL)
    assert told is Left.ALONE
    assert says_the_same(call, done, "status")


@pytest.mark.parametrize(
    ("item", "done"),
    [
        (a_task(), TaskStatus.COMPLETED),
        (a_call(), PhoneCallStatus.MADE),
        (a_call(kind=Kind.LETTER), LetterStatus.SENT),
        (a_call(kind=Kind.FAX), FaxStatus.SENT),
    ],
)
def test_a_record_that_is_closed_says_so_before_it_leaves_the_filters(item: Item, done: Choice) -> None:
    desk = Desk(item)
    desk.close(done)
    desk.sync.settle()
    assert desk.item.fields["status"] is TaskProgress.COMPLETED
    assert (desk.pair.link, desk.pair.parting) == (Link.UNLINKED, Parting.APART)


def test_a_record_that_is_closed_after_its_task_was_deleted_makes_no_other() -> None:
    desk = Desk(a_call())
    desk.server.drop(desk.item.id)
    desk.close(PhoneCallStatus.MADE)
    desk.sync.settle()
    assert desk.server.items == {}
    assert desk.record in desk.crm.items


def test_a_record_that_only_leaves_the_filters_changes_nothing_on_the_server() -> None:
    desk = Desk(a_call())
    desk.crm.put(replace(desk.crm.items[desk.record], is_in_scope=False))
    assert desk.act().doing is Doing.UNLINK


def test_a_record_that_is_opened_again_comes_back_to_its_task() -> None:
    desk = Desk(a_call())
    desk.close(PhoneCallStatus.MADE)
    desk.sync.settle()
    fields = {**desk.crm.items[desk.record].fields, "status": PhoneCallStatus.OPEN}
    again = replace(
        desk.crm.items[desk.record], fields=fields, state=State.OPEN, is_in_scope=True, modified_at=LATER
    )
    desk.crm.put(again)
    desk.sync.settle()
    assert desk.item.fields["status"] is TaskProgress.NOT_STARTED


@pytest.mark.parametrize(
    ("deletion", "survives"),
    [(TaskDeletion.DELETE, False), (TaskDeletion.DELETE_UNLESS_COMPLETED, False), (TaskDeletion.KEEP, True)],
)
def test_the_organization_says_what_becomes_of_it_when_its_task_is_deleted(
    deletion: TaskDeletion, survives: bool
) -> None:
    desk = Desk(a_call(), task_deletion=deletion)
    desk.server.drop(desk.item.id)
    desk.sync.settle()
    assert (desk.record in desk.crm.items) is survives
    assert desk.server.items == {}


def test_a_task_that_was_edited_while_its_phone_call_was_deleted_stays_and_becomes_nothing_else() -> None:
    desk = Desk(a_call())
    desk.edit_server(body="He moved.")
    desk.crm.drop(desk.record)
    act = desk.act()
    assert (act.doing, act.reason) == (Doing.UNLINK, Reason.EDIT_BEATS_DELETION)
    desk.sync.settle()
    assert desk.crm.items == {}
    assert desk.item.fields["body"] == "He moved."


def test_who_wants_such_a_task_in_the_crm_after_all_gets_a_task() -> None:
    desk = Desk(a_call())
    desk.edit_server(body="He moved.")
    desk.crm.drop(desk.record)
    desk.sync.settle()
    desk.sync.pairs = {id: replace(pair, decision=Decision.ACCEPT) for id, pair in desk.sync.pairs.items()}
    desk.sync.settle()
    (record,) = desk.crm.items.values()
    assert (record.kind, record.fields["body"]) == (Kind.TASK, "He moved.")


# -- finding each other


def known(item: Item, item_id: str, **values: Any) -> Item:
    return replace(item, id=item_id, **values)


def test_a_lost_pair_is_found_by_its_mark_and_by_its_token() -> None:
    for identity in (Identity(crm_id="c"), Identity(token="t")):
        record = known(a_call(), "c", identity=replace(identity, crm_id=""))
        found = match([record], [known(a_task(side=Side.SERVER), "s", identity=identity)], Policy())
        assert [(a.id, b.id) for a, b, _ in found.matches] == [("c", "s")]


def test_lost_pairs_make_nothing_twice() -> None:
    desk = Desk(a_call())
    desk.crm.put(a_service())
    desk.sync.settle()
    desk.sync.pairs.clear()
    desk.sync.marks = {Side.CRM: None, Side.SERVER: None}
    desk.sync.settle()
    assert len(desk.server.items) == len(desk.sync.pairs) == len(desk.crm.items) == 2


def test_without_marks_it_is_found_by_its_content() -> None:
    theirs = known(a_task("Call Bo", Side.SERVER, percent=0), "s", is_tracked=False)
    found = match([known(a_call(), "c")], [theirs], Policy())
    assert [reason for _, _, reason in found.matches] == [Reason.MATCHED_BY_CONTENT]


def test_a_task_that_a_person_tracked_never_stands_for_a_phone_call() -> None:
    found = match([known(a_call(), "c")], [known(a_task("Call Bo", Side.SERVER), "s")], Policy())
    assert not found.matches
    assert set(found.crm) | set(found.server) == {"c", "s"}


def test_a_tracked_task_becomes_a_task_beside_a_phone_call_of_the_same_words() -> None:
    desk = Desk(a_call())
    desk.server.put(a_task("Call Bo", Side.SERVER))
    desk.sync.settle()
    kinds = sorted(item.kind.value for item in desk.crm.items.values())
    assert kinds == ["phone call", "task"]
    assert len(desk.server.items) == 2


def test_a_task_of_the_same_words_goes_before_a_phone_call() -> None:
    theirs = known(a_task("Call Bo", Side.SERVER), "s", is_tracked=False)
    records = [known(a_call(), "1"), known(a_task("Call Bo"), "2")]
    found = match(records, [theirs], Policy())
    assert [(crm.id, server.id) for crm, server, _ in found.matches] == [("2", "s")]
    assert set(found.crm) == {"1"}


def test_those_that_nothing_tells_apart_are_named() -> None:
    theirs = [known(a_task("Call Bo", Side.SERVER, body=b), b, is_tracked=False) for b in ("x", "y")]
    found = match([known(a_call(), "c")], theirs, Policy())
    assert not found.matches
    assert {each.reason for each in found.findings} == {Reason.LOOKS_ALIKE}


def test_a_moved_task_is_found_again() -> None:
    desk = Desk(a_call())
    moved = desk.server.move(desk.item.id)
    desk.sync.settle()
    assert desk.pair.server_id == moved.id
    assert desk.record in desk.crm.items


# -- service activities


def test_a_service_activity_becomes_a_meeting_of_which_nobody_is_told() -> None:
    crm, server = MemoryItems(Side.CRM), MemoryItems(Side.SERVER)
    crm.put(a_service())
    sync = Synchronizer(crm, server)
    (act,) = sync.plan().acts
    assert headline(act) == "make the appointment of the service activity on the server"
    assert (act.sends.notice, act.sends.rule) == (Notice.NONE, Rule.OWN_COPY)
    sync.settle()
    (item,) = server.items.values()
    assert item.kind is Kind.APPOINTMENT
    assert item.fields["required"] == frozenset({GUEST})
    assert item.fields["show_as"] is ShowAs.BUSY


def test_no_change_and_no_removal_of_a_service_activity_is_told() -> None:
    desk = Desk(a_service(), propagate_cancellations=True, distinct_deletes=False)
    desk.edit_crm(location="Room 2")
    assert desk.act().sends.rule is Rule.OWN_COPY
    desk.sync.settle()
    desk.crm.put(replace(desk.crm.items[desk.record], state=State.CANCELED, modified_at=LATER))
    desk.edit_crm(show_as=ServiceStatus.CANCELED)
    act = desk.act()
    assert (act.doing, act.sends.rule) == (Doing.DELETE, Rule.OWN_COPY)
    desk.crm.drop(desk.record)
    act = desk.act()
    assert (act.doing, act.sends.rule) == (Doing.DELETE, Rule.OWN_COPY)
    desk.sync.settle()
    assert desk.server.told == []


def test_an_edit_of_the_meeting_comes_back_with_the_next_change_of_the_service_activity() -> None:
    desk = Desk(a_service(body="Bring the tools."))
    desk.edit_server(body="Mine.")
    act = desk.act()
    assert (act.doing, act.reason) == (Doing.AGREE, Reason.ONE_WAY)
    desk.sync.settle()
    assert desk.item.fields["body"] == "Mine."
    assert desk.crm.items[desk.record].fields["body"] == "Bring the tools."
    desk.edit_crm(location="Room 2")
    desk.sync.settle()
    assert (desk.item.fields["body"], desk.item.fields["location"]) == ("Bring the tools.", "Room 2")
    (lost,) = desk.sync.overwritten
    assert (lost.side, lost.field, lost.value) == (Side.SERVER, "body", "Mine.")


def test_an_edit_at_the_same_time_gives_way_to_the_service_activity() -> None:
    desk = Desk(a_service())
    desk.edit_server(subject="Mine", location="Room 1")
    desk.edit_crm(subject="Theirs")
    desk.sync.settle()
    assert (desk.item.subject, desk.item.fields["location"]) == ("Theirs", None)
    assert {lost.value for lost in desk.sync.overwritten} == {"Mine", "Room 1"}


def test_a_meeting_that_is_deleted_leaves_the_service_activity_as_it_is() -> None:
    desk = Desk(a_service())
    desk.server.drop(desk.item.id)
    act = desk.act()
    assert (act.doing, act.reason) == (Doing.UNLINK, Reason.KEPT_ONE_WAY)
    desk.sync.settle()
    desk.edit_crm(subject="Another")
    desk.sync.settle()
    assert desk.record in desk.crm.items
    assert desk.server.items == {}


def test_a_deleted_service_activity_takes_an_edited_meeting_along() -> None:
    desk = Desk(a_service())
    desk.edit_server(subject="Mine")
    desk.crm.drop(desk.record)
    desk.sync.settle()
    assert desk.server.items == {}
    assert desk.crm.items == {}


def test_a_closed_service_activity_shows_as_free() -> None:
    desk = Desk(a_service())
    desk.close(ServiceStatus.COMPLETED, "show_as")
    desk.sync.settle()
    assert desk.item.fields["show_as"] is ShowAs.FREE
    assert desk.pair.link is Link.UNLINKED


@pytest.mark.parametrize("status", ServiceStatus)
def test_every_status_of_a_service_activity_shows_somehow(status: ServiceStatus) -> None:
    assert isinstance(translated(a_service(show_as=status), "show_as", Side.SERVER), ShowAs)


def test_an_appointment_that_a_person_tracked_never_stands_for_a_service_activity() -> None:
    theirs = known(an_appointment("Repair", Side.SERVER), "s")
    assert not match([known(a_service(), "c")], [theirs], Policy()).matches
    untracked = replace(theirs, is_tracked=False)
    assert match([known(a_service(), "c")], [untracked], Policy()).matches
