"""What people are asked about items: put, listed, answered, carried out; and values put back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from tests.support.company import Company
from tests.support.guid_items import Desk
from tests.support.items import NOON, a_contact, a_meeting, an_appointment

from postroom.errors import NoSuchRecord, Refused, UserError
from postroom.passes import conflicts
from postroom.passes.conflicts import OpenQuestion
from postroom.reconcile.item import Item, Side, Value
from postroom.reconcile.notice import Sends
from postroom.reconcile.pair import Decision, Link
from postroom.reconcile.values import PersonName
from postroom.schema.choices import (
    AppointmentStatus,
    BookingPolicy,
    ItemConflictPolicy,
    ItemDuplicatePolicy,
)
from postroom.servers.memory_items import MemoryItems
from postroom.store import filters
from postroom.store.items import StoreItems
from postroom.store.records import ORGANIZATION_ID

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def desk(company: Company) -> Desk:
    """Ann's items, on both sides in memory."""
    company.clock.at = NOON
    return Desk(company)


@pytest.fixture
def office(company: Company, desk: Desk) -> Desk:
    """Ann's records in the store, and her mailbox in memory."""
    records = company.context.records
    with records.database.write() as connection:
        filters.populate(records, connection, desk.user)
    desk.crm = StoreItems(records, desk.user)  # type: ignore[assignment]
    return desk


def wish(company: Company, **policies: int) -> None:
    company.update("organization", ORGANIZATION_ID, **policies)


def torn(desk: Desk, company: Company) -> OpenQuestion:
    """Have one field of a contact changed on both sides, and return what is asked."""
    wish(company, postroom_itemconflictpolicy=ItemConflictPolicy.ASK)
    item = desk.crm.put(a_contact("Carla"))
    desk.settle()
    (other,) = desk.server.items
    desk.crm.edit(item.id, NOON, job_title="early", pager="7")
    desk.server.edit(other, LATER, job_title="late")
    desk.settle()
    (question,) = conflicts.open_questions(company.context)
    return question


def values(held: MemoryItems, name: str) -> list[Value]:
    return [item.fields.get(name) for item in held.items.values()]


def test_a_question_is_told_with_both_values_and_how_to_answer_it(desk: Desk, company: Company) -> None:
    question = torn(desk, company)
    assert (question.mailbox, question.kind, question.subject) == ("ann@corp.example", "contact", "Carla")
    assert question.values == {"job_title": {"crm": "early", "server": "late"}}
    assert (question.choices, question.answer) == (("crm", "server"), "")
    (alert,) = company.rows("tracelog", tracecode=25)
    for told in ("Carla", "job_title", "early", "late"):
        assert told in alert["errordetails"]
    assert f"postroom conflict decide {question.id} crm|server" in alert["text"]
    assert values(desk.server, "pager") == ["7"], "what nobody contests goes on"
    assert values(desk.crm, "job_title") == ["early"]


@pytest.mark.parametrize(
    ("choice", "winner", "loser"), [("crm", "early", "late"), ("server", "late", "early")]
)
def test_the_next_pass_carries_an_answer_out(
    desk: Desk, company: Company, choice: str, winner: str, loser: str
) -> None:
    question = torn(desk, company)
    desk.settle()
    decided = conflicts.decide(company.context, UUID(question.id), choice)
    assert decided.answer == choice
    assert conflicts.get_question(company.context, UUID(question.id)).answer == choice
    desk.settle()
    assert values(desk.crm, "job_title") == values(desk.server, "job_title") == [winner]
    assert [row["value"] for row in company.rows("postroom_overwritten")] == [loser]
    assert conflicts.open_questions(company.context) == []
    assert len(company.rows("tracelog", tracecode=25)) == 1


def test_what_is_no_answer_or_no_question_is_refused_with_what_would_be(desk: Desk, company: Company) -> None:
    question = torn(desk, company)
    with pytest.raises(UserError, match="say one of: crm, server"):
        conflicts.decide(company.context, UUID(question.id), "both")
    with pytest.raises(UserError, match="Nothing is asked about"):
        conflicts.decide(company.context, uuid4(), "crm")
    conflicts.decide(company.context, UUID(question.id), "crm")
    desk.settle()
    with pytest.raises(UserError, match="Nothing is asked about"):
        conflicts.decide(company.context, UUID(question.id), "crm")


def test_questions_are_shown_by_mailbox(desk: Desk, company: Company) -> None:
    torn(desk, company)
    assert len(conflicts.open_questions(company.context, desk.mailbox)) == 1
    company.add_user("bea@corp.example", "Bea Bell")
    assert conflicts.open_questions(company.context, company.mailbox("bea@corp.example")) == []


