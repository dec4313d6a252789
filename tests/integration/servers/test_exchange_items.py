"""Items on Exchange keep the promises of the port, whatever befalls the server."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contracts.item_files import ItemFilesContract
from tests.contracts.item_side import ItemPlace, ItemSideContract, look
from tests.support.exchange_items import (
    BERLIN,
    CATEGORY,
    NOON,
    ORGANIZATION,
    RECORD,
    ItemDesk,
    item_desk,
    moment,
)
from tests.support.items import a_task

from postroom.configuration.attachments import AttachmentRules
from postroom.errors import Throttled, Unreachable
from postroom.ports.items import Feed, ItemPage, ItemSide
from postroom.reconcile.item import Identity, Kind, Part, Privacy, Side, State
from postroom.reconcile.notice import IN_CRM
from postroom.reconcile.status import TaskProgress
from postroom.sandbox.faults import Misbehaviour


@pytest.fixture
def desk() -> Iterator[ItemDesk]:
    with item_desk() as desk:
        yield desk


class TestExchangeItems(ItemSideContract):
    @pytest.fixture
    def place(self, desk: ItemDesk) -> ItemPlace:
        return desk


class TestFilesOnExchange(ItemFilesContract):
    @pytest.fixture
    def side(self) -> Iterator[ItemSide]:
        with item_desk(frame=replace(BERLIN, files=AttachmentRules(10_000, frozenset()))) as desk:
            yield desk.side


def test_an_unchanged_mailbox_costs_one_request(desk: ItemDesk) -> None:
    for element in ("CalendarItem", "Contact", "Task"):
        desk.make(element, "old")
    # The sandbox tells times to the second, and what was changed in the present one may change once more.
    for folder in desk.place.outlook.mailbox.folders.values():
        folder.content_at -= timedelta(seconds=5)
    mark = look(desk.side).mark
    desk.place.requests.clear()
    assert list(desk.open().changes(mark)) == []
    assert desk.place.requests == ["FindFolder"]


def test_a_lost_answer_to_a_creation_leaves_an_item_that_its_token_finds(desk: ItemDesk) -> None:
    desk.lose_answer("CreateItem")
    with pytest.raises(Unreachable):
        desk.side.create(a_task("Once"), "token-1", IN_CRM)
    assert len(desk.place.outlook.items("tasks")) == 1
    found = desk.side.find_by_token(["token-1"])
    assert desk.side.create(a_task("Once"), "token-1", IN_CRM)[0] == found["token-1"]
    assert len(desk.place.outlook.items("tasks")) == 1


def test_a_lost_answer_to_an_update_is_not_written_twice(desk: ItemDesk) -> None:
    item = desk.read(desk.make("Task", "old").id)
    desk.lose_answer("UpdateItem")
    with pytest.raises(Unreachable):
        desk.side.update(item.id, item.version, {"subject": "new"}, IN_CRM)
    assert desk.place.requests.count("UpdateItem") == 1
    assert desk.read(item.id).subject == "new"


def test_a_busy_server_is_left_alone_for_as_long_as_it_says(desk: ItemDesk) -> None:
    desk.place.misbehave(Misbehaviour.THROTTLE, amount=7.0, times=1)
    with pytest.raises(Throttled) as caught:
        look(desk.side)
    assert caught.value.retry_after == 7.0


def test_a_state_that_the_server_forgot_gives_everything_once_more(desk: ItemDesk) -> None:
    desk.make("Task", "one")
    mark = look(desk.side).mark
    desk.make("Task", "two")
    desk.place.misbehave(Misbehaviour.FORGET, times=1, operation="SyncFolderItems")
    seen = look(desk.side, mark)
    assert set(seen.subjects) == {"one", "two"} or Feed.WHOLE in seen.feeds


def test_an_item_that_the_server_can_not_give_keeps_nobody_from_the_others(desk: ItemDesk) -> None:
    bad = desk.make("Task", "bad")
    desk.make("Task", "good")
    desk.place.misbehave(Misbehaviour.WITHHOLD, operation="GetItem", item=bad.id, answer="ErrorItemCorrupt")
    items = [item for page in desk.side.changes(None) for item in page.items]
    hindered = {item.id: item.hindrance for item in items if item.hindrance}
    assert [item.subject for item in items if not item.hindrance] == ["good"]
    assert "ErrorItemCorrupt" in hindered[bad.id]


def test_more_changes_than_fit_into_an_answer_are_all_told(desk: ItemDesk) -> None:
    for number in range(600):
        desk.make("Task", f"task {number}")
    seen = look(desk.side)
    assert len(set(seen.subjects)) == 600


def test_reading_that_broke_off_goes_on_where_it_was(desk: ItemDesk) -> None:
    for number in range(600):
        desk.make("Task", f"task {number}")
    desk.place.misbehave_after(1, Misbehaviour.CLOSE, operation="SyncFolderItems", times=9)
    pages: list[ItemPage] = []
    with pytest.raises(Unreachable):
        pages.extend(_kept(pages, desk.side.changes(None)))
    desk.place.server.faults.clear()
    rest = look(desk.side, pages[-1].mark)
    assert (sum(len(page.items) for page in pages) + len(rest.subjects)) == 600
    assert rest.feeds == {Feed.WHOLE}


def test_an_item_that_was_moved_to_another_calendar_is_gone_and_there_again(desk: ItemDesk) -> None:
    outlook = desk.place.outlook
    outlook.make_folder("Private", "calendar", "IPF.Appointment")
    item = desk.make("CalendarItem", "moves")
    desk.side.note(item.id, RECORD)
    mark = look(desk.side).mark
    moved = outlook.move(desk.stored(item.id), "Calendar/Private")
    seen = look(desk.side, mark)
    assert (list(seen.subjects), list(seen.gone)) == (["moves"], [item.id])
    assert desk.read(moved.id).identity.crm_id == RECORD


def test_a_calendar_that_was_removed_makes_everything_doubtful(desk: ItemDesk) -> None:
    outlook = desk.place.outlook
    outlook.make_folder("Private", "calendar", "IPF.Appointment")
    mark = look(desk.side).mark
    outlook.delete_folder("Calendar/Private")
    assert Feed.WHOLE in look(desk.side, mark).feeds


def test_what_lies_elsewhere_is_out_of_scope(desk: ItemDesk) -> None:
    moved = desk.place.outlook.move(desk.make("Task", "elsewhere"), "inbox")
    assert not desk.read(moved.id).is_in_scope


@pytest.mark.parametrize("element", ["CalendarItem", "Task"])
def test_the_category_tracks_and_without_it_what_it_tracked_is_not(desk: ItemDesk, element: str) -> None:
    item = desk.make(element, "by category")
    assert not desk.read(item.id).is_tracked
    desk.place.outlook.categorize(desk.stored(item.id), CATEGORY.upper(), "Blue")
    assert desk.read(item.id).is_tracked
    desk.side.note(item.id, RECORD)
    assert desk.read(item.id).is_tracked
    desk.place.outlook.categorize(desk.stored(item.id), "Blue")
    assert not desk.read(item.id).is_tracked


def test_what_was_tracked_without_a_category_stays_tracked(desk: ItemDesk) -> None:
    item = desk.make("Contact", "by app")
    desk.side.note(item.id, RECORD)
    after = desk.read(item.id)
    assert (after.is_tracked, after.identity.crm_id) == (True, RECORD)


def test_marks_of_another_organization_mean_nothing(desk: ItemDesk) -> None:
    item = desk.make("Task", "theirs")
    desk.side.note(item.id, RECORD)
    assert desk.read(item.id).identity == Identity(crm_id=RECORD)
    for key, element in desk.stored(item.id).extended.items():
        if "PostroomOrganization" in key:
            element[1].text = ORGANIZATION[::-1]
    after = desk.read(item.id)
    assert (after.is_tracked, after.identity) == (False, Identity())


def test_a_copy_bears_the_same_record(desk: ItemDesk) -> None:
    item_id, _ = desk.side.create(a_task("Original"), "token-1", IN_CRM)
    desk.side.note(item_id, RECORD)
    copy = desk.place.outlook.copy(desk.stored(item_id), "tasks")
    assert desk.read(copy.id).identity == desk.read(item_id).identity == Identity("", "token-1", RECORD)


def test_an_appointment_that_ends_before_it_starts_says_what_to_do(desk: ItemDesk) -> None:
    item = desk.make("CalendarItem", "backwards")
    desk.stored(item.id).put("calendar:End", moment(NOON.replace(year=2020)))
    read = desk.read(item.id)
    assert "ends before it starts; open it in Outlook" in read.hindrance
    assert (read.subject, read.kind) == ("backwards", Kind.APPOINTMENT)


@pytest.mark.parametrize("written", ["yesterday", "2026-02-30T10:00:00Z", "", "9999999-01-01T00:00:00Z"])
def test_an_impossible_date_hinders_its_item_and_no_other(desk: ItemDesk, written: str) -> None:
    bad = desk.make("CalendarItem", "bad")
    desk.make("CalendarItem", "good")
    desk.stored(bad.id).put("calendar:Start", written)
    items = {item.subject: item for page in desk.side.changes(None) for item in page.items}
    assert items["bad"].hindrance
    assert not items["good"].hindrance


def test_private_and_canceled_items_say_so(desk: ItemDesk) -> None:
    private = desk.make("CalendarItem", "dentist", item_Sensitivity="Private")
    canceled = desk.make("CalendarItem", "off", calendar_AppointmentState="7")
    assert desk.read(private.id).privacy is Privacy.PRIVATE
    assert desk.read(canceled.id).state is State.CANCELED


def test_an_own_appointment_is_the_owners(desk: ItemDesk) -> None:
    assert desk.read(desk.make("CalendarItem", "own").id).part is Part.OWNER


def test_a_server_that_fails_in_a_batch_is_asked_for_each_alone(desk: ItemDesk) -> None:
    for subject in ("one", "two"):
        desk.make("Task", subject)
    desk.place.misbehave(Misbehaviour.FAULT, operation="GetItem", times=2, answer="ErrorInternalServerError")
    items = [item for page in desk.side.changes(None) for item in page.items]
    assert [item.subject for item in items if not item.hindrance] == ["two"]
    assert len([item for item in items if item.hindrance]) == 1


def test_a_task_reminds_when_it_is_due_and_no_more_when_it_is_done(desk: ItemDesk) -> None:
    due = NOON.replace(year=2090)
    item_id, version = desk.side.create(a_task("Call", due=due), "token-1", IN_CRM)
    stored = desk.stored(item_id)
    assert (stored.flag("item:ReminderIsSet"), stored.instant("item:ReminderDueBy")) == (True, due)
    desk.side.update(item_id, version, {"status": TaskProgress.COMPLETED}, IN_CRM)
    assert not desk.stored(item_id).flag("item:ReminderIsSet")
    assert desk.read(item_id).state is State.COMPLETED


def test_items_that_look_alike_are_found_by_what_they_say(desk: ItemDesk) -> None:
    twin = desk.make("Task", "Call & <back>")
    desk.make("Task", "Call nobody")
    assert list(desk.side.find_alike([a_task("Call & <back>", side=Side.SERVER)])) == [twin.id]
    assert list(desk.side.find_alike([a_task("Call somebody")])) == []


def _kept(pages: list[ItemPage], given: Iterator[ItemPage]) -> Iterator[ItemPage]:
    """Keep each page as it comes, for when the next one does not."""
    for page in given:
        pages.append(page)
    return iter(())
