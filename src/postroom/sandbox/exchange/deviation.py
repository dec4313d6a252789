"""Answers in forms that real servers use and that programs stumble over."""

import base64
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.instants import get_instant
from postroom.sandbox.exchange.names import local_name, t_element, t_name

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_BOUNDARY = re.compile(rb'boundary="?([^";\r\n]+)"?', re.IGNORECASE)
#: Elements that the schema lets a server leave out and programs count on.
_LEFT_OUT = ("Size", "Culture", "EffectiveRights", "ConversationId", "LastModifiedName", "DisplayTo", "Name")


def deviate(payload: etree._Element, which: str) -> None:
    """Change a response in place: one of `DEVIATIONS`, or all of them when none is named."""
    for name, change in DEVIATIONS.items():
        if which in ("", name):
            change(payload)


def _odd_dates(payload: etree._Element) -> None:
    """Write instants with fractions of a second, and every other one with an offset instead of Z."""
    found = [each for each in payload.iter() if each.text and _UTC.fullmatch(each.text)]
    for position, element in enumerate(found):
        at = get_instant(element.text or "")
        zone = "+00:00" if position % 2 else "Z"
        element.text = f"{at:%Y-%m-%dT%H:%M:%S}.1230000{zone}"


def _leave_out(payload: etree._Element) -> None:
    for name in _LEFT_OUT:
        for element in list(payload.iter(t_name(name))):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)


def _add_unknown(payload: etree._Element) -> None:
    """Add elements of a later schema to every item."""
    for item_id in list(payload.iter(t_name("ItemId"))):
        parent = item_id.getparent()
        if parent is not None and local_name(parent) in ("Message", "CalendarItem", "Contact", "Task"):
            parent.append(t_element("ElementOfTomorrow", "unknown"))


def _lower_routing(payload: etree._Element) -> None:
    for element in payload.iter(t_name("RoutingType")):
        element.text = (element.text or "").lower()


def _new_boundaries(payload: etree._Element) -> None:
    """Put messages together anew, as Exchange does at each look: the boundaries are others every time."""
    for element in payload.iter(t_name("MimeContent")):
        data = base64.b64decode(element.text or "")
        for boundary in dict.fromkeys(_BOUNDARY.findall(data)):
            data = data.replace(boundary.strip(), b"_000_" + secrets.token_hex(12).encode() + b"_")
        element.text = base64.b64encode(data).decode("ascii")


DEVIATIONS: Final[Mapping[str, Callable[[etree._Element], None]]] = {
    "dates": _odd_dates,
    "sparse": _leave_out,
    "extra": _add_unknown,
    "routing": _lower_routing,
    "boundaries": _new_boundaries,
}
