"""May a mailbox be processed? What stands in the way, and what cures it."""

from typing import Any

import pytest

from postroom.configuration.permission import approval_required, obstacle_to
from postroom.schema.choices import Workload

IN, OUT, ITEMS = Workload.INCOMING, Workload.OUTGOING, Workload.ITEMS
MAILBOX: dict[str, Any] = {
    "statecode": 0,
    "emailaddress": "ann@corp.example",
    "regardingobjecttypecode": "systemuser",
    "incomingemaildeliverymethod": 2,
    "outgoingemaildeliverymethod": 2,
    "emailrouteraccessapproval": 1,
    "enabledforincomingemail": True,
    "enabledforoutgoingemail": True,
}
PROFILE: dict[str, Any] = {"statecode": 0, "servertype": 1, "name": "Mail"}
ORGANIZATION = {"requireapprovalforuseremail": True, "requireapprovalforqueueemail": True}


def obstacle(
    workload: Workload = IN, profile: dict[str, Any] | None = PROFILE, for_test: bool = False, **mailbox: Any
) -> tuple[str, int] | None:
    found = obstacle_to(workload, {**MAILBOX, **mailbox}, profile, ORGANIZATION, for_test=for_test)
    if found is None:
        return None
    assert found.sentence.endswith(".")
    assert found.cure
    return found.name, found.code


def test_a_mailbox_with_everything_in_place_is_processed() -> None:
    assert obstacle(IN) is None
    assert obstacle(OUT) is None
    assert obstacle(OUT, {**PROFILE, "servertype": 4}) is None, "IMAP profiles send by SMTP"


@pytest.mark.parametrize("servertype", [0, 2, 3])
def test_exchange_is_read_and_sent_through(servertype: int) -> None:
    assert obstacle(IN, {**PROFILE, "servertype": servertype}) is None
    assert obstacle(OUT, {**PROFILE, "servertype": servertype}) is None


CASES: list[tuple[Workload, dict[str, Any], tuple[str, int]]] = [
    (IN, {"statecode": 1}, ("MailboxDisabled", 0x8005E219)),
    (IN, {"emailaddress": None}, ("InvalidEmailAddressInMailbox", 0x8005E221)),
    (IN, {"profile": None}, ("InvalidIncomingEmailServerProfile", 0x8005E222)),
    (IN, {"profile": {**PROFILE, "statecode": 1}}, ("InvalidIncomingEmailServerProfile", 0x8005E228)),
    (IN, {"incomingemaildeliverymethod": 3}, ("IncomingDeliveryIsForwardMailbox", 0x8005E223)),
    *[
        (
            IN,
            {"incomingemaildeliverymethod": method},
            ("InvalidIncomingDeliveryExpectingEmailConnector", 0x8005E224),
        )
        for method in (0, 1)
    ],
    (OUT, {"isforwardmailbox": True}, ("OutgoingNotAllowedForForwardMailbox", 0x8005E225)),
    *[
        (
            OUT,
            {"outgoingemaildeliverymethod": method},
            ("InvalidOutgoingDeliveryExpectingEmailConnector", 0x8005E226),
        )
        for method in (0, 1)
    ],
    (ITEMS, {}, ("InvalidACTDeliveryMethod", 0x8005E224)),
    (ITEMS, {"actdeliverymethod": 1}, ("MailboxUnsupportedServerType", 0x8005E247)),
    (ITEMS, {"regardingobjecttypecode": "queue"}, ("ACTNotSupportedForThisMailbox", 0x8005E247)),
    (IN, {"profile": {**PROFILE, "servertype": 4}}, ("UnsupportedEmailServer", 0x8005E242)),
    (IN, {"profile": {**PROFILE, "servertype": 9}}, ("UnsupportedEmailServer", 0x8005E242)),
    *[(IN, {"emailrouteraccessapproval": state}, ("UnapprovedMailbox", 0x8005E220)) for state in (0, 2, 3)],
    (IN, {"enabledforincomingemail": False}, ("MailboxNotEnabled", 0x8005E219)),
    (OUT, {"enabledforoutgoingemail": False}, ("MailboxNotEnabled", 0x8005E219)),
]


@pytest.mark.parametrize(("workload", "changed", "expected"), CASES)
def test_each_thing_that_stands_in_the_way_is_named_with_its_cure(
    workload: Workload, changed: dict[str, Any], expected: tuple[str, int]
) -> None:
    assert obstacle(workload, **changed) == expected


@pytest.mark.parametrize("servertype", [0, 1, 2, 3])
@pytest.mark.parametrize("workload", [IN, OUT])
def test_pop3_and_exchange_serve_both_directions(workload: Workload, servertype: int) -> None:
    assert obstacle(workload, profile={**PROFILE, "servertype": servertype}) is None


def test_the_first_thing_that_stands_in_the_way_is_named() -> None:
    assert obstacle(statecode=1, profile=None, emailrouteraccessapproval=0) == ("MailboxDisabled", 0x8005E219)


def test_an_untested_mailbox_may_be_tested_but_nothing_else_is_forgiven() -> None:
    assert obstacle(IN, for_test=True, enabledforincomingemail=False) is None
    assert obstacle(IN, for_test=True, emailrouteraccessapproval=2) == ("UnapprovedMailbox", 0x8005E220)


def test_the_organization_says_for_whom_approval_is_needed() -> None:
    user, queue = {"regardingobjecttypecode": "systemuser"}, {"regardingobjecttypecode": "queue"}
    only_users = {"requireapprovalforuseremail": True, "requireapprovalforqueueemail": False}
    assert approval_required(user, only_users)
    assert not approval_required(queue, only_users)
    assert approval_required({}, only_users), "a forward mailbox counts as a user's"
    assert not approval_required(user, {})
    assert obstacle_to(IN, {**MAILBOX, "emailrouteraccessapproval": 0}, PROFILE, {}) is None
