"""Notices: who is told of an act on the server, and the rule that says so."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from postroom.reconcile.fields import NAMED
from postroom.reconcile.item import Attendee, Item, Kind, Part, State, Value
from postroom.reconcile.policy import Policy


class Notice(Enum):
    """What attendees get."""

    NONE = "nothing"
    INVITATION = "an invitation"
    UPDATE = "an update"
    CANCELLATION = "a cancellation"


class Rule(Enum):
    """Why attendees are told, or not."""

    # source: DATAVERSE-EMAIL sync logic for appointments
    ORGANIZER_INVITES = "The user organizes a meeting that is to come: its attendees are invited."
    ORGANIZER_UPDATES = "The organizer changed what attendees see: they are told."
    ORGANIZER_CANCELS = "The organizer's meeting to come is removed: its attendees are told."
    NO_MEETING = "Nobody is invited to it."
    NOT_ORGANIZER = "Only the organizer's mailbox sends, and the user isn't the organizer."
    PAST = "It has begun or is over; nobody is told of the past."
    NOTHING_TO_TELL = "Nothing changed that attendees see."
    FIRST_TIME = "The mailbox is synchronized for the first time; nobody is told of what was there before."
    REBUILT = "The pair was found again after its state was lost; nobody is told twice."
    OWN_COPY = "Each user has a copy of a service activity of his own; nobody is invited to it."
    CRM_TELLS_NOBODY = "Writing in the CRM sends nothing."


@dataclass(frozen=True, slots=True)
class Sends:
    """What leaves for whom when an act is done, with the rule that decided."""

    notice: Notice
    rule: Rule
    to: frozenset[Attendee] = frozenset()


#: Of everything that is written in the CRM.
IN_CRM = Sends(Notice.NONE, Rule.CRM_TELLS_NOBODY)


class Occasion(Enum):
    """Whether the mailbox has been synchronized before."""

    USUAL = "usual"
    #: Nothing that was there before is told to anybody.
    FIRST = "first"


def on_creation(item: Item, now: datetime, occasion: Occasion) -> Sends:
    """Return who is told when this record is made on the server."""
    rule = _silence(item, item.attendees, now)
    if rule is None and occasion is Occasion.FIRST:
        rule = Rule.FIRST_TIME
    if rule is not None:
        return Sends(Notice.NONE, rule)
    return Sends(Notice.INVITATION, Rule.ORGANIZER_INVITES, item.attendees)


def on_update(
    crm: Item,
    server: Item,
    written: Mapping[str, Value],
    based: Collection[str],
    now: datetime,
    policy: Policy,
) -> Sends:
    """Return who is told when these fields are written on the server.

    `based` are those of them that had been agreed before; what was only put together again is not told.
    """
    concerned = crm.attendees | server.attendees
    rule = _silence(crm, concerned, now)
    if rule is None and server.part is not Part.OWNER:
        rule = Rule.NOT_ORGANIZER
    if rule is Rule.PAST and policy.update_past_meetings_openly:
        rule = None
    told = {name for name in written if NAMED[crm.kind][name].is_told}
    if crm.state is not State.OPEN:
        # That a record was closed is nobody's business but its owner's; guests learn of a cancellation.
        told -= {"show_as"}
    if rule is None and not told:
        rule = Rule.NOTHING_TO_TELL
    if rule is None and not told & set(based):
        rule = Rule.REBUILT
    if rule is not None:
        return Sends(Notice.NONE, rule)
    return Sends(Notice.UPDATE, Rule.ORGANIZER_UPDATES, concerned)


def on_deletion(server: Item, kind: Kind, now: datetime) -> Sends:
    """Return who is told when this item, whose pair is of that kind, is removed from the server."""
    rule = Rule.OWN_COPY if kind is Kind.SERVICE else _silence(server, server.attendees, now)
    if rule is not None:
        return Sends(Notice.NONE, rule)
    return Sends(Notice.CANCELLATION, Rule.ORGANIZER_CANCELS, server.attendees)


def _silence(item: Item, attendees: frozenset[Attendee], now: datetime) -> Rule | None:
    if not item.kind.is_calendar or not attendees:
        return Rule.NO_MEETING
    # source: DATAVERSE-SYNC service appointments: invitations and cancellations are never sent
    if item.kind is Kind.SERVICE:
        return Rule.OWN_COPY
    if item.part is not Part.OWNER:
        return Rule.NOT_ORGANIZER
    if item.is_past(now):
        return Rule.PAST
    return None
