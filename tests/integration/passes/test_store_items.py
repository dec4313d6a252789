"""Records and a mailbox kept in step: the store on the one side, a server in memory on the other."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.guid_items import Desk
from tests.support.items import NOON, a_task

from postroom.reconcile.item import Attendee, Item, Kind, Side, Span
from postroom.reconcile.notice import Notice
from postroom.reconcile.status import ShowAs
from postroom.reconcile.values import PersonName
from postroom.schema.choices import AppointmentStatus, Priority, TaskStatus
from postroom.store import filters
from postroom.store.items import StoreItems
from postroom.store.records import Records

ANN, GUEST = "ann@corp.example", "guest@away.example"
START = NOON + timedelta(days=3)


class StoreDesk(Desk):
    """Ann's records in the store, and her mailbox."""

    def __init__(self, company: Company) -> None:
        super().__init__(company)
        self.records: Records = company.context.records
        with company.context.database.write() as connection:
            filters.populate(self.records, connection, self.user)
        self.crm = StoreItems(self.records, self.user)  # type: ignore[assignment]

    def create(self, table: str, **values: Any) -> UUID:
        """Have a person make a record."""
        with self.records.database.write() as connection:
            return self.records.create(connection, table, {"ownerid": self.user, **values})

    def change(self, table: str, id: UUID, **values: Any) -> None:
        """Have a person change a record."""
        with self.records.database.write() as connection:
            self.records.update(connection, table, id, values)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all records of a table."""
        return self.company.rows(table)


@pytest.fixture
def desk(company: Company) -> StoreDesk:
    """Ann's desk."""
    company.clock.at = NOON
    return StoreDesk(company)


def _meeting(desk: StoreDesk) -> UUID:
    parties = [
        {"partyid": desk.user, "partyobjecttypecode": "systemuser", "participationtypemask": 7},
        {"addressused": GUEST, "participationtypemask": 5},
    ]
    return desk.create(
        "appointment",
        subject="Review",
        scheduledstart=START,
        scheduledend=START + timedelta(hours=1),
        statuscode=int(AppointmentStatus.BUSY),
        parties=parties,
    )


def _at_server(desk: StoreDesk) -> Item:
    (item,) = desk.server.items.values()
    return item


def _server_contact() -> Item:
    fields = {"full_name": PersonName("Carla", None, "Cox"), "email1": "carla@away.example"}
    return Item("", "", Kind.CONTACT, fields, NOON)


def test_records_and_items_are_made_on_the_other_side_once(desk: StoreDesk) -> None:
    desk.create("contact", firstname="Bo", lastname="Berg")
    desk.create("task", subject="Call")
    desk.server.put(_server_contact())
    desk.server.put(a_task("Write", Side.SERVER))
    desk.settle()
    assert {row["subject"] for row in desk.rows("task")} == {"Call", "Write"}
    mine = [row for row in desk.rows("contact") if row["ownerid"] == desk.user]
    assert {"Cox", "Berg"} <= {row["lastname"] for row in mine}
    assert sum(item.kind is Kind.TASK for item in desk.server.items.values()) == 2
    assert desk.plan().acts == ()


def test_a_meeting_goes_out_with_its_invitation_and_an_answer_comes_back(desk: StoreDesk) -> None:
    desk.settle()
    id = _meeting(desk)
    desk.settle()
    item = _at_server(desk)
    assert item.fields["time"] == Span(START, START + timedelta(hours=1))
    assert item.fields["show_as"] is ShowAs.BUSY
    assert item.fields["required"] == frozenset({Attendee(GUEST)})
    assert [sends.notice for sends in desk.server.told] == [Notice.INVITATION]
    moved = Span(START + timedelta(hours=2), START + timedelta(hours=3))
    desk.server.edit(item.id, NOON + timedelta(minutes=5), time=moved, location="Room 2")
    desk.settle()
    (row,) = [row for row in desk.rows("appointment") if row["activityid"] == id]
    assert (row["scheduledstart"], row["location"]) == (moved.start_at, "Room 2")
    assert len([p for p in desk.rows("activityparty") if p["activityid"] == id]) == 3
    assert desk.plan().acts == ()


def test_a_task_that_is_done_on_either_side_is_done_on_the_other(desk: StoreDesk) -> None:
    first, second = desk.create("task", subject="One"), desk.create("task", subject="Two")
    desk.settle()
    items = {item.subject: item for item in desk.server.items.values()}
    desk.server.edit(items["One"].id, NOON, percent=100)
    desk.change("task", second, statuscode=int(TaskStatus.COMPLETED))
    desk.settle()
    states = {row["activityid"]: row["statecode"] for row in desk.rows("task")}
    assert states[first] == 1
    assert states[second] == 1


def test_what_leaves_the_filters_is_unlinked_and_not_deleted_and_comes_back(desk: StoreDesk) -> None:
    id = desk.create("contact", lastname="Berg")
    desk.settle()
    desk.change("contact", id, ownerid=desk.company.add_user("bea@corp.example", "Bea Bell"))
    desk.settle()
    item = _at_server(desk)
    desk.server.edit(item.id, NOON, job_title="Boss")
    desk.settle()
    desk.change("contact", id, ownerid=desk.user)
    desk.settle()
    assert len(desk.server.items) == 1
    (row,) = [row for row in desk.rows("contact") if row["contactid"] == id]
    assert row["jobtitle"] == "Boss"


def test_lost_pairs_are_found_again_without_a_second_item(desk: StoreDesk) -> None:
    desk.create("contact", firstname="Bo", lastname="Berg")
    desk.create("task", subject="Call", prioritycode=int(Priority.HIGH))
    _meeting(desk)
    desk.settle()
    before = (len(desk.server.items), len(desk.rows("task")), len(desk.rows("appointment")))
    with desk.records.database.write() as connection:
        for row in desk.records.select(connection, "exchangesyncidmapping"):
            desk.records.delete(connection, "exchangesyncidmapping", row["exchangesyncidmappingid"])
    desk.server.forget_marks()
    desk.settle()
    after = (len(desk.server.items), len(desk.rows("task")), len(desk.rows("appointment")))
    assert after == before
    assert len(desk.pairs()) == 3
    assert desk.server.told == []


def test_a_record_that_is_deleted_takes_its_task_along(desk: StoreDesk) -> None:
    id = desk.create("task", subject="Call")
    desk.settle()
    with desk.records.database.write() as connection:
        desk.records.delete(connection, "task", id)
    desk.settle()
    assert desk.server.items == {}
    assert desk.pairs() == []


def test_an_item_that_no_column_takes_fails_alone(desk: StoreDesk) -> None:
    desk.server.put(replace(_server_contact(), fields={"email1": "no address"}))
    desk.server.put(a_task("Write", Side.SERVER))
    desk.go()
    assert [row["subject"] for row in desk.rows("task")] == ["Write"]
    failed = [pair for pair in desk.pairs() if pair.failure is not None]
    assert len(failed) == 1
    assert failed[0].failure is not None
    assert "is not an e-mail address" in failed[0].failure.words
