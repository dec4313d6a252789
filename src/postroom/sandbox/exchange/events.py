"""What happens in a mailbox, as it is told to those who have subscribed."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class EventKind(Enum):
    """The kinds of events, in the words of subscriptions."""

    NEW_MAIL = "NewMailEvent"
    CREATED = "CreatedEvent"
    DELETED = "DeletedEvent"
    MODIFIED = "ModifiedEvent"
    MOVED = "MovedEvent"
    COPIED = "CopiedEvent"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one item, or to one folder when `item_id` is empty."""

    kind: EventKind
    #: The address of the mailbox, in lower case.
    mailbox: str
    at: datetime
    #: The folder that the item lies in, or that something happened to.
    folder_id: str
    parent_id: str
    item_id: str = ""
    change_key: str = ""
    #: Where a moved or copied item or folder was before.
    old_item_id: str = ""
    old_folder_id: str = ""
    old_parent_id: str = ""
