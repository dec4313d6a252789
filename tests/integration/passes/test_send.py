"""Sending over the sandbox's SMTP server, on both databases."""

from datetime import timedelta

import pytest
from tests.support.company import Company
from tests.support.mail import without_token

from postroom.errors import UserError
from postroom.passes.issue import send_email, settle_as_sent
from postroom.passes.receive import receive
from postroom.passes.send import explain_waiting, send
from postroom.schema.choices import EmailStatus, Reason, SendOutcome
from postroom.store import outbox

ANN = "ann@corp.example"


def status_of(company: Company, email: object) -> tuple[int, int]:
    (row,) = company.rows("email", activityid=email)
    return row["statuscode"], row["postroom_sendoutcome"]


def a_pending_email(company: Company, *to: object, **values: object) -> object:
    email = company.email(company.ids["ann"], "systemuser", *(to or (company.ids["carl"],)), **values)
    send_email(company.context, email)
    return email


def test_a_draft_that_is_sent_reaches_the_outside_world_once(company: Company) -> None:
    email = a_pending_email(company)
    assert status_of(company, email)[0] == EmailStatus.PENDING_SEND
    result = send(company.context, company.mailbox(ANN))
    assert (result.failure, result.items) == (None, 1)
    assert status_of(company, email) == (EmailStatus.SENT, SendOutcome.ACCEPTED)
    send(company.context, company.mailbox(ANN))
    left = [message for message in company.outside if b"Subject: Offer" in message.data]
    assert len(left) == 1
    assert left[0].recipients == ("carl@contoso.example",)
    (row,) = company.rows("email", activityid=email)
    assert f"Message-ID: <{row['messageid']}>".encode() in left[0].data


def test_an_answer_to_a_sent_email_finds_it_and_its_record(company: Company) -> None:
    email = a_pending_email(
        company, regardingobjectid=company.ids["account"], regardingobjecttypecode="account"
    )
    send(company.context, company.mailbox(ANN))
    (sent,) = company.rows("email", activityid=email)
    company.server.deliver(
        ANN,
        b"From: other@contoso.example\r\nTo: ann@corp.example\r\nMessage-ID: <answer@contoso.example>\r\n"
        b"In-Reply-To: <" + sent["messageid"].encode() + b">\r\nSubject: RE: Offer\r\n\r\nYes\r\n",
    )
    receive(company.context, company.mailbox(ANN))
    (answer,) = company.rows("email", messageid="answer@contoso.example")
    assert answer["parentactivityid"] == email
    assert answer["regardingobjectid"] == company.ids["account"]
    (decision,) = company.rows("postroom_decision", emailid=answer["activityid"])
    assert decision["reason"] == Reason.CORRELATION_MATCH


def test_an_email_without_recipient_or_to_somebody_unknown_is_refused_with_every_reason(
    company: Company,
) -> None:
    email = company.email(company.ids["ann"], "systemuser", "unknown@nowhere.example")
    with pytest.raises(UserError, match="belongs to no record"):
        send_email(company.context, email)
    email = company.email(company.ids["ann"], "systemuser")
    with pytest.raises(UserError, match="at least one recipient"):
        send_email(company.context, email)


def test_a_contact_who_allows_no_email_gets_none(company: Company) -> None:
    company.update("contact", company.ids["carl"], donotemail=True)
    with pytest.raises(UserError, match="does not allow e-mail"):
        a_pending_email(company)


def test_a_recipient_who_is_greylisted_gets_the_email_later(company: Company) -> None:
    company.answers["carl@contoso.example"] = "451 4.7.1 come back later"
    email = a_pending_email(company)
    send(company.context, company.mailbox(ANN))
    (row,) = company.rows("email", activityid=email)
    assert row["statuscode"] == EmailStatus.PENDING_SEND
    assert row["deliveryattempts"] == 1
    assert "come back later" in row["postroom_sendreason"]
    assert row["postponeemailprocessinguntil"] > company.context.clock.now()
    company.answers.clear()
    send(company.context, company.mailbox(ANN))
    assert status_of(company, email)[0] == EmailStatus.PENDING_SEND, "it is not due yet"
    company.clock.at += timedelta(hours=1)
    send(company.context, company.mailbox(ANN))
    assert status_of(company, email)[0] == EmailStatus.SENT


def test_a_refused_recipient_fails_the_email_and_leaves_the_others(company: Company) -> None:
    company.answers["carl@contoso.example"] = "550 5.1.1 no such user"
    refused = a_pending_email(company)
    other = company.create("contact", firstname="Olga", lastname="Other", emailaddress1="olga@o.example")
    fine = a_pending_email(company, other)
    send(company.context, company.mailbox(ANN))
    assert status_of(company, refused) == (EmailStatus.FAILED, SendOutcome.REFUSED)
    assert status_of(company, fine)[0] == EmailStatus.SENT
    (row,) = company.rows("email", activityid=refused)
    assert "no such user" in row["postroom_sendreason"]
    alerts = company.rows("tracelog", regardingobjectid=company.mailbox(ANN), level=3)
    assert len(alerts) == 1


