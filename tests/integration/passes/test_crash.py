"""Passes that die at every step in turn, and what the next pass makes of what they left; both databases."""

from datetime import timedelta
from uuid import UUID

from tests.support.company import Company

from postroom.passes.issue import send_email
from postroom.passes.send import send
from postroom.schema.choices import EmailStatus, JournalState, SendOutcome
from postroom.store import outbox

ANN = "ann@corp.example"


def a_pending_email(company: Company, subject: str = "Offer") -> UUID:
    email = company.email(company.ids["ann"], "systemuser", company.ids["carl"], subject=subject)
    send_email(company.context, email)
    return email


def crash_while_sending(company: Company) -> None:
    """Leave everything that is due as a worker leaves it that dies with the last octet on the wire."""
    database, now = company.context.database, company.clock.now()
    with database.write() as connection:
        ids = outbox.claim(database, connection, company.mailbox(ANN), now, 10, "dead")
        claimed = outbox.load(connection, ids)
        outbox.mark_submitted(connection, [entry.journal_id for entry in claimed], now)


def send_again_when_uncertain(company: Company) -> None:
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, postroom_uncertainsendpolicy=1)


def test_an_email_that_was_sent_again_says_so_for_ever(company: Company) -> None:
    send_again_when_uncertain(company)
    email = a_pending_email(company)
    crash_while_sending(company)

    send(company.context, company.mailbox(ANN))

    (row,) = company.rows("email", activityid=email)
    assert (row["statuscode"], row["postroom_sendoutcome"]) == (EmailStatus.SENT, SendOutcome.ACCEPTED)
    assert "earlier attempt may" in row["postroom_sendreason"]
    states = [entry["state"] for entry in company.rows("postroom_sendjournal", emailid=email)]
    assert sorted(states) == [JournalState.ACCEPTED, JournalState.UNCERTAIN]
    # It is no news that a recipient was refused, for none was.
    assert company.rows("tracelog", tracecode=6) == []


def test_an_email_that_was_put_off_meanwhile_still_says_that_it_may_have_left_before(
    company: Company,
) -> None:
    send_again_when_uncertain(company)
    email = a_pending_email(company)
    crash_while_sending(company)
    company.answers["carl@contoso.example"] = "451 4.7.1 come back later"
    send(company.context, company.mailbox(ANN))
    company.answers.clear()
    company.clock.at += timedelta(hours=1)

    send(company.context, company.mailbox(ANN))

    (row,) = company.rows("email", activityid=email)
    assert row["statuscode"] == EmailStatus.SENT
    assert "earlier attempt may" in row["postroom_sendreason"]


def test_an_email_that_is_refused_at_last_still_says_that_it_may_have_left_before(company: Company) -> None:
    send_again_when_uncertain(company)
    email = a_pending_email(company)
    crash_while_sending(company)
    company.answers["carl@contoso.example"] = "550 5.1.1 no such user"

    send(company.context, company.mailbox(ANN))

    (row,) = company.rows("email", activityid=email)
    assert (row["statuscode"], row["postroom_sendoutcome"]) == (EmailStatus.FAILED, SendOutcome.REFUSED)
    assert "earlier attempt may" in row["postroom_sendreason"]


def test_an_email_at_which_workers_die_again_and_again_waits_for_a_person_in_the_end(
    company: Company,
) -> None:
    send_again_when_uncertain(company)
    email = a_pending_email(company)
    attempts = company.context.sending.maximum_attempts
    company.smtp.stop()
    for _ in range(attempts):
        crash_while_sending(company)
        send(company.context, company.mailbox(ANN))

    (row,) = company.rows("email", activityid=email)
    assert (row["statuscode"], row["postroom_sendoutcome"]) == (EmailStatus.FAILED, SendOutcome.UNCERTAIN)
    assert row["deliveryattempts"] == attempts
    assert "postroom outbox" in row["postroom_sendreason"]
