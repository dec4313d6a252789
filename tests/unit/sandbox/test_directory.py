"""Names resolved over three people and two contacts."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from postroom.sandbox.exchange.directory import MAX_FOUND, Person, resolve_names
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.names import MESSAGES, t_element
from postroom.sandbox.exchange.refusal import Refusal

AT = datetime(2026, 11, 25, tzinfo=UTC)
PEOPLE = [
    Person("ann@here.example", "Ann Agent"),
    Person("ben@here.example", "Ben Builder"),
    Person("anna@here.example", "Anna Keller"),
]


def contact(name: str, *addresses: str) -> Item:
    item = Item(f"id-{name}", "key", "Contact", "folder", AT, AT, AT)
    item.put("contacts:DisplayName", name)
    item.put("contacts:CompanyName", "Contoso")
    entries = t_element("EmailAddresses")
    for number, address in enumerate(addresses, 1):
        entries.append(t_element("Entry", address, Key=f"EmailAddress{number}"))
    item.fields["contacts:EmailAddresses"] = entries
    return item


CONTACTS = [
    contact("Carla Customer", "carla@contoso.example", "carla@home.example"),
    contact("Ben Builder", "BEN@here.example"),
]


def resolve(entry: str, scope: str = "", *, full: bool = False) -> etree._Element:
    request = etree.Element(f"{{{MESSAGES}}}ResolveNames", ReturnFullContactData="true" if full else "false")
    etree.SubElement(request, f"{{{MESSAGES}}}UnresolvedEntry").text = entry
    if scope:
        request.set("SearchScope", scope)
    return resolve_names(request, PEOPLE, CONTACTS)


def texts(root: etree._Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter(f"{{*}}{name}")]


@pytest.mark.parametrize(
    "entry", ["ben", "BUILDER", "bui ben", "Builder, Ben", "ben@here.example", "SMTP:ben@h"]
)
def test_one_who_is_meant_is_found(entry: str) -> None:
    message = resolve(entry)
    assert message.get("ResponseClass") == "Success"
    assert texts(message, "EmailAddress") == ["ben@here.example"]
    assert texts(message, "MailboxType") == ["Mailbox"]


def test_several_who_may_be_meant_are_a_warning() -> None:
    message = resolve("ann")
    assert message.get("ResponseClass") == "Warning"
    assert texts(message, "ResponseCode") == ["ErrorNameResolutionMultipleResults"]
    assert texts(message, "EmailAddress") == ["ann@here.example", "anna@here.example"]


def test_a_contact_is_found_with_each_address_and_its_id() -> None:
    message = resolve("carla", full=True)
    assert texts(message, "EmailAddress") == ["carla@contoso.example", "carla@home.example"]
    assert message.find(".//{*}ItemId").get("Id") == "id-Carla Customer"
    assert texts(message, "CompanyName") == ["Contoso", "Contoso"]


def test_contacts_come_first_when_they_are_looked_through_first() -> None:
    assert texts(resolve("ben", "ContactsActiveDirectory"), "MailboxType") == ["Contact"]
    assert texts(resolve("ben", "ActiveDirectory"), "MailboxType") == ["Mailbox"]


def test_a_person_is_told_in_full() -> None:
    message = resolve("ann agent", full=True)
    assert texts(message, "Surname") == ["Agent"]
    assert texts(message, "Entry") == ["SMTP:ann@here.example"]


@pytest.mark.parametrize(
    ("entry", "scope", "code"),
    [
        ("nobody", "", "ErrorNameResolutionNoResults"),
        ("carla", "ActiveDirectory", "ErrorNameResolutionNoResults"),
        ("", "", "ErrorInvalidRequest"),
        ("ann", "Everywhere", "ErrorInvalidRequest"),
    ],
)
def test_nobody_and_bad_requests_are_refused(entry: str, scope: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        resolve(entry, scope)


def test_only_so_many_are_told() -> None:
    request = etree.Element(f"{{{MESSAGES}}}ResolveNames", ReturnFullContactData="false")
    etree.SubElement(request, f"{{{MESSAGES}}}UnresolvedEntry").text = "p"
    message = resolve_names(request, [Person(f"p{number}@x.example", "P") for number in range(150)], [])
    assert len(texts(message, "EmailAddress")) == MAX_FOUND
    assert message[-1].get("IncludesLastItemInRange") == "false"
