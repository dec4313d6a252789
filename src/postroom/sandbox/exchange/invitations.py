"""What becomes of messages about meetings where they arrive: appointments kept up to date."""

import copy
from typing import Final

from lxml import etree

from postroom.mime.message import Address
from postroom.sandbox.exchange.appointments import APPOINTMENT, CANCELED, MEETING, RECEIVED, state_of
from postroom.sandbox.exchange.item import Item, write_instant
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.meeting_message import associate, attendee_of
from postroom.sandbox.exchange.names import FIELDS, t_element, t_name
from postroom.sandbox.exchange.series import END, RECURRENCE, START, is_master, occurrence_id, zone_of

#: Fields of a request that are the attendee's own affair in the appointment.
_OWN: Final = frozenset(APPOINTMENT) - {"calendar:Organizer"} | {
    "calendar:LegacyFreeBusyStatus",
    "calendar:IntendedFreeBusyStatus",
    "calendar:AppointmentState",
    "calendar:DateTimeStamp",
}
_TAKEN_OVER: Final = ("item:Body", "item:Importance", "item:Sensitivity")
#: With other times an attendee has to be asked again.
_TIMES: Final = (START, END, RECURRENCE)
_CANCELED: Final = "Canceled: "


def find_appointment(mailbox: Mailbox, message: Item) -> Item | None:
    """Return the appointment that a message is about, an occurrence when it is about one, or None."""
    uid = message.text("calendar:UID")
    for item in mailbox.get_standard("calendar").shown():
        if item.kind == "CalendarItem" and uid and item.text("calendar:UID") == uid:
            original = message.instant("calendar:RecurrenceId")
            if original is None or not is_master(item):
                return item
            day = original.astimezone(zone_of(item)).date()
            return mailbox.find_item(occurrence_id(item.id, day))
    return None


def take_request(mailbox: Mailbox, request: Item, subject: str) -> None:
    """Put the meeting of a request into the calendar, tentatively, or bring it up to date there."""
    present = find_appointment(mailbox, request)
    is_asked_again = present is None or any(_text(present, uri) != _text(request, uri) for uri in _TIMES)
    request.put("meetingRequest:MeetingRequestType", _type_of(present, is_asked_again=is_asked_again))
    intended = request.text("calendar:LegacyFreeBusyStatus", "Busy")
    request.put("meetingRequest:IntendedFreeBusyStatus", intended)
    appointment = present or mailbox.new_item("CalendarItem", mailbox.get_standard("calendar"))
    _take_over(request, appointment, subject)
    appointment.put("calendar:AppointmentState", str(MEETING | RECEIVED))
    if is_asked_again:
        appointment.put("calendar:MyResponseType", "NoResponseReceived")
        appointment.put("calendar:LegacyFreeBusyStatus", "Tentative")
        appointment.departures.clear()
    if present is None:
        mailbox.keep(appointment)
    else:
        mailbox.change(appointment)
    associate(request, appointment)


def _type_of(present: Item | None, *, is_asked_again: bool) -> str:
    if present is None:
        return "NewMeetingRequest"
    return "FullUpdate" if is_asked_again else "InformationalUpdate"


def _take_over(request: Item, appointment: Item, subject: str) -> None:
    for uri in FIELDS["CalendarItem"]:
        if uri.startswith("calendar:") and uri not in _OWN and uri in request.fields:
            appointment.fields[uri] = copy.deepcopy(request.fields[uri])
    for uri in _TAKEN_OVER:
        if uri in request.fields:
            appointment.fields[uri] = copy.deepcopy(request.fields[uri])
    appointment.put("item:Subject", subject)


def take_cancellation(mailbox: Mailbox, cancellation: Item) -> None:
    """Mark the meeting of a cancellation as canceled in the calendar."""
    appointment = find_appointment(mailbox, cancellation)
    if appointment is None or not state_of(appointment) & RECEIVED:
        return
    appointment.put("calendar:AppointmentState", str(state_of(appointment) | CANCELED))
    appointment.put("calendar:LegacyFreeBusyStatus", "Free")
    subject = appointment.text("item:Subject")
    if not subject.startswith(_CANCELED):
        appointment.put("item:Subject", _CANCELED + subject)
    mailbox.change(appointment)
    associate(cancellation, appointment)


def take_response(mailbox: Mailbox, response: Item, person: Address, answer: str) -> None:
    """Note in the organizer's appointment what an attendee has answered."""
    appointment = find_appointment(mailbox, response)
    if appointment is None or state_of(appointment) & RECEIVED:
        return
    if (found := attendee_of(appointment, person)) is not None:
        attendees = copy.deepcopy(appointment.fields[found[0]])
        _note_answer(attendees[found[1]], answer, write_instant(mailbox.now()))
        appointment.fields[found[0]] = attendees
        mailbox.change(appointment)
    associate(response, appointment)


def _note_answer(attendee: etree._Element, answer: str, at: str) -> None:
    for name in ("ResponseType", "LastResponseTime"):
        if (old := attendee.find(t_name(name))) is not None:
            attendee.remove(old)
    # Right after the mailbox, as the schema has it.
    attendee.insert(1, t_element("ResponseType", answer))
    attendee.insert(2, t_element("LastResponseTime", at))


def _text(item: Item, uri: str) -> str:
    element = item.fields.get(uri)
    return "" if element is None else etree.tostring(element, method="c14n2", with_tail=False).decode()
