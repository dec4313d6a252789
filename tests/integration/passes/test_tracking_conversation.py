"""Conversations over whole passes: what leaves bears its marks, and answers find it by each of them."""

import base64
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.support.books import assert_sum_of_decisions
from tests.support.company import Company
from tests.support.correspondence import (
    CARL,
    SALES,
    an_answer,
    organize,
    read_in,
    send_out,
    switch,
    the,
    wire_of,
    wishes,
)
from tests.support.mail import without_token

from postroom.schema.choices import CorrelationMethod, Reason, SetBy
from postroom.tracking.conversation import base_hash

Row = Mapping[str, Any]

OFFER = "Spare parts for pump P-200"
STRANGER = "colleague@elsewhere.example"


def thread_index(sent: Row) -> list[tuple[str, str]]:
    """Return the header with which Outlook answers."""
    octets = bytes.fromhex(sent["conversationindex"]) + b"\0\1\2\3\4"
    return [("Thread-Index", base64.b64encode(octets).decode())]


#: How an answer names what it answers: by exactly one mark.
TIES: dict[str, tuple[Callable[[Row], dict[str, Any]], CorrelationMethod]] = {
    "In-Reply-To": (
        lambda sent: {"in_reply_to": sent["messageid"]},
        CorrelationMethod.IN_REPLY_TO,
    ),
    "References": (
        lambda sent: {"headers": [("References", f"<root@x.example> <{sent['messageid']}>")]},
        CorrelationMethod.IN_REPLY_TO,
    ),
    "token": (
        lambda sent: {"subject": f"My question about {sent['trackingtoken'].lower()}, please"},
        CorrelationMethod.TRACKING_TOKEN,
    ),
    "conversation index": (
        lambda sent: {"headers": thread_index(sent)},
        CorrelationMethod.CONVERSATION_INDEX,
    ),
    "smart matching": (
        lambda sent: {"subject": f"AW: RE: {OFFER.upper()}"},
        CorrelationMethod.SMART_MATCHING,
    ),
}
_KNOW_PARENT = {CorrelationMethod.IN_REPLY_TO, CorrelationMethod.CONVERSATION_INDEX}


@pytest.fixture
def talk(company: Company) -> Company:
    """The company, where Ann takes answers only and everything is matched that can be."""
    wishes(company, incomingemailfilteringmethod=1)
    organize(company, enablesmartmatching=True)
    return company


def send_offer(company: Company, **values: Any) -> dict[str, Any]:
    """Send the offer that answers come to."""
    regarding = {"regardingobjectid": company.ids["account"], "regardingobjecttypecode": "account"}
    return send_out(company, **{"subject": OFFER, **regarding, **values})


def with_all_marks(sent: Row) -> bytes:
    """Return an answer that names the e-mail in every way there is."""
    return an_answer(
        subject=f"RE: {sent['subject']}", in_reply_to=sent["messageid"], headers=thread_index(sent)
    )


def test_what_leaves_bears_its_token_and_begins_a_conversation(company: Company) -> None:
    sent = send_offer(company)
    assert (sent["subject"], sent["trackingtoken"]) == (f"{OFFER} CRM:0001001", "CRM:0001001")
    wire = wire_of(company, sent)
    assert (wire["Subject"], wire["Message-ID"]) == (sent["subject"], f"<{sent['messageid']}>")
    assert len(bytes.fromhex(sent["conversationindex"])) == 22
    assert sent["baseconversationindexhash"] == base_hash(sent["conversationindex"])
    assert sent["conversationtrackingid"] == sent["activityid"]


@pytest.mark.parametrize("tie", TIES)
def test_an_answer_is_tied_to_what_it_answers_by(talk: Company, tie: str) -> None:
    sent = send_offer(talk)
    make, method = TIES[tie]
    (decision,) = read_in(talk, an_answer(**make(sent), message_id="answer@contoso.example"))
    assert (decision["reason"], decision["correlationmethod"]) == (Reason.CORRELATION_MATCH, method)
    answer = the(talk, "email", messageid="answer@contoso.example")
    assert decision["correlatedactivityid"] == answer["correlatedactivityid"] == sent["activityid"]
    assert answer["parentactivityid"] == (sent["activityid"] if method in _KNOW_PARENT else None)
    assert answer["correlationmethod"] == method
    assert answer["correlatedsubjectchanged"] == (tie != "smart matching")
    assert answer["trackingtoken"] == sent["trackingtoken"]
    assert answer["conversationtrackingid"] == sent["conversationtrackingid"]
    assert (answer["regardingobjectid"], answer["postroom_regardingby"]) == (talk.ids["account"], SetBy.RULE)
    is_unsure = method is CorrelationMethod.SMART_MATCHING
    assert (answer["postroom_matchscore"] is not None) == (decision["correlationscore"] is not None)
    assert (decision["correlationscore"] == 100) == is_unsure
    assert_sum_of_decisions(talk)


