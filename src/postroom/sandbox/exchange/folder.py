"""One folder of a mailbox: its place, its items, and the log of what happened to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree

from postroom.sandbox.exchange.changes import ChangeLog
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.names import FOLDER_KINDS


@dataclass(slots=True)
class Folder:
    """One folder; its items lie in it by id, in the order in which they came."""

    id: str
    change_key: str
    name: str
    folder_class: str
    parent_id: str
    #: When its contents last changed.
    # source: MS-OXPROPS PidTagLocalCommitTimeMax
    content_at: datetime
    #: The name by which clients know it without an id, such as inbox; empty for a user's own.
    distinguished: str = ""
    items: dict[str, Item] = field(default_factory=dict)
    log: ChangeLog = field(default_factory=ChangeLog)
    #: How many items have ever been deleted from it or moved out of it.
    # source: MS-OXPROPS PidTagDeletedCountTotal
    deleted_total: int = 0
    #: Whole t:ExtendedProperty elements by `property_key`.
    extended: dict[str, etree._Element] = field(default_factory=dict)
    #: t:UserConfiguration elements by name.
    configurations: dict[str, etree._Element] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return the local name of the element that describes it."""
        first_two = ".".join(self.folder_class.split(".")[:2])
        return FOLDER_KINDS.get(first_two, "Folder")

    def shown(self) -> Iterator[Item]:
        """Yield the items that people see in it."""
        return (item for item in self.items.values() if not item.is_associated)

    @property
    def total_count(self) -> int:
        """Return how many items people see in it."""
        return sum(1 for _ in self.shown())

    @property
    def unread_count(self) -> int:
        """Return how many of them have not been read."""
        return sum(1 for item in self.shown() if item.text("message:IsRead") == "false")
