"""Messages about meetings: requests, cancellations and responses, made of an appointment."""

from typing import Final

from postroom.mime.message import Address
from postroom.sandbox.exchange.about import About
from postroom.sandbox.exchange.appointments import ATTENDEES
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.imip import Notice
from postroom.sandbox.exchange.incoming import put_people, put_person
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import FIELDS, t_name
from postroom.sandbox.exchange.paths import stored_or_derived
from postroom.sandbox.exchange.series import is_master, is_occurrence
from postroom.sandbox.exchange.writing import people_in

#: Fields of an appointment that mean something in its own calendar only.
_PRIVATE: Final = frozenset(
    f"calendar:{name}"
    for name in (
        *("FirstOccurrence", "LastOccurrence", "ModifiedOccurrences", "DeletedOccurrences"),
        *("ConflictingMeetings", "AdjacentMeetings", "ConflictingMeetingCount", "AdjacentMeetingCount"),
        *("MyResponseType", "AppointmentReplyTime", "DateTimeStamp", "IsOrganizer"),
    )
)
_COPIED: Final = ("item:Body", "item:Importance", "item:Sensitivity")


def make_message(about: About, kind: str, notice: Notice, mailbox: Mailbox, folder: Folder) -> Item:
    """Return a message of a kind about an appointment, for a folder of a mailbox; it does not lie there yet.

    It is from the owner of the appointment; whom it is for is still to be said. `notice` is what goes
    over the Internet of it.
    """
    made = mailbox.new_item(kind, folder)
    for uri in FIELDS[kind]:
        if uri.startswith("calendar:") and uri not in _PRIVATE:
            element = stored_or_derived(about.mailbox, about.appointment, uri)
            if element is not None:
                made.fields[uri] = element
    if "calendar:IsRecurring" in made.fields:
        recurs = is_master(about.appointment) or is_occurrence(about.appointment)
        made.put("calendar:IsRecurring", "true" if recurs else "false")
    for uri in _COPIED:
        if (element := stored_or_derived(about.mailbox, about.appointment, uri)) is not None:
            made.fields[uri] = element
    made.mime = notice.data
    made.put("item:Subject", notice.subject)
    put_person(made, "message:From", about.owner)
    put_person(made, "message:Sender", about.owner)
    made.put("message:ConversationTopic", about.appointment.text("item:Subject"))
    made.put("message:InternetMessageId", notice.message_id)
    made.put("message:IsRead", "false")
    made.put_instant("item:DateTimeSent", made.received_at)
    for name in ("IsDelegated", "IsOutOfDate", "HasBeenProcessed"):
        made.put(f"meeting:{name}", "false")
    made.put("meeting:ResponseType", "NoResponseReceived")
    made.put_instant("calendar:DateTimeStamp", made.received_at)
    return made


def address_to_attendees(message: Item, appointment: Item) -> None:
    """Say in a message that it is for those whom the appointment invites."""
    for uri, attendees in zip(
        ("message:ToRecipients", "message:CcRecipients", "message:BccRecipients"), ATTENDEES, strict=True
    ):
        put_people(message, uri, people_in(appointment.fields.get(attendees)))


def associate(message: Item, appointment: Item) -> None:
    """Say in a message which appointment it belongs to in the same mailbox."""
    message.put("meeting:AssociatedCalendarItemId", "")
    element = message.fields["meeting:AssociatedCalendarItemId"]
    element.text = None
    element.set("Id", appointment.id)
    element.set("ChangeKey", appointment.change_key)


def associated_id(message: Item) -> str:
    """Return the id of the appointment that a message belongs to, or nothing."""
    element = message.fields.get("meeting:AssociatedCalendarItemId")
    return "" if element is None else str(element.get("Id") or "")


def attendee_of(appointment: Item, person: Address) -> tuple[str, int] | None:
    """Return the field and the place in it of an attendee, or None for somebody who is not invited."""
    for uri in ATTENDEES:
        element = appointment.fields.get(uri)
        for place, attendee in enumerate(element if element is not None else ()):
            if any(each.key == person.key for each in people_in(attendee.find(t_name("Mailbox")))):
                return uri, place
    return None
