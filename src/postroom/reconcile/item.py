"""Items: an appointment, contact, task, phone call or the like as one side has it now."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NamedTuple

#: A canonical, comparable value of a field; `fingerprint` says which types it may be made of.
Value = Hashable


class Side(Enum):
    """Where an item lies."""

    CRM = "CRM"
    SERVER = "server"

    @property
    def other(self) -> "Side":
        """Return the opposite side."""
        return Side.SERVER if self is Side.CRM else Side.CRM


class Kind(Enum):
    """What an item is; a pair is of one kind for its whole life."""

    APPOINTMENT = "appointment"
    #: A recurring master with all its exceptions and deleted instances, as one item.
    SERIES = "series"
    CONTACT = "contact"
    TASK = "task"
    # Of these a server knows nothing: to it they are tasks, and an appointment.
    PHONE_CALL = "phone call"
    LETTER = "letter"
    FAX = "fax"
    SERVICE = "service activity"

    @property
    def is_calendar(self) -> bool:
        """Say whether it stands in a calendar and may be a meeting."""
        return self in (Kind.APPOINTMENT, Kind.SERIES, Kind.SERVICE)

    @property
    def on_server(self) -> "Kind":
        """Return what its item on a server is.

        >>> Kind.FAX.on_server, Kind.CONTACT.on_server
        (<Kind.TASK: 'task'>, <Kind.CONTACT: 'contact'>)
        """
        return _ON_SERVER.get(self, self)

    @property
    def is_outward(self) -> bool:
        """Say whether it is made in the CRM alone: no item of a server ever becomes one."""
        return self in _ON_SERVER


# source: DATAVERSE-SYNC faxes, letters and phone calls are tasks of Exchange, service activities meetings
_ON_SERVER: Mapping[Kind, Kind] = {
    Kind.PHONE_CALL: Kind.TASK,
    Kind.LETTER: Kind.TASK,
    Kind.FAX: Kind.TASK,
    Kind.SERVICE: Kind.APPOINTMENT,
}


class State(Enum):
    """Whether the item is still open, as its own side sees it."""

    #: Also an appointment that the CRM calls Scheduled.
    OPEN = "open"
    COMPLETED = "completed"
    CANCELED = "canceled"


class Part(Enum):
    """What the user whose mailbox is synchronized is to this item."""

    #: The organizer of an appointment; the owner of a contact or task.
    OWNER = "owner"
    #: Somebody else's, and that organizer's own mailbox is kept in step here as well.
    GUEST_OF_COLLEAGUE = "guest of a colleague"
    #: Somebody else's, of whom only this copy tells.
    GUEST_OF_OUTSIDER = "guest of an outsider"
    #: The side names no organizer.
    UNKNOWN = "unknown"


class Privacy(Enum):
    """Whether its owner wants the content kept to himself."""

    OPEN = "open"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is invited; the same as another when the address is."""

    #: The address under which two spellings are one.
    key: str
    address: str = field(default="", compare=False)
    name: str = field(default="", compare=False)


class Span(NamedTuple):
    """The value of the field `time`: from when to when, as aware instants in UTC."""

    start_at: datetime
    end_at: datetime
    is_all_day: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """By what an item can be found again when its pair is lost."""

    #: The iCalendar UID or the cleaned global object id, whichever both sides keep.
    uid: str = ""
    #: Our own token, written when we made it.
    token: str = ""
    #: On a server's item: the CRM record that we noted on it. Copies carry it along.
    crm_id: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One item as a side has it now; `fields` are in that side's own vocabulary."""

    id: str
    version: str
    kind: Kind
    #: Values by the names of `fields.ROWS`; a missing one is None.
    fields: Mapping[str, Value]
    modified_at: datetime
    identity: Identity = Identity()
    part: Part = Part.OWNER
    state: State = State.OPEN
    privacy: Privacy = Privacy.OPEN
    #: Of a series: when its last instance starts. None when it has no end.
    last_start_at: datetime | None = None
    #: A person wants it synchronized (or, in the CRM, has not said otherwise).
    is_tracked: bool = True
    #: It lies where this side synchronizes: a filter matches, or the folder is the right one.
    is_in_scope: bool = True
    #: Saved and not yet sent.
    is_draft: bool = False
    #: Names of attendees without an address, who can't be told.
    unaddressed: tuple[str, ...] = ()
    #: Why this side says that the item can't be synchronized, with its cure; empty when it can.
    hindrance: str = ""

    @property
    def is_wanted(self) -> bool:
        """Say whether it is to be synchronized, as far as its own side knows."""
        return self.is_tracked and self.is_in_scope

    @property
    def subject(self) -> str:
        """Return what a person recognizes it by."""
        return str(self.fields.get("subject") or self.fields.get("full_name") or "")

    @property
    def shown_name(self) -> str:
        """Return what others than its owner recognize it by: a private item does not say what it is about."""
        if self.privacy is Privacy.OPEN:
            return self.subject
        span = self.fields.get("time")
        when = f" of {span.start_at:%Y-%m-%d %H:%M} UTC" if isinstance(span, Span) else ""
        return f"private {self.kind.value}{when}"

    @property
    def attendees(self) -> frozenset[Attendee]:
        """Return all who are invited, required or optional."""
        invited: set[Attendee] = set()
        for name in ("required", "optional"):
            value = self.fields.get(name)
            if isinstance(value, frozenset):
                invited |= value
        return frozenset(invited)

    def is_past(self, now: datetime) -> bool:
        """Say whether it, or the last of a series, had started by then; what has no time never has."""
        span = self.fields.get("time")
        start_at = span.start_at if isinstance(span, Span) else self.last_start_at
        return start_at is not None and start_at <= now
