"""Passes that die at every step in turn, and what the next pass makes of what they left; both databases."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from tests.support.company import Company
from tests.support.mail import without_token

from postroom.passes.access import open_sink
from postroom.passes.context import Context, SendLimits
from postroom.passes.issue import send_email
from postroom.passes.send import Doubt, send, settlement_of
from postroom.ports.mail import Delivery, MailSink, Outcome, Submission
from postroom.schema.choices import EmailStatus, JournalState, SendOutcome
from postroom.store import outbox
from postroom.store.mailboxes import Setup

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


# A worker that was frozen and comes back finds that another has taken over.


@dataclass
class Interrupted:
    """A way out on which something happens before the first window is handed over."""

    sink: MailSink
    meanwhile: Callable[[], object]

    def submit(self, submissions: Sequence[Submission]) -> Iterator[Delivery]:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return self.sink.submit(submissions)

    def close(self) -> None:
        self.sink.close()


def narrow(company: Company) -> Context:
    """Return a context that has one e-mail at a time on its way."""
    return replace(company.context, sending=SendLimits(window=1))


def test_a_worker_that_was_frozen_sends_nothing_that_another_has_taken_over(company: Company) -> None:
    emails = [a_pending_email(company, f"Offer {number}") for number in range(4)]
    context, mailbox = narrow(company), company.mailbox(ANN)

    def open_interrupted(context: Context, setup: Setup) -> MailSink:
        return Interrupted(open_sink(context, setup), lambda: send(context, mailbox))

    send(context, mailbox, opener=open_interrupted)

    subjects = [
        without_token(line.decode())
        for left in company.outside
        for line in left.data.split(b"\r\n")
        if b"Subject: O" in line
    ]
    assert sorted(subjects) == [f"Subject: Offer {number}" for number in range(4)]
    rows = [row for row in company.rows("email") if row["activityid"] in emails]
    # Of the first one the other worker had to think that it may have left; we know that it did.
    assert {(row["statuscode"], row["postroom_sendoutcome"]) for row in rows} == {
        (EmailStatus.SENT, SendOutcome.ACCEPTED)
    }


def test_what_left_while_another_worker_looked_on_is_not_given_back(company: Company) -> None:
    email = a_pending_email(company)
    database, mailbox, now = company.context.database, company.mailbox(ANN), company.clock.now()
    with database.write() as connection:
        (claimed,) = outbox.load(connection, outbox.claim(database, connection, mailbox, now, 10, "frozen"))
    with database.read() as connection:
        seen = outbox.left_behind(connection, mailbox)
    with database.write() as connection:
        assert outbox.mark_submitted(connection, [claimed.journal_id], now) == {claimed.journal_id}

    with database.write() as connection:
        outbox.give_back(database, connection, seen, now)

    (row,) = company.rows("email", activityid=email)
    assert row["statuscode"] == EmailStatus.SENDING
    with database.read() as connection:
        assert [entry.submitted for entry in outbox.left_behind(connection, mailbox)] == [True]


def test_what_was_settled_while_another_worker_looked_on_is_not_uncertain(company: Company) -> None:
    email = a_pending_email(company)
    database, mailbox, now = company.context.database, company.mailbox(ANN), company.clock.now()
    seen: list[outbox.Left] = []

    def look_on() -> None:
        with database.read() as connection:
            seen.extend(outbox.left_behind(connection, mailbox))

    def open_interrupted(context: Context, setup: Setup) -> MailSink:
        return Interrupted(open_sink(context, setup), look_on)

    send(company.context, mailbox, opener=open_interrupted)
    with database.write() as connection:
        outbox.give_up_as_uncertain(
            database, connection, seen, now, status=EmailStatus.FAILED, reason="Nobody knows."
        )

    (row,) = company.rows("email", activityid=email)
    assert [entry.submitted for entry in seen] == [True]
    assert (row["statuscode"], row["postroom_sendoutcome"]) == (EmailStatus.SENT, SendOutcome.ACCEPTED)
    (attempt,) = company.rows("postroom_sendjournal", emailid=email)
    assert attempt["state"] == JournalState.ACCEPTED


def test_an_outcome_that_comes_late_does_not_hide_that_it_is_being_sent_again(company: Company) -> None:
    email = a_pending_email(company)
    database, mailbox, now = company.context.database, company.mailbox(ANN), company.clock.now()

    def claim(host: str) -> outbox.Claimed:
        with database.write() as connection:
            ids = outbox.claim(database, connection, mailbox, now, 10, host)
            (claimed,) = outbox.load(connection, ids)
            outbox.mark_submitted(connection, [claimed.journal_id], now)
        return claimed

    def settle_as_accepted(claimed: outbox.Claimed) -> None:
        delivery = Delivery(str(email), Outcome.ACCEPTED, 250)
        doubt = Doubt(goes_again=True, reason="It is sent again.")
        settlement = settlement_of(claimed, delivery, company.context.sending, now, doubt)
        with database.write() as connection:
            outbox.settle(database, connection, [settlement], now)

    frozen = claim("frozen")
    with database.write() as connection:
        left = outbox.left_behind(connection, mailbox)
        outbox.give_up_as_uncertain(
            database, connection, left, now, status=EmailStatus.PENDING_SEND, reason="It is sent again."
        )
    other = claim("other")

    settle_as_accepted(frozen)
    (row,) = company.rows("email", activityid=email)
    assert row["statuscode"] == EmailStatus.SENDING

    settle_as_accepted(other)
    (row,) = company.rows("email", activityid=email)
    assert row["statuscode"] == EmailStatus.SENT
    assert "arrived twice" in row["postroom_sendreason"]
