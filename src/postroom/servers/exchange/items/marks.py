"""Marks of ours on items: whose record an item is, and under which token it was made."""

from collections.abc import Mapping
from typing import Final

from postroom.reconcile.item import Identity
from postroom.reconcile.values import Regarding
from postroom.servers.exchange.answer import Element, text_at, texts_at
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.piece import Piece, extended
from postroom.servers.exchange.markup import tag

TOKEN: Final = "PostroomToken"  # noqa: S105 - the name of a property
RECORD: Final = "PostroomRecord"
ORGANIZATION: Final = "PostroomOrganization"
REGARDING: Final = "PostroomRegarding"
#: How it came to be tracked, when it was by its category: then taking the category off untracks it.
TRACKING: Final = "PostroomTracking"
BY_CATEGORY: Final = "category"
#: Of a series while its days are being written: the token under which it is made, or `CHANGING`.
UNFINISHED: Final = "PostroomUnfinished"
CHANGING: Final = "changing"


def named(name: str) -> str:
    """Return the path to a property of ours."""
    # source: MS-OXPROPS PS_PUBLIC_STRINGS
    return tag(
        "t:ExtendedFieldURI",
        DistinguishedPropertySetId="PublicStrings",
        PropertyName=name,
        PropertyType="String",
    )


PATHS: Final = tuple(named(name) for name in (TOKEN, RECORD, ORGANIZATION, REGARDING, TRACKING, UNFINISHED))


def properties_of(item: Element) -> Mapping[str, str]:
    """Return the extended properties of an item: named ones by name, others by number in hexadecimal."""
    found = {}
    for each in item.iterfind("{*}ExtendedProperty"):
        path = next(each.iterfind("{*}ExtendedFieldURI"), None)
        if path is not None and (key := _key(path)):
            found[key] = text_at(each, "t:Value")
    return found


def _key(path: Element) -> str:
    if name := path.get("PropertyName"):
        return str(name)
    try:
        if number := path.get("PropertyTag"):
            return f"0x{int(number, 16):04X}"
        return f"0x{int(path.get('PropertyId') or ''):04X}"
    except ValueError:
        return ""


def identity_of(item: Element, properties: Mapping[str, str], frame: Frame) -> Identity:
    """Return by what the item can be found again; marks of another organization are none."""
    uid = text_at(item, "t:UID")
    if not _is_ours(properties, frame):
        return Identity(uid)
    return Identity(uid, properties.get(TOKEN, ""), properties.get(RECORD, ""))


def is_tracked(item: Element, properties: Mapping[str, str], frame: Frame) -> bool:
    """Say whether a person wants the item synchronized: it has the category, or a mark of ours."""
    wanted = frame.category.casefold()
    has_category = bool(wanted) and has(item, wanted)
    if has_category or not _is_ours(properties, frame):
        return has_category
    is_marked = bool(properties.get(RECORD) or properties.get(TOKEN))
    return is_marked and properties.get(TRACKING) != BY_CATEGORY


def has(item: Element, category: str) -> bool:
    """Say whether the item has a category, given casefolded."""
    return category in {each.casefold() for each in texts_at(item, "t:Categories/t:String")}


def _is_ours(properties: Mapping[str, str], frame: Frame) -> bool:
    return not frame.organization or properties.get(ORGANIZATION, "") in ("", frame.organization)


def marks(frame: Frame, record: str, token: str = "") -> list[Piece]:
    """Return the pieces that mark an item as that record's."""
    values = {TOKEN: token, RECORD: record, ORGANIZATION: frame.organization}
    return [extended(named(name), value) for name, value in values.items() if value]


def tracked_by_category() -> Piece:
    """Return the piece that says that taking the category off ends the tracking."""
    return extended(named(TRACKING), BY_CATEGORY)


def unfinished(value: str | None) -> Piece:
    """Return the piece that says that an item is being written, or is no longer."""
    return extended(named(UNFINISHED), value)


def read_regarding(properties: Mapping[str, str]) -> Regarding | None:
    """Return the record that an item is about, or None."""
    table, _, key = properties.get(REGARDING, "").partition(":")
    return Regarding(table, key) if table and key else None


def write_regarding(value: object) -> list[Piece]:
    """Return the piece that says which record an item is about."""
    written = ":".join(map(str, value)) if isinstance(value, tuple) else None
    return [extended(named(REGARDING), written)]
