"""From an e-mail record to what leaves: envelope, headers, bodies, attachments."""

import base64
import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest

from postroom.errors import UserError
from postroom.passes.written import message_id_for, sender_of, submission_of, text_of
from postroom.ports.mail import Submission
from postroom.schema.choices import MessageKind
from postroom.store.outbox import Claimed

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = UUID(int=7)


def a_party(mask: int, address: str | None, name: str | None = None, **more: Any) -> dict[str, Any]:
    values = {"participationtypemask": mask, "addressused": address, "partyidname": name}
    return {**values, "unresolvedpartyname": None, **more}


ANN = a_party(1, "ann@corp.example", "Ann Agent")
CARL = a_party(2, "carl@contoso.example", "Carl")


def claimed(*parties: dict[str, Any], attachments: Any = (), **values: Any) -> Claimed:
    record = {
        "activityid": KEY,
        "subject": "Offer",
        "description": "<p>Hello</p>",
        "mimetype": None,
        "inreplyto": None,
        "prioritycode": 1,
        "readreceiptrequested": False,
        "conversationindex": None,
        "postroom_messagekind": None,
        "deliveryreceiptrequested": False,
        **values,
    }
    return Claimed(record, list(parties), list(attachments), UUID(int=8))


def no_blob(digest: bytes) -> Iterator[bytes]:
    raise AssertionError("nothing is to be read")


def written(entry: Claimed, parent: str | None = None, open_blob: Any = no_blob) -> Submission:
    return submission_of(entry, "id@corp.example", parent, NOW, open_blob)


def as_read(submission: Submission) -> EmailMessage:
    data = b"".join(submission.content)
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_envelope_and_headers_name_the_same_people_except_blind_copies() -> None:
    parties = (
        ANN,
        CARL,
        a_party(3, "cc@x.example"),
        a_party(4, "secret@x.example"),
        a_party(9, None),
        a_party(2, "carl@contoso.example", "Carl again"),
    )
    submission = written(claimed(*parties))
    assert submission.sender == "ann@corp.example"
    assert submission.recipients == ("carl@contoso.example", "cc@x.example", "secret@x.example")
    message = as_read(submission)
    assert str(message["From"]) == "Ann Agent <ann@corp.example>"
    assert b"secret@x.example" not in b"".join(submission.content)
    assert (message["Message-ID"], message["Cc"]) == ("<id@corp.example>", "cc@x.example")


@pytest.mark.parametrize(
    ("name", "unresolved", "shown"),
    [
        ("Carl", None, "Carl <carl@contoso.example>"),
        (None, "Somebody", "Somebody <carl@contoso.example>"),
        ("carl@contoso.example", None, "carl@contoso.example"),
        (None, None, "carl@contoso.example"),
    ],
)
def test_a_recipient_is_shown_with_the_name_that_is_known(
    name: str | None, unresolved: str | None, shown: str
) -> None:
    party = a_party(2, "carl@contoso.example", name, unresolvedpartyname=unresolved)
    assert str(as_read(written(claimed(ANN, party)))["To"]) == shown


def test_what_can_not_be_written_says_why() -> None:
    for parties, problem in (
        ((CARL,), "exactly one From party"),
        ((ANN, ANN, CARL), "exactly one From party"),
        ((ANN,), "no recipient with an address"),
        ((ANN, a_party(2, None)), "has no address"),
        ((ANN, a_party(2, "carl@x.example\r\nBcc: v@x.example")), "address"),
    ):
        with pytest.raises(UserError, match=problem):
            b"".join(written(claimed(*parties)).content)
    with pytest.raises(UserError, match="exactly one"):
        sender_of(claimed())


@pytest.mark.parametrize(
    ("description", "mimetype", "kinds"),
    [
        ("<p>Hello</p>", None, ["text/plain", "text/html"]),
        ("Hello", None, ["text/plain"]),
        ("a < b", "text/plain", ["text/plain"]),
        (None, None, ["text/plain"]),
    ],
)
def test_html_leaves_with_a_text_beside_it_and_text_alone(
    description: str | None, mimetype: str | None, kinds: list[str]
) -> None:
    message = as_read(written(claimed(ANN, CARL, description=description, mimetype=mimetype)))
    assert [part.get_content_type() for part in message.walk() if not part.is_multipart()] == kinds


