"""What a mailbox may hold, what it gets when it is made, what a change takes back."""

from typing import Any
from uuid import UUID

import pytest

from postroom.configuration.mailbox import (
    for_owner,
    is_disabled,
    overall,
    problems_of,
    taken_back_by,
    wants_service,
)
from postroom.schema.choices import RunStatus

ID = UUID(int=1)
FORWARD = {"isforwardmailbox": True, "emailaddress": "forward@corp.example"}
OF_QUEUE = {"regardingobjectid": ID, "regardingobjecttypecode": "queue"}
OF_USER = {"regardingobjectid": ID, "regardingobjecttypecode": "systemuser"}


def codes(mailbox: dict[str, Any]) -> list[int]:
    problems = problems_of(mailbox)
    assert all(str(problem).endswith(".") and problem.column for problem in problems)
    return [problem.code for problem in problems]


BROKEN = [
    ({**FORWARD, "regardingobjectid": ID}, 0x8005E207),
    ({"isforwardmailbox": True}, 0x8005E211),
    ({**FORWARD, "incomingemaildeliverymethod": 1}, 0x8005E212),
    ({**FORWARD, "incomingemaildeliverymethod": 3}, 0x8005E212),
    ({**FORWARD, "outgoingemaildeliverymethod": 2}, 0x8005E213),
    ({**OF_QUEUE, "incomingemaildeliverymethod": 1}, 0x8005E210),
    ({**OF_QUEUE, "outgoingemaildeliverymethod": 1}, 0x8005E210),
    ({**OF_USER, "processanddeleteemails": True}, 0x8005E233),
    ({"isforwardmailbox": False}, 0x80040203),
]


@pytest.mark.parametrize(("mailbox", "code"), BROKEN)
def test_each_broken_rule_has_its_code_and_its_column(mailbox: dict[str, Any], code: int) -> None:
    assert codes(mailbox) == [code]


@pytest.mark.parametrize(
    "mailbox",
    [
        {**FORWARD, "incomingemaildeliverymethod": 2, "outgoingemaildeliverymethod": 0},
        {**FORWARD, "incomingemaildeliverymethod": 0, "processanddeleteemails": True},
        *[{**OF_QUEUE, "incomingemaildeliverymethod": method} for method in (0, 2, 3)],
        {**OF_QUEUE, "outgoingemaildeliverymethod": 2, "processanddeleteemails": True},
        *[{**OF_USER, "incomingemaildeliverymethod": method} for method in (0, 1, 2, 3)],
        *[{**OF_USER, "outgoingemaildeliverymethod": method} for method in (0, 1, 2)],
    ],
)
def test_what_each_kind_of_mailbox_may_be(mailbox: dict[str, Any]) -> None:
    assert codes(mailbox) == []


def test_all_problems_are_told_at_once() -> None:
    wrong = {"isforwardmailbox": True, "regardingobjectid": ID, "outgoingemaildeliverymethod": 1}
    assert codes(wrong) == [0x8005E207, 0x8005E211, 0x8005E213]


def test_a_user_gets_a_mailbox_with_his_name_his_address_and_his_methods() -> None:
    user = {
        "systemuserid": ID,
        "fullname": "Ann Agent",
        "internalemailaddress": "ann@corp.example",
        "incomingemaildeliverymethod": 2,
        "outgoingemaildeliverymethod": 0,
        "emailrouteraccessapproval": 2,
    }
    mailbox = for_owner("systemuser", user, {"defaultemailserverprofileid": UUID(int=7)})
    assert mailbox["name"] == "Ann Agent"
    assert mailbox["emailaddress"] == "ann@corp.example"
    assert (mailbox["regardingobjectid"], mailbox["regardingobjecttypecode"]) == (ID, "systemuser")
    assert (mailbox["incomingemaildeliverymethod"], mailbox["outgoingemaildeliverymethod"]) == (2, 0)
    assert mailbox["emailrouteraccessapproval"] == 2
    assert mailbox["emailserverprofile"] == UUID(int=7)
    assert mailbox["isforwardmailbox"] is False
    assert "statecode" not in mailbox