def test_an_email_of_a_mailbox_that_may_not_send_says_so_and_waits(company: Company) -> None:
    email = a_pending_email(company)
    company.update("emailserverprofile", company.ids["profile"], statecode=1)
    assert list(explain_waiting(company.context)) == []
    (row,) = company.rows("email", activityid=email)
    assert row["statuscode"] == EmailStatus.PENDING_SEND
    assert "is inactive" in row["postroom_sendreason"]
    company.update("emailserverprofile", company.ids["profile"], statecode=0)
    send(company.context, company.mailbox(ANN))
    assert status_of(company, email)[0] == EmailStatus.SENT


def test_a_delayed_email_leaves_at_its_time_and_an_urgent_one_first(company: Company) -> None:
    now = company.context.clock.now()
    delayed = a_pending_email(company, subject="Later", delayedemailsendtime=now + timedelta(hours=2))
    low = a_pending_email(company, subject="Low", deliveryprioritycode=0)
    high = a_pending_email(company, subject="High", deliveryprioritycode=2)
    send(company.context, company.mailbox(ANN))
    subjects = [line for left in company.outside for line in left.data.split(b"\r\n") if b"Subject" in line]
    assert [without_token(line.decode()) for line in subjects[-2:]] == ["Subject: High", "Subject: Low"]
    assert status_of(company, delayed)[0] == EmailStatus.PENDING_SEND
    company.clock.at += timedelta(hours=3)
    send(company.context, company.mailbox(ANN))
    assert status_of(company, delayed)[0] == EmailStatus.SENT
    assert low != high


def test_what_a_crash_left_before_it_was_submitted_goes_back(company: Company) -> None:
    email = a_pending_email(company)
    with company.context.database.write() as connection:
        outbox.claim(
            company.context.database,
            connection,
            company.mailbox(ANN),
            company.context.clock.now(),
            10,
            "dead",
        )
    assert status_of(company, email)[0] == EmailStatus.SENDING
    send(company.context, company.mailbox(ANN))
    assert status_of(company, email)[0] == EmailStatus.SENT


def submitted_and_crashed(company: Company) -> object:
    email = a_pending_email(company)
    database, now = company.context.database, company.context.clock.now()
    with database.write() as connection:
        ids = outbox.claim(database, connection, company.mailbox(ANN), now, 10, "dead")
        claimed = outbox.load(connection, ids)
        outbox.mark_submitted(connection, [entry.journal_id for entry in claimed], now)
    return email


def test_what_a_crash_left_after_it_was_submitted_is_uncertain_and_waits(company: Company) -> None:
    email = submitted_and_crashed(company)
    send(company.context, company.mailbox(ANN))
    assert status_of(company, email) == (EmailStatus.FAILED, SendOutcome.UNCERTAIN)
    assert not [left for left in company.outside if b"Subject: Offer" in left.data]
    settle_as_sent(company.context, email)
    assert status_of(company, email) == (EmailStatus.SENT, SendOutcome.ACCEPTED)


def test_an_organization_may_wish_uncertain_emails_to_be_sent_again(company: Company) -> None:
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, postroom_uncertainsendpolicy=1)
    email = submitted_and_crashed(company)
    send(company.context, company.mailbox(ANN))
    assert status_of(company, email)[0] == EmailStatus.SENT


def test_a_server_that_is_down_costs_no_attempt_and_loses_nothing(company: Company) -> None:
    emails = [a_pending_email(company) for _ in range(3)]
    company.smtp.stop()
    result = send(company.context, company.mailbox(ANN))
    assert result.failure is not None
    assert result.failure.retry
    rows = [row for row in company.rows("email") if row["activityid"] in emails]
    assert {(row["statuscode"], row["deliveryattempts"] or 0) for row in rows} == {
        (EmailStatus.PENDING_SEND, 0)
    }


def test_attachments_leave_with_the_email(company: Company) -> None:
    email = company.email(company.ids["ann"], "systemuser", company.ids["carl"])
    company.create(
        "activitymimeattachment",
        objectid=email,
        objecttypecode="email",
        filename="offer.txt",
        mimetype="text/plain",
        body="T2ZmZXI=",
    )
    send_email(company.context, email)
    send(company.context, company.mailbox(ANN))
    (left,) = [left for left in company.outside if b"Subject: Offer" in left.data]
    assert b"T2ZmZXI=" in left.data
    assert b"offer.txt" in left.data
