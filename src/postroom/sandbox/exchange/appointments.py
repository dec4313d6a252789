"""Appointments: what the server adds to what a client writes, and what follows."""

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.global_id import global_id, new_uid
from postroom.sandbox.exchange.instants import get_instant, write_duration
from postroom.sandbox.exchange.item import Item, write_instant
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import t_element
from postroom.sandbox.exchange.recurrence import write_recurrence
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.series import (
    END,
    MAX_DAYS,
    ORIGINAL,
    RECURRENCE,
    START,
    day_of,
    is_master,
    is_occurrence,
    occurrence_on,
    original_start,
    recurrence_of,
    split_id,
    zone_of,
)
from postroom.sandbox.exchange.timezones import read_zone

ATTENDEES: Final = ("calendar:RequiredAttendees", "calendar:OptionalAttendees", "calendar:Resources")
#: Bits of AppointmentState.
# source: MS-OXOCAL PidLidAppointmentStateFlags
MEETING, RECEIVED, CANCELED = 1, 2, 4
#: The longest appointment that is taken.
_LONGEST: Final = timedelta(days=5 * 365)

#: What an appointment has when its maker has said nothing.
_DEFAULTS: Final = {
    "calendar:IsAllDayEvent": "false",
    "calendar:LegacyFreeBusyStatus": "Busy",
    "calendar:IsResponseRequested": "true",
    "calendar:AllowNewTimeProposal": "true",
    "calendar:IsOnlineMeeting": "false",
    "calendar:AppointmentSequenceNumber": "0",
    "calendar:AppointmentState": "0",
    "calendar:MeetingRequestWasSent": "false",
}


def prepare(item: Item, context: etree._Element | None, made_at: datetime) -> None:
    """Complete an appointment that a client has written and make its times instants.

    `context` is the time zone of the request, for times that name none. Raises `Refusal` when it
    can take place at no time.
    """
    zone = _settle_zone(item, context)
    for uri in _KNOWN_BY_ITSELF:
        item.fields.pop(uri, None)
    if split_id(item.id) is None:
        item.fields.pop(ORIGINAL, None)
    # source: MS-OXWSCDATA TimeZoneContext
    meant = zone if context is None else read_zone(context)
    start, end = (_settle_time(item, uri, meant) for uri in (START, END))
    for uri, text in _DEFAULTS.items():
        if uri not in item.fields:
            item.put(uri, text)
    if item.flag("calendar:IsAllDayEvent"):
        start, end = _whole_days(start, end, zone)
    if end < start:
        raise Refusal("ErrorCalendarEndDateIsEarlierThanStartDate", "EndDate is earlier than StartDate.")
    if end - start > _LONGEST:
        raise Refusal("ErrorCalendarDurationIsTooLong", "Duration is too long.")
    if is_master(item):
        start, end = _on_first_day(item, start, end, zone)
    item.put_instant(START, start)
    item.put_instant(END, end)
    if item.flag("item:ReminderIsSet"):
        item.put_instant("item:ReminderDueBy", start)
        item.put("item:ReminderMinutesBeforeStart", item.text("item:ReminderMinutesBeforeStart") or "15")
    if not item.text("calendar:UID"):
        item.put("calendar:UID", new_uid(item.id, made_at))


def complete_change(item: Item, before: Item, context: etree._Element | None, made_at: datetime) -> None:
    """Complete an appointment that a client has changed; a series at other times forgets its departures."""
    prepare(item, context, made_at)
    times = (START, END, RECURRENCE, "calendar:StartTimeZone")
    if any(_text(item, uri) != _text(before, uri) for uri in times):
        item.departures.clear()


def _text(item: Item, uri: str) -> str:
    element = item.fields.get(uri)
    return "" if element is None else etree.tostring(element, method="c14n2", with_tail=False).decode()


