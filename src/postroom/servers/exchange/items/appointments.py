"""Appointments: fields of a t:CalendarItem read and written."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from postroom.mime.key import address_key
from postroom.reconcile.item import Attendee, Item, Part, Span, Value
from postroom.reconcile.status import ShowAs
from postroom.reconcile.values import Answer, Response
from postroom.servers.exchange.answer import Element, text_at
from postroom.servers.exchange.items.frame import Frame, is_midnight
from postroom.servers.exchange.items.marks import read_regarding, write_regarding
from postroom.servers.exchange.items.piece import Piece, simple
from postroom.servers.exchange.items.text import (
    Unreadable,
    moment,
    moment_at,
    plain,
    read_body,
    read_importance,
    write_body,
    write_importance,
)
from postroom.servers.exchange.markup import field, tag, text

ELEMENT: Final = "CalendarItem"
_NAMES = (
    "UID Start End IsAllDayEvent LegacyFreeBusyStatus Location IsMeeting IsCancelled CalendarItemType "
    "MyResponseType Organizer RequiredAttendees OptionalAttendees Recurrence ModifiedOccurrences "
    "DeletedOccurrences LastOccurrence StartTimeZone"
)
#: What is asked for of an appointment.
PATHS: Final = tuple(field(f"calendar:{name}") for name in _NAMES.split())
_PRIVATE: Final = frozenset({"Private", "Confidential"})
# source: MS-OXWSCDATA ResponseTypeType
_ANSWERS: Final[Mapping[str, Answer]] = {
    "Accept": Answer.ACCEPTED,
    "Tentative": Answer.TENTATIVE,
    "Decline": Answer.DECLINED,
}
_LISTS: Final = {"required": "t:RequiredAttendees", "optional": "t:OptionalAttendees"}
_ATTENDEE: Final = "t:Attendee"

#: After this nobody is reminded of what has begun.
# source: DATAVERSE-EMAIL sync logic for appointments
REMINDED_FOR: Final = timedelta(days=7)
_REMINDER_MINUTES: Final = "15"


def read(item: Element, properties: Mapping[str, str]) -> dict[str, Value]:
    """Return the fields of an appointment, without its time; `Unreadable` when it means nothing."""
    return {
        "subject": text_at(item, "t:Subject"),
        "body": read_body(item),
        "location": text_at(item, "t:Location"),
        "importance": read_importance(item),
        "show_as": _show_as(item),
        "required": _people(item, "required"),
        "optional": _people(item, "optional"),
        "organizer": organizer_key(item) or None,
        "regarding": read_regarding(properties),
        "responses": _responses(item),
        "private": is_private(item),
    }


def read_span(item: Element) -> Span:
    """Return when it takes place; `Unreadable` when that can't be."""
    start, end = moment_at(item, "t:Start", "start"), moment_at(item, "t:End", "end")
    if start is None or end is None:
        raise Unreadable("It has no start or no end; open it in Outlook, set both and save it.")
    if end < start:
        raise Unreadable("It ends before it starts; open it in Outlook, set its times anew and save it.")
    return Span(start, end, text_at(item, "t:IsAllDayEvent") == "true")


def is_private(item: Element) -> bool:
    """Say whether its owner keeps the content to himself."""
    return text_at(item, "t:Sensitivity") in _PRIVATE


def organizer_key(item: Element) -> str:
    """Return the organizer's address as addresses are compared, or nothing."""
    address = text_at(item, "t:Organizer/t:Mailbox/t:EmailAddress")
    return address_key(address) if "@" in address else ""


def part_of(item: Element, frame: Frame) -> Part:
    """Return what the owner of the mailbox is to this appointment."""
    if text_at(item, "t:IsMeeting") != "true":
        return Part.OWNER
    organizer = organizer_key(item)
    if text_at(item, "t:MyResponseType") == "Organizer" or (organizer and frame.is_owner(organizer)):
        return Part.OWNER
    if not organizer:
        return Part.UNKNOWN
    return Part.GUEST_OF_COLLEAGUE if frame.is_colleague(organizer) else Part.GUEST_OF_OUTSIDER


def unaddressed(item: Element) -> tuple[str, ...]:
    """Return the names of attendees who have no address."""
    people = [each for path in _LISTS.values() for each in item.iterfind(_found(path))]
    names = (text_at(each, "t:Mailbox/t:Name") for each in people if not _address(each))
    return tuple(name or "somebody without a name" for name in names)


def _show_as(item: Element) -> ShowAs:
    try:
        return ShowAs(text_at(item, "t:LegacyFreeBusyStatus"))
    except ValueError:
        return ShowAs.NO_DATA


