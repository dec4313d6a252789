"""A person at their mailbox: reads, moves, marks, sends and deletes as Outlook does."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from postroom.sandbox.exchange.completion import complete
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.incoming import read_in
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.postman import Letter, Postman
from postroom.sandbox.exchange.receipt import acknowledge
from postroom.sandbox.exchange.series import in_view


class Office(Protocol):
    """Where the mailbox is: its lock, and the postman who calls there."""

    lock: threading.RLock
    postman: Postman


class Outlook:
    """The hands and eyes of the owner of one mailbox; for tests and demonstrations.

    Folders are named by their distinguished name or by a path of names below the top, such as
    "Inbox/Projects".
    """

    def __init__(self, office: Office, mailbox: Mailbox) -> None:
        self._office = office
        self.mailbox = mailbox

    def folder(self, name: str) -> Folder:
        """Return a folder; `LookupError` when there is none."""
        with self._office.lock:
            found = self.mailbox.standard(name.lower())
            if found is not None:
                return found
            found = self.mailbox.get_standard("msgfolderroot")
            for part in name.split("/"):
                inner = [each for each in self.mailbox.children(found) if each.name.lower() == part.lower()]
                if not inner:
                    raise LookupError(f"{self.mailbox.address} has no folder {name}")
                found = inner[0]
            return found

    def make_folder(self, name: str, parent: str = "msgfolderroot", folder_class: str = "IPF.Note") -> Folder:
        """Make a folder below another one."""
        with self._office.lock:
            return self.mailbox.make_folder(self.folder(parent), name, folder_class)

    def rename_folder(self, folder: str, name: str) -> None:
        """Give a folder another name."""
        with self._office.lock:
            found = self.folder(folder)
            found.name = name
            self.mailbox.touch_folder(found)

    def delete_folder(self, folder: str) -> None:
        """Remove a folder with all that lies in it."""
        with self._office.lock:
            self.mailbox.drop_folder(self.folder(folder))

    def items(self, folder: str = "inbox") -> list[Item]:
        """Return what people see in a folder, oldest first."""
        with self._office.lock:
            return list(self.folder(folder).shown())

    def subjects(self, folder: str = "inbox") -> list[str]:
        """Return the subjects of what people see in a folder, oldest first."""
        return [item.text("item:Subject") for item in self.items(folder)]

    def find(self, subject: str, folder: str = "inbox") -> Item:
        """Return the newest item with this subject; `LookupError` when there is none."""
        for item in reversed(self.items(folder)):
            if item.text("item:Subject") == subject:
                return item
        raise LookupError(f"{folder} of {self.mailbox.address} holds nothing called {subject}")

    def put(self, raw: bytes, folder: str = "inbox") -> Item:
        """Drop a message from elsewhere into a folder."""
        with self._office.lock:
            return self.mailbox.keep(read_in(self.mailbox, self.folder(folder), raw))

    def send(self, raw: bytes, *recipients: str) -> Item:
        """Send a message to these addresses and return the copy among the sent items."""
        with self._office.lock:
            copy = read_in(self.mailbox, self.folder("sentitems"), raw)
            copy.put("message:IsRead", "true")
            self.mailbox.keep(copy)
            self._office.postman.post(Letter(self.mailbox.address, recipients, raw))
        self._office.postman.carry_out()
        return copy

    def move(self, item: Item, folder: str) -> Item:
        """Move an item and return what it is now; it has another id."""
        with self._office.lock:
            return self.mailbox.move(item, self.folder(folder))

    def copy(self, item: Item, folder: str) -> Item:
        """Copy an item and return the copy."""
        with self._office.lock:
            return self.mailbox.copy(item, self.folder(folder))

    def delete(self, item: Item) -> None:
        """Press the delete key: to Deleted Items, or away for good from there."""
        with self._office.lock:
            self.mailbox.discard(item)

    def destroy(self, item: Item) -> None:
        """Delete with the shift key pressed: away for good."""
        with self._office.lock:
            self.mailbox.drop(item)

    def categorize(self, item: Item, *names: str) -> None:
        """Give the item these categories and no others."""
        with self._office.lock:
            item.set_categories(*names)
            self.mailbox.change(item)

    def mark_read(self, item: Item) -> None:
        """Open the item and close it again; its sender hears of it if they asked for a receipt."""
        with self._office.lock:
            self.mailbox.set_read(item, "true")
            acknowledge(self._office.postman, self.mailbox, item)
        self._office.postman.carry_out()

    def mark_unread(self, item: Item) -> None:
        """Say that the item is still to be read."""
        with self._office.lock:
            self.mailbox.set_read(item, "false")

    def edit(self, item: Item, uri: str, text: str) -> None:
        """Write another text into a field, such as "item:Subject"."""
        with self._office.lock:
            before = item.twin(item.id, item.change_key, item.folder_id)
            item.put(uri, text)
            complete(item, before, None, self.mailbox.now())
            self.mailbox.change(item, uri)

    def make(self, kind: str, folder: str, texts: Mapping[str, str]) -> Item:
        """Make an appointment, a contact or a task with these texts by FieldURI, and return it."""
        with self._office.lock:
            item = self.mailbox.new_item(kind, self.folder(folder))
            for uri, text in texts.items():
                item.put(uri, text)
            complete(item, None, None, self.mailbox.now())
            return self.mailbox.keep(item)

    def occurrences(self, start: datetime, end: datetime) -> list[Item]:
        """Return what the calendar shows between two instants; changed by `edit`, one is an exception."""
        with self._office.lock:
            return in_view(
                [item for item in self.items("calendar") if item.kind == "CalendarItem"], start, end
            )

    def renumber(self) -> None:
        """Have the mailbox moved to another server: every item gets another id."""
        with self._office.lock:
            self.mailbox.renumber()
