"""What people write into an e-mail never becomes a header, a recipient or a command of its own."""

import email
import email.policy
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support.company import Company, on_sqlite
from tests.support.postfix import Capture, Got, capture

from postroom.errors import InvalidRecord, UserError
from postroom.passes.issue import send_email
from postroom.passes.send import send
from postroom.schema import registry
from postroom.schema.choices import EmailStatus, SendOutcome

__all__ = ["capture"]

ANN, CARL = "ann@corp.example", "carl@contoso.example"
EVIL = "Nice\r\nBcc: victim@x.example\r\nX-Evil: 1\r\n\r\n<script>"
#: Every kind of break that some program takes for the end of a line.
BREAKS = ["\r\n", "\n", "\r", "\r\n\r\n", "\n ", "\r\n\t", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\0"]
USUAL = {
    "date",
    "from",
    "to",
    "cc",
    "subject",
    "thread-index",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "in-reply-to",
    "references",
    "importance",
    "x-priority",
}


@pytest.fixture
def sending(company: Company, capture: Capture) -> Company:
    """The company whose mail leaves through a server that keeps every word."""
    company.update(
        "emailserverprofile",
        company.ids["profile"],
        outgoingportnumber=capture.port,
        outgoingcredentialretrieval=4,
    )
    company.enable(ANN)
    capture.got.clear()
    return company


def send_it(company: Company, key: UUID) -> dict[str, Any]:
    send_email(company.context, key)
    send(company.context, company.mailbox(ANN))
    (row,) = company.rows("email", activityid=key)
    return row


def a_draft(company: Company, **values: Any) -> UUID:
    return company.email(company.ids["ann"], "systemuser", company.ids["carl"], **values)


def assert_nothing_was_smuggled_in(got: Got) -> None:
    """Read it as a receiver does, strictly by the standard, and as a careless one does."""
    assert (got.sender, got.recipients) == (ANN, (CARL,))
    head, _, _ = got.content.partition(b"\r\n\r\n")
    names = {
        line.partition(b":")[0].decode().lower()
        for line in head.split(b"\r\n")
        if not line.startswith((b" ", b"\t"))
    }
    assert names <= USUAL
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert b"\r" not in head.replace(b"\r\n", b"")
    message = email.message_from_bytes(got.content, policy=email.policy.default)
    for part in message.walk():
        assert {name.lower() for name in part} <= USUAL
        assert "bcc" not in part
        assert "x-evil" not in part
    assert message["To"].addresses[0].addr_spec == CARL
    assert len(message["To"].addresses) == 1


@pytest.mark.parametrize("line_end", BREAKS, ids=repr)
@on_sqlite
def test_a_subject_stays_one_line(sending: Company, capture: Capture, line_end: str) -> None:
    subject = f"Nice{line_end}Bcc: victim@x.example{line_end}X-Evil: 1"
    if line_end == "\0":
        with pytest.raises(InvalidRecord):
            a_draft(sending, subject=subject)
        return
    row = send_it(sending, a_draft(sending, subject=subject))
    assert row["statuscode"] in (EmailStatus.SENT, EmailStatus.FAILED)
    for got in capture.got:
        assert_nothing_was_smuggled_in(got)
        message = email.message_from_bytes(got.content, policy=email.policy.default)
        assert message["Subject"].startswith("Nice")
    if not capture.got:
        assert row["postroom_sendreason"], "what does not leave says why"


@pytest.mark.parametrize(
    "file",
    [
        {"filename": EVIL[:200]},
        {"mimetype": "text/plain\r\nX-Evil: 1"},
        {"mimetype": "text/plain; name=a\r\n\r\n<script>"},
        {"attachmentcontentid": "a>\r\nX-Evil: 1\r\nY: <b"},
        {"filename": 'a"; filename="b\r\nX-Evil: 1'},
    ],
    ids=lambda file: next(iter(file)),
)
@on_sqlite
def test_an_attachments_name_and_type_stay_one_line(
    sending: Company, capture: Capture, file: dict[str, str]
) -> None:
    key = a_draft(sending)
    sending.create(
        "activitymimeattachment",
        **{
            "objectid": key,
            "objecttypecode": "email",
            "filename": "a.txt",
            "mimetype": "text/plain",
            "body": "SGk=",
            **file,
        },
    )
    row = send_it(sending, key)
    for got in capture.got:
        assert_nothing_was_smuggled_in(got)
    assert capture.got or (row["statuscode"] == EmailStatus.FAILED and row["postroom_sendreason"])


def test_names_of_people_stay_in_their_place(sending: Company, capture: Capture) -> None:
    sending.update("contact", sending.ids["carl"], firstname='Carl" <victim@x.example>,', lastname=EVIL[:40])
    sending.update("systemuser", sending.ids["ann"], firstname="Ann\r\nX-Evil: 1", lastname="Agent\n\nHi")
    row = send_it(sending, a_draft(sending))
    for got in capture.got:
        assert_nothing_was_smuggled_in(got)
        message = email.message_from_bytes(got.content, policy=email.policy.default)
        assert [address.addr_spec for address in message["From"].addresses] == [ANN]
    assert capture.got or row["postroom_sendreason"]


@pytest.mark.parametrize(
    "address",
    [
        "carl@x.example\r\nRCPT TO:<victim@x.example>",
        "carl@x.example\nBcc: victim@x.example",
        "carl@x.example> <victim@x.example",
        "carl@x.example, victim@x.example",
        " carl@x.example",
        "carl",
        "carl@",
    ],
    ids=repr,
)
@on_sqlite
def test_an_address_with_more_in_it_is_refused_before_anything_leaves(
    sending: Company, capture: Capture, address: str
) -> None:
    organization = sending.rows("organization")[0]["organizationid"]
    sending.update("organization", organization, allowunresolvedpartiesonemailsend=True)
    key = sending.email(sending.ids["ann"], "systemuser", address)
    with pytest.raises(UserError, match="is not an e-mail address"):
        send_email(sending.context, key)
    send(sending.context, sending.mailbox(ANN))
    assert capture.got == []
    with pytest.raises(InvalidRecord) as caught:
        sending.update("contact", sending.ids["carl"], emailaddress1=address)
    assert caught.value.code == 0x80044192


def test_an_address_that_got_into_the_store_all_the_same_never_leaves(
    sending: Company, capture: Capture
) -> None:
    harmed, fine = a_draft(sending), a_draft(sending)
    party = registry.by_logical_name("activityparty").table
    for key in (harmed, fine):
        send_email(sending.context, key)
    with sending.context.database.write() as connection:
        evil = "carl@contoso.example>\r\nRCPT TO:<victim@x.example"
        chosen = (party.c.activityid == harmed, party.c.participationtypemask == 2)
        connection.execute(sa.update(party).where(*chosen).values(addressused=evil))
    send(sending.context, sending.mailbox(ANN))
    rows = {row["activityid"]: row for row in sending.rows("email")}
    assert rows[harmed]["statuscode"] == EmailStatus.FAILED
    assert rows[harmed]["postroom_sendoutcome"] == SendOutcome.REFUSED
    assert rows[harmed]["postroom_sendreason"]
    assert rows[fine]["statuscode"] == EmailStatus.SENT
    (got,) = capture.got
    assert_nothing_was_smuggled_in(got)


@on_sqlite
def test_the_id_of_a_parent_stays_one_line(sending: Company, capture: Capture) -> None:
    key = a_draft(sending)
    send_email(sending.context, key)
    emails = registry.by_logical_name("email").table
    with sending.context.database.write() as connection:
        evil = "a@b>\r\nX-Evil: 1\r\nY: <c"
        connection.execute(sa.update(emails).where(emails.c.activityid == key).values(inreplyto=evil))
    send(sending.context, sending.mailbox(ANN))
    (row,) = sending.rows("email", activityid=key)
    for got in capture.got:
        assert_nothing_was_smuggled_in(got)
    assert capture.got or row["statuscode"] == EmailStatus.FAILED


@on_sqlite
def test_a_body_full_of_dots_and_commands_arrives_as_it_is(sending: Company, capture: Capture) -> None:
    body = "Hello\r\n.\r\nMAIL FROM: victim\r\n..\r\n.end\r\nFrom here\r\n"
    row = send_it(sending, a_draft(sending, description=body))
    assert row["statuscode"] == EmailStatus.SENT
    (got,) = capture.got
    assert_nothing_was_smuggled_in(got)
    message = email.message_from_bytes(got.content, policy=email.policy.default)
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().rstrip().splitlines() == body.splitlines()
