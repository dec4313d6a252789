"""Names resolved to addresses: over the organization's people and one's contacts."""

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.names import FIELDS, m_element, m_name, t_element, text_of
from postroom.sandbox.exchange.refusal import Refusal

#: Most people in one answer, as the schema has it.
MAX_FOUND: Final = 100

#: Where is looked, in this order, by SearchScope.
# source: MS-OXWSRSLNM ResolveNamesSearchScopeType
_SCOPES: Final = {
    "ActiveDirectory": ("directory",),
    "ActiveDirectoryContacts": ("directory", "contacts"),
    "Contacts": ("contacts",),
    "ContactsActiveDirectory": ("contacts", "directory"),
}
#: What is told of a contact when full data is wanted.
_TOLD: Final = frozenset(
    f"contacts:{name}"
    for name in (
        *("FileAs", "DisplayName", "GivenName", "Surname", "CompanyName", "Department", "JobTitle"),
        *("EmailAddresses", "PhysicalAddresses", "PhoneNumbers", "OfficeLocation"),
    )
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mailbox in the organization."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class _Found:
    """One address of somebody, and the contact it stands in, if any."""

    name: str
    address: str
    item: Item | None = None

    def is_meant_by(self, entry: str) -> bool:
        """Say whether the address begins so, or every word of the entry begins a word of the name."""
        words = [word for word in re.split(r"[\s,;.]+", self.name.casefold()) if word]
        sought = [word for word in re.split(r"[\s,;]+", entry) if word]
        return self.address.casefold().startswith(entry) or (
            bool(sought) and all(any(word.startswith(part) for word in words) for part in sought)
        )


def resolve_names(
    request: etree._Element, people: Iterable[Person], contacts: Iterable[Item]
) -> etree._Element:
    """Return the response message to a ResolveNames request.

    One who is meant is a success, several are a warning, as Exchange has it; nobody is a `Refusal`.
    """
    entry = re.sub(r"^(smtp|sip):", "", text_of(request.find(m_name("UnresolvedEntry"))).strip().casefold())
    scope = _SCOPES.get(request.get("SearchScope") or "ActiveDirectoryContacts")
    if not entry or scope is None:
        raise Refusal("ErrorInvalidRequest", "There is no name to resolve, or no such place to look in.")
    sources = {
        "directory": [_Found(person.name, person.address) for person in people],
        "contacts": [found for item in contacts for found in _addresses(item)],
    }
    found = _without_repeats(each for name in scope for each in sources[name] if each.is_meant_by(entry))
    if not found:
        raise Refusal("ErrorNameResolutionNoResults", "No results were found.")
    return _message(found, is_full=request.get("ReturnFullContactData") in ("true", "1"))


def _addresses(item: Item) -> Iterator[_Found]:
    name = item.text("contacts:DisplayName") or item.text("contacts:FileAs")
    entries = item.fields.get("contacts:EmailAddresses")
    for entry in entries if entries is not None else ():
        if address := text_of(entry).removeprefix("SMTP:").strip():
            yield _Found(name, address, item)


def _without_repeats(found: Iterable[_Found]) -> list[_Found]:
    by_address: dict[str, _Found] = {}
    for each in found:
        by_address.setdefault(each.address.casefold(), each)
    return list(by_address.values())


def _message(found: Sequence[_Found], *, is_full: bool) -> etree._Element:
    is_one = len(found) == 1
    message = m_element("ResolveNamesResponseMessage", ResponseClass="Success" if is_one else "Warning")
    if is_one:
        message.append(m_element("ResponseCode", "NoError"))
    else:
        message.append(m_element("MessageText", "Multiple results were found."))
        message.append(m_element("ResponseCode", "ErrorNameResolutionMultipleResults"))
        message.append(m_element("DescriptiveLinkKey", "0"))
    told = found[:MAX_FOUND]
    is_all = "true" if len(told) == len(found) else "false"
    resolutions = m_element("ResolutionSet", TotalItemsInView=str(len(told)), IncludesLastItemInRange=is_all)
    resolutions.extend(_resolution(each, is_full=is_full) for each in told)
    message.append(resolutions)
    return message


def _resolution(found: _Found, *, is_full: bool) -> etree._Element:
    mailbox = t_element("Mailbox")
    mailbox.append(t_element("Name", found.name))
    mailbox.append(t_element("EmailAddress", found.address))
    mailbox.append(t_element("RoutingType", "SMTP"))
    mailbox.append(t_element("MailboxType", "Mailbox" if found.item is None else "Contact"))
    if found.item is not None:
        mailbox.append(t_element("ItemId", Id=found.item.id, ChangeKey=found.item.change_key))
    resolution = t_element("Resolution")
    resolution.append(mailbox)
    if is_full:
        resolution.append(_person(found) if found.item is None else _contact(found.item))
    return resolution


def _contact(item: Item) -> etree._Element:
    made = t_element("Contact")
    told = (item.fields[uri] for uri in FIELDS["Contact"] if uri in _TOLD and uri in item.fields)
    made.extend(copy.deepcopy(element) for element in told)
    return made


def _person(found: _Found) -> etree._Element:
    made = t_element("Contact")
    made.append(t_element("DisplayName", found.name))
    first, _, last = found.name.partition(" ")
    made.append(t_element("GivenName", first))
    addresses = t_element("EmailAddresses")
    addresses.append(t_element("Entry", f"SMTP:{found.address}", Key="EmailAddress1"))
    made.append(addresses)
    made.append(t_element("ContactSource", "ActiveDirectory"))
    made.append(t_element("Surname", last))
    return made