def _settle_zone(item: Item, context: etree._Element | None) -> tzinfo:
    if "calendar:StartTimeZone" not in item.fields and "calendar:MeetingTimeZone" not in item.fields:
        made = t_element("StartTimeZone", Id="UTC", Name="(UTC) Coordinated Universal Time")
        if context is not None:
            made = copy.deepcopy(context)
            made.tag = t_element("StartTimeZone").tag
        item.fields["calendar:StartTimeZone"] = made
    if "calendar:StartTimeZone" in item.fields and "calendar:EndTimeZone" not in item.fields:
        made = copy.deepcopy(item.fields["calendar:StartTimeZone"])
        made.tag = t_element("EndTimeZone").tag
        item.fields["calendar:EndTimeZone"] = made
    return zone_of(item)


def _settle_time(item: Item, uri: str, zone: tzinfo) -> datetime:
    if not item.text(uri):
        raise Refusal("ErrorCalendarInvalidPropertyValue", f"An appointment has a {uri.partition(':')[2]}.")
    return get_instant(item.text(uri), zone)


def _whole_days(start: datetime, end: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    first = start.astimezone(zone).date()
    shown = end.astimezone(zone)
    last = shown.date() + timedelta(days=1 if shown.time() > time() else 0)
    return _midnight(first, zone), _midnight(max(last, first + timedelta(days=1)), zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _on_first_day(item: Item, start: datetime, end: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the times of the first occurrence: a series begins when it first occurs."""
    recurrence = recurrence_of(item)
    if recurrence.pattern.is_regenerating:
        raise Refusal("ErrorCalendarInvalidRecurrence", "Only tasks regenerate.")
    item.fields[RECURRENCE] = write_recurrence(recurrence, zone)
    shown = start.astimezone(zone).time()
    first = datetime.combine(next(recurrence.days()), shown, zone).astimezone(UTC)
    return first, first + (end - start)


def meeting_property(item: Item, key: str) -> str:
    """Return the value of a property that follows from the UID, or nothing."""
    uid = item.text("calendar:UID")
    if key not in _GLOBAL_IDS or not uid:
        return ""
    day = day_of(item) if is_occurrence(item) and _GLOBAL_IDS[key] == "of the day" else None
    return global_id(uid, day)


#: PidLidGlobalObjectId and PidLidCleanGlobalObjectId.
# source: MS-OXPROPS 2.142
_GLOBAL_IDS: Final = {
    "set 6ed8da90-450b-101b-98da-00aa003f1305 id 3 Binary": "of the day",
    "set 6ed8da90-450b-101b-98da-00aa003f1305 id 35 Binary": "of the series",
}


def state_of(item: Item) -> int:
    """Return the bits of AppointmentState: MEETING, RECEIVED, CANCELED."""
    text = item.text("calendar:AppointmentState", "0")
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def _type(_: Mailbox, item: Item) -> str:
    if is_master(item):
        return "RecurringMaster"
    if is_occurrence(item):
        return "Exception" if item.departures else "Occurrence"
    return "Single"


def _is_recurring(_: Mailbox, item: Item) -> str:
    # Of an organizer's series Exchange says that it does not recur; of an attendee's, that it does.
    # source: EWS-REFERENCE IsRecurring
    is_theirs = is_master(item) and state_of(item) & RECEIVED
    return "true" if is_theirs or is_occurrence(item) else "false"


def _is_meeting(_: Mailbox, item: Item) -> str:
    return "true" if state_of(item) & MEETING or any(uri in item.fields for uri in ATTENDEES) else "false"


def _is_cancelled(_: Mailbox, item: Item) -> str:
    return "true" if state_of(item) & CANCELED else "false"


def _is_organizer(_: Mailbox, item: Item) -> str:
    return "false" if state_of(item) & RECEIVED else "true"


def _my_response(_: Mailbox, item: Item) -> str:
    return "NoResponseReceived" if state_of(item) & RECEIVED else "Organizer"


def _duration(_: Mailbox, item: Item) -> str:
    start, end = item.instant(START), item.instant(END)
    return write_duration(end - start) if start and end else ""


def _time_zone(_: Mailbox, item: Item) -> str:
    element = item.fields.get("calendar:StartTimeZone")
    return "" if element is None else str(element.get("Name") or element.get("Id") or "")


def _recurrence_id(_: Mailbox, item: Item) -> str:
    return item.text(ORIGINAL)


def organizer_element(name: str, address: str) -> etree._Element:
    """Return a t:Organizer."""
    made, mailbox = t_element("Organizer"), t_element("Mailbox")
    parts = (("Name", name), ("EmailAddress", address), ("RoutingType", "SMTP"), ("MailboxType", "Mailbox"))
    mailbox.extend(t_element(part, text) for part, text in parts)
    made.append(mailbox)
    return made


def _organizer(mailbox: Mailbox, item: Item) -> etree._Element | None:
    return organizer_element(mailbox.name, mailbox.address) if item.kind == "CalendarItem" else None


def _info(name: str, occurrence: Item) -> etree._Element:
    made = t_element(name)
    made.append(t_element("ItemId", Id=occurrence.id, ChangeKey=occurrence.change_key))
    made.append(t_element("Start", occurrence.text(START)))
    made.append(t_element("End", occurrence.text(END)))
    made.append(t_element("OriginalStart", occurrence.text(ORIGINAL)))
    return made


def _first(_: Mailbox, item: Item) -> etree._Element | None:
    if not is_master(item):
        return None
    found = (occurrence_on(item, day) for day in islice(recurrence_of(item).days(), MAX_DAYS))
    first = next((each for each in found if each is not None), None)
    return None if first is None else _info("FirstOccurrence", first)


def _last(_: Mailbox, item: Item) -> etree._Element | None:
    if not is_master(item):
        return None
    recurrence = recurrence_of(item)
    if recurrence.end_on is None and recurrence.count is None:
        return None
    for day in reversed(list(islice(recurrence.days(), MAX_DAYS))):
        if (found := occurrence_on(item, day)) is not None:
            return _info("LastOccurrence", found)
    return None


def _modified(_: Mailbox, item: Item) -> etree._Element | None:
    if not is_master(item):
        return None
    days = [day for day, departure in sorted(item.departures.items()) if not departure.is_deleted]
    found = [each for day in days if (each := occurrence_on(item, day)) is not None]
    made = t_element("ModifiedOccurrences")
    made.extend(_info("Occurrence", each) for each in found)
    return made if found else None


def _deleted(_: Mailbox, item: Item) -> etree._Element | None:
    if not is_master(item):
        return None
    made = t_element("DeletedOccurrences")
    for day, departure in sorted(item.departures.items()):
        if departure.is_deleted:
            gone = t_element("DeletedOccurrence")
            gone.append(t_element("Start", write_instant(original_start(item, day))))
            made.append(gone)
    return made if len(made) else None


def _said(
    name: str, tell: Callable[[Mailbox, Item], str]
) -> Callable[[Mailbox, Item], etree._Element | None]:
    def derived(mailbox: Mailbox, item: Item) -> etree._Element | None:
        text = tell(mailbox, item) if item.kind == "CalendarItem" else ""
        return t_element(name, text) if text else None

    return derived


#: Fields of appointments that follow from others, by FieldURI.
APPOINTMENT: Mapping[str, Callable[[Mailbox, Item], etree._Element | None]] = {
    "calendar:CalendarItemType": _said("CalendarItemType", _type),
    "calendar:IsRecurring": _said("IsRecurring", _is_recurring),
    "calendar:IsMeeting": _said("IsMeeting", _is_meeting),
    "calendar:IsCancelled": _said("IsCancelled", _is_cancelled),
    "calendar:IsOrganizer": _said("IsOrganizer", _is_organizer),
    "calendar:MyResponseType": _said("MyResponseType", _my_response),
    "calendar:Duration": _said("Duration", _duration),
    "calendar:TimeZone": _said("TimeZone", _time_zone),
    "calendar:RecurrenceId": _said("RecurrenceId", _recurrence_id),
    "calendar:Organizer": _organizer,
    "calendar:FirstOccurrence": _first,
    "calendar:LastOccurrence": _last,
    "calendar:ModifiedOccurrences": _modified,
    "calendar:DeletedOccurrences": _deleted,
}
#: Those of them that nobody ever stores, whatever a client writes.
_KNOWN_BY_ITSELF: Final = frozenset(APPOINTMENT) - {"calendar:MyResponseType", "calendar:Organizer"}
