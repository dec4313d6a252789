"""Automatic replies that leave: how they are marked, and that they never go round in a circle."""

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.ledgers import ANN, CARL, SALES, STRANGER, take_in, the_email
from tests.support.mail import a_message

from postroom.errors import InvalidRecord, UserError
from postroom.passes.issue import send_email
from postroom.passes.receive import receive
from postroom.passes.send import send
from postroom.schema.choices import EmailStatus, MessageKind

REPLY = int(MessageKind.AUTOMATIC_REPLY)
SUPPORT = "support@corp.example"


@pytest.fixture(autouse=True)
def _to_anybody(company: Company) -> None:
    """Let e-mails go to recipients that are no records: automatic replies answer strangers."""
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, allowunresolvedpartiesonemailsend=True)


def a_reply(company: Company, answered: UUID | None, *to: str | UUID, **more: Any) -> UUID:
    """Make the draft of an automatic reply by the sales queue."""
    given = {"postroom_messagekind": REPLY, "subject": "We have received your message", **more}
    return company.email(company.ids["sales"], "queue", *to, parentactivityid=answered, **given)


def received(company: Company, message_id: str = "in@x", sender: str = STRANGER, **more: Any) -> UUID:
    """Receive a message to the sales queue and return its e-mail."""
    take_in(company, SALES, a_message(sender=sender, to=(SALES,), message_id=message_id, **more))
    key: UUID = the_email(company, messageid=message_id)["activityid"]
    return key


def left(company: Company) -> list[Any]:
    """Send what waits for the queue, and return what has left to the outside."""
    assert send(company.context, company.mailbox(SALES)).failure is None
    return [message_from_bytes(message.data) for message in company.outside]


def test_an_automatic_reply_says_that_it_is_one(company: Company) -> None:
    send_email(company.context, a_reply(company, received(company), STRANGER))
    (message,) = left(company)
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["In-Reply-To"] == "<in@x>"


def test_what_a_person_writes_does_not(company: Company) -> None:
    send_email(company.context, a_reply(company, received(company), STRANGER, postroom_messagekind=0))
    (message,) = left(company)
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == (None, None)


#: What programs write, and what the refusal calls it.
WRITTEN_BY_PROGRAMS = {
    "automatic reply": [("Auto-Submitted", "auto-replied")],
    "written by a program": [("Auto-Submitted", "auto-generated")],
    "from a mailing list": [("List-Id", "<news.x.example>")],
}


@pytest.mark.parametrize("kind", WRITTEN_BY_PROGRAMS)
def test_what_a_program_wrote_is_not_answered(company: Company, kind: str) -> None:
    answered = received(company, headers=WRITTEN_BY_PROGRAMS[kind])
    draft = a_reply(company, answered, STRANGER)
    with pytest.raises(UserError, match=f"answers persons only; what it answers is: {kind}"):
        send_email(company.context, draft)
    assert left(company) == []
    assert the_email(company, activityid=draft)["statuscode"] == EmailStatus.DRAFT


def test_what_a_person_answers_to_a_program_leaves(company: Company) -> None:
    answered = received(company, headers=WRITTEN_BY_PROGRAMS["automatic reply"])
    send_email(company.context, a_reply(company, answered, STRANGER, postroom_messagekind=0))
    assert len(left(company)) == 1


def refused(company: Company, draft: UUID) -> bool:
    try:
        send_email(company.context, draft)
    except UserError as refusal:
        assert "within a day; one is enough" in str(refusal)  # noqa: PT017 - it is asked for both outcomes
        return True
    return False


def test_one_person_gets_one_reply_a_day(company: Company) -> None:
    assert not refused(company, a_reply(company, received(company), STRANGER))
    # It need not have left yet.
    assert refused(company, a_reply(company, received(company, "two@x"), STRANGER))
    left(company)
    company.clock.at += timedelta(hours=23)
    assert refused(company, a_reply(company, received(company, "three@x"), STRANGER))
    company.clock.at += timedelta(hours=2)
    assert not refused(company, a_reply(company, received(company, "four@x"), STRANGER))


def test_each_person_gets_one(company: Company) -> None:
    assert not refused(company, a_reply(company, received(company), STRANGER))
    assert not refused(company, a_reply(company, received(company, "two@x", CARL), company.ids["carl"]))
    assert refused(company, a_reply(company, received(company, "three@x", CARL), company.ids["carl"]))


def test_letter_case_makes_no_other_person(company: Company) -> None:
    assert not refused(company, a_reply(company, received(company), STRANGER))
    assert refused(company, a_reply(company, received(company, "two@x"), STRANGER.title()))


def test_the_day_begins_when_the_reply_was_sent_not_when_it_was_drafted(company: Company) -> None:
    old = a_reply(company, received(company), STRANGER)
    company.clock.at += timedelta(days=3)
    assert not refused(company, old)
    assert refused(company, a_reply(company, received(company, "two@x"), STRANGER))
    left(company)
    assert refused(company, a_reply(company, received(company, "three@x"), STRANGER))


