"""Contacts: what the server adds to what a client writes, and what follows from the rest."""

from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import t_element

_NAMES: Final = ("Title", "FirstName", "MiddleName", "LastName", "Suffix", "Initials", "FullName", "Nickname")
#: What the whole name of a person consists of.
_WHOLE: Final = ("GivenName", "MiddleName", "Surname", "Generation")
#: Where the parts of the complete name stand.
_PARTS: Final = {
    "FirstName": "contacts:GivenName",
    "MiddleName": "contacts:MiddleName",
    "LastName": "contacts:Surname",
    "Suffix": "contacts:Generation",
    "Initials": "contacts:Initials",
    "Nickname": "contacts:Nickname",
}


def _joined(item: Item, *names: str) -> str:
    return " ".join(text for name in names if (text := item.text(f"contacts:{name}")))


def _last_comma_first(item: Item) -> str:
    first = _joined(item, "GivenName", "MiddleName")
    return ", ".join(part for part in (item.text("contacts:Surname"), first) if part)


def _company(item: Item) -> str:
    return item.text("contacts:CompanyName")


def _with(first: str, second: str) -> str:
    """Return one name with the other in parentheses, as far as they are given."""
    return f"{first} ({second})" if first and second else first or second


#: How a contact is filed, by FileAsMapping; others leave it as it is.
# source: MS-OXWSCONT 3.1.4.1.2.4
_FILINGS: Final[Mapping[str, Callable[[Item], str]]] = {
    "LastCommaFirst": _last_comma_first,
    "FirstSpaceLast": lambda item: _joined(item, "GivenName", "MiddleName", "Surname", "Generation"),
    "LastSpaceFirst": lambda item: _joined(item, "Surname", "GivenName", "MiddleName"),
    "FirstName": lambda item: item.text("contacts:GivenName"),
    "LastName": lambda item: item.text("contacts:Surname"),
    "Company": _company,
    "LastCommaFirstCompany": lambda item: _with(_last_comma_first(item), _company(item)),
    "CompanyLastCommaFirst": lambda item: _with(_company(item), _last_comma_first(item)),
    "DisplayName": lambda item: item.text("contacts:DisplayName"),
}


def complete_contact(item: Item) -> None:
    """Give a contact the names by which it is shown and filed, where its maker has given none."""
    if not item.text("contacts:DisplayName") and (name := _joined(item, *_WHOLE) or _company(item)):
        item.put("contacts:DisplayName", name)
    if filed := _filed(item):
        item.put("contacts:FileAs", filed)
    if not item.text("item:Subject") and (name := item.text("contacts:DisplayName")):
        # The subject of a contact is its display name.
        item.put("item:Subject", name)


def _filed(item: Item) -> str:
    """Return what the contact is filed under: by its mapping, else as it is, else by its name."""
    filing = _FILINGS.get(item.text("contacts:FileAsMapping"))
    by_mapping = filing(item) if filing else ""
    return by_mapping or item.text("contacts:FileAs") or _last_comma_first(item) or _company(item)


def _complete_name(_: Mailbox, item: Item) -> etree._Element | None:
    texts = {part: item.text(uri) for part, uri in _PARTS.items()}
    texts["FullName"] = _joined(item, *_WHOLE)
    made = t_element("CompleteName")
    made.extend(t_element(name, texts[name]) for name in _NAMES if texts.get(name))
    return made if len(made) else None


def _has_picture(_: Mailbox, item: Item) -> etree._Element | None:
    if item.kind != "Contact":
        return None
    has_one = any(each.name == "ContactPicture.jpg" for each in item.attachments)
    return t_element("HasPicture", "true" if has_one else "false")


#: Fields of contacts that follow from others, by FieldURI.
CONTACT: Final[Mapping[str, Callable[[Mailbox, Item], etree._Element | None]]] = {
    "contacts:CompleteName": _complete_name,
    "contacts:HasPicture": _has_picture,
}
