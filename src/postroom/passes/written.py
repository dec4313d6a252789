"""From an e-mail record to the bytes that leave: envelope, headers, body, attachments."""

import base64
import binascii
import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from postroom.errors import UserError
from postroom.mime.compose import compose
from postroom.mime.message import Address, Attachment, BytesContent, Content, Importance, Outgoing
from postroom.mime.text import html_to_text
from postroom.ports.mail import Submission
from postroom.schema.choices import MessageKind, Participation
from postroom.store.outbox import Claimed

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")

#: Opens the content with this SHA-256; called anew each time it is read.
OpenBlob = Callable[[bytes], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A content that lies in the store and is read piece by piece when it is needed."""

    digest: bytes
    open_blob: OpenBlob

    def chunks(self) -> Iterator[bytes]:
        """Yield the octets in order."""
        return self.open_blob(self.digest)


def message_id_for(email: UUID, sender: str) -> str:
    """Return the Message-ID an e-mail leaves with; the same for every attempt.

    >>> message_id_for(UUID(int=7), "ann@corp.example")
    '00000000000000000000000000000007@corp.example'
    """
    # source: RFC5322 3.6.4
    _, at, domain = sender.strip().lower().rpartition("@")
    with contextlib.suppress(UnicodeError):
        domain = domain if domain.isascii() else domain.encode("idna").decode()
    return f"{email.hex}@{domain if at and _DOMAIN.fullmatch(domain) else 'localhost'}"


def sender_of(claimed: Claimed) -> Address:
    """Return who the e-mail is from; raises `UserError` unless exactly one party with an address is."""
    senders = _people(claimed, Participation.SENDER)
    if len(senders) != 1:
        raise UserError("The e-mail needs exactly one From party with an address (participationtypemask 1).")
    return senders[0]


def submission_of(
    claimed: Claimed, message_id: str, parent_id: str | None, now: datetime, open_blob: OpenBlob
) -> Submission:
    """Return the e-mail ready to leave; raises `UserError` when it can't be written as it is."""
    sender = sender_of(claimed)
    people = {
        mask: _people(claimed, mask) for mask in (Participation.TO, Participation.CC, Participation.BCC)
    }
    recipients = tuple(dict.fromkeys(a.address for group in people.values() for a in group))
    if not recipients:
        raise UserError("The e-mail has no recipient with an address.")
    email = claimed.email
    text, html = _bodies(email)
    answered = email["inreplyto"] or parent_id or ""
    composed = compose(
        Outgoing(
            message_id,
            now,
            sender,
            people[Participation.TO],
            people[Participation.CC],
            email["subject"] or "",
            text,
            html,
            [_attachment(row, open_blob) for row in claimed.attachments],
            in_reply_to=answered,
            references=(answered,) if answered else (),
            importance=Importance(email["prioritycode"] if email["prioritycode"] is not None else 1),
            read_receipt=bool(email["readreceiptrequested"]),
            automatic=email["postroom_messagekind"] == MessageKind.AUTOMATIC_REPLY,
            headers=_conversation_headers(email),
        )
    )
    return Submission(
        str(claimed.email_id),
        sender.address,
        recipients,
        composed,
        delivery_receipt=bool(email["deliveryreceiptrequested"]),
    )


def _conversation_headers(email: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Return the header by which Outlook and Exchange tie answers to the conversation."""
    # source: MS-OXOMSG 2.2.1.3
    with contextlib.suppress(ValueError):
        if index := bytes.fromhex(email["conversationindex"] or ""):
            return (("Thread-Index", base64.b64encode(index).decode()),)
    return ()


def _people(claimed: Claimed, mask: Participation) -> list[Address]:
    found: list[Address] = []
    for party in claimed.parties:
        if party["participationtypemask"] != mask:
            continue
        if not party["addressused"]:
            raise UserError(f"A {mask.label} party of the e-mail has no address.")
        name = party["partyidname"] or party["unresolvedpartyname"] or ""
        found.append(Address(party["addressused"], "" if name == party["addressused"] else name))
    return found


def _bodies(email: Mapping[Any, Any]) -> tuple[str, str]:
    """Return text and HTML; what does not look like HTML leaves as plain text."""
    body: str = email["description"] or ""
    is_text = email["mimetype"] == "text/plain" or "<" not in body
    return (body, "") if is_text else (html_to_text(body), body)


def _attachment(row: Mapping[Any, Any], open_blob: OpenBlob) -> Attachment:
    content_id = row["attachmentcontentid"] or ""
    return Attachment(
        row["filename"] or "attachment",
        row["mimetype"] or "application/octet-stream",
        _content(row, open_blob),
        content_id,
        inline=bool(content_id),
    )


def _content(row: Mapping[Any, Any], open_blob: OpenBlob) -> Content:
    if row["postroom_digest"]:
        return StoredContent(bytes(row["postroom_digest"]), open_blob)
    try:
        return BytesContent(base64.b64decode(row["body"] or "", validate=False))
    except binascii.Error:
        raise UserError(f"The body of the attachment “{row['filename']}” is not base64.") from None


def text_of(problems: Sequence[str]) -> str:
    """Return problems as one line.

    >>> text_of(["One.", "Two."])
    'One. Two.'
    """
    return " ".join(problems)