def test_another_sender_may_reply_too(company: Company) -> None:
    assert not refused(company, a_reply(company, received(company), STRANGER))
    draft = company.email(company.ids["ann"], "systemuser", STRANGER, postroom_messagekind=REPLY)
    assert not refused(company, draft)


def test_a_reply_that_could_not_be_sent_does_not_count(company: Company) -> None:
    first = a_reply(company, received(company), STRANGER)
    send_email(company.context, first)
    company.answers[STRANGER] = "550 5.1.1 no such user"
    left(company)
    assert the_email(company, activityid=first)["statuscode"] == EmailStatus.FAILED
    company.answers.clear()
    assert not refused(company, a_reply(company, received(company, "two@x"), STRANGER))


@pytest.mark.parametrize("status", [EmailStatus.PENDING_SEND, EmailStatus.SENDING])
def test_one_person_gets_one_reply_a_day_by_a_plain_write_of_the_status_too(
    company: Company, status: EmailStatus
) -> None:
    company.update("email", a_reply(company, received(company), STRANGER), statuscode=int(status))
    second = a_reply(company, received(company, "two@x"), STRANGER)
    with pytest.raises(InvalidRecord, match="within a day; one is enough"):
        company.update("email", second, statuscode=int(status))
    with pytest.raises(InvalidRecord, match="within a day; one is enough"):
        a_reply(company, received(company, "three@x"), STRANGER, statuscode=int(status))
    assert the_email(company, activityid=second)["statuscode"] == EmailStatus.DRAFT
    assert refused(company, second)
    assert len(company.rows("email", directioncode=True, postroom_messagekind=REPLY)) == 2


def test_what_a_program_wrote_is_not_answered_by_a_plain_write_of_the_status(company: Company) -> None:
    answered = received(company, headers=WRITTEN_BY_PROGRAMS["automatic reply"])
    draft = a_reply(company, answered, STRANGER)
    with pytest.raises(InvalidRecord, match="answers persons only"):
        company.update("email", draft, statuscode=int(EmailStatus.PENDING_SEND))
    assert left(company) == []


#: How a message changes on its way: programs lose marks, the answered id, the subject.
Way = Callable[[bytes], bytes]


def unchanged(data: bytes) -> bytes:
    return data


def without_marks(data: bytes) -> bytes:
    """Return the message as by way of a program that loses whatever tells what it answers, and how."""
    head, blank, body = data.partition(b"\r\n\r\n")
    lost = (b"auto-submitted", b"x-auto-response-suppress", b"in-reply-to", b"references", b"thread-index")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(lost)]
    return b"\r\n".join(kept) + blank + body


class Responder:
    """A queue that answers every e-mail it receives, whatever it is, by a draft that it sends."""

    def __init__(self, company: Company, name: str, address: str) -> None:
        self.company, self.queue, self.address = company, company.ids[name], address
        self.answered: set[UUID] = set()
        self.refusals = 0
        receive(company.context, company.mailbox(address))

    def work(self, way: Way) -> None:
        company = self.company
        for kept in company.server.list(self.address):
            changed = way(kept.read())
            if changed != kept.read():
                company.server.delete(self.address, [kept.uidl])
                company.server.deliver(self.address, changed)
        assert receive(company.context, company.mailbox(self.address)).failure is None
        for email in company.rows("email", directioncode=False):
            if email["receivingmailboxid"] == company.mailbox(self.address):
                self._answer(email)
        assert send(company.context, company.mailbox(self.address)).failure is None

    def _answer(self, email: dict[str, Any]) -> None:
        if email["activityid"] in self.answered:
            return
        self.answered.add(email["activityid"])
        draft = self.company.email(
            self.queue,
            "queue",
            email["sender"],
            subject=f"Automatic reply: {email['subject']}",
            parentactivityid=email["activityid"],
            postroom_messagekind=REPLY,
        )
        try:
            send_email(self.company.context, draft)
        except UserError:
            self.refusals += 1


@pytest.mark.parametrize("way", [unchanged, without_marks])
def test_two_programs_that_answer_each_other_come_to_rest(company: Company, way: Way) -> None:
    company.ids["support"] = company.add_queue(SUPPORT, "Support")
    company.enable(SUPPORT)
    one, other = Responder(company, "sales", SALES), Responder(company, "support", SUPPORT)
    first = company.email(company.ids["sales"], "queue", SUPPORT, subject="Hello")
    send_email(company.context, first)
    for _ in range(12):
        one.work(way)
        other.work(way)
        company.clock.at += timedelta(minutes=5)
    replies = [
        row
        for row in company.rows("email", directioncode=True, postroom_messagekind=REPLY)
        if row["statuscode"] == EmailStatus.SENT
    ]
    by_sender = [row["sendermailboxid"] for row in replies]
    assert sorted(by_sender.count(company.mailbox(address)) for address in (SALES, SUPPORT)) in (
        [[0, 1]] if way is unchanged else [[1, 1]]
    )
    assert one.refusals + other.refusals == 1
    # Ann, who watches, has got nothing of it.
    assert all(b"Automatic reply" not in kept.read() for kept in company.server.list(ANN))
