"""Records of the store and an Exchange mailbox kept in step: both speak of items in the same words."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.exchange_items import CATEGORY, ItemDesk, item_desk
from tests.support.guid_items import Desk
from tests.support.items import NOON

from postroom.reconcile.item import Item, Kind
from postroom.schema.choices import AppointmentStatus, Priority, TaskStatus
from postroom.store import filters
from postroom.store.items import StoreItems

GUEST = "guest@away.example"
START = NOON + timedelta(days=3)


class WholeDesk(Desk):
    """Ann's records, and her mailbox on an Exchange."""

    def __init__(self, company: Company, exchange: ItemDesk) -> None:
        super().__init__(company)
        self.exchange = exchange
        records = company.context.records
        with records.database.write() as connection:
            filters.populate(records, connection, self.user)
        self.crm = StoreItems(records, self.user)  # type: ignore[assignment]
        self.server = exchange.side  # type: ignore[assignment]

    def create(self, table: str, **values: Any) -> UUID:
        """Have a person make a record."""
        records = self.company.context.records
        with records.database.write() as connection:
            return records.create(connection, table, {"ownerid": self.user, **values})

    def both(self) -> list[tuple[Item, Item]]:
        """Return the two halves of every pair."""
        return [
            (self.crm.get([pair.crm_id])[pair.crm_id], self.server.get([pair.server_id])[pair.server_id])
            for pair in self.pairs()
            if pair.crm_id and pair.server_id
        ]


@pytest.fixture
def desk(company: Company) -> Iterator[WholeDesk]:
    """Ann's desk."""
    company.clock.at = NOON
    with item_desk() as exchange:
        yield WholeDesk(company, exchange)


def _same(crm: Item, server: Item, *but: str) -> None:
    names = {*crm.fields, *server.fields} - {*but}
    mine = {name: crm.fields.get(name) for name in names}
    assert mine == {name: server.fields.get(name) for name in names}


def test_a_contact_says_the_same_on_both_sides(desk: WholeDesk) -> None:
    desk.create(
        "contact",
        firstname="Bo",
        middlename="C.",
        lastname="Berg",
        suffix="Jr.",
        emailaddress1="bo@away.example",
        telephone1="+45 1",
        mobilephone="+45 2",
        jobtitle="Boss",
        address1_line1="Street 1",
        address1_city="Town",
        address1_country="Denmark",
        birthdate=date(1980, 2, 29),
        websiteurl="https://away.example",
        governmentid="17",
        yomifirstname="bo",
        childrensnames="Ib, Ulla",
        description="Met at the fair.",
    )
    desk.settle()
    ((crm, server),) = desk.both()
    _same(crm, server)
    assert desk.plan().acts == ()


def test_a_task_says_the_same_on_both_sides(desk: WholeDesk) -> None:
    account = desk.create("account", name="Adventure Works")
    desk.create(
        "task",
        subject="Call",
        description="Ask for Ann.",
        scheduledend=START,
        percentcomplete=50,
        prioritycode=int(Priority.HIGH),
        statuscode=int(TaskStatus.IN_PROGRESS),
        regardingobjectid=account,
    )
    desk.settle()
    ((crm, server),) = desk.both()
    _same(crm, server, "status", "start")
    assert desk.plan().acts == ()


def test_a_meeting_says_the_same_on_both_sides(desk: WholeDesk) -> None:
    desk.create(
        "appointment",
        subject="Review",
        description="Bring the numbers.",
        location="Room 1",
        scheduledstart=START,
        scheduledend=START + timedelta(hours=1),
        statuscode=int(AppointmentStatus.BUSY),
        parties=[
            {"partyid": desk.user, "partyobjecttypecode": "systemuser", "participationtypemask": 7},
            {"addressused": GUEST, "participationtypemask": 5},
        ],
    )
    desk.settle()
    ((crm, server),) = desk.both()
    assert crm.kind is Kind.APPOINTMENT
    _same(crm, server, "show_as", "organizer")
    assert desk.plan().acts == ()


@pytest.mark.parametrize(("element", "table"), [("Task", "task"), ("CalendarItem", "appointment")])
def test_what_is_tracked_in_outlook_becomes_a_record_and_stays_in_step(
    desk: WholeDesk, element: str, table: str
) -> None:
    stored = desk.exchange.make(element, "Write", body="to Bo")
    desk.exchange.make(element, "Private matters")
    desk.exchange.place.outlook.categorize(desk.exchange.stored(stored.id), CATEGORY)
    desk.settle()
    assert [(row["subject"], row["ownerid"]) for row in desk.company.rows(table)] == [("Write", desk.user)]
    desk.exchange.edit(stored.id, "Write soon")
    desk.settle()
    assert [row["subject"] for row in desk.company.rows(table)] == ["Write soon"]
    assert desk.plan().acts == ()
