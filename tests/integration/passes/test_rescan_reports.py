"""Reports on sent e-mails that are looked at once more: noted once, and linked to the decision of now."""

from typing import Any
from uuid import UUID

from tests.support.company import Company
from tests.support.ledgers import SALES, check_log, look_again, reasons_of, take_in
from tests.support.reports import DISPLAYED, a_report

from postroom.passes.issue import send_email
from postroom.passes.send import send
from postroom.schema.choices import DeliveryState, Reason

READER = "bob@example.net"


def a_sent_email(company: Company) -> dict[str, Any]:
    """Let the queue send an e-mail to somebody who is no record, and return it."""
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, allowunresolvedpartiesonemailsend=True)
    email = company.email(company.ids["sales"], "queue", READER)
    send_email(company.context, email)
    assert send(company.context, company.mailbox(SALES)).failure is None
    (row,) = company.rows("email", activityid=email)
    return row


def a_receipt(email: dict[str, Any]) -> bytes:
    fields = DISPLAYED.replace("offer-7@corp.example", email["messageid"])
    return a_report(fields, about="disposition-notification", original=None, sender=READER, subject="Read")


def decided(company: Company) -> UUID:
    (report,) = company.rows("postroom_report")
    key: UUID = report["decisionid"]
    return key


def test_a_receipt_is_noted_once_however_often_it_is_looked_at(company: Company) -> None:
    email = a_sent_email(company)
    take_in(company, SALES, a_receipt(email))
    for _ in range(2):
        (report,) = company.rows("postroom_report")
        assert (report["emailid"], report["state"]) == (email["activityid"], DeliveryState.READ)
        (decision,) = company.rows("postroom_decision", reason=Reason.REPORT_NOTED)
        assert decided(company) == decision["postroom_decisionid"]
        assert look_again(company, SALES) == 0
    check_log(company)


def test_a_receipt_that_is_wanted_after_all_becomes_an_email_of_its_report(company: Company) -> None:
    take_in(company, SALES, a_receipt(a_sent_email(company)))
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, postroom_trackreports=True)
    assert look_again(company, SALES) == 1
    (email,) = company.rows("email", directioncode=False)
    (report,) = company.rows("postroom_report")
    assert report["reportemailid"] == email["activityid"]
    assert Reason.REPORT_NOTED not in reasons_of(company)
    check_log(company)
