"""One item of a mailbox as it is kept: fields as elements, properties, attachments."""

import copy
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from lxml import etree

from postroom.sandbox.exchange.departure import Departure
from postroom.sandbox.exchange.names import t_element, t_name
from postroom.sandbox.exchange.refusal import Refusal


@dataclass(slots=True)
class Attachment:
    """A file, or an item of its own, that hangs on an item."""

    name: str
    content_type: str = ""
    content_id: str = ""
    is_inline: bool = False
    #: The octets of a file; empty for an item.
    content: bytes = b""
    #: The attached item, when it is no file.
    item: "Item | None" = None
    modified_at: datetime | None = None
    #: Tells it from the others on the same item.
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def size(self) -> int:
        """Return the octets that it takes."""
        return len(self.content) if self.item is None else self.item.size


@dataclass(slots=True)
class Item:
    """One item: what a client wrote or a message said, and what the server keeps about it.

    `fields` holds what is stored, never what follows from elsewhere (ids, sizes, counts).
    """

    id: str
    change_key: str
    #: The local name of its element: Message, CalendarItem, Contact, Task, MeetingRequest ...
    kind: str
    folder_id: str
    received_at: datetime
    created_at: datetime
    modified_at: datetime
    #: Elements of the namespace of types by FieldURI, such as "item:Subject" or "calendar:Start".
    fields: dict[str, etree._Element] = field(default_factory=dict)
    #: Whole t:ExtendedProperty elements by `property_key` of their ExtendedFieldURI.
    extended: dict[str, etree._Element] = field(default_factory=dict)
    #: The message as it arrived or was handed over, or None for what has only fields.
    mime: bytes | None = None
    attachments: list[Attachment] = field(default_factory=list)
    #: A draft is one that has not been sent and did not arrive.
    is_draft: bool = False
    #: Hidden items carry settings and aren't shown among a folder's contents.
    is_associated: bool = False
    #: The number of the change that last wrote a field, by its URI or property key.
    touched: dict[str, int] = field(default_factory=dict)
    #: Of a series of appointments: what is different on single days of it; see `series`.
    departures: dict[date, Departure] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Return the octets that it takes, near enough."""
        if self.mime is not None:
            return len(self.mime)
        texts = sum(len(element.xpath("string()")) for element in self.fields.values())
        return 500 + texts + sum(attachment.size for attachment in self.attachments)

    @property
    def item_class(self) -> str:
        """Return its message class, such as IPM.Note."""
        return self.text("item:ItemClass")

    def text(self, uri: str, default: str = "") -> str:
        """Return the text of a field, or the default when it is not set."""
        found = self.fields.get(uri)
        return default if found is None else found.text or ""

    def flag(self, uri: str) -> bool:
        """Say whether a boolean field is set and true."""
        return self.text(uri) in ("true", "1")

    def put(self, uri: str, text: str) -> None:
        """Set a field that holds plain text."""
        self.fields[uri] = t_element(uri.partition(":")[2], text)

    def put_instant(self, uri: str, at: datetime) -> None:
        """Set a field that holds an instant."""
        self.put(uri, write_instant(at))

    def instant(self, uri: str) -> datetime | None:
        """Return the instant of a field, or None when it is not set or no instant."""
        return read_instant(self.text(uri))

    def categories(self) -> list[str]:
        """Return the names of its categories in order."""
        found = self.fields.get("item:Categories")
        return [] if found is None else [each.text or "" for each in found]

    def set_categories(self, *names: str) -> None:
        """Replace its categories."""
        if not names:
            self.fields.pop("item:Categories", None)
            return
        element = t_element("Categories")
        element.extend(t_element("String", name) for name in names)
        self.fields["item:Categories"] = element

    def set_property(self, attribute: str, which: str, kind: str, value: str) -> None:
        """Set an extended property, named by PropertyTag or another attribute of its path."""
        path = t_element("ExtendedFieldURI", **{attribute: which, "PropertyType": kind})
        element = t_element("ExtendedProperty")
        element.extend((path, t_element("Value", value)))
        self.extended[property_key(path)] = element

    def twin(self, new_id: str, change_key: str, folder_id: str) -> "Item":
        """Return a copy under another id in a folder; nothing of it is shared."""
        made = copy.deepcopy(self)
        made.id, made.change_key, made.folder_id = new_id, change_key, folder_id
        made.touched.clear()
        return made


def property_key(path: etree._Element) -> str:
    """Return the canonical text of a t:ExtendedFieldURI: the same property gives the same text.

    >>> property_key(t_element("ExtendedFieldURI", PropertyTag="0X0e08", PropertyType="Integer"))
    'tag 0xe08 Integer'
    >>> property_key(t_element("ExtendedFieldURI", DistinguishedPropertySetId="Meeting", PropertyId="35",
    ...     PropertyType="Binary"))
    'set 6ed8da90-450b-101b-98da-00aa003f1305 id 35 Binary'
    """
    kind = path.get("PropertyType") or ""
    if tag := path.get("PropertyTag"):
        return f"tag {_number(tag, 16 if tag.lower().startswith('0x') else 10):#x} {kind}"
    named = path.get("DistinguishedPropertySetId")
    guid = PROPERTY_SETS.get(named, named) if named else path.get("PropertySetId") or ""
    name, number_text = path.get("PropertyName"), path.get("PropertyId")
    which = f"name {name}" if name is not None else f"id {_number(number_text or '0', 10)}"
    return f"set {guid.lower()} {which} {kind}"


def _number(text: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError as problem:
        raise Refusal("ErrorInvalidExtendedProperty", "The property is not named by a number.") from problem


#: The property sets that have a name in EWS.
# source: MS-OXPROPS Commonly Used Property Sets
PROPERTY_SETS = {
    "Address": "00062004-0000-0000-c000-000000000046",
    "Appointment": "00062002-0000-0000-c000-000000000046",
    "CalendarAssistant": "11000e07-b51b-40d6-af21-caa85edab1d0",
    "Common": "00062008-0000-0000-c000-000000000046",
    "InternetHeaders": "00020386-0000-0000-c000-000000000046",
    "Meeting": "6ed8da90-450b-101b-98da-00aa003f1305",
    "PublicStrings": "00020329-0000-0000-c000-000000000046",
    "Sharing": "00062040-0000-0000-c000-000000000046",
    "Task": "00062003-0000-0000-c000-000000000046",
    "UnifiedMessaging": "4442858e-a9e3-4e80-b900-317a210cc15b",
}


def property_values(prop: etree._Element) -> Iterator[str]:
    """Yield the values of a t:ExtendedProperty as text; one, or many for arrays."""
    for value in prop.iter(t_name("Value")):
        yield value.text or ""


def write_instant(at: datetime) -> str:
    """Return an instant as EWS writes it.

    >>> write_instant(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    '2026-03-02T12:00:00Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(text: str) -> datetime | None:
    """Return the instant that an xs:dateTime names, taken as UTC when it has no zone; None for anything else.

    >>> read_instant("2026-03-02T13:00:00.25+01:00")
    datetime.datetime(2026, 3, 2, 12, 0, 0, 250000, tzinfo=datetime.timezone.utc)
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
