"""Records and a mailbox are kept in step: the planner over an Exchange, whatever befalls the server."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.support.exchange_items import CATEGORY, NOON, ItemDesk, item_desk
from tests.support.exchange_place import USER
from tests.support.items import a_contact, a_task, an_appointment
from tests.support.synchronizing import Synchronizer

from postroom.reconcile.item import Attendee, Item, Side, Span
from postroom.reconcile.values import PersonName
from postroom.sandbox.faults import Misbehaviour
from postroom.servers.memory_items import MemoryItems

GUEST = Attendee("guest@away.example", "guest@away.example")


@dataclass
class Both:
    desk: ItemDesk
    crm: MemoryItems
    sync: Synchronizer

    def settle(self) -> int:
        return self.sync.settle()

    def subjects(self, folder: str) -> list[str]:
        return sorted(self.desk.place.outlook.subjects(folder))


@pytest.fixture
def both() -> Iterator[Both]:
    with item_desk() as desk:
        crm = MemoryItems(Side.CRM, now=NOON)
        yield Both(desk, crm, Synchronizer(crm, desk.side, now=NOON - timedelta(days=2)))


def some_records() -> list[Item]:
    meeting = an_appointment("Review", organizer=USER, required=frozenset({GUEST}))
    span = Span(NOON, NOON + timedelta(hours=1))
    meeting = replace(meeting, fields={**meeting.fields, "time": span, "body": "Bring\nthe numbers"})
    contact = a_contact()
    contact = replace(
        contact, fields={"full_name": PersonName("Jane", None, "Doe"), "email1": "jane@away.example"}
    )
    return [meeting, contact, a_task("Call back", due=NOON + timedelta(hours=5), body="soon")]


def test_records_are_made_on_the_server_once_and_a_second_plan_is_empty(both: Both) -> None:
    for record in some_records():
        both.crm.put(record)
    both.settle()
    assert both.subjects("calendar") == ["Review"]
    assert both.subjects("tasks") == ["Call back"]
    assert len(both.desk.place.outlook.items("contacts")) == 1
    assert both.sync.step().acts == ()
    assert len(both.crm.items) == 3


def test_changes_of_both_sides_are_put_together(both: Both) -> None:
    task = both.crm.put(a_task("Call back", due=NOON, body="soon"))
    both.settle()
    stored = both.desk.place.outlook.find("Call back", "tasks")
    both.desk.edit(stored.id, "Call Jane back")
    both.crm.edit(task.id, NOON, body="now")
    both.settle()
    read = both.desk.read(stored.id)
    assert (read.fields["subject"], read.fields["body"]) == ("Call Jane back", "now")
    assert both.crm.items[task.id].fields["subject"] == "Call Jane back"
    assert both.crm.items[task.id].fields["due"] == NOON


def test_what_is_tracked_in_outlook_becomes_a_record(both: Both) -> None:
    stored = both.desk.make("CalendarItem", "From Outlook")
    both.settle()
    assert not both.crm.items
    both.desk.place.outlook.categorize(stored, CATEGORY)
    both.settle()
    assert [item.subject for item in both.crm.items.values()] == ["From Outlook"]


def test_lost_answers_never_make_an_item_twice(both: Both) -> None:
    for record in some_records():
        both.crm.put(record)
    both.desk.place.misbehave(Misbehaviour.LOSE_ANSWER, operation="CreateItem", times=3)
    both.settle()
    assert [len(both.desk.place.outlook.items(each)) for each in ("calendar", "contacts", "tasks")] == [
        1,
        1,
        1,
    ]


def test_when_all_pairs_are_lost_nothing_is_made_anew(both: Both) -> None:
    for record in some_records():
        both.crm.put(record)
    both.settle()
    both.sync.pairs.clear()
    both.sync.marks = {Side.CRM: None, Side.SERVER: None}
    both.settle()
    assert [len(both.desk.place.outlook.items(each)) for each in ("calendar", "contacts", "tasks")] == [
        1,
        1,
        1,
    ]
    assert len(both.crm.items) == 3


def test_a_mailbox_that_was_moved_to_another_server_is_known_again(both: Both) -> None:
    for record in some_records():
        both.crm.put(record)
    both.settle()
    both.desk.place.renumber()
    both.settle()
    assert [len(both.desk.place.outlook.items(each)) for each in ("calendar", "contacts", "tasks")] == [
        1,
        1,
        1,
    ]
    assert len(both.crm.items) == 3


def test_a_copy_made_in_outlook_stays_a_copy(both: Both) -> None:
    both.crm.put(a_task("Original"))
    both.settle()
    outlook = both.desk.place.outlook
    copy = outlook.copy(outlook.find("Original", "tasks"), "tasks")
    both.desk.edit(copy.id, "Copy")
    both.settle()
    assert [item.subject for item in both.crm.items.values()] == ["Original"]
    assert both.subjects("tasks") == ["Copy", "Original"]


def test_what_is_deleted_on_one_side_is_deleted_on_the_other(both: Both) -> None:
    gone, stays = both.crm.put(a_task("Gone")), both.crm.put(a_task("Stays"))
    both.settle()
    both.crm.drop(gone.id)
    both.settle()
    assert both.subjects("tasks") == ["Stays"]
    both.desk.drop(both.desk.place.outlook.find("Stays", "tasks").id)
    both.settle()
    assert stays.id not in both.crm.items
