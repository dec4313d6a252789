"""Sending through a server that keeps what it has sent: it is asked before anything is sent again."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.exchange_memory import on_exchange
from tests.support.ledgers import ANN

from postroom.errors import Unreachable
from postroom.passes.context import Context
from postroom.passes.issue import send_email
from postroom.passes.send import FOUND_SENT, send
from postroom.ports.mail import MailSink
from postroom.schema.choices import EmailStatus, JournalState, SendOutcome
from postroom.servers.memory import MemoryRelay, MemorySink
from postroom.store import outbox
from postroom.store.mailboxes import Setup


@pytest.fixture
def relay() -> MemoryRelay:
    """A server that keeps what it has sent."""
    return MemoryRelay(keeps_record=True)


@pytest.fixture
def email(company: Company) -> UUID:
    """An e-mail of Ann's that waits to be sent, on an Exchange."""
    on_exchange(company, ANN)
    key = company.email(company.ids["ann"], "systemuser", company.ids["carl"])
    send_email(company.context, key)
    return key


def run(company: Company, relay: MemoryRelay) -> None:
    """Send what is due."""

    def open_memory(context: Context, setup: Setup) -> MailSink:
        return MemorySink(relay)

    send(company.context, company.mailbox(ANN), opener=open_memory)


def row(company: Company, email: UUID) -> dict[str, object]:
    return company.rows("email", activityid=email)[0]


def leave_submitted(company: Company) -> None:
    """Stop where a killed worker would: journalled as submitted, nothing settled."""
    database, now = company.context.database, company.clock.now()
    with database.write() as connection:
        ids = outbox.claim(database, connection, company.mailbox(ANN), now, 10, "dead")
        claimed = outbox.load(connection, ids)
        fixed = [(c.email_id, f"{c.email_id}@corp.example", c.email_id) for c in claimed]
        outbox.fix_message_ids(connection, fixed)
        outbox.mark_submitted(connection, [c.journal_id for c in claimed], now)


def test_an_answer_that_was_lost_is_found_and_nothing_is_sent_twice(
    company: Company, relay: MemoryRelay, email: UUID
) -> None:
    relay.breaks_after, relay.loses_answer = 0, True
    run(company, relay)
    assert (row(company, email)["statuscode"], len(relay.sent)) == (EmailStatus.PENDING_SEND, 1)
    assert row(company, email)["postroom_sendoutcome"] == SendOutcome.UNCERTAIN
    assert [r["tracecode"] for r in company.rows("tracelog", regardingobjectid=company.mailbox(ANN))] == [1]
    company.clock.at += timedelta(minutes=5)
    run(company, relay)
    assert (row(company, email)["statuscode"], len(relay.sent)) == (EmailStatus.SENT, 1)
    assert row(company, email)["postroom_sendreason"] == FOUND_SENT
    states = sorted(r["state"] for r in company.rows("postroom_sendjournal"))
    assert states == sorted([JournalState.UNCERTAIN, JournalState.ACCEPTED])


def test_what_a_dead_worker_had_not_sent_is_sent_once(
    company: Company, relay: MemoryRelay, email: UUID
) -> None:
    leave_submitted(company)
    run(company, relay)
    assert relay.sent == [], "the server may still be at it"
    company.clock.at += timedelta(minutes=1)
    run(company, relay)
    assert (row(company, email)["statuscode"], len(relay.sent)) == (EmailStatus.SENT, 1)
    assert not row(company, email)["postroom_sendreason"]
    run(company, relay)
    assert len(relay.sent) == 1


def test_nothing_is_sent_as_long_as_the_server_can_t_be_asked(
    company: Company, relay: MemoryRelay, email: UUID
) -> None:
    class Mute(MemorySink):
        def found_sent(self, message_ids: Sequence[str]) -> set[str]:
            raise Unreachable("Nobody answers.")

    leave_submitted(company)
    company.clock.at += timedelta(minutes=1)
    run(company, relay)
    company.clock.at += timedelta(minutes=1)
    result = send(company.context, company.mailbox(ANN), opener=lambda context, setup: Mute(relay))
    assert str(result.failure) == "Nobody answers."
    assert (row(company, email)["statuscode"], relay.sent) == (EmailStatus.PENDING_SEND, [])
    run(company, relay)
    assert (row(company, email)["statuscode"], len(relay.sent)) == (EmailStatus.SENT, 1)


def test_a_person_is_asked_where_the_server_keeps_no_record(
    company: Company, relay: MemoryRelay, email: UUID
) -> None:
    text = "<OrgSettings><SSSSaveOutgoingEmailToExchangeSentFolder>false"
    text += "</SSSSaveOutgoingEmailToExchangeSentFolder></OrgSettings>"
    company.update("organization", company.rows("organization")[0]["organizationid"], orgdborgsettings=text)
    relay.breaks_after, relay.loses_answer = 0, True
    run(company, relay)
    assert row(company, email)["statuscode"] == EmailStatus.FAILED
    assert row(company, email)["postroom_sendoutcome"] == SendOutcome.UNCERTAIN
