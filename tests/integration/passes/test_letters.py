"""Phone calls, letters, faxes and service activities between the store and an Exchange."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.exchange_company import ANN, an_exchange_of

from postroom.app.items import open_item_sides
from postroom.passes.plan import show_plan
from postroom.passes.receive import receive
from postroom.passes.step import step
from postroom.sandbox.exchange.outlook import Outlook
from postroom.schema.choices import FaxStatus, LetterStatus, PhoneCallStatus, ServiceStatus
from postroom.tracking.category import TRACKED

pytestmark = pytest.mark.integration
GUEST = "guest@away.example"
CODES = {"phonecall": 4210, "letter": 4207, "fax": 4204}
DONE = {"phonecall": PhoneCallStatus.MADE, "letter": LetterStatus.SENT, "fax": FaxStatus.COMPLETED}
each_table = pytest.mark.parametrize("table", CODES)


@pytest.fixture
def outlook(company: Company) -> Iterator[Outlook]:
    """Ann at her mailbox, whose items are synchronized."""
    with an_exchange_of(company) as running:
        company.update("mailbox", company.mailbox(ANN), actdeliverymethod=1)
        company.enable(ANN)
        receive(company.context, company.mailbox(ANN))
        yield running.office.outlook(ANN)


def settle(company: Company) -> None:
    """Run passes until nothing is left to be done."""
    for _ in range(6):
        result = step(company.context, company.mailbox(ANN), opener=open_item_sides)
        assert result.failure is None, result
        if not result.items:
            return
    raise AssertionError(show_plan(company.context, company.mailbox(ANN), opener=open_item_sides))


def a_record(company: Company, table: str, **values: Any) -> UUID:
    due = company.clock.now() + timedelta(days=3)
    return company.create(
        table, **{"subject": "Ask Bo", "scheduledend": due, "ownerid": company.ids["ann"], **values}
    )


def a_service(company: Company, **values: Any) -> UUID:
    start = company.clock.now() + timedelta(days=2)
    ann = {"partyid": company.ids["ann"], "partyobjecttypecode": "systemuser"}
    given = {
        "subject": "Repair",
        "scheduledstart": start,
        "scheduledend": start + timedelta(hours=1),
        "statuscode": int(ServiceStatus.RESERVED),
        "parties": [
            {**ann, "participationtypemask": 10},
            {"addressused": GUEST, "participationtypemask": 5},
        ],
    }
    return company.create("serviceappointment", **{**given, **values})


@each_table
def test_a_record_becomes_a_task_that_is_ticked_off_in_outlook(
    company: Company, outlook: Outlook, table: str
) -> None:
    settle(company)
    id = a_record(company, table)
    (act,) = [
        act
        for act in show_plan(company.context, company.mailbox(ANN), opener=open_item_sides).acts
        if act.subject == "Ask Bo"
    ]
    assert act.what == f"task of the {act.kind}"
    settle(company)
    (pair,) = company.rows("exchangesyncidmapping", objectid=id)
    assert pair["objecttypecode"] == CODES[table]
    outlook.edit(outlook.find("Ask Bo", "tasks"), "item:Subject", "Ask Bo again")
    outlook.edit(outlook.find("Ask Bo again", "tasks"), "task:Status", "Completed")
    settle(company)
    (row,) = company.rows(table, activityid=id)
    assert (row["subject"], row["statecode"], row["statuscode"]) == ("Ask Bo again", 1, DONE[table])
    assert row["actualend"] is not None
    assert company.rows("task") == []


@each_table
def test_a_record_that_is_completed_completes_its_task(
    company: Company, outlook: Outlook, table: str
) -> None:
    id = a_record(company, table)
    settle(company)
    company.update(table, id, statecode=1)
    settle(company)
    assert outlook.find("Ask Bo", "tasks").text("task:Status") == "Completed"
    assert company.rows(table, activityid=id)[0]["statuscode"] == DONE[table]


def test_a_tracked_task_becomes_a_task_though_a_phone_call_says_the_same(
    company: Company, outlook: Outlook
) -> None:
    made = outlook.make("Task", "tasks", {"item:Subject": "Ask Bo"})
    outlook.categorize(made, TRACKED)
    a_record(company, "phonecall", scheduledend=None)
    settle(company)
    assert outlook.subjects("tasks") == ["Ask Bo", "Ask Bo"]
    assert len(company.rows("task")) == len(company.rows("phonecall")) == 1


def test_a_phone_call_takes_the_task_that_its_user_had_for_it_already(
    company: Company, outlook: Outlook
) -> None:
    outlook.make("Task", "tasks", {"item:Subject": "Ask Bo"})
    a_record(company, "phonecall", scheduledend=None)
    settle(company)
    assert outlook.subjects("tasks") == ["Ask Bo"]
    assert company.rows("task") == []


def test_lost_pairs_make_nothing_twice(company: Company, outlook: Outlook) -> None:
    for table in CODES:
        a_record(company, table)
    a_service(company)
    settle(company)
    with company.context.database.write() as connection:
        for table in ("exchangesyncidmapping", "postroom_mark"):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - our own names
    settle(company)
    assert len(outlook.subjects("tasks")) == 3
    assert outlook.subjects("calendar") == ["Repair"]
    assert [len(company.rows(table)) for table in ("task", "appointment", *CODES)] == [0, 0, 1, 1, 1]
    codes = [row["objecttypecode"] for row in company.rows("exchangesyncidmapping")]
    assert {*CODES.values(), 4214} <= set(codes)


def test_a_service_activity_becomes_a_meeting_of_which_nobody_hears(
    company: Company, outlook: Outlook
) -> None:
    settle(company)
    id = a_service(company)
    settle(company)
    meeting = outlook.find("Repair", "calendar")
    assert meeting.text("calendar:LegacyFreeBusyStatus") == "Busy"
    outlook.edit(meeting, "calendar:Location", "Where I think")
    settle(company)
    assert company.rows("serviceappointment", activityid=id)[0]["location"] is None
    company.update("serviceappointment", id, location="Room 2", subject="Repair it")
    settle(company)
    assert outlook.find("Repair it", "calendar").text("calendar:Location") == "Room 2"
    assert [row["value"] for row in company.rows("postroom_overwritten")] == ["Where I think"]
    with company.context.database.write() as connection:
        company.records.delete(connection, "serviceappointment", id)
    settle(company)
    assert outlook.subjects("calendar") == []
    assert company.outside == []


def test_a_meeting_that_is_deleted_leaves_its_service_activity(company: Company, outlook: Outlook) -> None:
    id = a_service(company)
    settle(company)
    outlook.delete(outlook.find("Repair", "calendar"))
    settle(company)
    company.update("serviceappointment", id, subject="Repair it")
    settle(company)
    assert outlook.subjects("calendar") == []
    assert len(company.rows("serviceappointment")) == 1
