"""Items made of elements, and elements of drafts; what can't be read says so itself."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from postroom.reconcile.fields import canonical_fields
from postroom.reconcile.item import Item, Kind, Part, Privacy, State, Value
from postroom.reconcile.series import Series
from postroom.reconcile.status import TaskProgress
from postroom.servers.exchange.answer import Element, local, read_instant, text_at
from postroom.servers.exchange.items import appointments, contacts, files, series, tasks
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.marks import PATHS as MARKS
from postroom.servers.exchange.items.marks import UNFINISHED, identity_of, is_tracked, properties_of
from postroom.servers.exchange.items.piece import Piece
from postroom.servers.exchange.items.text import Unreadable
from postroom.servers.exchange.markup import field, shape, tag

#: By the elements that hold items of it.
KINDS: Final[Mapping[str, Kind]] = {
    appointments.ELEMENT: Kind.APPOINTMENT,
    contacts.ELEMENT: Kind.CONTACT,
    tasks.ELEMENT: Kind.TASK,
}
ELEMENTS: Final[Mapping[Kind, str]] = {
    Kind.APPOINTMENT: appointments.ELEMENT,
    Kind.SERIES: appointments.ELEMENT,
    Kind.CONTACT: contacts.ELEMENT,
    Kind.TASK: tasks.ELEMENT,
}
_SHARED: Final = tuple(
    field(f"item:{name}")
    for name in (
        *("ParentFolderId", "Subject", "Sensitivity", "Body", "Categories", "Importance"),
        "LastModifiedTime",
    )
)
_OWN: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.APPOINTMENT: appointments.PATHS,
    Kind.CONTACT: contacts.PATHS,
    Kind.TASK: tasks.PATHS,
}
#: Of what nobody says when it was changed.
NEVER: Final = datetime(1601, 1, 1, tzinfo=UTC)
_UNREADABLE: Final = "The server can't read it ({}); open it in Outlook and save it, or delete it."


def wanted(kinds: Iterable[Kind], frame: Frame) -> str:
    """Return the shape that asks for everything that is read of items of these kinds."""
    own = [path for kind in dict.fromkeys(kinds) for path in _OWN[kind]]
    own += files.PATHS if frame.files and Kind.APPOINTMENT in kinds else ()
    return shape(*_SHARED, *own, *MARKS, before=tag("t:BodyType", "Text"))


def kind_in(element: Element) -> Kind | None:
    """Return what an element is, or None for what is not synchronized, such as a list of people."""
    kind = KINDS.get(local(element))
    if kind is Kind.APPOINTMENT and is_master(element):
        return Kind.SERIES
    return kind


def is_master(element: Element) -> bool:
    """Say whether a t:CalendarItem stands for a series."""
    return text_at(element, "t:CalendarItemType") == "RecurringMaster"


def id_in(element: Element, name: str = "ItemId") -> tuple[str, str]:
    """Return the id that an element names, and the key that changes with it."""
    found = next(element.iterfind(f"{{*}}{name}"), None)
    return ("", "") if found is None else (found.get("Id") or "", found.get("ChangeKey") or "")


def damaged(item_id: str, version: str, kind: Kind, code: str) -> Item:
    """Return the item that the server can't give."""
    return Item(item_id, version, kind, {}, NEVER, hindrance=_UNREADABLE.format(code or "no code"))


def read_item(element: Element, kind: Kind, frame: Frame, days: Mapping[str, Element]) -> Item:
    """Return the item in an element; `days` are the elements of days of series that were changed.

    What can't be synchronized becomes an item with a hindrance; the others are none the worse for it.
    """
    properties = properties_of(element)
    fields: Mapping[str, Value] = {"subject": text_at(element, "t:Subject")}
    hindrance = ""
    try:
        fields = _fields(element, kind, properties, frame, days)
    except Unreadable as reason:
        hindrance = str(reason)
    item_id, version = id_in(element)
    is_calendar = kind.is_calendar
    return Item(
        item_id,
        version,
        kind,
        canonical_fields(kind, fields),
        _modified_at(element, properties),
        identity_of(element, properties, frame),
        part=appointments.part_of(element, frame) if is_calendar else Part.OWNER,
        state=_state(element, kind, fields),
        privacy=Privacy.PRIVATE if appointments.is_private(element) else Privacy.OPEN,
        last_start_at=series.last_start_of(element) if kind is Kind.SERIES else None,
        is_tracked=is_tracked(element, properties, frame),
        unaddressed=appointments.unaddressed(element) if is_calendar else (),
        hindrance=hindrance,
    )


def _fields(
    element: Element,
    kind: Kind,
    properties: Mapping[str, str],
    frame: Frame,
    days: Mapping[str, Element],
) -> Mapping[str, Value]:
    if kind is Kind.CONTACT:
        return contacts.read(element, properties, frame)
    if kind is Kind.TASK:
        return tasks.read(element, properties, frame)
    fields = appointments.read(element, properties)
    if kind is Kind.APPOINTMENT:
        fields["time"] = appointments.read_span(element)
    else:
        fields["recurrence"] = series.read_series(element, days, fields, frame)
    return fields


def _modified_at(element: Element, properties: Mapping[str, str]) -> datetime:
    # What was half written when a connection broke is nobody's edit, and must win over none.
    if properties.get(UNFINISHED):
        return NEVER
    return read_instant(text_at(element, "t:LastModifiedTime")) or NEVER


def _state(element: Element, kind: Kind, fields: Mapping[str, Value]) -> State:
    if kind.is_calendar and text_at(element, "t:IsCancelled") == "true":
        return State.CANCELED
    return State.COMPLETED if fields.get("status") is TaskProgress.COMPLETED else State.OPEN


def pieces_of(kind: Kind, fields: Mapping[str, Value], frame: Frame, now: datetime) -> list[Piece]:
    """Return the pieces that write these fields of an item."""
    if kind is Kind.CONTACT:
        return contacts.write(fields)
    if kind is Kind.TASK:
        return tasks.write(fields, frame, now)
    pieces = appointments.write(fields, frame)
    wanted_series = fields.get("recurrence")
    if isinstance(wanted_series, Series):
        pieces += series.write_master(wanted_series, frame)
    return pieces


def draft_pieces(draft: Item, frame: Frame, now: datetime) -> list[Piece]:
    """Return the pieces of a new item, without marks."""
    pieces = pieces_of(draft.kind, draft.fields, frame, now)
    if draft.kind.is_calendar:
        return [*pieces, *appointments.write_new(draft, frame, now)]
    return [*pieces, *contacts.write_new(draft.fields)] if draft.kind is Kind.CONTACT else pieces