@pytest.mark.parametrize("tie", TIES)
def test_an_answer_to_an_answer_in_one_batch_is_tied_to_the_same_conversation(
    talk: Company, tie: str
) -> None:
    sent = send_offer(talk)
    first = an_answer(
        subject=f"RE: {OFFER}",
        in_reply_to=sent["messageid"],
        headers=thread_index(sent),
        message_id="first@contoso.example",
    )
    make, method = TIES[tie]
    like_first = {
        **sent,
        "messageid": "first@contoso.example",
        "conversationindex": sent["conversationindex"] + "0001020304",
    }
    second = an_answer(sender=STRANGER, cc=(CARL,), **make(like_first), message_id="second@elsewhere.example")
    decisions = read_in(talk, first, second)
    assert [row["correlationmethod"] for row in decisions] == [CorrelationMethod.IN_REPLY_TO, method]
    one, two = (the(talk, "email", activityid=row["emailid"]) for row in decisions)
    assert two["correlatedactivityid"] == one["activityid"]
    assert two["conversationtrackingid"] == one["conversationtrackingid"] == sent["activityid"]
    assert two["regardingobjectid"] == talk.ids["account"]
    assert two["trackingtoken"] == sent["trackingtoken"]


NEITHER_HEADER = {"ignore_conversation_index_and_in_reply_to_for_correlation": True}
BY_REPLY, BY_TOKEN, BY_INDEX = (
    {"postroom_correlatebyreply": False},
    {"postroom_usetrackingtoken": False},
    {"postroom_correlatebyindex": False},
)
#: What is switched off, in columns and by switches, and the method that is left.
LEFT: dict[str, tuple[dict[str, bool], dict[str, bool], CorrelationMethod]] = {
    "nothing": ({}, {}, CorrelationMethod.IN_REPLY_TO),
    "reply": (BY_REPLY, {}, CorrelationMethod.TRACKING_TOKEN),
    "reply and token": (BY_REPLY | BY_TOKEN, {}, CorrelationMethod.CONVERSATION_INDEX),
    "reply, token and index": (BY_REPLY | BY_TOKEN | BY_INDEX, {}, CorrelationMethod.SMART_MATCHING),
    "all four": (
        BY_REPLY | BY_TOKEN | BY_INDEX | {"enablesmartmatching": False},
        {},
        CorrelationMethod.NONE,
    ),
    "all four, by a switch": (
        BY_REPLY | BY_TOKEN | BY_INDEX,
        {"disable_smart_matching": True},
        CorrelationMethod.NONE,
    ),
    "both headers": ({}, NEITHER_HEADER, CorrelationMethod.TRACKING_TOKEN),
    "both headers and the token": (BY_TOKEN, NEITHER_HEADER, CorrelationMethod.SMART_MATCHING),
    "correlation": ({"emailcorrelationenabled": False}, {}, CorrelationMethod.SKIPPED),
}


@pytest.mark.parametrize("off", LEFT)
def test_the_next_method_takes_over_from_what_is_switched_off(talk: Company, off: str) -> None:
    columns, switches, method = LEFT[off]
    sent = send_offer(talk)
    organize(talk, **columns)
    if switches:
        switch(talk, **switches)
    (decision,) = read_in(talk, with_all_marks(sent))
    assert decision["correlationmethod"] == method
    is_found = method not in (CorrelationMethod.NONE, CorrelationMethod.SKIPPED)
    assert decision["correlatedactivityid"] == (sent["activityid"] if is_found else None)
    assert decision["tracked"] is is_found
    assert decision["reason"] == (Reason.CORRELATION_MATCH if is_found else Reason.NO_CORRELATION_MATCH)


@pytest.mark.parametrize("tie", TIES)
def test_an_answer_by_one_mark_alone_is_nobodys_when_that_method_is_off(talk: Company, tie: str) -> None:
    make, method = TIES[tie]
    sent = send_offer(talk)
    columns = {
        CorrelationMethod.IN_REPLY_TO: BY_REPLY,
        CorrelationMethod.TRACKING_TOKEN: BY_TOKEN,
        CorrelationMethod.CONVERSATION_INDEX: BY_INDEX,
        CorrelationMethod.SMART_MATCHING: {"enablesmartmatching": False},
    }
    organize(talk, **columns[method])
    (decision,) = read_in(talk, an_answer(**make(sent)))
    assert (decision["reason"], decision["emailid"]) == (Reason.NO_CORRELATION_MATCH, None)


def test_words_of_subjects_are_kept_only_while_smart_matching_is_on(talk: Company) -> None:
    organize(talk, enablesmartmatching=False)
    before = send_offer(talk)
    assert talk.rows("emailhash") == []
    organize(talk, enablesmartmatching=True)
    (decision,) = read_in(talk, an_answer(subject=f"RE: {OFFER}"))
    assert decision["correlatedactivityid"] == before["activityid"], "what was sent before is taken in"
    after = send_offer(talk)
    (decision,) = read_in(talk, an_answer(subject=f"RE: {OFFER}", text="Once more"))
    assert decision["correlatedactivityid"] == after["activityid"]
    kept = {row["activityid"] for row in talk.rows("emailhash")}
    assert {before["activityid"], after["activityid"], decision["emailid"]} <= kept
    switch(talk, disable_smart_matching_email_hash_creation=True)
    send_offer(talk)
    assert talk.rows("emailhash") == []


