"""Appointments, contacts and tasks between the store and an Exchange, through the pass itself."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.commands import Cli
from tests.support.company import Company
from tests.support.exchange_company import ANN, an_exchange_of

from postroom.app.items import open_item_sides
from postroom.passes.plan import show_plan
from postroom.passes.receive import receive
from postroom.passes.result import PassResult
from postroom.passes.step import step
from postroom.sandbox.exchange import SandboxExchange
from postroom.sandbox.exchange.outlook import Outlook
from postroom.store.records import ORGANIZATION_ID
from postroom.tracking.category import TRACKED

pytestmark = pytest.mark.integration


@pytest.fixture
def server(company: Company) -> Iterator[SandboxExchange]:
    """Ann's mailbox on an Exchange, tested for items as well."""
    with an_exchange_of(company) as running:
        company.update("mailbox", company.mailbox(ANN), actdeliverymethod=1)
        company.enable(ANN)
        receive(company.context, company.mailbox(ANN))
        yield running


@pytest.fixture
def outlook(server: SandboxExchange) -> Outlook:
    """Ann at her mailbox."""
    return server.office.outlook(ANN)


def go(company: Company) -> PassResult:
    return step(company.context, company.mailbox(ANN), opener=open_item_sides)


def settle(company: Company) -> None:
    """Run passes until nothing is left to be done."""
    for _ in range(6):
        result = go(company)
        assert result.failure is None, result
        if not result.items:
            return
    raise AssertionError(show_plan(company.context, company.mailbox(ANN), opener=open_item_sides))


def a_contact(company: Company, **values: Any) -> UUID:
    given = {"firstname": "Nora", "lastname": "New", "emailaddress1": "nora@new.example"}
    return company.create("contact", **{**given, "ownerid": company.ids["ann"], **values})


def an_appointment(company: Company, subject: str = "Review", guest: str = "", **values: Any) -> UUID:
    start = company.clock.now() + timedelta(days=2)
    parties: list[dict[str, Any]] = [
        {"partyid": company.ids["ann"], "partyobjecttypecode": "systemuser", "participationtypemask": mask}
        for mask in (5, 7)
    ]
    if guest:
        parties.append({"addressused": guest, "participationtypemask": 5})
    given = {
        "subject": subject,
        "scheduledstart": start,
        "scheduledend": start + timedelta(hours=1),
        "ownerid": company.ids["ann"],
        "parties": parties,
    }
    return company.create("appointment", **{**given, **values})


def a_task(company: Company, subject: str = "Call back") -> UUID:
    due = company.clock.now() + timedelta(days=3)
    return company.create("task", subject=subject, scheduledend=due, ownerid=company.ids["ann"])


def test_records_of_every_kind_reach_the_mailbox_and_nothing_is_left_to_do(
    company: Company, outlook: Outlook
) -> None:
    a_contact(company)
    an_appointment(company)
    a_task(company)
    settle(company)
    assert outlook.subjects("calendar") == ["Review"]
    assert outlook.subjects("tasks") == ["Call back"]
    assert len(outlook.items("contacts")) >= 1
    assert show_plan(company.context, company.mailbox(ANN), opener=open_item_sides).acts == ()


def test_days_are_counted_in_the_users_time_zone(company: Company, outlook: Outlook) -> None:
    (settings,) = company.rows("usersettings", systemuserid=company.ids["ann"])
    company.update("usersettings", settings["systemuserid"], timezonecode=110)
    after_midnight_in_berlin = datetime(2026, 6, 9, 22, 30, tzinfo=UTC)
    company.create("task", subject="Call", scheduledend=after_midnight_in_berlin, ownerid=company.ids["ann"])
    settle(company)
    assert outlook.find("Call", "tasks").text("task:DueDate").startswith("2026-06-10")


def test_a_look_at_unchanged_records_leaves_their_mark_as_it_was(company: Company, outlook: Outlook) -> None:
    a_task(company)
    settle(company)
    before = company.rows("postroom_mark", place="items:crm")
    company.clock.at += timedelta(minutes=5)
    go(company)
    assert company.rows("postroom_mark", place="items:crm") == before


def test_an_edit_in_outlook_reaches_the_record_and_one_of_the_record_outlook(
    company: Company, outlook: Outlook
) -> None:
    task = a_task(company)
    settle(company)
    outlook.edit(outlook.find("Call back", "tasks"), "item:Subject", "Call Nora")
    go(company)
    assert company.rows("task", activityid=task)[0]["subject"] == "Call Nora"
    company.update("task", task, subject="Call Nora today")
    go(company)
    assert outlook.subjects("tasks") == ["Call Nora today"]


def test_what_is_tracked_in_outlook_becomes_a_record(company: Company, outlook: Outlook) -> None:
    settle(company)
    made = outlook.make("Task", "tasks", {"item:Subject": "From Outlook"})
    settle(company)
    assert company.rows("task", subject="From Outlook") == []
    outlook.categorize(made, TRACKED)
    settle(company)
    assert len(company.rows("task", subject="From Outlook")) == 1


