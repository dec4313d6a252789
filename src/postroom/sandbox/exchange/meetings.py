"""Meetings: whom their organizer tells of them, and what arrives there."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lxml import etree

from postroom.mime.message import Address
from postroom.sandbox.exchange.about import About
from postroom.sandbox.exchange.appointments import ATTENDEES, CANCELED, MEETING, RECEIVED, state_of
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.imip import Method, Notice, write_imip
from postroom.sandbox.exchange.invitations import take_cancellation, take_request, take_response
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.meeting_message import address_to_attendees, make_message
from postroom.sandbox.exchange.postman import Letter
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.series import END, RECURRENCE, START


class Told(Enum):
    """Who is told of a meeting."""

    NOBODY = "nobody"
    CHANGED = "changed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Sending:
    """Who is told of a meeting, and whether a copy of the message is kept."""

    told: Told
    saves: bool = False


#: By the values of SendMeetingInvitations, SendMeetingInvitationsOrCancellations, SendMeetingCancellations.
_SENDINGS: Final = {
    "SendToNone": Sending(Told.NOBODY),
    "SendOnlyToAll": Sending(Told.ALL),
    "SendOnlyToChanged": Sending(Told.CHANGED),
    "SendToAllAndSaveCopy": Sending(Told.ALL, saves=True),
    "SendToChangedAndSaveCopy": Sending(Told.CHANGED, saves=True),
}
_KINDS: Final = {Method.REQUEST: "MeetingRequest", Method.CANCEL: "MeetingCancellation"}


#: For items that are no appointments, and requests that are not to send anything.
NOBODY: Final = Sending(Told.NOBODY)


def read_sending(request: etree._Element, what: str) -> Sending:
    """Return who is to be told by Invitations, InvitationsOrCancellations or Cancellations.

    A request that does not say it is refused, as Exchange does.
    """
    found = _SENDINGS.get(request.get(f"SendMeeting{what}") or "")
    if found is None:
        raise Refusal(
            f"ErrorSendMeeting{what}Required", "Say whether to send messages about meetings, and to whom."
        )
    return found


def invite(call: Call, mailbox: Mailbox, appointment: Item, sending: Sending) -> None:
    """Make a meeting of a new appointment that has attendees, and invite them when that is wanted."""
    about = About(mailbox, appointment)
    if appointment.kind != "CalendarItem" or not _has_attendees(appointment):
        return
    appointment.put("calendar:AppointmentState", str(state_of(appointment) | MEETING))
    if sending.told is not Told.NOBODY:
        appointment.put("calendar:MeetingRequestWasSent", "true")
        _send(call, about, Method.REQUEST, about.attendees(), sending)


def tell_of_change(call: Call, mailbox: Mailbox, before: Item, appointment: Item, sending: Sending) -> None:
    """Tell attendees of a changed meeting: who stays, who is new, who is asked no longer."""
    if appointment.kind != "CalendarItem" or state_of(appointment) & RECEIVED:
        return
    if not (_has_attendees(before) or _has_attendees(appointment)):
        return
    about, previous = About(mailbox, appointment), About(mailbox, before)
    old = {person.key: person for person in previous.attendees()}
    now = {person.key: person for person in about.attendees()}
    is_meeting = bool(now)
    state = state_of(appointment) & ~MEETING | (MEETING if is_meeting else 0)
    appointment.put("calendar:AppointmentState", str(state))
    if sending.told is Told.NOBODY:
        return
    _count_change(before, appointment)
    asked = list(now.values()) if sending.told is Told.ALL else [now[key] for key in now.keys() - old.keys()]
    if asked:
        appointment.put("calendar:MeetingRequestWasSent", "true")
        _send(call, about, Method.REQUEST, asked, sending)
    if gone := [old[key] for key in old.keys() - now.keys()]:
        _send(call, previous, Method.CANCEL, gone, sending)
    if mailbox.master_of(appointment) is not None:
        # An occurrence is kept in its series anew; nothing else remembers what was noted just now.
        mailbox.change(appointment)


def cancel(call: Call, mailbox: Mailbox, appointment: Item, sending: Sending) -> None:
    """Tell the attendees of a meeting that is about to be deleted that it does not take place."""
    is_own = not state_of(appointment) & (RECEIVED | CANCELED)
    about = About(mailbox, appointment)
    if is_own and sending.told is not Told.NOBODY and about.attendees():
        _send(call, about, Method.CANCEL, about.attendees(), sending)


def answer(call: Call, about: About, message: Item, response: str) -> None:
    """Bring an attendee's response to the organizer."""
    organizer = about.organizer()
    target = call.office.find_mailbox(organizer.address)
    if target is None:
        call.office.postman.post(Letter(about.owner.address, (organizer.address,), message.mime or b""))
        return
    inbox = target.get_standard("inbox")
    arrived = message.twin(target.new_id(), "", inbox.id)
    take_response(target, arrived, about.owner, response)
    target.announce(target.keep(arrived))


def _has_attendees(appointment: Item) -> bool:
    return any(uri in appointment.fields for uri in ATTENDEES)


def _count_change(before: Item, appointment: Item) -> None:
    """Count a meeting's changes of time, so that attendees know which message is the newest."""
    # source: RFC5546 2.1.4
    if any(_text(before, uri) != _text(appointment, uri) for uri in (START, END, RECURRENCE)):
        text = appointment.text("calendar:AppointmentSequenceNumber", "0")
        number = int(text) if text.isdecimal() else 0
        appointment.put("calendar:AppointmentSequenceNumber", str(number + 1))


def _text(item: Item, uri: str) -> str:
    element = item.fields.get(uri)
    return "" if element is None else str(element.xpath("string()"))


def _send(call: Call, about: About, method: Method, people: Sequence[Address], sending: Sending) -> None:
    subject = about.appointment.text("item:Subject")
    shown = f"Canceled: {subject}" if method is Method.CANCEL else subject
    notice = write_imip(about, method, people, shown)
    outside = []
    for person in people:
        target = call.office.find_mailbox(person.address)
        if target is None:
            outside.append(person)
        else:
            _bring(about, method, notice, target)
    if outside:
        recipients = tuple(person.address for person in outside)
        call.office.postman.post(Letter(about.owner.address, recipients, notice.data))
    if sending.saves:
        folder = about.mailbox.get_standard("sentitems")
        copy = make_message(about, _KINDS[method], notice, about.mailbox, folder)
        address_to_attendees(copy, about.appointment)
        copy.put("message:IsRead", "true")
        about.mailbox.keep(copy)


def _bring(about: About, method: Method, notice: Notice, target: Mailbox) -> None:
    """Put a message into an attendee's inbox, and what it says into the calendar."""
    message = make_message(about, _KINDS[method], notice, target, target.get_standard("inbox"))
    address_to_attendees(message, about.appointment)
    if method is Method.REQUEST:
        take_request(target, message, about.appointment.text("item:Subject"))
    else:
        take_cancellation(target, message)
    target.announce(target.keep(message))
