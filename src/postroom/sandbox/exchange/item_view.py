"""An item as the element that an answer shows of it, with the fields that a shape wants."""

from collections.abc import Iterable

from lxml import etree

from postroom.sandbox.exchange.body import as_body_type
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import EXTENDED, FIELDS, local_name, t_element
from postroom.sandbox.exchange.normal_form import order_address
from postroom.sandbox.exchange.paths import find_field, stored_or_derived
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.shape import Base, Extent, Shape

#: What FindItem can't tell, because the item would have to be opened for it.
# source: MS-OXWSSRCH FindItem
_OPENED = (
    "item:MimeContent item:Body item:Attachments item:InternetMessageHeaders item:UniqueBody "
    "item:NormalizedBody item:TextBody item:ResponseObjects message:ToRecipients message:CcRecipients "
    "message:BccRecipients message:ReplyTo calendar:RequiredAttendees calendar:OptionalAttendees "
    "calendar:Resources calendar:Recurrence calendar:FirstOccurrence calendar:LastOccurrence "
    "calendar:ModifiedOccurrences calendar:DeletedOccurrences calendar:ConflictingMeetings "
    "calendar:AdjacentMeetings contacts:CompleteName distributionlist:Members task:Recurrence"
)
NOT_IN_SUMMARIES = frozenset(_OPENED.split())
#: Only given when it is asked for by name.
_ON_DEMAND = frozenset(
    ("item:MimeContent", "item:UniqueBody", "item:NormalizedBody", "item:TextBody", "item:Preview")
)
# What the base shape Default consists of; each kind has those of them that it knows.
_USUAL = (
    "item:ItemId item:ParentFolderId item:ItemClass item:Subject item:Sensitivity item:Body item:Attachments "
    "item:Size item:DateTimeSent item:DateTimeCreated item:HasAttachments item:ResponseObjects "
    "message:From message:IsRead message:ToRecipients message:CcRecipients message:BccRecipients "
    "message:IsReadReceiptRequested message:IsDeliveryReceiptRequested calendar:Start calendar:End "
    "calendar:Location calendar:LegacyFreeBusyStatus calendar:CalendarItemType calendar:Organizer "
    "calendar:RequiredAttendees calendar:OptionalAttendees calendar:Resources calendar:Recurrence "
    "calendar:UID contacts:FileAs contacts:DisplayName contacts:GivenName contacts:Surname "
    "contacts:CompanyName contacts:EmailAddresses contacts:PhysicalAddresses contacts:PhoneNumbers "
    "contacts:CompleteName contacts:JobTitle task:DueDate task:PercentComplete task:StartDate "
    "task:Status distributionlist:Members"
)
_DEFAULT = frozenset(_USUAL.split())

#: The elements of each field; extended properties are several.
_Elements = dict[str, list[etree._Element]]


def show_item(mailbox: Mailbox, item: Item, shape: Shape) -> etree._Element:
    """Return the element of an item with what the shape wants, in the order of the schema."""
    elements: _Elements = {}
    for uri in _wanted(item, shape):
        element = stored_or_derived(mailbox, item, uri)
        if element is not None:
            elements[uri] = [element]
    for path in shape.paths:
        _add_path(mailbox, item, shape, path, elements)
    if "item:Body" in elements:
        elements["item:Body"] = [as_body_type(elements["item:Body"][0], shape.body_type)]
    shown = t_element(item.kind)
    for uri in FIELDS[item.kind]:
        shown.extend(elements.get(uri, ()))
    return shown


def id_only(mailbox: Mailbox, item: Item) -> etree._Element:
    """Return the element of an item with nothing but its id."""
    return show_item(mailbox, item, Shape())


def _wanted(item: Item, shape: Shape) -> Iterable[str]:
    if shape.base is Base.ID_ONLY:
        wanted = {"item:ItemId"}
    elif shape.base is Base.DEFAULT:
        wanted = set(_DEFAULT & set(FIELDS[item.kind]))
    else:
        wanted = set(FIELDS[item.kind]) - _ON_DEMAND
    if shape.with_mime and shape.extent is Extent.WHOLE:
        wanted.add("item:MimeContent")
    return wanted - NOT_IN_SUMMARIES if shape.extent is Extent.SUMMARY else wanted


def _add_path(
    mailbox: Mailbox,
    item: Item,
    shape: Shape,
    path: etree._Element,
    elements: dict[str, list[etree._Element]],
) -> None:
    if shape.extent is Extent.SUMMARY and path.get("FieldURI") in NOT_IN_SUMMARIES:
        raise Refusal("ErrorInvalidPropertyRequest", f"Property {path.get('FieldURI')} is not valid here.")
    found = find_field(mailbox, item, path)
    if found is None:
        return
    uri, element = found
    if uri == EXTENDED:
        elements.setdefault(uri, []).append(element)
    elif local_name(path) == "IndexedFieldURI" and uri in elements:
        _join_entries(elements[uri][0], element)
    else:
        elements[uri] = [element]


def _join_entries(present: etree._Element, more: etree._Element) -> None:
    """Add the entries of another look into the same dictionary."""
    for entry in list(more):
        same = [each for each in present if each.get("Key") and each.get("Key") == entry.get("Key")]
        if same and len(entry):
            same[0].extend(child for child in list(entry) if same[0].find(child.tag) is None)
            order_address(same[0])
        elif not same:
            present.append(entry)