def _people(item: Element, field_name: str) -> frozenset[Attendee]:
    people = item.iterfind(_found(_LISTS[field_name]))
    return frozenset(
        Attendee(address_key(address), address, text_at(each, "t:Mailbox/t:Name"))
        for each in people
        if (address := _address(each))
    )


def _found(path: str) -> str:
    return f"{path}/{_ATTENDEE}".replace("t:", "{*}")


def _address(attendee: Element) -> str:
    # Somebody of the same organization who has left is told by a name of the directory, which is no address.
    address = text_at(attendee, "t:Mailbox/t:EmailAddress")
    return address if "@" in address else ""


def _responses(item: Element) -> frozenset[Response] | None:
    found = frozenset(
        Response(address_key(address), answer)
        for path in _LISTS.values()
        for each in item.iterfind(_found(path))
        if (address := _address(each)) and (answer := _ANSWERS.get(text_at(each, "t:ResponseType")))
    )
    return found or None


def write(fields: Mapping[str, Value], frame: Frame) -> list[Piece]:
    """Return the pieces that write these fields; those that only the server decides are passed over."""
    pieces: list[Piece] = []
    for name, value in fields.items():
        if name == "time" and isinstance(value, Span):
            pieces += write_span(value, frame)
        elif name in _WRITERS:
            pieces += _WRITERS[name](value)
    return pieces


def write_span(span: Span, frame: Frame) -> list[Piece]:
    """Return the pieces that say when it takes place."""
    pieces = [
        simple("calendar:Start", moment(span.start_at)),
        simple("calendar:End", moment(span.end_at)),
        simple("calendar:IsAllDayEvent", "true" if span.is_all_day else "false"),
    ]
    if span.is_all_day:
        # Whole days are counted in the item's zone; in another one these would be others.
        pieces += write_zone(frame.zone_name if is_midnight(span.start_at, frame.zone) else "UTC")
    return pieces


def write_zone(name: str) -> list[Piece]:
    """Return the pieces that say in which of Windows' zones an appointment is meant."""
    # source: MS-OXWSCDATA TimeZoneDefinitionType
    return [
        Piece(field(f"calendar:{which}"), which, "", attribute=("Id", name))
        for which in ("StartTimeZone", "EndTimeZone")
    ]


def write_new(draft: Item, frame: Frame, now: datetime) -> list[Piece]:
    """Return what a new appointment has beside its fields: zone, reminder, and its UID where it has one."""
    pieces = []
    span = draft.fields.get("time")
    if isinstance(span, Span) and not span.is_all_day:
        pieces += write_zone(frame.zone_name)
    if draft.identity.uid:
        pieces.append(simple("calendar:UID", draft.identity.uid))
    if draft.fields.get("show_as") is ShowAs.FREE:
        return pieces
    is_reminded = not draft.is_past(now - REMINDED_FOR)
    pieces.append(simple("item:ReminderIsSet", "true" if is_reminded else "false"))
    if is_reminded:
        pieces.append(simple("item:ReminderMinutesBeforeStart", _REMINDER_MINUTES))
    return pieces


def _write_people(uri: str) -> Callable[[Value], list[Piece]]:
    def write_them(value: Value) -> list[Piece]:
        people = value if isinstance(value, frozenset) else frozenset()
        named = sorted((each for each in people if isinstance(each, Attendee)), key=lambda each: each.key)
        content = "".join(map(_attendee, named)) or None
        return [Piece(field(uri), uri.partition(":")[2], content)]

    return write_them


def _attendee(person: Attendee) -> str:
    name = tag("t:Name", text(person.name)) if person.name else ""
    address = tag("t:EmailAddress", text(person.address or person.key))
    return tag(_ATTENDEE, tag("t:Mailbox", name, address))


def _write_show_as(value: Value) -> list[Piece]:
    shown = value.value if isinstance(value, ShowAs) else ShowAs.BUSY.value
    # source: DATAVERSE-EMAIL sync logic for appointments
    unreminded = [simple("item:ReminderIsSet", "false")] if value is ShowAs.FREE else []
    return [simple("calendar:LegacyFreeBusyStatus", shown), *unreminded]


_WRITERS: Final[Mapping[str, Callable[[Value], list[Piece]]]] = {
    "subject": lambda value: [simple("item:Subject", plain(value))],
    "body": write_body,
    "location": lambda value: [simple("calendar:Location", plain(value))],
    "importance": write_importance,
    "show_as": _write_show_as,
    "required": _write_people("calendar:RequiredAttendees"),
    "optional": _write_people("calendar:OptionalAttendees"),
    "regarding": write_regarding,
}
