"""Two-way synchronization in the store: pairs as journal, marks, what people are told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.company import Company
from tests.support.guid_items import Desk
from tests.support.items import NOON, a_contact, a_meeting, a_task

from postroom.passes.plan import approve
from postroom.reconcile.item import Item, Side
from postroom.reconcile.notice import Notice, Sends
from postroom.reconcile.pair import Link
from postroom.servers.memory_items import Fault, MemoryItems


@pytest.fixture
def desk(company: Company) -> Desk:
    """Ann's items, on both sides in memory."""
    company.clock.at = NOON
    return Desk(company)


def test_what_one_side_has_is_made_on_the_other_and_then_nothing_is_left_to_do(desk: Desk) -> None:
    desk.crm.put(a_contact("Carla"))
    desk.server.put(a_task("Call back", Side.SERVER))
    desk.settle()
    assert {item.subject for item in desk.crm.items.values()} == {"Carla", "Call back"}
    assert {item.subject for item in desk.server.items.values()} == {"Carla", "Call back"}
    assert [pair.link for pair in desk.pairs()] == [Link.LINKED] * 2
    assert desk.plan().acts == ()


def test_an_edit_on_either_side_reaches_the_other_within_one_pass(desk: Desk) -> None:
    item = desk.crm.put(a_contact("Carla"))
    desk.settle()
    (other,) = desk.server.items
    desk.crm.edit(item.id, NOON, job_title="Boss")
    desk.go()
    assert desk.server.items[other].fields["job_title"] == "Boss"
    desk.server.edit(other, NOON, job_title="Chief")
    desk.go()
    assert desk.crm.items[item.id].fields["job_title"] == "Chief"


def test_the_plan_shows_an_invitation_before_it_leaves_and_changes_nothing(desk: Desk) -> None:
    desk.settle()
    desk.crm.put(a_meeting("Review"))
    before = (dict(desk.crm.items), dict(desk.server.items), desk.pairs())
    (act,) = desk.plan().acts
    assert (act.doing, act.kind, act.side) == ("create", "appointment", "server")
    assert (act.notice, act.to) == ("an invitation", ("guest@away.example",))
    assert (dict(desk.crm.items), dict(desk.server.items), desk.pairs()) == before
    desk.settle()
    assert [sends.notice for sends in desk.server.told] == [Notice.INVITATION]


def test_a_first_synchronization_tells_nobody(desk: Desk) -> None:
    desk.crm.put(a_meeting("Review"))
    desk.settle()
    assert desk.server.told == []
    assert len(desk.server.items) == 1


def test_a_creation_whose_answer_was_lost_is_found_and_not_made_again(desk: Desk) -> None:
    desk.crm.put(a_contact("Carla"))
    desk.server.faults.append(Fault.ANSWER_LOST)
    assert desk.go().failure is not None
    (pair,) = desk.pairs()
    assert pair.pending is not None, "what was about to be done is on the disk"
    desk.settle()
    assert len(desk.server.items) == 1
    assert desk.pairs()[0].link is Link.LINKED


class Killed(BaseException):
    """The worker is gone."""


class Mortal(MemoryItems):
    """A server at whose next creation the worker dies before it hears of it."""

    kills = True

    def create(self, draft: Item, token: str, sends: Sends, *, is_first_try: bool = False) -> tuple[str, str]:
        made = super().create(draft, token, sends, is_first_try=is_first_try)
        if Mortal.kills:
            raise Killed
        return made


def test_a_worker_that_died_at_a_creation_leaves_one_item(desk: Desk) -> None:
    desk.server = Mortal(Side.SERVER)
    desk.settle()
    desk.crm.put(a_meeting("Review"))
    Mortal.kills = True
    with pytest.raises(Killed):
        desk.go()
    Mortal.kills = False
    desk.settle()
    assert len(desk.server.items) == 1
    assert [sends.notice for sends in desk.server.told] == [Notice.INVITATION]


def test_what_gave_way_in_a_conflict_is_kept_and_told(desk: Desk, company: Company) -> None:
    item = desk.crm.put(a_contact("Carla"))
    desk.settle()
    (other,) = desk.server.items
    desk.crm.edit(item.id, NOON, job_title="early")
    desk.server.edit(other, NOON + timedelta(hours=1), job_title="late")
    desk.settle()
    assert desk.crm.items[item.id].fields["job_title"] == "late"
    (row,) = company.rows("postroom_overwritten")
    assert (row["field"], row["side"], row["value"]) == ("job_title", "CRM", "early")
    assert len(company.rows("tracelog", tracecode=19)) == 1


def test_a_plan_that_would_delete_too_much_waits_for_a_person(desk: Desk, company: Company) -> None:
    made = [desk.crm.put(a_task(f"Task {number}")) for number in range(30)]
    desk.settle()
    for item in made:
        desk.crm.drop(item.id)
    desk.go()
    assert len(desk.server.items) == 30
    shown = desk.plan()
    assert shown.causes
    assert all(act.is_held_back for act in shown.acts if act.doing == "delete")
    assert len(company.rows("tracelog", tracecode=18)) >= 1
    approve(company.context, desk.mailbox)
    desk.settle()
    assert desk.server.items == {}


def test_a_side_that_breaks_off_loses_nothing_and_makes_nothing(desk: Desk) -> None:
    for number in range(5):
        desk.crm.put(a_contact(f"Person {number}"))
    desk.settle()
    desk.server.page_size, desk.server.breaks_after = 2, 1
    desk.server.forget_marks()
    assert desk.go().failure is not None
    assert len(desk.crm.items) == len(desk.server.items) == 5
    desk.settle()
    assert len(desk.crm.items) == len(desk.server.items) == 5


@pytest.mark.parametrize("lost", ["the pairs", "the marks", "both"])
def test_lost_pairs_and_marks_are_found_again_without_making_anything(
    desk: Desk, company: Company, lost: str
) -> None:
    desk.crm.put(a_meeting("Review"))
    desk.crm.put(a_contact("Carla"))
    desk.server.put(a_task("Call back", Side.SERVER))
    desk.settle()
    told = len(desk.server.told)
    with company.context.database.write() as connection:
        for table in {"the pairs": ("exchangesyncidmapping",), "the marks": ("postroom_mark",)}.get(
            lost, ("exchangesyncidmapping", "postroom_mark")
        ):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - our own names
    desk.settle()
    assert (len(desk.crm.items), len(desk.server.items)) == (3, 3)
    assert len(desk.server.told) == told
    assert [pair.link for pair in desk.pairs()] == [Link.LINKED] * 3


def test_an_item_that_can_t_be_synchronized_is_named_with_the_cure_and_the_rest_goes_on(
    desk: Desk, company: Company
) -> None:
    desk.crm.put(replace(a_contact("Broken"), hindrance="the birthday is no date; correct it"))
    desk.crm.put(a_contact("Carla"))
    desk.go()
    assert {item.subject for item in desk.server.items.values()} == {"Carla"}
    (alert,) = company.rows("tracelog", tracecode=20)
    assert "Broken" in str(alert.values())


def test_an_unchanged_mailbox_is_not_written_to(desk: Desk, company: Company) -> None:
    for number in range(20):
        desk.crm.put(a_contact(f"Person {number}"))
    desk.settle()
    before = [(row["versionnumber"], row["modifiedon"]) for row in company.rows("exchangesyncidmapping")]
    company.clock.at += timedelta(hours=1)
    result = desk.go()
    assert (result.items, result.failure) == (0, None)
    after = [(row["versionnumber"], row["modifiedon"]) for row in company.rows("exchangesyncidmapping")]
    assert after == before