def test_an_answer_names_its_parent() -> None:
    message = as_read(written(claimed(ANN, CARL), parent="parent@x.example"))
    assert (message["In-Reply-To"], message["References"]) == ("<parent@x.example>", "<parent@x.example>")
    own = as_read(written(claimed(ANN, CARL, inreplyto="own@x.example"), parent="parent@x.example"))
    assert own["In-Reply-To"] == "<own@x.example>"
    assert as_read(written(claimed(ANN, CARL)))["In-Reply-To"] is None


def test_urgency_and_receipts_are_asked_for() -> None:
    submission = written(
        claimed(ANN, CARL, prioritycode=2, readreceiptrequested=True, deliveryreceiptrequested=True)
    )
    message = as_read(submission)
    assert message["Importance"] == "high"
    assert "ann@corp.example" in message["Disposition-Notification-To"]
    assert submission.delivery_receipt
    plain = written(claimed(ANN, CARL, prioritycode=None))
    assert as_read(plain)["Importance"] is None
    assert not plain.delivery_receipt


def a_row(**values: Any) -> dict[str, Any]:
    row = {"filename": "a.txt", "mimetype": "text/plain", "attachmentcontentid": None, "body": None}
    return {**row, "postroom_digest": None, **values}


def test_attachments_come_from_the_row_or_from_the_store() -> None:
    asked: list[bytes] = []

    def open_blob(digest: bytes) -> Iterator[bytes]:
        asked.append(digest)
        yield from (b"sto", b"red")

    rows = [
        a_row(body=base64.b64encode(b"in the row").decode()),
        a_row(filename=None, mimetype=None, postroom_digest=b"d" * 32),
        a_row(filename="empty.txt"),
    ]
    submission = written(claimed(ANN, CARL, attachments=rows), open_blob=open_blob)
    assert asked == [], "large contents are read when they are sent"
    found = list(as_read(submission).iter_attachments())
    assert [part.get_filename() for part in found] == ["a.txt", "attachment", "empty.txt"]
    assert [part.get_payload(decode=True) for part in found] == [b"in the row", b"stored", b""]
    b"".join(submission.content)
    assert len(asked) == 2, "a second attempt reads them again"


def test_a_picture_of_the_body_stands_with_the_body() -> None:
    rows = [a_row(filename="p.png", mimetype="image/png", attachmentcontentid="p1", body="aGk=")]
    html = '<img src="cid:p1">'
    message = as_read(written(claimed(ANN, CARL, attachments=rows, description=html)))
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<p1>"
    assert any(part.get_content_type() == "multipart/related" for part in message.walk())


def test_a_body_that_is_no_base64_says_so() -> None:
    with pytest.raises(UserError, match=r"“a\.txt” is not base64"):
        written(claimed(ANN, CARL, attachments=[a_row(body="a")]))


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("ann@Corp.Example", "corp.example"),
        ("ann", "localhost"),
        ("ann@bücher.example", "xn--bcher-kva.example"),
        ("ann@bücher..example", "localhost"),
        ("ann@" + "ü" * 300, "localhost"),
        ("ann@corp.example>\r\nX-Evil: 1", "localhost"),
        ("ann@[10.0.0.1]", "localhost"),
    ],
)
def test_the_id_an_email_leaves_with_is_its_own_for_ever(sender: str, domain: str) -> None:
    assert message_id_for(KEY, sender) == f"{KEY.hex}@{domain}"


def test_problems_are_told_in_one_line() -> None:
    assert text_of(["One.", "Two."]) == "One. Two."


def test_the_conversation_index_leaves_with_the_email_as_outlook_writes_it() -> None:
    message = as_read(written(claimed(ANN, CARL, conversationindex="01DA" + "00" * 20)))
    assert message["Thread-Index"] == "AdoAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
    for nothing in (None, "", "no digits"):
        assert as_read(written(claimed(ANN, CARL, conversationindex=nothing)))["Thread-Index"] is None


def test_an_automatic_reply_says_that_it_is_one() -> None:
    automatic = as_read(written(claimed(ANN, CARL, postroom_messagekind=MessageKind.AUTOMATIC_REPLY)))
    assert (automatic["Auto-Submitted"], automatic["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert as_read(written(claimed(ANN, CARL)))["Auto-Submitted"] is None
