"""What a message about a meeting is about: an appointment, whose it is, and who takes part."""

from dataclasses import dataclass

from postroom.mime.message import Address
from postroom.sandbox.exchange.appointments import ATTENDEES
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.paths import stored_or_derived
from postroom.sandbox.exchange.writing import people_in


@dataclass(frozen=True, slots=True)
class About:
    """An appointment and the mailbox in whose calendar it lies."""

    mailbox: Mailbox
    appointment: Item

    @property
    def owner(self) -> Address:
        """Return whose calendar it is."""
        return Address(self.mailbox.address, self.mailbox.name)

    def organizer(self) -> Address:
        """Return who has called the meeting."""
        element = stored_or_derived(self.mailbox, self.appointment, "calendar:Organizer")
        return next(iter(people_in(element)), self.owner)

    def attendees(self) -> list[Address]:
        """Return everybody who is invited, except the organizer."""
        people = [each for uri in ATTENDEES for each in people_in(self.appointment.fields.get(uri))]
        own = self.organizer().key
        return list({each.key: each for each in people if each.key != own}.values())
