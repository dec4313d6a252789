"""Items as listings show them: what is mail, and what is known of it before it is fetched."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from postroom.ports.mail import Offered
from postroom.servers.exchange.answer import Element, local, read_instant, text_at, texts_at
from postroom.servers.exchange.markup import field as path_to

#: What is asked for of each item that may be offered.
LISTED = tuple(map(path_to, ("item:ItemClass", "item:DateTimeReceived", "item:Size", "item:Categories")))

#: Asked for as well where drafts may lie.
IS_DRAFT = path_to("item:IsDraft")

# source: MS-OXWSMSG 2.2.4.1, MS-OXWSMTGS 2.2.4
_MAIL = frozenset(
    {
        "Message",
        "MeetingMessage",
        "MeetingRequest",
        "MeetingResponse",
        "MeetingCancellation",
        "SharingMessage",
    }
)
# Items of classes that the server doesn't know come as plain items; these of them are certainly no mail.
_NO_MAIL = (
    "ipm.contact",
    "ipm.distlist",
    "ipm.appointment",
    "ipm.task",
    "ipm.stickynote",
    "ipm.activity",
    "ipm.post",
    "ipm.configuration",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that messages are looked for in, and how what lies in it is offered."""

    id: str
    #: The key under which its mark is remembered.
    key: str
    #: The folder as offered messages name it; empty for the inbox.
    folder: str = ""
    is_sent: bool = False


@dataclass(slots=True)
class Listing:
    """Turns listed items into offered messages, numbered through the session."""

    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def offer(self, item: Element, place: Place, *, is_arrival: bool = False) -> Offered | None:
        """Return the message, or None for what is no mail or has no id."""
        server_id = item_id(item)
        if not server_id or not is_mail(item):
            return None
        size = text_at(item, "t:Size")
        return Offered(
            server_id,
            next(self._numbers),
            int(size) if size.isdecimal() else 0,
            place.folder,
            place.is_sent,
            read_instant(text_at(item, "t:DateTimeReceived")),
            is_arrival,
            frozenset(filter(None, texts_at(item, "t:Categories/t:String"))),
        )


def item_id(item: Element) -> str:
    """Return the id of an item, without the key that changes with it."""
    found = next(item.iterfind("{*}ItemId"), None)
    return "" if found is None else found.get("Id") or ""


def is_draft(item: Element) -> bool:
    """Say whether the item has never been sent."""
    return text_at(item, "t:IsDraft") == "true"


def is_mail(item: Element) -> bool:
    """Say whether an item is something that was sent as a message."""
    kind = local(item)
    if kind in _MAIL:
        return True
    return kind == "Item" and not text_at(item, "t:ItemClass").lower().startswith(_NO_MAIL)
