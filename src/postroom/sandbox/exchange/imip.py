"""Mail about meetings for those who have no mailbox here: iCalendar objects in messages."""

import secrets
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from enum import Enum
from itertools import islice
from typing import Final

from postroom.mime.message import Address
from postroom.sandbox.exchange.about import About
from postroom.sandbox.exchange.appointments import ATTENDEES
from postroom.sandbox.exchange.body import as_body_type
from postroom.sandbox.exchange.icalendar import (
    escape,
    quote,
    write_calendar,
    write_local,
    write_rule,
    write_utc,
)
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.series import (
    END,
    MAX_DAYS,
    ORIGINAL,
    START,
    is_master,
    original_start,
    recurrence_of,
    zone_of,
)
from postroom.sandbox.exchange.writing import people_in


class Method(Enum):
    """What a message about a meeting does."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    REPLY = "REPLY"


#: PARTSTAT by the answer of an attendee.
_ANSWERS: Final = {"Accept": "ACCEPTED", "Tentative": "TENTATIVE", "Decline": "DECLINED"}
_ROLES: Final = dict(zip(ATTENDEES, ("REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"), strict=True))
_BUSY: Final = {"Free": "TRANSPARENT"}


@dataclass(frozen=True, slots=True)
class Notice:
    """A message about an appointment as it goes over the Internet."""

    subject: str
    message_id: str
    data: bytes


def write_imip(
    about: About, method: Method, recipients: Sequence[Address], subject: str, answer: str = ""
) -> Notice:
    """Return the message about an appointment; `answer` is the owner's, in a reply."""
    # source: RFC6047 2.4
    message = EmailMessage(policy=SMTP)
    message["From"] = _written(about.owner)
    message["To"] = ", ".join(_written(person) for person in recipients)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(about.mailbox.now())
    message_id = f"<{secrets.token_hex(16)}@exchange.example>"
    message["Message-ID"] = message_id
    # By this Exchange and others know what it is before they have looked inside.
    # source: MS-OXCMAIL Content-Class
    message["Content-Class"] = "urn:content-classes:calendarmessage"
    body = about.appointment.fields.get("item:Body")
    message.set_content("" if body is None else as_body_type(deepcopy(body), "Text").text or "")
    message.add_alternative(_calendar(about, method, answer), subtype="calendar", cte="base64")
    message.get_payload()[1].set_param("method", method.value)  # type: ignore[index, union-attr]
    return Notice(subject, message_id, bytes(message))


def _written(person: Address) -> str:
    return formataddr((" ".join(person.name.split()), person.address))


def _calendar(about: About, method: Method, answer: str) -> str:
    item = about.appointment
    zone = _zone(item)
    event = [*_event(about, method), *_times(item, zone), *_people(about, method, answer)]
    start = item.instant(START)
    described = None if zone is None or start is None else (_ZONE, zone, start.year)
    return write_calendar(method.value, event, described)


#: Objects with a zone describe it, so that its name means nothing.
_ZONE: Final = "Meeting"


def _zone(item: Item) -> tzinfo | None:
    """Return the zone by which a series goes; single appointments are written in UTC."""
    return zone_of(item) if is_master(item) and zone_of(item) is not UTC else None


def _event(about: About, method: Method) -> Iterator[tuple[str, str]]:
    item = about.appointment
    yield "UID", escape(item.text("calendar:UID"))
    yield "SUMMARY", escape(item.text("item:Subject"))
    yield "DTSTAMP", write_utc(about.mailbox.now())
    yield "SEQUENCE", item.text("calendar:AppointmentSequenceNumber", "0")
    yield "STATUS", "CANCELLED" if method is Method.CANCEL else "CONFIRMED"
    yield "TRANSP", _BUSY.get(item.text("calendar:LegacyFreeBusyStatus"), "OPAQUE")
    if location := item.text("calendar:Location"):
        yield "LOCATION", escape(location)
    if (original := item.instant(ORIGINAL)) is not None:
        yield "RECURRENCE-ID", write_utc(original)


def _times(item: Item, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    for name, uri in (("DTSTART", START), ("DTEND", END)):
        at = item.instant(uri)
        if at is None:
            continue
        if item.flag("calendar:IsAllDayEvent"):
            yield f"{name};VALUE=DATE", at.astimezone(zone_of(item)).strftime("%Y%m%d")
        elif zone is not None:
            yield f"{name};TZID={_ZONE}", write_local(at, zone)
        else:
            yield name, write_utc(at)
    if is_master(item):
        yield "RRULE", write_rule(recurrence_of(item), _last_start(item))


def _last_start(master: Item) -> datetime | None:
    """Return when a series with an end day occurs last."""
    recurrence = recurrence_of(master)
    if recurrence.end_on is None:
        return None
    return original_start(master, max(islice(recurrence.days(), MAX_DAYS)))


def _people(about: About, method: Method, answer: str) -> Iterator[tuple[str, str]]:
    organizer = about.organizer()
    yield f"ORGANIZER;CN={quote(organizer.name or organizer.address)}", f"mailto:{organizer.address}"
    if method is Method.REPLY:
        name = f"ATTENDEE;PARTSTAT={_ANSWERS[answer]};CN={quote(about.owner.name or about.owner.address)}"
        yield name, f"mailto:{about.owner.address}"
        return
    for uri, role in _ROLES.items():
        for person in people_in(about.appointment.fields.get(uri)):
            shown = quote(person.name or person.address)
            name = f"ATTENDEE;ROLE={role};PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN={shown}"
            yield name, f"mailto:{person.address}"
