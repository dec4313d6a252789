"""Reports on sent e-mails over whole passes: noted once, shown where people look, believed only when true."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.books import assert_sum_of_decisions
from tests.support.company import Company
from tests.support.correspondence import (
    ANN,
    CARL,
    SALES,
    an_answer,
    organize,
    read_in,
    send_out,
    the,
)
from tests.support.reports import a_notice, a_report

from postroom.passes.receive import receive
from postroom.schema.choices import CorrelationMethod, DeliveryState, MessageKind, Reason
from postroom.store import alerts

Row = Mapping[str, Any]

OLGA = "olga@other.example"


def a_status(
    sent: Row, *fates: tuple[str, str, str], message_id: str = "bounce@mx.example", to: str = ANN, **more: Any
) -> bytes:
    """Return a delivery status report: recipients with their actions and codes."""
    groups = [
        f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {status} so said the server\n"
        for recipient, action, status in fates or [(CARL, "failed", "5.1.1")]
    ]
    headers = [("Message-ID", f"<{message_id}>")] if message_id else []
    return a_report(
        "\n".join(["Reporting-MTA: dns; mx.example\n", *groups]),
        original=f"From: {ANN}\nSubject: Offer\nMessage-ID: <{sent['messageid']}>\n\nHello",
        to=to,
        headers=headers,
        **more,
    )


def a_receipt(sent: Row, disposition: str = "displayed", **more: Any) -> bytes:
    """Return what Carl's program sends when he has opened the e-mail."""
    return a_report(
        f"Reporting-UA: pc; Outlook\nFinal-Recipient: rfc822; {CARL}\n"
        f"Original-Message-ID: <{sent['messageid']}>\n"
        f"Disposition: manual-action/MDN-sent-manually; {disposition}\n",
        about="disposition-notification",
        original=None,
        sender=CARL,
        to=ANN,
        subject="Gelesen: Offer",
        headers=[("Message-ID", f"<{disposition}@contoso.example>")],
        **more,
    )


def an_automatic_reply(sent: Row) -> bytes:
    return an_answer(
        subject=f"Automatic reply: {sent['subject']}",
        in_reply_to=sent["messageid"],
        headers=[("Auto-Submitted", "auto-replied")],
        message_id="away@contoso.example",
    )


def state_of(company: Company, sent: Row) -> DeliveryState:
    return DeliveryState(the(company, "email", activityid=sent["activityid"])["postroom_deliverystate"] or 0)


def state_at(company: Company, sent: Row, address: str) -> DeliveryState:
    party = the(company, "activityparty", activityid=sent["activityid"], addressused=address)
    return DeliveryState(party["postroom_deliverystate"] or 0)


def send_to_two(company: Company) -> dict[str, Any]:
    olga = company.create("contact", firstname="Olga", lastname="Other", emailaddress1=OLGA)
    return send_out(company, company.ids["carl"], olga)


def warnings(company: Company) -> list[UUID]:
    """Return the mailboxes whose owners were told of a bounce."""
    return [row["regardingobjectid"] for row in company.rows("tracelog", tracecode=alerts.BOUNCED.code)]


def test_a_bounce_is_kept_shown_told_and_tracked_as_an_answer(company: Company) -> None:
    sent = send_to_two(company)
    (decision,) = read_in(company, a_status(sent))
    assert (decision["reason"], decision["messagekind"]) == (Reason.CORRELATION_MATCH, MessageKind.BOUNCE)
    assert decision["correlationmethod"] == CorrelationMethod.IN_REPLY_TO
    bounce = the(company, "email", activityid=decision["emailid"])
    assert (bounce["correlatedactivityid"], bounce["postroom_messagekind"]) == (
        sent["activityid"],
        MessageKind.BOUNCE,
    )
    report = the(company, "postroom_report")
    assert (report["emailid"], report["recipient"], report["kind"], report["state"]) == (
        sent["activityid"],
        CARL,
        MessageKind.BOUNCE,
        DeliveryState.BOUNCED,
    )
    assert (report["status"], report["diagnostic"]) == ("5.1.1", "5.1.1 so said the server")
    assert (report["decisionid"], report["reportemailid"]) == (
        decision["postroom_decisionid"],
        bounce["activityid"],
    )
    assert state_of(company, sent) is DeliveryState.BOUNCED
    assert state_at(company, sent, CARL) is DeliveryState.BOUNCED
    assert state_at(company, sent, OLGA) is DeliveryState.NONE
    assert warnings(company) == [company.mailbox(ANN)]
    assert_sum_of_decisions(company)


