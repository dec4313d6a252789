"""The policy: each switch that bears on appointments, contacts, tasks; safe by default."""

from dataclasses import dataclass
from enum import Enum, IntEnum


class TaskDeletion(IntEnum):
    """What becomes of the record when a task is deleted on the server; codes as in the switch."""

    DELETE = 0
    DELETE_UNLESS_COMPLETED = 1
    KEEP = 2


class ContactDeletion(Enum):
    """What becomes of the record when a contact is deleted on the server."""

    KEEP = "keep"
    DELETE_IF_OWNER = "delete if the user owns it"


class PrivateItems(Enum):
    """What the CRM learns of a private item."""

    #: That the time is taken, and nothing else.
    BUSY_BLOCK = "busy block"
    #: All of it, with the private mark.
    MARKED = "marked"
    #: All of it, without the mark, as Dataverse does by default.
    AS_ANY = "as any other"


class Conflicts(Enum):
    """What is done when both sides have changed the same field."""

    LATER_WINS = "the later change wins"
    ASK = "ask the user"


class Duplicates(Enum):
    """What is done with an item that looks like one of the other side without a mark to prove it."""

    LINK = "link them"
    ASK = "ask the user"
    CREATE = "create another"


class Clashes(Enum):
    """What is done with a tracked item whose time its user has given to another appointment already."""

    IGNORE = "take it in"
    WARN = "take it in and say so"
    ASK = "ask the user"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the organization has chosen; the defaults destroy nothing and tell nobody."""

    #: A record that only left the filter is unlinked, not deleted. Dataverse's own default is the opposite.
    distinct_deletes: bool = True
    propagate_cancellations: bool = False
    task_deletion: TaskDeletion = TaskDeletion.DELETE
    contact_deletion: ContactDeletion = ContactDeletion.KEEP
    update_past_meetings_openly: bool = False
    private_items: PrivateItems = PrivateItems.BUSY_BLOCK
    track_from_non_organizer: bool = True
    ignore_copies: bool = True
    save_as_draft: bool = False
    sync_attachments: bool = False
    mailing_address_only: bool = True
    conflicts: Conflicts = Conflicts.LATER_WINS
    duplicates: Duplicates = Duplicates.LINK
    #: Attempts at one item before it rests until it changes or its user decides.
    most_attempts: int = 3
    #: Answers lost on one item before it rests likewise; more, since it may be the server's doing.
    most_lost_answers: int = 10
    #: Above it an item is left alone, with an alert: no server takes the invitation.
    # Exchange takes 500 recipients of one message unless its administrator says otherwise.
    most_attendees: int = 500
    #: Above it an appointment is left alone, with an alert.
    longest_days: int = 10
    clashes: Clashes = Clashes.IGNORE
