"""Fields of an item that nobody stores: they follow from the rest of it and its place."""

import base64
import copy
import hashlib
from collections.abc import Callable, Mapping

from lxml import etree

from postroom.mime.header import read_header
from postroom.mime.message import RawBytes
from postroom.mime.part import read_header_block
from postroom.mime.words import decode_words
from postroom.sandbox.exchange.appointments import APPOINTMENT
from postroom.sandbox.exchange.attached import describe
from postroom.sandbox.exchange.body import as_body_type
from postroom.sandbox.exchange.contacts import CONTACT
from postroom.sandbox.exchange.item import Item, write_instant
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import child_text, t_element, t_name
from postroom.sandbox.exchange.tasks import TASK
from postroom.sandbox.exchange.writing import mime_of

Derived = Callable[[Mailbox, Item], etree._Element | None]

_RIGHTS = ("CreateAssociated", "CreateContents", "CreateHierarchy", "Delete", "Modify", "Read")


def effective_rights() -> etree._Element:
    """Return the rights of somebody who may do everything."""
    element = t_element("EffectiveRights")
    element.extend(t_element(name, "true") for name in (*_RIGHTS, "ViewPrivateItems"))
    return element


def headers_of(item: Item) -> list[tuple[str, str]]:
    """Return the headers of the message as it arrived, in order; none for what has no message."""
    if item.mime is None:
        return []
    block, _ = read_header_block(RawBytes(item.mime), 0, len(item.mime))
    return list(read_header(block).fields)


def header_elements(item: Item, name: str = "") -> etree._Element | None:
    """Return t:InternetMessageHeaders with all headers, or with those of one name; None without any."""
    found = [(key, value) for key, value in headers_of(item) if not name or key.lower() == name.lower()]
    if not found:
        return None
    element = t_element("InternetMessageHeaders")
    element.extend(
        t_element("InternetMessageHeader", decode_words(value), HeaderName=key) for key, value in found
    )
    return element


def _item_id(_: Mailbox, item: Item) -> etree._Element:
    return t_element("ItemId", Id=item.id, ChangeKey=item.change_key)


def _parent_id(mailbox: Mailbox, item: Item) -> etree._Element:
    folder = mailbox.folders[item.folder_id]
    return t_element("ParentFolderId", Id=folder.id, ChangeKey=folder.change_key)


def _mime(_: Mailbox, item: Item) -> etree._Element | None:
    raw = mime_of(item)
    if raw is None:
        return None
    return t_element("MimeContent", base64.b64encode(raw).decode("ascii"), CharacterSet="UTF-8")


def _attachments(_: Mailbox, item: Item) -> etree._Element | None:
    if not item.attachments:
        return None
    element = t_element("Attachments")
    element.extend(describe(item.id, attachment) for attachment in item.attachments)
    return element


def _shown_names(field: str) -> Derived:
    uri = f"message:{field}"

    def names(_: Mailbox, item: Item) -> etree._Element | None:
        people = item.fields.get(uri)
        shown = [] if people is None else [child_text(person, "Name") for person in people]
        return t_element(f"Display{field.removesuffix('Recipients')}", "; ".join(shown))

    return names


def _conversation_id(_: Mailbox, item: Item) -> etree._Element | None:
    index = item.text("message:ConversationIndex")
    if not index:
        return None
    # What is common to all messages of a conversation. source: MS-OXOMSG 2.2.1.3
    root = base64.b64decode(index)[:22] + item.text("message:ConversationTopic").encode()
    return t_element("ConversationId", Id=base64.b64encode(hashlib.sha256(root).digest()).decode("ascii"))


def _text(name: str, value: Callable[[Item], str]) -> Derived:
    return lambda _, item: t_element(name, value(item))


def _has_files(item: Item) -> str:
    return _bool(any(not attachment.is_inline for attachment in item.attachments))


def _is_from_owner(mailbox: Mailbox, item: Item) -> etree._Element:
    person = item.fields.get("message:From")
    address = person.findtext(f".//{t_name('EmailAddress')}") if person is not None else ""
    return t_element("IsFromMe", _bool((address or "").lower() == mailbox.address.lower()))


def _bool(value: bool) -> str:  # noqa: FBT001 - it is what is written
    return "true" if value else "false"


def _body_as(name: str, kind: str) -> Derived:
    def body(_: Mailbox, item: Item) -> etree._Element | None:
        stored = item.fields.get("item:Body")
        if stored is None:
            return None
        shown = as_body_type(copy.deepcopy(stored), kind)
        return t_element(name, shown.text, BodyType=shown.get("BodyType") or "Text")

    return body


def _preview(_: Mailbox, item: Item) -> etree._Element | None:
    stored = item.fields.get("item:Body")
    if stored is None:
        return None
    text = as_body_type(copy.deepcopy(stored), "Text").text or ""
    return t_element("Preview", " ".join(text.split())[:255])


#: What an item always has, by FieldURI; a stored field of the same name counts more.
DERIVED: Mapping[str, Derived] = {
    "item:MimeContent": _mime,
    "item:ItemId": _item_id,
    "item:ParentFolderId": _parent_id,
    "item:Attachments": _attachments,
    "item:DateTimeReceived": _text("DateTimeReceived", lambda item: write_instant(item.received_at)),
    "item:DateTimeSent": _text("DateTimeSent", lambda item: write_instant(item.created_at)),
    "item:DateTimeCreated": _text("DateTimeCreated", lambda item: write_instant(item.created_at)),
    "item:LastModifiedTime": _text("LastModifiedTime", lambda item: write_instant(item.modified_at)),
    "item:LastModifiedName": lambda mailbox, _: t_element("LastModifiedName", mailbox.name),
    "item:Size": _text("Size", lambda item: str(item.size)),
    "item:Sensitivity": _text("Sensitivity", lambda _: "Normal"),
    "item:Importance": _text("Importance", lambda _: "Normal"),
    "item:IsSubmitted": _text("IsSubmitted", lambda _: "false"),
    "item:IsDraft": _text("IsDraft", lambda item: _bool(item.is_draft)),
    "item:IsFromMe": _is_from_owner,
    "item:IsResend": _text("IsResend", lambda _: "false"),
    "item:IsUnmodified": _text("IsUnmodified", lambda item: _bool(item.modified_at == item.created_at)),
    "item:InternetMessageHeaders": lambda _, item: header_elements(item),
    "item:ReminderIsSet": _text("ReminderIsSet", lambda _: "false"),
    "item:DisplayCc": _shown_names("CcRecipients"),
    "item:DisplayTo": _shown_names("ToRecipients"),
    "item:HasAttachments": _text("HasAttachments", _has_files),
    "item:Culture": _text("Culture", lambda _: "en-US"),
    "item:EffectiveRights": lambda *_: effective_rights(),
    "item:IsAssociated": _text("IsAssociated", lambda item: _bool(item.is_associated)),
    "item:ConversationId": _conversation_id,
    "item:UniqueBody": _body_as("UniqueBody", "Best"),
    "item:NormalizedBody": _body_as("NormalizedBody", "HTML"),
    "item:TextBody": _body_as("TextBody", "Text"),
    "item:Preview": _preview,
    **APPOINTMENT,
    **CONTACT,
    **TASK,
}