def test_a_bounce_that_reaches_nobody_of_ours_is_noted_all_the_same(company: Company) -> None:
    sent = send_out(company)
    (decision,) = read_in(company, a_status(sent, to="bounces@list.example"))
    assert (decision["tracked"], decision["reason"]) == (False, Reason.NO_RECIPIENT_MATCH)
    assert state_of(company, sent) is DeliveryState.BOUNCED
    assert the(company, "postroom_report")["reportemailid"] is None


def test_a_bounce_in_a_mail_systems_own_words_is_noted_too(company: Company) -> None:
    sent = send_out(company)
    notice = a_notice(
        "This message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered to one or more of its\n"
        f"recipients. This is a permanent error. The following address(es) failed:\n\n  {CARL}\n"
        "    host mx.contoso.example: 550 5.1.1 no such user\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\n"
        f"From: {ANN}\nSubject: Offer\nMessage-ID: <{sent['messageid']}>\n\nHello\n",
        to=ANN,
        headers=[("X-Failed-Recipients", CARL), ("Auto-Submitted", "auto-replied")],
    )
    read_in(company, notice)
    assert (state_of(company, sent), state_at(company, sent, CARL)) == (DeliveryState.BOUNCED,) * 2


@pytest.mark.parametrize("message_id", ["bounce@mx.example", ""], ids=["with an id", "without an id"])
def test_one_bounce_in_two_mailboxes_is_one_report(company: Company, message_id: str) -> None:
    sent = send_out(company)
    bounce = a_status(sent, message_id=message_id, to=f"{ANN}, {SALES}")
    (first,) = read_in(company, bounce)
    (second,) = read_in(company, bounce, at=SALES)
    assert (first["tracked"], second["reason"]) == (True, Reason.DUPLICATE)
    assert len(company.rows("postroom_report")) == 1
    assert len(warnings(company)) == 1
    assert len(company.rows("email", directioncode=False)) == 1


def test_one_bounce_twice_in_one_mailbox_is_one_report(company: Company) -> None:
    sent = send_out(company)
    bounce = a_status(sent)
    decisions = [*read_in(company, bounce, bounce), *read_in(company, bounce)]
    assert [row["reason"] for row in decisions] == [Reason.CORRELATION_MATCH] + [Reason.DUPLICATE] * 2
    assert len(company.rows("postroom_report")) == 1
    assert_sum_of_decisions(company)


def test_one_receipt_read_in_two_mailboxes_at_once_is_one_report(company: Company) -> None:
    sent = send_out(company)
    receipts = [a_receipt(sent, kind) for kind in ("displayed", "deleted", "dispatched")]
    for address, order in ((ANN, receipts), (SALES, receipts[::-1])):
        for receipt in order:
            company.server.deliver(address, receipt)
    with ThreadPoolExecutor(2) as threads:
        mailboxes = [company.mailbox(address) for address in (ANN, SALES)]
        results = list(threads.map(lambda mailbox: receive(company.context, mailbox), mailboxes))
    assert [result.failure for result in results] == [None, None]
    assert len(company.rows("postroom_report")) == 3
    assert state_of(company, sent) is DeliveryState.UNREAD
    assert_sum_of_decisions(company)


def test_a_read_receipt_is_noted_and_becomes_no_email(company: Company) -> None:
    sent = send_out(company)
    (decision,) = read_in(company, a_receipt(sent))
    assert (decision["tracked"], decision["reason"]) == (False, Reason.REPORT_NOTED)
    assert decision["messagekind"] == MessageKind.READ_RECEIPT
    assert decision["correlatedactivityid"] == sent["activityid"]
    assert company.rows("email", directioncode=False) == []
    assert the(company, "postroom_report")["state"] == DeliveryState.READ
    assert (state_of(company, sent), state_at(company, sent, CARL)) == (DeliveryState.READ,) * 2
    assert warnings(company) == [], "good news warns nobody"


def test_an_organization_may_have_receipts_tracked_too(company: Company) -> None:
    organize(company, postroom_trackreports=True)
    sent = send_out(company)
    (decision,) = read_in(company, a_receipt(sent))
    assert (decision["tracked"], decision["reason"]) == (True, Reason.CORRELATION_MATCH)
    assert the(company, "postroom_report")["reportemailid"] == decision["emailid"]
    assert state_of(company, sent) is DeliveryState.READ


DELAYED = (CARL, "delayed", "4.4.1")
DELIVERED = (CARL, "delivered", "2.0.0")
FAILED = (CARL, "failed", "5.4.1")


