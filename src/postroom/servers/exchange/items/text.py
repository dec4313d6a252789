"""Texts, choices and moments of items, as elements have them and as fields hold them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from postroom.reconcile.item import Value
from postroom.schema.choices import Priority
from postroom.servers.exchange.answer import Element, read_instant, text_at
from postroom.servers.exchange.items.piece import Piece, simple
from postroom.servers.exchange.markup import field, text

#: How Exchange names what the CRM numbers.
# source: MS-OXWSCDATA ImportanceChoicesType
IMPORTANCES: Final[Mapping[str, Priority]] = {
    "Low": Priority.LOW,
    "Normal": Priority.NORMAL,
    "High": Priority.HIGH,
}
_IMPORTANCE_NAMES: Final = {priority: name for name, priority in IMPORTANCES.items()}


#: Years that anything may fall in; nearer to the ends of the calendar no zone can be reckoned with.
# source: MS-OXOCAL 2.2.1.44.1
YEARS: Final = range(1601, 4501)


class Unreadable(Exception):  # noqa: N818 - a signal within this package
    """An item means nothing that could be synchronized; its words say why, and what helps."""


def read_importance(item: Element) -> Priority:
    """Return how important an item is."""
    return IMPORTANCES.get(text_at(item, "t:Importance"), Priority.NORMAL)


def write_importance(value: Value) -> list[Piece]:
    """Return the piece for the importance."""
    try:
        name = _IMPORTANCE_NAMES[Priority(value)]  # type: ignore[arg-type]
    except (ValueError, KeyError):
        name = "Normal"
    return [simple("item:Importance", name)]


def read_body(item: Element) -> str:
    """Return the body as plain text, with the blanks it begins with."""
    return next((each.text or "" for each in item.iterfind("{*}Body")), "")


def write_body(value: Value) -> list[Piece]:
    """Return the piece for the body, as plain text; an empty one replaces what there was."""
    # Deleting the property would leave a body in another format standing.
    content = text(plain(value) or "")
    return [Piece(field("item:Body"), "Body", content, attribute=("BodyType", "Text"))]


def plain(value: Value) -> str | None:
    """Return the text of a field, or None when it holds none."""
    return None if value is None or value == "" else str(value)


def moment(at: datetime) -> str:
    """Return an instant as EWS writes it.

    >>> moment(datetime(2026, 11, 25, 9, tzinfo=UTC))
    '2026-11-25T09:00:00Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def moment_at(item: Element, path: str, what: str) -> datetime | None:
    """Return the instant in a property, None without one; `Unreadable` when it is no instant."""
    written = text_at(item, path)
    if not written:
        return None
    at = read_instant(written)
    if at is None or at.year not in YEARS:
        raise Unreadable(f"Its {what} can't be read; open it in Outlook, set it anew and save it.")
    return at.replace(microsecond=0)