def test_the_default_profile_comes_only_with_the_service() -> None:
    organization = {"defaultemailserverprofileid": UUID(int=7)}
    queue = {"queueid": ID, "name": "Sales", "incomingemaildeliverymethod": 3}
    assert "emailserverprofile" not in for_owner("queue", queue, organization)
    sender = {**queue, "outgoingemaildeliverymethod": 2}
    assert for_owner("queue", sender, organization)["emailserverprofile"] == UUID(int=7)
    assert not wants_service(None, None)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ({"fullname": "Ann"}, "Ann"),
        ({"name": "Sales"}, "Sales"),
        ({"emailaddress": "a@b.example"}, "a@b.example"),
        ({}, "queue"),
    ],
)
def test_a_mailbox_is_named_after_whatever_its_owner_has(owner: dict[str, Any], name: str) -> None:
    assert for_owner("queue", {"queueid": ID, **owner}, {})["name"] == name


def test_the_mailbox_of_somebody_out_of_service_begins_inactive() -> None:
    assert for_owner("systemuser", {"systemuserid": ID, "isdisabled": True}, {})["statecode"] == 1
    assert for_owner("queue", {"queueid": ID, "statecode": 1}, {})["statecode"] == 1
    assert not is_disabled("systemuser", {"isdisabled": False})
    assert not is_disabled("queue", {"statecode": 0})


IN, OUT = "incomingemailstatus", "outgoingemailstatus"
BEFORE = {
    "emailaddress": "a@b.example",
    "emailserverprofile": ID,
    "incomingemaildeliverymethod": 2,
    "outgoingemaildeliverymethod": 2,
    "username": "ann",
    "allowemailconnectortousecredentials": True,
    "isforwardmailbox": False,
    "emailrouteraccessapproval": 1,
    "enabledforincomingemail": True,
}


@pytest.mark.parametrize(
    ("changes", "sides"),
    [
        ({"emailaddress": "new@b.example"}, {IN, OUT}),
        ({"emailserverprofile": UUID(int=2)}, {IN, OUT}),
        ({"username": "bob"}, {IN, OUT}),
        ({"password": "new"}, {IN, OUT}),
        ({"allowemailconnectortousecredentials": False}, {IN, OUT}),
        ({"isforwardmailbox": True}, {IN, OUT}),
        ({"incomingemaildeliverymethod": 0}, {IN}),
        ({"outgoingemaildeliverymethod": 0}, {OUT}),
        ({"name": "Other", "processanddeleteemails": True}, set()),
        ({"emailserverprofile": ID, "username": "ann"}, set()),
    ],
)
def test_a_change_makes_the_tests_it_touches_out_of_date(changes: dict[str, Any], sides: set[str]) -> None:
    reset = taken_back_by(BEFORE, changes)
    assert {side for side in (IN, OUT) if reset.get(side) == RunStatus.NOT_RUN} == sides
    assert (reset.get("enabledforincomingemail") is False) == (IN in sides)
    assert (reset.get("enabledforoutgoingemail") is False) == (OUT in sides)
    assert ("mailboxstatus" in reset) == bool(sides)


def test_a_new_address_waits_for_approval_again() -> None:
    assert taken_back_by(BEFORE, {"emailaddress": "new@b.example"})["emailrouteraccessapproval"] == 2
    first = taken_back_by({**BEFORE, "emailaddress": None}, {"emailaddress": "first@b.example"})
    assert "emailrouteraccessapproval" not in first


def test_what_a_client_sends_back_unchanged_is_reset_all_the_same() -> None:
    sent = {"emailaddress": "new@b.example", "emailrouteraccessapproval": 1, "enabledforincomingemail": True}
    reset = taken_back_by(BEFORE, sent)
    assert (reset["emailrouteraccessapproval"], reset["enabledforincomingemail"]) == (2, False)


def test_what_the_same_change_sets_anew_is_meant_so() -> None:
    before = {**BEFORE, "emailrouteraccessapproval": 2}
    approved = taken_back_by(before, {"emailaddress": "new@b.example", "emailrouteraccessapproval": 1})
    assert "emailrouteraccessapproval" not in approved


def test_the_whole_mailbox_is_as_good_as_its_workloads() -> None:
    assert overall(0, 0, 0) is RunStatus.NOT_RUN
    assert overall(0, 1, 0) is RunStatus.SUCCESS
    assert overall(1, 1, 2) is RunStatus.FAILURE