@dataclass(slots=True)
class Interrupted(MemoryItems):
    """A server during whose next write somebody decides."""

    company: Company | None = None
    question: str = ""

    def update(self, item_id: str, version: str, fields: Mapping[str, Value], sends: Sends) -> str:
        if self.company and self.question:
            conflicts.decide(self.company.context, UUID(self.question), "crm")
            self.question = ""
        return MemoryItems.update(self, item_id, version, fields, sends)


def test_an_answer_given_while_a_pass_is_at_work_is_not_lost(desk: Desk, company: Company) -> None:
    server = Interrupted(Side.SERVER, company=company)
    desk.server = server
    server.question = torn(desk, company).id
    (item,) = desk.crm.items.values()
    desk.crm.edit(item.id, LATER, department="Sales")
    desk.go()
    assert [pair.decision for pair in desk.pairs()] == [Decision.REJECT]
    desk.settle()
    assert values(desk.server, "job_title") == ["early"]


def test_a_code_that_means_nothing_is_no_decision(desk: Desk, company: Company) -> None:
    question = torn(desk, company)
    company.update("exchangesyncidmapping", UUID(question.id), userdecision=77)
    desk.settle()
    assert [pair.decision for pair in desk.pairs()] == [Decision.ASKED]


@pytest.mark.parametrize(
    ("choice", "crm", "server", "links"),
    [
        ("link", 1, 1, [Link.LINKED]),
        ("both", 2, 2, [Link.LINKED, Link.LINKED]),
        ("skip", 1, 1, [Link.UNLINKED]),
    ],
)
def test_two_that_look_alike_are_linked_kept_both_or_left(
    desk: Desk, company: Company, choice: str, crm: int, server: int, links: list[Link]
) -> None:
    wish(company, postroom_itemduplicatepolicy=ItemDuplicatePolicy.ASK)
    desk.crm.put(a_contact("Carla", mobile="1"))
    desk.server.put(a_contact("Carla", mobile="2"))
    desk.settle()
    (question,) = conflicts.open_questions(company.context)
    assert question.choices == ("link", "both", "skip")
    assert question.values == {"mobile": {"crm": "1", "server": "2"}}
    conflicts.decide(company.context, UUID(question.id), choice)
    desk.settle()
    assert (len(desk.crm.items), len(desk.server.items)) == (crm, server)
    assert [pair.link for pair in desk.pairs()] == links
    assert conflicts.open_questions(company.context) == []


def a_taken_hour(office: Desk, company: Company) -> Item:
    """Have Ann's time taken, and another appointment at that time tracked in her mailbox."""
    item = an_appointment("Lunch", Side.SERVER)
    start, end, _ = item.fields["time"]  # type: ignore[misc]
    company.create(
        "appointment",
        subject="Review",
        scheduledstart=start - timedelta(minutes=30),
        scheduledend=end - timedelta(minutes=30),
        statuscode=int(AppointmentStatus.BUSY),
        ownerid=office.user,
        parties=[
            {"partyid": office.user, "partyobjecttypecode": "systemuser", "participationtypemask": mask}
            for mask in (5, 7)
        ],
    )
    return office.server.put(replace(item, fields={**item.fields, "organizer": "ann@corp.example"}))


def test_a_taken_time_is_asked_about_and_the_appointment_made_when_its_user_says_so(
    office: Desk, company: Company
) -> None:
    wish(company, postroom_bookingpolicy=BookingPolicy.ASK)
    a_taken_hour(office, company)
    office.settle()
    (question,) = conflicts.open_questions(company.context)
    assert (question.about, question.choices) == ("booking", ("make", "skip"))
    assert "has 'Review' from" in question.question
    assert company.rows("appointment", subject="Lunch") == []
    conflicts.decide(company.context, UUID(question.id), "make")
    office.settle()
    assert len(company.rows("appointment", subject="Lunch")) == 1


@pytest.mark.parametrize(("policy", "told"), [(BookingPolicy.WARN, 1), (BookingPolicy.IGNORE, 0)])
def test_a_taken_time_is_told_or_not_where_nobody_is_asked(
    office: Desk, company: Company, policy: BookingPolicy, told: int
) -> None:
    wish(company, postroom_bookingpolicy=policy)
    a_taken_hour(office, company)
    office.settle()
    assert len(company.rows("appointment", subject="Lunch")) == 1
    about = [row for row in company.rows("tracelog", tracecode=20) if "Review" in row["errordetails"]]
    assert len(about) == told
    assert conflicts.open_questions(company.context) == []