def test_what_bears_the_category_before_any_mail_was_read_becomes_a_record(company: Company) -> None:
    with an_exchange_of(company) as server:
        company.update("mailbox", company.mailbox(ANN), actdeliverymethod=1)
        company.enable(ANN)
        outlook = server.office.outlook(ANN)
        outlook.categorize(outlook.make("Task", "tasks", {"item:Subject": "Early"}), TRACKED)
        go(company)
        receive(company.context, company.mailbox(ANN))
        settle(company)
    assert [row["subject"] for row in company.rows("task")] == ["Early"]


def test_an_invitation_leaves_once_and_the_plan_says_so_before(
    company: Company, server: SandboxExchange, outlook: Outlook
) -> None:
    settle(company)
    an_appointment(company, guest="guest@away.example")
    shown = show_plan(company.context, company.mailbox(ANN), opener=open_item_sides)
    (act,) = [act for act in shown.acts if act.notice]
    assert (act.notice, act.to) == ("an invitation", ("guest@away.example",))
    assert company.outside == []
    settle(company)
    settle(company)
    assert [left.recipients for left in company.outside] == [("guest@away.example",)]


def test_a_first_synchronization_tells_no_outsider(company: Company, outlook: Outlook) -> None:
    an_appointment(company, guest="guest@away.example")
    settle(company)
    assert outlook.subjects("calendar") == ["Review"]
    assert company.outside == []


def test_lost_pairs_and_states_make_nothing_and_tell_nobody(company: Company, outlook: Outlook) -> None:
    settle(company)
    a_contact(company)
    an_appointment(company, guest="guest@away.example")
    a_task(company)
    settle(company)
    before = (len(company.outside), [len(company.rows(t)) for t in ("task", "contact", "appointment")])
    with company.context.database.write() as connection:
        for table in ("exchangesyncidmapping", "postroom_mark"):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - our own names
    settle(company)
    assert outlook.subjects("calendar") == ["Review"]
    assert outlook.subjects("tasks") == ["Call back"]
    after = (len(company.outside), [len(company.rows(t)) for t in ("task", "contact", "appointment")])
    assert after == before


def test_the_plan_command_says_who_would_be_told_and_why(
    company: Company, outlook: Outlook, cli: Cli
) -> None:
    settle(company)
    # The command goes by the time of day, and the meeting has to be to come.
    start = datetime(2099, 5, 4, 9, tzinfo=UTC)
    end = start + timedelta(hours=1)
    an_appointment(company, guest="guest@away.example", scheduledstart=start, scheduledend=end)
    status, said = cli("plan", "--mailbox", ANN)
    assert status == 0
    assert "create appointment" in said
    assert "an invitation to guest@away.example" in said
    status, said = cli("plan", "--mailbox", ANN, "--json")
    assert json.loads(said)["acts"][0]["to"] == ["guest@away.example"]
    assert outlook.subjects("calendar") == [], "nothing was done"
    assert cli("plan", "--mailbox", "nobody@corp.example")[0] == 1


def test_a_mailbox_of_another_kind_has_no_plan(company: Company, server: SandboxExchange, cli: Cli) -> None:
    status, said = cli("plan", "--mailbox", "sales@corp.example")
    assert status == 1
    assert "users only" in said


def test_a_conflict_waits_for_its_user_and_what_gave_way_is_put_back(
    company: Company, outlook: Outlook, cli: Cli
) -> None:
    company.update("organization", ORGANIZATION_ID, postroom_itemconflictpolicy=1)
    task = a_task(company)
    settle(company)
    outlook.edit(outlook.find("Call back", "tasks"), "item:Subject", "Call Nora")
    company.update("task", task, subject="Call Carl", description="Ask for the offer.")
    settle(company)
    assert outlook.subjects("tasks") == ["Call Nora"]
    assert "Ask for the offer." in outlook.find("Call Nora", "tasks").text("item:Body")
    status, said = cli("conflict", "list", "--mailbox", ANN, "--json")
    (question,) = json.loads(said)
    assert (status, question["choices"]) == (0, ["crm", "server"])
    assert question["values"] == {"subject": {"crm": "Call Carl", "server": "Call Nora"}}
    assert "Call Nora" in cli("conflict", "show", question["id"])[1]
    assert cli("conflict", "decide", question["id"], "both")[0] == 1
    assert cli("conflict", "decide", question["id"], "server")[0] == 0
    settle(company)
    assert company.rows("task", activityid=task)[0]["subject"] == "Call Nora"
    assert cli("conflict", "list", "--json") == (0, "[]\n")
    (lost,) = company.rows("postroom_overwritten")
    assert cli("conflict", "restore", str(lost["postroom_overwrittenid"]))[0] == 0
    settle(company)
    assert outlook.subjects("tasks") == ["Call Carl"]
