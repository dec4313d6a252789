"""One mailbox of the sandbox's Exchange: its folder tree, its items, and how they change.

Nothing here locks: whoever calls holds the lock of the office.
"""

import base64
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime

from postroom.ports.clock import Clock
from postroom.sandbox.exchange.changes import ChangeLog
from postroom.sandbox.exchange.events import Event, EventKind
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.names import ITEM_CLASSES, ROOT, STANDARD_FOLDERS
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.series import delete_occurrence, find_occurrence, keep_occurrence, split_id

#: Real ids begin with these octets; clients that look at them find what they expect.
_ID_MARK = b"\x00\x03\x24"
_KEY_MARK = b"\x09\x00\x00\x00"
#: Characters of an id that name its mailbox.
KEY_LENGTH = 24


class Mailbox:
    """A mailbox with its owner's address; `told` hears of every event in it."""

    def __init__(
        self, address: str, password: str, name: str, clock: Clock, told: Callable[[Event], None]
    ) -> None:
        self.address = address
        self.password = password
        self.name = name
        #: The first characters of every id in it.
        self.key = base64.b64encode(_ID_MARK + secrets.token_bytes(15)).decode("ascii")
        self.folders: dict[str, Folder] = {}
        self.items: dict[str, Item] = {}
        self.hierarchy = ChangeLog()
        self._clock = clock
        self._told = told
        self._number = 0
        self._standard: dict[str, str] = {}
        for distinguished, shown, folder_class, parent in STANDARD_FOLDERS:
            self._make_standard(distinguished, shown, folder_class, parent)

    @property
    def number(self) -> int:
        """Return the number of the latest change in it."""
        return self._number

    def now(self) -> datetime:
        """Return the present instant."""
        return self._clock.now()

    def new_id(self) -> str:
        """Return an id that nothing else has, case and all."""
        return self.key + base64.b64encode(secrets.token_bytes(60)).decode("ascii")

    def new_key(self) -> str:
        """Return a change key that comes with the next change."""
        self._number += 1
        return base64.b64encode(_KEY_MARK + self._number.to_bytes(14, "big")).decode("ascii")

    def standard(self, distinguished: str) -> Folder | None:
        """Return the folder of a distinguished name, or None when this mailbox has none."""
        return self.folders.get(self._standard.get(distinguished, ""))

    def get_standard(self, distinguished: str) -> Folder:
        """Return the folder of a distinguished name that every mailbox has."""
        return self.folders[self._standard[distinguished]]

    def number_of(self, change_key: str) -> int:
        """Return the number of the change that a change key came with; 0 for a key of nobody's making."""
        try:
            octets = base64.b64decode(change_key, validate=True)
        except ValueError:
            return 0
        return int.from_bytes(octets[len(_KEY_MARK) :], "big") if octets.startswith(_KEY_MARK) else 0

    def children(self, folder: Folder) -> list[Folder]:
        """Return the folders directly below; a mailbox has tens of them, so all are looked at."""
        return [each for each in self.folders.values() if each.parent_id == folder.id]

    def descendants(self, folder: Folder) -> Iterator[Folder]:
        """Yield all folders below, parents before their children."""
        for child in self.children(folder):
            yield child
            yield from self.descendants(child)

    def make_folder(self, parent: Folder, name: str, folder_class: str = "IPF.Note") -> Folder:
        """Make a folder and return it."""
        made = Folder(self.new_id(), self.new_key(), name, folder_class, parent.id, self.now())
        self.folders[made.id] = made
        self.hierarchy.enter(made.id, self._number)
        self._tell_of_folder(EventKind.CREATED, made)
        return made

    def touch_folder(self, folder: Folder) -> None:
        """Note that the folder itself has changed: its name or properties."""
        folder.change_key = self.new_key()
        self.hierarchy.change(folder.id, self._number)
        self._tell_of_folder(EventKind.MODIFIED, folder)

    def move_folder(self, folder: Folder, parent: Folder) -> None:
        """Put the folder below another one; it keeps its id."""
        before, folder.parent_id = folder.parent_id, parent.id
        folder.change_key = self.new_key()
        self.hierarchy.change(folder.id, self._number)
        self._tell_of_folder(EventKind.MOVED, folder, old_folder_id=folder.id, old_parent_id=before)

    def drop_folder(self, folder: Folder) -> None:
        """Remove the folder with all that lies in it and below it."""
        for child in self.children(folder):
            self.drop_folder(child)
        for item in list(folder.items.values()):
            self.drop(item)
        del self.folders[folder.id]
        self.new_key()
        self.hierarchy.leave(folder.id, self._number)
        self._tell_of_folder(EventKind.DELETED, folder)

    def new_item(self, kind: str, folder: Folder) -> Item:
        """Return an item that belongs to the folder and does not lie in it yet; see `keep`."""
        now = self.now()
        item = Item(self.new_id(), "", kind, folder.id, now, now, now)
        item.put("item:ItemClass", ITEM_CLASSES.get(kind, "IPM.Note"))
        # Stays the same wherever the item is moved. source: MS-OXPROPS PidTagSearchKey
        search_key = base64.b64encode(secrets.token_bytes(16)).decode("ascii")
        item.set_property("PropertyTag", "0x300b", "Binary", search_key)
        return item

    def keep(self, item: Item, event: EventKind = EventKind.CREATED, **before: str) -> Item:
        """Put the item into its folder and return it; `before` says where a moved or copied one was."""
        folder = self.folders[item.folder_id]
        item.change_key = self.new_key()
        folder.items[item.id] = item
        self.items[item.id] = item
        folder.log.enter(item.id, self._number)
        self._touch_contents(folder)
        self._tell_of_item(event, item, **before)
        return item

    def change(self, item: Item, *fields: str) -> None:
        """Note that the item has another content, in these fields when they are known."""
        master = self.master_of(item)
        if master is not None:
            item.change_key = self.new_key()
            keep_occurrence(master, item, self.now(), item.change_key)
            item = master
        folder = self.folders[item.folder_id]
        item.change_key = self.new_key()
        item.touched.update(dict.fromkeys(fields, self._number))
        item.modified_at = self.now()
        folder.log.change(item.id, self._number)
        self._touch_contents(folder)
        self._tell_of_item(EventKind.MODIFIED, item)

    def set_read(self, item: Item, read: str) -> None:
        """Set the read flag to true or false, which is less than a change of content."""
        if item.text("message:IsRead") == read:
            return
        item.put("message:IsRead", read)
        item.change_key = self.new_key()
        item.touched["message:IsRead"] = self._number
        item.modified_at = self.now()
        folder = self.folders[item.folder_id]
        folder.log.mark_read(item.id, self._number)
        self._touch_contents(folder)
        self._tell_of_item(EventKind.MODIFIED, item)

    def move(self, item: Item, folder: Folder, into: "Mailbox | None" = None) -> Item:
        """Move the item; what lies in the other folder afterwards has another id."""
        self._refuse_occurrence(item)
        # An id holds the folder's: that is why a move changes it. source: MS-OXWSCORE MoveItem
        target = into or self
        moved = item.twin(target.new_id(), "", folder.id)
        self._take_out(item)
        return target.keep(moved, EventKind.MOVED, old_item_id=item.id, old_folder_id=item.folder_id)

    def copy(self, item: Item, folder: Folder, into: "Mailbox | None" = None) -> Item:
        """Put a copy of the item into the folder."""
        self._refuse_occurrence(item)
        target = into or self
        made = item.twin(target.new_id(), "", folder.id)
        return target.keep(made, EventKind.COPIED, old_item_id=item.id, old_folder_id=item.folder_id)

    def drop(self, item: Item) -> None:
        """Remove the item for good; of a series, only this occurrence."""
        master = self.master_of(item)
        if master is not None:
            delete_occurrence(master, item)
            self.change(master)
            return
        self._take_out(item)
        self._tell_of_item(EventKind.DELETED, item)

    def find_item(self, some_id: str) -> Item | None:
        """Return the item of an id, also an occurrence of a series, or None."""
        if some_id in self.items:
            return self.items[some_id]
        parts = split_id(some_id)
        master = self.items.get(parts[0]) if parts else None
        return find_occurrence(master, some_id) if master else None

    def master_of(self, item: Item) -> Item | None:
        """Return the series that the item is an occurrence of; None for what is an item of its own."""
        parts = None if item.id in self.items else split_id(item.id)
        return self.items.get(parts[0]) if parts else None

    def discard(self, item: Item) -> None:
        """Do what the delete key does: move to Deleted Items, or remove what lies there already."""
        bin_ = self.get_standard("deleteditems")
        if self.master_of(item) or item.folder_id in {
            bin_.id,
            *(below.id for below in self.descendants(bin_)),
        }:
            self.drop(item)
        else:
            self.move(item, bin_)

    def renumber(self) -> None:
        """Give every item another id, as a mailbox has that was moved to another server."""
        for item in list(self.items.values()):
            folder = self.folders[item.folder_id]
            twin = item.twin(self.new_id(), "", folder.id)
            self._take_out(item)
            folder.deleted_total -= 1
            self.keep(twin)

    def _refuse_occurrence(self, item: Item) -> None:
        if self.master_of(item) is not None:
            raise Refusal("ErrorCalendarCannotMoveOrCopyOccurrence", "Occurrences cannot be moved or copied.")

    def _take_out(self, item: Item) -> None:
        folder = self.folders[item.folder_id]
        del folder.items[item.id]
        del self.items[item.id]
        self.new_key()
        folder.log.leave(item.id, self._number)
        folder.deleted_total += 1
        self._touch_contents(folder)

    def _touch_contents(self, folder: Folder) -> None:
        folder.content_at = self.now()

    def _make_standard(self, distinguished: str, name: str, folder_class: str, parent: str) -> None:
        parent_id = "" if distinguished == ROOT else self._standard[parent]
        made = Folder(self.new_id(), self.new_key(), name, folder_class, parent_id, self.now(), distinguished)
        self.folders[made.id] = made
        self._standard[distinguished] = made.id
        self.hierarchy.enter(made.id, self._number)

    def _tell_of_item(self, kind: EventKind, item: Item, **before: str) -> None:
        parent = self.folders[item.folder_id].parent_id
        self._told(
            Event(kind, self.address, self.now(), item.folder_id, parent, item.id, item.change_key, **before)
        )

    def _tell_of_folder(self, kind: EventKind, folder: Folder, **before: str) -> None:
        self._told(
            Event(
                kind,
                self.address,
                self.now(),
                folder.id,
                folder.parent_id,
                change_key=folder.change_key,
                **before,
            )
        )

    def announce(self, item: Item) -> None:
        """Say that new mail has come."""
        self._tell_of_item(EventKind.NEW_MAIL, item)
