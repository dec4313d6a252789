"""Response objects: a meeting is accepted, declined, canceled or removed by one of them."""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.about import About
from postroom.sandbox.exchange.appointments import CANCELED, RECEIVED, state_of
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.creation import copy_fields
from postroom.sandbox.exchange.imip import Method, write_imip
from postroom.sandbox.exchange.incoming import put_people
from postroom.sandbox.exchange.invitations import find_appointment
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.item_view import id_only
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.meeting_message import associated_id, make_message
from postroom.sandbox.exchange.meetings import Sending, Told, answer, cancel
from postroom.sandbox.exchange.names import local_name, t_name
from postroom.sandbox.exchange.refusal import Refusal


@dataclass(frozen=True, slots=True)
class _Answer:
    """One way to answer a request."""

    #: The name of it in response codes.
    name: str
    response: str
    #: The end of the class of the message. source: MS-OXOCAL PidTagMessageClass
    class_ending: str
    #: What comes before the subject.
    prefix: str
    #: What the calendar shows of the time; nothing for what is no longer in it.
    free_busy: str


_ANSWERS: Final = {
    "AcceptItem": _Answer("Accept", "Accept", "Pos", "Accepted: ", "Busy"),
    "TentativelyAcceptItem": _Answer("Tentative", "Tentative", "Tent", "Tentative: ", "Tentative"),
    "DeclineItem": _Answer("Decline", "Decline", "Neg", "Declined: ", ""),
}
#: The elements that are answered here.
RESPONSES: Final = frozenset({*_ANSWERS, "CancelCalendarItem", "RemoveItem"})


def respond_to(call: Call, element: etree._Element, disposition: str) -> list[etree._Element]:
    """Do what a response object says and return the elements of the items that it has changed."""
    reference = element.find(t_name("ReferenceItemId"))
    if reference is None:
        raise Refusal("ErrorMissingInformationReferenceItemId", "Say which item the response is to.")
    mailbox, item = call.item(reference)
    name = local_name(element)
    if name == "CancelCalendarItem":
        cancel(call, mailbox, _own_meeting(item), Sending(Told.ALL, saves=disposition == "SendAndSaveCopy"))
        mailbox.discard(item)
        return []
    if name == "RemoveItem":
        return _remove(mailbox, item)
    return _answer(call, About(mailbox, _appointment(mailbox, item)), item, element, disposition)


def _own_meeting(item: Item) -> Item:
    if item.kind != "CalendarItem" or state_of(item) & RECEIVED:
        raise Refusal("ErrorCalendarIsNotOrganizer", "Only the organizer cancels a meeting.")
    return item


def _appointment(mailbox: Mailbox, item: Item) -> Item:
    """Return the appointment that is meant: the item itself, or that of a request."""
    if item.kind == "CalendarItem":
        return item
    found = mailbox.find_item(associated_id(item)) or find_appointment(mailbox, item)
    if item.kind != "MeetingRequest" or found is None:
        raise Refusal("ErrorItemNotFound", "There is no appointment that could be answered.")
    return found


def _remove(mailbox: Mailbox, item: Item) -> list[etree._Element]:
    """Remove a canceled meeting from the calendar, and the message that said so."""
    found = item if item.kind == "CalendarItem" else find_appointment(mailbox, item)
    if found is not None and not state_of(found) & RECEIVED:
        raise Refusal("ErrorCalendarIsOrganizerForRemove", "The organizer deletes or cancels a meeting.")
    if found is not None:
        mailbox.discard(found)
    if found is not item:
        mailbox.discard(item)
    return []


def _answer(
    call: Call, about: About, item: Item, element: etree._Element, disposition: str
) -> list[etree._Element]:
    way = _ANSWERS[local_name(element)]
    mailbox, appointment = about.mailbox, about.appointment
    if not state_of(appointment) & RECEIVED:
        raise Refusal(f"ErrorCalendarIsOrganizerFor{way.name}", "The organizer does not answer.")
    if state_of(appointment) & CANCELED:
        raise Refusal(f"ErrorCalendarIsCancelledFor{way.name}", "The meeting was canceled.")
    appointment.put("calendar:MyResponseType", way.response)
    appointment.put_instant("calendar:AppointmentReplyTime", mailbox.now())
    if way.free_busy:
        intended = item.text("meetingRequest:IntendedFreeBusyStatus") or way.free_busy
        shown = intended if way.response == "Accept" else way.free_busy
        appointment.put("calendar:LegacyFreeBusyStatus", shown)
    mailbox.change(appointment)
    if disposition in ("SendOnly", "SendAndSaveCopy"):
        _reply(call, about, way, element, saves=disposition == "SendAndSaveCopy")
    told = [id_only(mailbox, appointment)]
    if not way.free_busy:
        mailbox.discard(appointment)
        told = []
    if item.kind == "MeetingRequest":
        item.put("meeting:HasBeenProcessed", "true")
        mailbox.discard(item)
    return told


def _reply(call: Call, about: About, way: _Answer, element: etree._Element, *, saves: bool) -> None:
    subject = way.prefix + about.appointment.text("item:Subject")
    folder = about.mailbox.get_standard("sentitems")
    notice = write_imip(about, Method.REPLY, [about.organizer()], subject, way.response)
    message = make_message(about, "MeetingResponse", notice, about.mailbox, folder)
    message.fields.pop("item:Body", None)
    copy_fields(message, element, ("item:Body", "meeting:ProposedStart", "meeting:ProposedEnd"))
    message.put("item:ItemClass", f"IPM.Schedule.Meeting.Resp.{way.class_ending}")
    message.put("meeting:ResponseType", way.response)
    put_people(message, "message:ToRecipients", [about.organizer()])
    answer(call, about, message, way.response)
    if saves:
        message.put("message:IsRead", "true")
        about.mailbox.keep(message)