@pytest.mark.parametrize(
    ("fates", "shown"),
    [
        ([DELAYED], DeliveryState.DELAYED),
        ([DELAYED, DELIVERED], DeliveryState.DELIVERED),
        ([DELIVERED, DELAYED], DeliveryState.DELIVERED),
        ([DELAYED, FAILED], DeliveryState.BOUNCED),
        ([FAILED, DELAYED], DeliveryState.BOUNCED),
    ],
    ids=lambda value: " then ".join(fate[1] for fate in value) if isinstance(value, list) else value.name,
)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
def test_of_several_reports_the_weightiest_is_shown(
    company: Company, fates: list[tuple[str, str, str]], shown: DeliveryState, *, together: bool
) -> None:
    sent = send_out(company)
    messages = [a_status(sent, fate, message_id=f"{fate[1]}@mx.example") for fate in fates]
    for batch in [messages] if together else [[message] for message in messages]:
        read_in(company, *batch)
        company.clock.at += timedelta(hours=1)
    assert (state_of(company, sent), state_at(company, sent, CARL)) == (shown, shown)
    assert len(company.rows("postroom_report")) == len(fates)


def test_each_recipient_has_a_state_of_its_own_and_the_email_the_worst(company: Company) -> None:
    sent = send_to_two(company)
    read_in(company, a_status(sent, (OLGA.upper(), "failed", "5.2.2"), DELIVERED))
    assert state_at(company, sent, OLGA) is DeliveryState.BOUNCED
    assert state_at(company, sent, CARL) is DeliveryState.DELIVERED
    assert state_of(company, sent) is DeliveryState.BOUNCED
    assert len(company.rows("postroom_report", emailid=sent["activityid"])) == 2


def test_an_automatic_reply_is_tracked_as_one_and_noted(company: Company) -> None:
    sent = send_out(company)
    (decision,) = read_in(company, an_automatic_reply(sent))
    assert decision["reason"] == Reason.CORRELATION_MATCH
    reply = the(company, "email", activityid=decision["emailid"])
    assert reply["postroom_messagekind"] == decision["messagekind"] == MessageKind.AUTOMATIC_REPLY
    assert the(company, "postroom_report")["state"] == DeliveryState.REPLIED
    assert (state_of(company, sent), state_at(company, sent, CARL)) == (DeliveryState.REPLIED,) * 2


FORGED: dict[str, dict[str, Any]] = {
    "of an e-mail that was never sent": {"messageid": "invented@corp.example"},
    "that names no e-mail": {"messageid": ""},
}


@pytest.mark.parametrize("original", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("make", [a_status, a_receipt, an_automatic_reply])
def test_a_forged_report_changes_nothing(company: Company, make: Any, original: dict[str, Any]) -> None:
    sent = send_out(company)
    read_in(company, make({"subject": "Offer", **original}))
    assert_untouched(company, sent)


@pytest.mark.parametrize("make", [a_status, a_receipt, an_automatic_reply])
def test_a_report_on_what_was_received_changes_nothing(company: Company, make: Any) -> None:
    sent = send_out(company)
    (decision,) = read_in(company, an_answer(message_id="order@contoso.example"))
    received = the(company, "email", activityid=decision["emailid"])
    read_in(company, make(received))
    assert_untouched(company, sent)
    assert_untouched(company, received)


def test_a_report_passed_on_by_a_person_changes_nothing(company: Company) -> None:
    sent = send_out(company)
    words = f"Look: Final-Recipient: rfc822; {CARL}\nAction: failed\nStatus: 5.1.1\n<{sent['messageid']}>\n"
    read_in(company, an_answer(subject="FW: Undelivered Mail Returned to Sender", text=words))
    assert_untouched(company, sent)


def assert_untouched(company: Company, before: Row) -> None:
    assert the(company, "email", activityid=before["activityid"]) == before
    assert company.rows("postroom_report") == []
    assert warnings(company) == []
    assert_sum_of_decisions(company)


def test_a_report_with_too_much_in_it_is_kept_as_far_as_it_fits(company: Company) -> None:
    sent = send_out(company)
    strange = f"{'x' * 400}@{'y' * 400}.example"
    many = [(f"a{n}@x.example", "failed", "5.1.1") for n in range(300)]
    bounce = a_status(sent, (strange, "failed", "5.1.1"), ("nobody\ud800\0@x", "failed", "5.1.1"), *many)
    (decision,) = read_in(company, bounce, an_answer())[:1]
    assert decision["reason"] == Reason.CORRELATION_MATCH
    assert len(company.rows("postroom_report")) >= 300
    assert state_of(company, sent) is DeliveryState.BOUNCED
    assert state_at(company, sent, CARL) is DeliveryState.NONE
