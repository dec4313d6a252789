"""Attendees of a meeting in its organizer's appointment, and what they have answered."""

import copy
from collections.abc import Iterator

from lxml import etree

from postroom.mime.key import address_key
from postroom.sandbox.exchange.appointments import ATTENDEES, RECEIVED, state_of
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.names import child_text, t_element, t_name


def settle_attendees(item: Item, before: Item | None) -> None:
    """Make attendees whom a client has written such as the server keeps them.

    What they have answered is known by the server alone, whatever a client writes; `before` is None
    for a new appointment.
    """
    if state_of(item) & RECEIVED:
        return
    answers = {} if before is None else dict(_answers(before))
    for uri in ATTENDEES:
        for attendee in item.fields.get(uri, ()):
            _settle(attendee, answers)


def _answers(item: Item) -> Iterator[tuple[str, list[etree._Element]]]:
    for uri in ATTENDEES:
        for attendee in item.fields.get(uri, ()):
            yield _key(attendee), [child for child in attendee if child.tag != t_name("Mailbox")]


def _key(attendee: etree._Element) -> str:
    mailbox = attendee.find(t_name("Mailbox"))
    return address_key(child_text(mailbox, "EmailAddress").strip()) if mailbox is not None else ""


def _settle(attendee: etree._Element, answers: dict[str, list[etree._Element]]) -> None:
    known = [copy.deepcopy(child) for child in answers.get(_key(attendee), ())]
    for child in list(attendee):
        if child.tag != t_name("Mailbox"):
            attendee.remove(child)
    attendee.extend(known or [t_element("ResponseType", "Unknown")])
    mailbox = attendee.find(t_name("Mailbox"))
    if mailbox is not None and not child_text(mailbox, "Name"):
        _put_name(mailbox)


def _put_name(mailbox: etree._Element) -> None:
    """Show somebody without a name by the address."""
    if (old := mailbox.find(t_name("Name"))) is not None:
        mailbox.remove(old)
    mailbox.insert(0, t_element("Name", child_text(mailbox, "EmailAddress")))
