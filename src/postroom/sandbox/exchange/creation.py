"""An item made of the element that a client hands over, from MIME content or from fields."""

import copy
from collections.abc import Collection

from lxml import etree

from postroom.sandbox.exchange.attached import read_attachment
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.incoming import read_in
from postroom.sandbox.exchange.item import Item, property_key
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import FIELDS, field_uri, first_child, local_name, t_name
from postroom.sandbox.exchange.normal_form import normalize
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.writing import MESSAGES, read_base64

#: Fields of a new item that its element may name and the server decides.
_SERVERS_OWN = frozenset(
    f"item:{name}"
    for name in (
        "MimeContent",
        "ItemId",
        "ParentFolderId",
        "Attachments",
        "Size",
        "HasAttachments",
        "IsDraft",
        "IsFromMe",
        "DateTimeCreated",
        "LastModifiedTime",
        "LastModifiedName",
        "DisplayTo",
        "DisplayCc",
        "EffectiveRights",
        "ConversationId",
        "InternetMessageHeaders",
    )
)
_UNSENT = 0x8
_FLAGS_KEY = "tag 0xe07 Integer"


def make_item(mailbox: Mailbox, folder: Folder, element: etree._Element) -> Item:
    """Return the item that an element describes; it doesn't lie in the folder yet."""
    kind = local_name(element)
    if kind not in FIELDS:
        raise Refusal("ErrorInvalidRequest", f"Items of kind {kind[:60]} can't be created here.")
    item = _from_mime(mailbox, folder, element, kind)
    for child in element:
        _take(mailbox, folder, item, child)
    item.is_draft = kind in MESSAGES and _is_unsent(item)
    received = item.instant("item:DateTimeReceived")
    if received is not None:
        item.received_at = received
    if kind in MESSAGES:
        item.fields.setdefault("message:IsRead", _flag("IsRead", "true" if item.is_draft else "false"))
    return item


def _flag(name: str, value: str) -> etree._Element:
    element = etree.Element(t_name(name))
    element.text = value
    return element


def _from_mime(mailbox: Mailbox, folder: Folder, element: etree._Element, kind: str) -> Item:
    content = element.find(t_name("MimeContent"))
    if content is None:
        return mailbox.new_item(kind, folder)
    item = read_in(mailbox, folder, read_base64(content.text or ""))
    if kind != "Message":
        # Fields of mail mean nothing on other kinds; their own come from the element.
        item.fields = {uri: field for uri, field in item.fields.items() if uri in FIELDS[kind]}
        item.kind = kind
    item.fields.pop("message:IsRead", None)
    return item


def _take(mailbox: Mailbox, folder: Folder, item: Item, child: etree._Element) -> None:
    name = local_name(child)
    if name == "ExtendedProperty":
        item.extended[property_key(first_child(child))] = copy.deepcopy(child)
    elif name == "Attachments":
        item.attachments.extend(
            read_attachment(each, mailbox.now(), lambda inner: make_item(mailbox, folder, inner))
            for each in child
        )
    else:
        uri = field_uri(item.kind, name)
        if uri is None:
            raise Refusal("ErrorInvalidPropertyForOperation", f"Items of this kind have no {name[:60]}.")
        if uri not in _SERVERS_OWN:
            item.fields[uri] = normalize(uri, copy.deepcopy(child))


def _is_unsent(item: Item) -> bool:
    """Say whether it is a draft; a client that brings old mail says by PidTagMessageFlags that it is none."""
    # source: MS-OXCMSG PidTagMessageFlags
    flags = item.extended.pop(_FLAGS_KEY, None)
    if flags is None:
        return True
    text = flags.findtext(t_name("Value")) or "0"
    return bool(int(text) & _UNSENT) if text.lstrip("-").isdecimal() else True


def copy_fields(item: Item, element: etree._Element, uris: Collection[str]) -> None:
    """Set those of these fields that an element gives."""
    for child in element:
        uri = field_uri(item.kind, local_name(child))
        if uri is not None and uri in uris:
            item.fields[uri] = normalize(uri, copy.deepcopy(child))
