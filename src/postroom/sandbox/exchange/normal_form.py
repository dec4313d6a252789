"""The form in which the values of fields are kept, whatever form a client has sent them in."""

from typing import Final

from lxml import etree

from postroom.sandbox.exchange.item import read_instant, write_instant
from postroom.sandbox.exchange.names import local_name, text_of
from postroom.sandbox.exchange.restriction import BOOLEANS, INSTANTS

#: The parts of a postal address in the order of the schema.
ADDRESS_PARTS: Final = ("Street", "City", "State", "CountryOrRegion", "PostalCode")
#: Times that are settled with the whole item, since what they mean depends on a time zone.
_SETTLED_LATER: Final = frozenset(
    {"calendar:Start", "calendar:End", "task:StartDate", "task:DueDate", "task:CompleteDate"}
)
_TRUTHS: Final = {"1": "true", "0": "false", "true": "true", "false": "false"}


def normalize(uri: str, element: etree._Element) -> etree._Element:
    """Bring the element of a field into the form in which it is kept, and return it.

    Exchange takes 1 for true and times in any zone, and answers true and times in UTC. What it cannot
    read stays as it is.
    """
    text = text_of(element).strip()
    if uri in BOOLEANS:
        element.text = _TRUTHS.get(text.lower(), text)
    elif uri in INSTANTS - _SETTLED_LATER and (at := read_instant(text)) is not None:
        element.text = write_instant(at)
    elif uri == "contacts:PhysicalAddresses":
        for entry in element:
            order_address(entry)
    return element


def order_address(entry: etree._Element) -> None:
    """Put the parts of a postal address into the order of the schema."""
    parts = {local_name(part): part for part in entry}
    for part in list(entry):
        entry.remove(part)
    entry.extend(parts[name] for name in ADDRESS_PARTS if name in parts)