def test_smart_matching_looks_back_ninety_days(talk: Company) -> None:
    sent = send_offer(talk)
    talk.clock.at += timedelta(days=89)
    (decision,) = read_in(talk, an_answer(subject=f"RE: {OFFER}", text="In time"))
    assert decision["correlatedactivityid"] == sent["activityid"]
    talk.clock.at += timedelta(days=91)
    (decision,) = read_in(talk, an_answer(subject=f"RE: {OFFER}", text="Too late"))
    assert decision["reason"] == Reason.NO_CORRELATION_MATCH


def test_a_subject_that_says_nothing_ties_nobody_by_smart_matching(talk: Company) -> None:
    send_offer(talk, subject="Question about invoice")
    (decision,) = read_in(talk, an_answer(subject="RE: Question about invoice", sender=STRANGER))
    assert decision["reason"] == Reason.NO_CORRELATION_MATCH


def test_what_is_passed_on_is_no_answer_unless_the_organization_wants_that(talk: Company) -> None:
    sent = send_offer(talk)
    forward = an_answer(
        subject=f"WG: {sent['subject']}",
        in_reply_to=sent["messageid"],
        headers=thread_index(sent),
        message_id="forward@contoso.example",
    )
    (decision,) = read_in(talk, forward)
    assert (decision["tracked"], decision["correlationmethod"]) == (False, CorrelationMethod.SKIPPED)
    switch(talk, do_not_correlate_forwarded_emails_as_replies=False)
    (decision,) = read_in(talk, forward.replace(b"forward@", b"again@"))
    assert (decision["tracked"], decision["correlationmethod"]) == (True, CorrelationMethod.IN_REPLY_TO)


def test_the_subject_counts_as_changed_only_when_its_words_are_others(talk: Company) -> None:
    sent = send_offer(talk)
    subjects = {
        f"RE: {sent['subject']}": False,
        f"Aw: re: {OFFER.lower()}": False,
        f"Re:  {OFFER}  CRM:0001001 CRM:0001001": False,
        f"Re: {OFFER}, and seals": True,
        "": True,
    }
    decisions = read_in(talk, *(an_answer(subject=s, in_reply_to=sent["messageid"]) for s in subjects))
    changed = [the(talk, "email", activityid=row["emailid"])["correlatedsubjectchanged"] for row in decisions]
    assert changed == list(subjects.values())


def test_an_answer_of_ours_goes_on_with_the_conversation_that_came_in(company: Company) -> None:
    index = [("Thread-Index", base64.b64encode(bytes(range(22))).decode())]
    (decision,) = read_in(
        company, an_answer(subject="Order 7", message_id="order@contoso.example", headers=index)
    )
    asked = the(company, "email", activityid=decision["emailid"])
    sent = send_out(company, subject="RE: Order 7", parentactivityid=asked["activityid"])
    assert wire_of(company, sent)["In-Reply-To"] == "<order@contoso.example>"
    assert sent["conversationtrackingid"] == asked["activityid"]
    assert sent["conversationindex"].startswith(bytes(range(22)).hex().upper())
    assert len(sent["conversationindex"]) == 54
    (decision,) = read_in(company, an_answer(subject=f"AW: {sent['subject']}", in_reply_to=sent["messageid"]))
    answer = the(company, "email", activityid=decision["emailid"])
    assert answer["parentactivityid"] == sent["activityid"]
    assert answer["conversationtrackingid"] == asked["activityid"]


def test_an_answer_by_index_finds_its_parent_and_not_the_newest_of_the_conversation(talk: Company) -> None:
    sent = send_offer(talk)
    talk.clock.at += timedelta(minutes=1)
    read_in(talk, an_answer(in_reply_to=sent["messageid"], headers=thread_index(sent)))
    talk.clock.at += timedelta(minutes=1)
    other_branch = base64.b64encode(bytes.fromhex(sent["conversationindex"]) + b"\0\1\2\3\5").decode()
    (decision,) = read_in(talk, an_answer(headers=[("Thread-Index", other_branch)], text="Another"))
    assert decision["correlatedactivityid"] == sent["activityid"]


def test_mail_within_the_company_is_sent_once_and_received_once_in_one_conversation(
    company: Company,
) -> None:
    sent = send_out(company, subject=OFFER, parties=parties_to_sales(company))
    (decision,) = read_in(company, at=SALES)
    received = the(company, "email", directioncode=False)
    assert (decision["reason"], decision["emailid"]) == (Reason.ACCEPT_ALL, received["activityid"])
    assert received["messageid"] == sent["messageid"]
    assert received["parentactivityid"] is None
    assert received["conversationtrackingid"] == sent["conversationtrackingid"]
    assert without_token(received["subject"]) == OFFER


def parties_to_sales(company: Company) -> list[dict[str, Any]]:
    """Return who takes part in mail from Ann to the queue."""
    return [
        {"partyid": company.ids["ann"], "partyobjecttypecode": "systemuser", "participationtypemask": 1},
        {"partyid": company.ids["sales"], "partyobjecttypecode": "queue", "participationtypemask": 2},
    ]
