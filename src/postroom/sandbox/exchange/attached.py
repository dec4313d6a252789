"""Attachments as elements: what a client reads about them, and what it hands over."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from lxml import etree

from postroom.sandbox.exchange.item import Attachment, Item, write_instant
from postroom.sandbox.exchange.names import child_text, local_name, t_element
from postroom.sandbox.exchange.refusal import Refusal

#: Octets that one attachment may have.
LARGEST = 48 * 1024 * 1024


def attachment_id(item_id: str, attachment: Attachment) -> str:
    """Return the id of an attachment: that of its item, and behind a dot its own token."""
    return f"{item_id}.{attachment.token}"


def root_of(some_id: str) -> str:
    """Return the id of the item on which an attachment hangs, directly or on attached items.

    >>> root_of("AAMk.0a.1b")
    'AAMk'
    """
    return some_id.partition(".")[0]


def find_attachment(root: Item, some_id: str) -> Attachment | None:
    """Return the attachment of this id on the item, or on an item that hangs on it, or None."""
    found: Attachment | None = None
    item: Item | None = root
    for token in some_id.split(".")[1:]:
        hanging = item.attachments if item is not None else ()
        found = next((each for each in hanging if each.token == token), None)
        item = found.item if found is not None else None
    return found


def attached_item(attachment: Attachment, some_id: str) -> Item | None:
    """Return the attached item under the id of its attachment, so that ids of what hangs on it lead there."""
    return None if attachment.item is None else replace(attachment.item, id=some_id)


def describe(item_id: str, attachment: Attachment) -> etree._Element:
    """Return a t:FileAttachment or t:ItemAttachment without its content."""
    element = t_element("FileAttachment" if attachment.item is None else "ItemAttachment")
    element.append(t_element("AttachmentId", Id=attachment_id(item_id, attachment)))
    element.append(t_element("Name", attachment.name))
    for name, value in (("ContentType", attachment.content_type), ("ContentId", attachment.content_id)):
        if value:
            element.append(t_element(name, value))
    element.append(t_element("Size", str(attachment.size)))
    if attachment.modified_at is not None:
        element.append(t_element("LastModifiedTime", write_instant(attachment.modified_at)))
    element.append(t_element("IsInline", "true" if attachment.is_inline else "false"))
    return element


def read_attachment(
    element: etree._Element, at: datetime, make_item: Callable[[etree._Element], Item]
) -> Attachment:
    """Return the attachment that a client hands over; `make_item` makes an attached item of its element."""
    made = Attachment(
        child_text(element, "Name"),
        child_text(element, "ContentType"),
        child_text(element, "ContentId"),
        child_text(element, "IsInline") in ("true", "1"),
        modified_at=at,
    )
    if local_name(element) == "FileAttachment":
        made.content = _octets(child_text(element, "Content"))
    elif local_name(element) == "ItemAttachment":
        inner = [child for child in element if local_name(child) not in _DESCRIBING]
        if not inner:
            raise Refusal("ErrorInvalidRequest", "The attachment holds no item.")
        made.item = make_item(inner[0])
    else:
        raise Refusal("ErrorInvalidRequest", "Only files and items can be attached.")
    return made


_NAMES = (
    "AttachmentId Name ContentType ContentId ContentLocation AttachmentOriginalUrl Size LastModifiedTime "
    "IsInline"
)
_DESCRIBING = frozenset(_NAMES.split())


def _octets(text: str) -> bytes:
    try:
        octets = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Refusal("ErrorInvalidRequest", "The content of the attachment is no base64.") from problem
    if len(octets) > LARGEST:
        raise Refusal("ErrorMessageSizeExceeded", "The attachment is too large.")
    return octets
