"""A message of the Internet taken into a mailbox: from its octets to the fields of an item."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime

from lxml import etree

from postroom.errors import MalformedMessage
from postroom.mime.message import Address, Content, Importance, Message
from postroom.mime.message import Attachment as File
from postroom.mime.parameter import read_content_type
from postroom.mime.read import read
from postroom.mime.subject import strip_reply_marks
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.item import Attachment, Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import t_element

#: Messages within messages that become items of their own; deeper ones stay files.
MOST_NESTED = 8

_IMPORTANCE = {Importance.LOW: "Low", Importance.NORMAL: "Normal", Importance.HIGH: "High"}
#: The class of a report, by the report-type of its Content-Type.
# source: MS-OXOMSG PidTagMessageClass
_REPORTS = {
    "delivery-status": "REPORT.IPM.Note.NDR",
    "disposition-notification": "REPORT.IPM.Note.IPNRN",
}


def read_in(mailbox: Mailbox, folder: Folder, raw: bytes, *, depth: int = 0) -> Item:
    """Return an item with what the message says; it doesn't lie in the folder yet.

    Any octets make an item: what is no message has them as its body.
    """
    item = mailbox.new_item("Message", folder)
    take_message(mailbox, item, raw, depth=depth)
    return item


def take_message(mailbox: Mailbox, item: Item, raw: bytes, *, depth: int = 0) -> None:
    """Make the item say what the octets of a message say."""
    item.mime = raw
    try:
        message = read(raw)
    except MalformedMessage:
        item.put("item:Subject", "")
        put_body(item, "Text", raw.decode("utf-8", "replace"))
        item.put("message:IsRead", "false")
        return
    fill(mailbox, item, message, depth=depth)


def fill(mailbox: Mailbox, item: Item, message: Message, *, depth: int = 0) -> None:
    """Set the fields and attachments of an item to what a message says."""
    item.put("item:ItemClass", _class_of(message))
    item.put("item:Subject", message.subject)
    item.put("item:Importance", _IMPORTANCE[message.importance])
    item.put("item:Sensitivity", _sensitivity(message))
    put_body(item, *(("HTML", message.html) if message.html else ("Text", message.text)))
    item.put_instant("item:DateTimeSent", message.date or item.received_at)
    item.put("message:IsRead", "false")
    _put_conversation(item, message)
    _put_people(item, message)
    wants_receipt = message.header("disposition-notification-to")
    item.put("message:IsReadReceiptRequested", "true" if wants_receipt else "false")
    item.attachments = _attachments(mailbox, item, message, depth)


def put_body(item: Item, kind: str, text: str) -> None:
    """Set the body, HTML or Text."""
    item.fields["item:Body"] = t_element("Body", text, BodyType=kind)


def mailbox_element(local: str, person: Address) -> etree._Element:
    """Return a t:Mailbox or an element of its type for somebody known by name and address."""
    element = t_element(local)
    element.append(t_element("Name", person.name or person.address))
    element.append(t_element("EmailAddress", person.address))
    element.append(t_element("RoutingType", "SMTP"))
    element.append(t_element("MailboxType", "Mailbox"))
    return element


def put_person(item: Item, uri: str, person: Address) -> None:
    """Set a field that holds one person."""
    element = t_element(uri.partition(":")[2])
    element.append(mailbox_element("Mailbox", person))
    item.fields[uri] = element


def put_people(item: Item, uri: str, people: Sequence[Address]) -> None:
    """Set a field that holds several people, or leave it unset for none."""
    if people:
        element = t_element(uri.partition(":")[2])
        element.extend(mailbox_element("Mailbox", person) for person in people)
        item.fields[uri] = element


def _class_of(message: Message) -> str:
    content_type = read_content_type(message.header("content-type"))
    if content_type.value == "multipart/report":
        kind = content_type.parameters.get("report-type", "").lower()
        return _REPORTS.get(kind, "IPM.Note")
    if content_type.value == "multipart/signed":
        # source: MS-OXOSMIME PidTagMessageClass
        return "IPM.Note.SMIME.MultipartSigned"
    return "IPM.Note"


def _sensitivity(message: Message) -> str:
    said = message.header("sensitivity").strip().lower()
    named = {"personal": "Personal", "private": "Private", "company-confidential": "Confidential"}
    return named.get(said, "Normal")


def _put_conversation(item: Item, message: Message) -> None:
    if message.message_id:
        item.put("message:InternetMessageId", f"<{message.message_id}>")
    if message.in_reply_to:
        item.put("item:InReplyTo", f"<{message.in_reply_to}>")
    if message.references:
        item.put("message:References", " ".join(f"<{each}>" for each in message.references))
    topic = message.header("thread-topic") or strip_reply_marks(message.subject)
    item.put("message:ConversationTopic", topic)
    index = bytes.fromhex(message.conversation_index) if message.conversation_index else _new_index(item)
    item.put("message:ConversationIndex", base64.b64encode(index).decode("ascii"))


def _new_index(item: Item) -> bytes:
    """Return the index of a conversation that begins here: a time and an id."""
    # source: MS-OXOMSG 2.2.1.3
    since_1601 = item.received_at.astimezone(UTC) - datetime(1601, 1, 1, tzinfo=UTC)
    ticks = int(since_1601.total_seconds() * 10_000_000)
    return ticks.to_bytes(8, "big")[:6] + item.id.encode("ascii")[-16:]


def _put_people(item: Item, message: Message) -> None:
    author, sender = message.author, message.sender or message.author
    if author is not None and sender is not None:
        put_person(item, "message:From", author)
        put_person(item, "message:Sender", sender)
    put_people(item, "message:ToRecipients", message.to)
    put_people(item, "message:CcRecipients", message.cc)
    put_people(item, "message:BccRecipients", message.bcc)
    put_people(item, "message:ReplyTo", message.reply_to)


def _attachments(mailbox: Mailbox, item: Item, message: Message, depth: int) -> list[Attachment]:
    nested = list(message.nested)
    made = []
    for file in message.attachments:
        is_message = file.mimetype == "message/rfc822" and bool(nested)
        inner = nested.pop(0) if is_message else None
        attachment = Attachment(
            file.filename,
            file.mimetype,
            file.content_id,
            file.inline,
            modified_at=item.created_at,
        )
        if inner is not None and depth < MOST_NESTED:
            attachment.item = _inner(mailbox, item, inner, depth)
            attachment.name = attachment.item.text("item:Subject") or file.filename
        else:
            attachment.content = _octets(file)
        made.append(attachment)
    return made


def _inner(mailbox: Mailbox, item: Item, content: Content, depth: int) -> Item:
    folder = mailbox.folders[item.folder_id]
    return read_in(mailbox, folder, b"".join(content.chunks()), depth=depth + 1)


def _octets(file: File) -> bytes:
    return b"".join(file.content.chunks())
