"""Pieces of requests: properties to be written, and the elements that hold them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from postroom.servers.exchange.markup import field, tag, text

#: The elements that are written, in the order in which the schema wants them.
# source: MS-OXWSCORE ItemType, MS-OXWSMTGS CalendarItemType, MS-OXWSCONT ContactItemType
_COMMON = (
    "Subject Sensitivity Body Categories Importance ReminderDueBy ReminderIsSet ReminderMinutesBeforeStart "
    "ExtendedProperty"
)
_OWN: Mapping[str, str] = {
    "CalendarItem": (
        "UID Start End IsAllDayEvent LegacyFreeBusyStatus Location RequiredAttendees OptionalAttendees "
        "Recurrence StartTimeZone EndTimeZone"
    ),
    "Contact": (
        "FileAsMapping DisplayName GivenName MiddleName Nickname CompanyName EmailAddresses "
        "PhysicalAddresses PhoneNumbers AssistantName Birthday BusinessHomePage Children Department "
        "Generation JobTitle Manager PostalAddressIndex SpouseName Surname WeddingAnniversary"
    ),
    "Task": "CompleteDate DueDate PercentComplete StartDate Status",
}
_ORDER: Mapping[str, Mapping[str, int]] = {
    element: {name: place for place, name in enumerate(f"{_COMMON} {own}".split())}
    for element, own in _OWN.items()
}
_SHARED = "ExtendedProperty"


@dataclass(frozen=True, slots=True)
class Piece:
    """One property of an item that is written, or removed."""

    #: The markup that names it.
    path: str
    #: The element that holds it.
    name: str
    #: The markup within that element; None to remove it.
    content: str | None
    #: Of a dictionary: which entry it is.
    key: str = ""
    #: An attribute of the element, by its name.
    attribute: tuple[str, str] | None = None

    def element(self) -> str:
        """Return the element with nothing else in it."""
        inner = tag("t:Entry", self.content or "", Key=self.key) if self.key else self.content or ""
        return tag(f"t:{self.name}", inner, **_attributes(self))


def simple(uri: str, value: str | None) -> Piece:
    """Return the piece for a property that holds plain text.

    >>> simple("item:Subject", "Offer").element()
    '<t:Subject>Offer</t:Subject>'
    """
    return Piece(field(uri), uri.partition(":")[2], None if value is None else text(value))


def entry(uri: str, name: str, key: str, content: str | None) -> Piece:
    """Return the piece for an entry of a dictionary, or for a part of one."""
    path = tag("t:IndexedFieldURI", FieldURI=uri, FieldIndex=key)
    return Piece(path, name, content, key)


def extended(path: str, value: str | None) -> Piece:
    """Return the piece for an extended property."""
    return Piece(path, _SHARED, None if value is None else path + tag("t:Value", text(value)))


def new_element(element: str, pieces: Iterable[Piece]) -> str:
    """Return the element of a new item: what is to be removed isn't there, the rest in the schema's order."""
    order = _ORDER[element]
    groups: dict[str, list[Piece]] = {}
    for piece in pieces:
        if piece.content is not None:
            groups.setdefault(piece.name, []).append(piece)
    named = sorted(groups, key=lambda name: order[name])
    return tag(f"t:{element}", *(_group(name, groups[name]) for name in named))


def updates(element: str, pieces: Iterable[Piece]) -> str:
    """Return the t:Updates that write and remove these properties."""
    # source: MS-OXWSCDATA ItemChangeType
    return tag("t:Updates", *(_update(element, piece) for piece in pieces))


def _update(element: str, piece: Piece) -> str:
    if piece.content is None:
        return tag("t:DeleteItemField", piece.path)
    return tag("t:SetItemField", piece.path, tag(f"t:{element}", piece.element()))


def _group(name: str, pieces: list[Piece]) -> str:
    if name == _SHARED or not pieces[0].key:
        return "".join(piece.element() for piece in pieces)
    entries: dict[str, str] = {}
    for piece in pieces:
        entries[piece.key] = entries.get(piece.key, "") + (piece.content or "")
    return tag(f"t:{name}", *(tag("t:Entry", content, Key=key) for key, content in entries.items()))


def _attributes(piece: Piece) -> dict[str, str]:
    return {} if piece.attribute is None else dict((piece.attribute,))