class Refusing(MemoryItems):
    """A server that refuses whatever is written on it."""

    refuses = True

    def update(self, item_id: str, version: str, fields: Mapping[str, Value], sends: Sends) -> str:
        if Refusing.refuses:
            raise Refused("it is too wide")
        return super().update(item_id, version, fields, sends)


def test_an_item_that_rests_is_shown_and_tried_once_more_for_each_time_its_user_says_so(
    desk: Desk, company: Company
) -> None:
    Refusing.refuses = True
    desk.server = Refusing(Side.SERVER)
    item = desk.crm.put(a_contact("Carla"))
    desk.settle()
    desk.crm.edit(item.id, NOON, job_title="Boss")
    for _ in range(5):
        desk.go()
    (question,) = conflicts.open_questions(company.context)
    assert (question.about, question.choices) == ("failure", ("retry",))
    assert "it is too wide" in question.question
    conflicts.decide(company.context, UUID(question.id), "retry")
    assert desk.go().items == 1
    assert desk.go().items == 0, "it rests again"
    Refusing.refuses = False
    conflicts.decide(company.context, UUID(question.id), "retry")
    desk.settle()
    assert values(desk.server, "job_title") == ["Boss"]
    assert conflicts.open_questions(company.context) == []


def overwritten(office: Desk, company: Company) -> tuple[UUID, UUID]:
    """Have a value of a record give way to the server's; return the record and the row that kept it."""
    record = company.create("contact", firstname="Bo", lastname="Berg", jobtitle="Clerk", ownerid=office.user)
    office.settle()
    (other,) = office.server.items
    company.update("contact", record, firstname="Bob")
    office.server.edit(other, LATER + timedelta(days=9), full_name=PersonName("Robert", None, "Berg"))
    office.settle()
    assert company.rows("contact", contactid=record)[0]["firstname"] == "Robert"
    (row,) = company.rows("postroom_overwritten")
    assert row["value"] == "Bob Berg"
    return record, row["postroom_overwrittenid"]


def test_a_value_that_gave_way_is_put_back_on_both_sides_and_what_it_replaces_is_kept(
    office: Desk, company: Company
) -> None:
    record, kept = overwritten(office, company)
    conflicts.restore(company.context, kept)
    assert company.rows("contact", contactid=record)[0]["firstname"] == "Bob"
    office.settle()
    assert values(office.server, "full_name") == [PersonName("Bob", None, "Berg")]
    rows = {row["value"]: row for row in company.rows("postroom_overwritten")}
    assert set(rows) == {"Bob Berg", "Robert Berg"}
    assert rows["Bob Berg"]["restoredon"] is not None
    with pytest.raises(UserError, match="says this already"):
        conflicts.restore(company.context, kept)
    conflicts.restore(company.context, rows["Robert Berg"]["postroom_overwrittenid"])
    assert company.rows("contact", contactid=record)[0]["firstname"] == "Robert"


def test_the_servers_value_is_put_back_in_the_words_of_the_crm(office: Desk, company: Company) -> None:
    task = company.create("task", subject="Call", ownerid=office.user)
    office.settle()
    (other,) = office.server.items
    office.server.edit(other, NOON - timedelta(days=1), subject="Ring")
    company.update("task", task, subject="Phone")
    office.settle()
    (row,) = company.rows("postroom_overwritten", side="server")
    conflicts.restore(company.context, row["postroom_overwrittenid"])
    office.settle()
    assert company.rows("task", activityid=task)[0]["subject"] == "Ring"
    assert values(office.server, "subject") == ["Ring"]


def test_what_can_t_be_put_back_says_why(office: Desk, company: Company) -> None:
    record, kept = overwritten(office, company)
    with company.context.database.write() as connection:
        connection.exec_driver_sql("UPDATE postroom_overwritten SET content = NULL")
    with pytest.raises(UserError, match="write it back by hand: Bob Berg"):
        conflicts.restore(company.context, kept)
    with company.context.database.write() as connection:
        company.context.records.delete(connection, "contact", record)
    with pytest.raises(UserError, match="The record is gone"):
        conflicts.restore(company.context, kept)
    with pytest.raises(NoSuchRecord):
        conflicts.restore(company.context, uuid4())


def test_a_meeting_is_not_asked_about_since_its_organizer_decides(desk: Desk, company: Company) -> None:
    wish(company, postroom_itemconflictpolicy=ItemConflictPolicy.ASK)
    item = desk.crm.put(a_meeting("Review"))
    desk.settle()
    (other,) = desk.server.items
    desk.crm.edit(item.id, LATER, location="Room 1")
    desk.server.edit(other, NOON, location="Room 2")
    desk.settle()
    assert values(desk.crm, "location") == ["Room 2"]
    assert conflicts.open_questions(company.context) == []
