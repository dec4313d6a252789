"""An item written as a message of the Internet, when it was made from fields."""

import base64
import binascii
import hashlib
from datetime import UTC

from lxml import etree

from postroom.errors import UserError
from postroom.mime.compose import compose
from postroom.mime.identity import read_references
from postroom.mime.message import Address, BytesContent, Importance, Outgoing
from postroom.mime.message import Attachment as File
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.names import FIELDS, child_text, t_name
from postroom.sandbox.exchange.refusal import Refusal

_IMPORTANCE = {"Low": Importance.LOW, "High": Importance.HIGH}
#: Kinds of items that are messages.
MESSAGES = frozenset(kind for kind in FIELDS if kind == "Item" or kind.startswith(("Message", "Meeting")))


def mime_of(item: Item) -> bytes | None:
    """Return the message as octets: as it arrived, or written now; None for what is no message."""
    if item.mime is not None:
        return item.mime
    return write_message(item) if item.kind in MESSAGES else None


def write_message(item: Item) -> bytes:
    """Return the message that an item's fields make up; `Refusal` when they can make none."""
    people = _people_at(item, "message:From") or [Address("unknown@exchange.example")]
    body, kind = item.text("item:Body"), _body_type(item)
    try:
        composed = compose(
            Outgoing(
                message_id=message_id_of(item),
                date=item.instant("item:DateTimeSent") or item.created_at.astimezone(UTC),
                sender=people[0],
                to=_people_at(item, "message:ToRecipients"),
                cc=_people_at(item, "message:CcRecipients"),
                subject=item.text("item:Subject"),
                text=body if kind == "Text" else "",
                html=body if kind == "HTML" else "",
                attachments=_files(item),
                in_reply_to=item.text("item:InReplyTo").strip().strip("<>"),
                references=read_references(item.text("message:References")),
                importance=_IMPORTANCE.get(item.text("item:Importance"), Importance.NORMAL),
                read_receipt=item.flag("message:IsReadReceiptRequested"),
                headers=_headers(item),
            )
        )
    except UserError as problem:
        raise Refusal("ErrorMimeContentConversionFailed", str(problem)) from problem
    return b"".join(composed)


def message_id_of(item: Item) -> str:
    """Return the Message-ID without brackets: the one it has, or one that follows from its id."""
    given = item.text("message:InternetMessageId").strip().strip("<>")
    return given or f"{hashlib.sha256(item.id.encode()).hexdigest()[:32]}@exchange.example"


def people_in(element: etree._Element | None) -> list[Address]:
    """Return who is named in a field: one t:Mailbox, several, or attendees around them."""
    if element is None:
        return []
    found = element.iter(t_name("Mailbox"))
    people = [(child_text(one, "EmailAddress").strip(), child_text(one, "Name").strip()) for one in found]
    return [Address(address, name if name != address else "") for address, name in people if address]


def _people_at(item: Item, uri: str) -> list[Address]:
    return people_in(item.fields.get(uri))


def _body_type(item: Item) -> str:
    body = item.fields.get("item:Body")
    return "Text" if body is None else body.get("BodyType") or "Text"


def _headers(item: Item) -> list[tuple[str, str]]:
    headers = []
    senders = _people_at(item, "message:Sender")
    authors = _people_at(item, "message:From")
    if senders and authors and senders[0].key != authors[0].key:
        headers.append(("Sender", f"<{senders[0].address}>"))
    if replies := _people_at(item, "message:ReplyTo"):
        headers.append(("Reply-To", ", ".join(f"<{person.address}>" for person in replies)))
    if topic := item.text("message:ConversationTopic"):
        headers.append(("Thread-Topic", topic))
    if index := item.text("message:ConversationIndex"):
        headers.append(("Thread-Index", index))
    headers.extend(_named_headers(item))
    return headers


def _named_headers(item: Item) -> list[tuple[str, str]]:
    """Return the headers that a client has set as extended properties."""
    # source: MS-OXCMAIL
    found = []
    for element in item.extended.values():
        path = element[0]
        if path.get("DistinguishedPropertySetId") == "InternetHeaders" and path.get("PropertyName"):
            found.append((path.get("PropertyName"), child_text(element, "Value")))
    return found


def _files(item: Item) -> list[File]:
    files = []
    for one in item.attachments:
        if one.item is not None:
            content, mimetype = mime_of(one.item) or b"", "message/rfc822"
        else:
            content, mimetype = one.content, one.content_type or "application/octet-stream"
        files.append(File(one.name, mimetype, BytesContent(content), one.content_id, one.is_inline))
    return files


def read_base64(text: str) -> bytes:
    """Return the octets that a client sent as base64; `Refusal` when it is none."""
    try:
        # Lines may be broken anywhere; nothing else may stand between.
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Refusal("ErrorMimeContentInvalidBase64String", "The MIME content is no base64.") from problem
