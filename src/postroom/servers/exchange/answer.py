"""Answers in XML: hardened reading, messages and faults; what may be missing is missing."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from lxml import etree

from postroom.errors import BadReply
from postroom.servers.connection import Mask
from postroom.servers.exchange.faults import Said
from postroom.servers.exchange.markup import MESSAGES, SOAP, TYPES

# lxml declares no types.
Element = Any

_NAMES = {"s": SOAP, "m": MESSAGES, "t": TYPES}
_INSTANT = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|[+-]\d\d:?\d\d)?\s*",
    re.IGNORECASE,
)


class SoapFault(Exception):  # noqa: N818 - a signal between this module and its callers
    """The server refused the request as a whole, in its protocol's own way."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.reply)
        self.said = said


@dataclass(frozen=True, slots=True)
class Message:
    """The answer about one thing that was asked for."""

    element: Element
    is_ok: bool
    said: Said

    def find(self, path: str) -> Element | None:
        """Return the first element on this path, prefixes as in requests."""
        found: Element | None = self.element.find(path, _NAMES)
        return found

    def text(self, path: str) -> str:
        """Return the text on this path, or nothing."""
        return text_at(self.element, path)

    def all(self, path: str) -> Iterator[Element]:
        """Yield every element on this path."""
        yield from self.element.iterfind(path, _NAMES)


def parsed(octets: bytes) -> Element:
    """Return the document's root; raises `BadReply` for what is no XML, or XML that could harm."""
    # A parser each time: one that is shared would have to be locked.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as error:
        raise BadReply("The server's answer is no XML.", reply=Mask()(str(error))) from error
    if root.getroottree().docinfo.internalDTD is not None:
        # No answer of Exchange declares entities; one that does means harm.
        raise BadReply("The server's answer holds a document type, which no answer of Exchange has.")
    return root


def read_answer(octets: bytes, mask: Mask) -> list[Message]:
    """Return the response messages of an answer; raises `SoapFault` or `BadReply`."""
    root = parsed(octets)
    body = root.find("s:Body", _NAMES)
    if body is None or not len(body):
        raise BadReply("The server's answer is no SOAP envelope.", reply=mask(octets[:300]))
    if body[0].tag == f"{{{SOAP}}}Fault":
        raise SoapFault(_said_in_fault(body[0], mask))
    messages = body[0].find("m:ResponseMessages", _NAMES)
    return [_message(each, mask) for each in (messages if messages is not None else ())]


def text_at(element: Element, path: str) -> str:
    """Return the text on this path below an element, or nothing."""
    return (element.findtext(path, "", _NAMES) or "").strip()


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def texts_at(element: Element, path: str) -> Iterable[str]:
    """Yield the texts of all elements on this path."""
    return ((each.text or "").strip() for each in element.iterfind(path, _NAMES))


def _message(element: Element, mask: Mask) -> Message:
    said = Said(
        text_at(element, "m:ResponseCode"), mask(text_at(element, "m:MessageText")), _back_off(element)
    )
    # A message that the server never came to is a warning, and as little an answer as an error.
    stopped = said.code == "ErrorBatchProcessingStopped"
    return Message(element, element.get("ResponseClass") != "Error" and not stopped, said)


def _said_in_fault(fault: Element, mask: Mask) -> Said:
    code = next((text for text in _texts_named(fault, "ResponseCode") if text), "")
    if not code:
        code = (fault.findtext("{*}faultcode") or "").rpartition(":")[2].strip()
    words = next((text for text in _texts_named(fault, "Message") if text), "")
    return Said(code, mask(words or (fault.findtext("{*}faultstring") or "").strip()), _back_off(fault))


def _texts_named(element: Element, name: str) -> Iterator[str]:
    # The detail's elements stand in a namespace of errors, or in none, by the server's version.
    return ((each.text or "").strip() for each in element.iter(f"{{*}}{name}"))


def _back_off(element: Element) -> float:
    """Return for how many seconds the server wants to be left alone, or 0."""
    # source: EWS-THROTTLING
    for value in element.iter(f"{{{TYPES}}}Value"):
        if value.get("Name") == "BackOffMilliseconds":
            try:
                return float(value.text or "0") / 1000
            except ValueError:
                return 0.0
    return 0.0


def read_instant(value: str) -> datetime | None:
    """Return an instant as servers write it, or None for what is none.

    >>> read_instant("2026-11-25T08:30:00.1234567Z").isoformat()
    '2026-11-25T08:30:00.123456+00:00'
    >>> read_instant("2026-11-25T08:30:00+0100").isoformat(), read_instant("yesterday")
    ('2026-11-25T07:30:00+00:00', None)
    """
    found = _INSTANT.fullmatch(value)
    if found is None:
        return None
    *numbers, fraction, zone = found.groups()
    try:
        year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
        microsecond = int((fraction or "0")[:6].ljust(6, "0"))
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=_zone(zone)).astimezone(
            UTC
        )
    except (ValueError, OverflowError):
        return None


def _zone(written: str | None) -> timezone:
    if written is None or written.upper() == "Z":
        return UTC
    digits = written[1:].replace(":", "")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-away if written[0] == "-" else away)
