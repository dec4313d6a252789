"""Mail about meetings that arrives: what Exchange makes of iCalendar objects in messages."""

from typing import Final

from postroom.sandbox.exchange.appointments import ATTENDEES, MEETING, organizer_element
from postroom.sandbox.exchange.ical_event import Event, read_event
from postroom.sandbox.exchange.ical_lines import read_object
from postroom.sandbox.exchange.incoming import mailbox_element
from postroom.sandbox.exchange.invitations import take_cancellation, take_request, take_response
from postroom.sandbox.exchange.item import Attachment, Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import ITEM_CLASSES, t_element
from postroom.sandbox.exchange.recurrence import write_recurrence
from postroom.sandbox.exchange.series import END, RECURRENCE, START
from postroom.sandbox.exchange.timezones import zone_named
from postroom.sandbox.exchange.writing import people_in

#: What a message becomes, by the method of its object.
# source: RFC5546 1.4
_KINDS: Final = {"REQUEST": "MeetingRequest", "CANCEL": "MeetingCancellation", "REPLY": "MeetingResponse"}
#: The answer and the end of the message class by PARTSTAT.
_ANSWERS: Final = {
    "ACCEPTED": ("Accept", "Pos"),
    "TENTATIVE": ("Tentative", "Tent"),
    "DECLINED": ("Decline", "Neg"),
}
_LISTS: Final = {"OPT-PARTICIPANT": ATTENDEES[1], "NON-PARTICIPANT": ATTENDEES[2]}


def take_meeting(mailbox: Mailbox, item: Item) -> None:
    """Make of a message that has arrived what its iCalendar object says it is; leave others alone."""
    found = next((each for each in item.attachments if each.content_type == "text/calendar"), None)
    calendar = read_object(found.content) if found else None
    event = read_event(calendar) if calendar else None
    if found is None or calendar is None or event is None:
        return
    kind = _KINDS.get(calendar.text("METHOD").upper())
    is_own = event.organizer is not None and event.organizer.key == mailbox.address.lower()
    if kind is None or is_own is not (kind == "MeetingResponse"):
        # Only the organizer gets answers, and nobody is invited by themselves.
        return
    _become(item, kind, event, found)
    if kind == "MeetingRequest":
        take_request(mailbox, item, event.summary or item.text("item:Subject"))
    elif kind == "MeetingCancellation":
        take_cancellation(mailbox, item)
    else:
        _take_answer(mailbox, item, event)


def _take_answer(mailbox: Mailbox, item: Item, event: Event) -> None:
    given = event.attendees[0].answer if event.attendees else ""
    answer, ending = _ANSWERS.get(given, ("Unknown", "Tent"))
    item.put("meeting:ResponseType", answer)
    item.put("item:ItemClass", f"IPM.Schedule.Meeting.Resp.{ending}")
    # Who answers is who has sent the message, whatever the object says.
    for person in people_in(item.fields.get("message:From"))[:1]:
        take_response(mailbox, item, person, answer)


def _become(item: Item, kind: str, event: Event, found: Attachment) -> None:
    item.kind = kind
    item.put("item:ItemClass", ITEM_CLASSES[kind])
    item.attachments = [each for each in item.attachments if each is not found]
    for name in ("IsDelegated", "IsOutOfDate", "HasBeenProcessed"):
        item.put(f"meeting:{name}", "false")
    item.put("meeting:ResponseType", "NoResponseReceived")
    _put_times(item, event)
    _put_people(item, event)
    item.put("calendar:UID", event.uid)
    item.put_instant("calendar:DateTimeStamp", item.received_at)
    item.put("calendar:IsMeeting", "true")
    item.put("calendar:AppointmentState", str(MEETING))
    item.put("calendar:AppointmentSequenceNumber", str(event.sequence))
    item.put("calendar:LegacyFreeBusyStatus", "Busy" if event.is_busy else "Free")
    if event.location:
        item.put("calendar:Location", event.location)


def _put_times(item: Item, event: Event) -> None:
    item.put_instant(START, event.start)
    item.put_instant(END, event.end)
    item.put("calendar:IsAllDayEvent", "true" if event.is_all_day else "false")
    for name in ("StartTimeZone", "EndTimeZone"):
        item.fields[f"calendar:{name}"] = t_element(name, Id=event.zone)
    if event.original is not None:
        item.put_instant("calendar:RecurrenceId", event.original)
    elif event.recurrence is not None:
        item.fields[RECURRENCE] = write_recurrence(event.recurrence, zone_named(event.zone))


def _put_people(item: Item, event: Event) -> None:
    if event.organizer is not None:
        shown = event.organizer.name or event.organizer.address
        item.fields["calendar:Organizer"] = organizer_element(shown, event.organizer.address)
    for each in event.attendees:
        uri = _LISTS.get(each.role, ATTENDEES[0])
        attendee = t_element("Attendee")
        attendee.append(mailbox_element("Mailbox", each.person))
        attendee.append(t_element("ResponseType", _ANSWERS.get(each.answer, ("Unknown",))[0]))
        item.fields.setdefault(uri, t_element(uri.partition(":")[2])).append(attendee)
