"""A mailbox with folders and categories, without a server: for simulations and tests.

It keeps the promises of `ports.mail` and `ports.folders`, passes the same contract tests as the
real ones, and moves a message as Exchange does: under a new id.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from postroom.errors import Refused, TooLarge, TransportError, Unreachable
from postroom.mime.message import RawBytes
from postroom.ports.folders import Category, Folder, OwnerMark, Recategorized
from postroom.ports.mail import Fetched, Look, Offered, Page

INBOX, SENT = "inbox", "sentitems"
_CATEGORIES = UUID("0f4a0f6c-6a3c-5b0e-8a52-0d1ec7c3b5a9")


@dataclass(frozen=True, slots=True)
class Item:
    """One message in its folder."""

    id: str
    data: bytes
    folder: str
    received_at: datetime | None = None
    categories: frozenset[str] = frozenset()


class Change(NamedTuple):
    """What befell a folder: an item came, was changed, or went."""

    folder: str
    item: str
    is_gone: bool


@dataclass(slots=True)
class MemoryExchange:
    """What a server would have of one mailbox, and how it fails."""

    items: dict[str, Item] = field(default_factory=dict)
    tree: dict[str, Folder] = field(
        default_factory=lambda: {
            INBOX: Folder(INBOX, "Inbox", "", in_inbox=True, is_inbox=True),
            SENT: Folder(SENT, "Sent Items", "", in_inbox=False),
        }
    )
    categories: list[Category] = field(default_factory=list)
    mark: OwnerMark | None = None
    changes: list[Change] = field(default_factory=list)
    #: Changes in one page.
    page_size: int = 512
    #: Ids of messages that are listed and never given.
    withheld: set[str] = field(default_factory=set)
    #: The next session breaks when it has given this many messages; None when it does not.
    breaks_after: int | None = None
    #: Raised when a session is opened, or when anything is changed on the server; None when it may be.
    refusal: TransportError | None = None
    refuses_changes: TransportError | None = None
    #: What a mark of an earlier time is worth: nothing, when this has been raised since.
    epoch: int = 0
    made: int = 0
    #: What was asked of it, for counting.
    asked: list[str] = field(default_factory=list)

    def deliver(self, data: bytes, folder: str = INBOX, *, received_at: datetime | None = None) -> str:
        """Add a message and return its id."""
        return self._add(Item("", data, folder, received_at))

    def send(self, data: bytes) -> str:
        """Add a message to what the mailbox has sent, and return its id."""
        return self.deliver(data, SENT)

    def make_folder(self, name: str, parent: str = INBOX) -> str:
        """Make a folder and return its id."""
        folder = f"folder-{self._number()}"
        inside = self.tree[parent].in_inbox if parent else False
        self.tree[folder] = Folder(folder, name, parent, in_inbox=inside)
        return folder

    def move_folder(self, folder: str, parent: str) -> None:
        """Put a folder below another one, or at the top."""
        inside = self.tree[parent].in_inbox if parent else False
        self.tree[folder] = replace(self.tree[folder], parent=parent, in_inbox=inside)

    def remove_folder(self, folder: str) -> None:
        """Delete a folder with all that lies in it."""
        for item in [item for item in self.items.values() if item.folder == folder]:
            self.remove(item.id)
        del self.tree[folder]

    def move(self, server_id: str, folder: str) -> str:
        """Move a message and return its new id."""
        item = self.items[server_id]
        self.remove(server_id)
        return self._add(replace(item, folder=folder))

    def remove(self, server_id: str) -> None:
        """Delete a message."""
        item = self.items.pop(server_id)
        self.changes.append(Change(item.folder, server_id, is_gone=True))

    def categorize(self, server_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Put categories on a message or take them off."""
        item = self.items[server_id]
        categories = (item.categories | frozenset(add)) - frozenset(remove)
        self.items[server_id] = replace(item, categories=categories)
        self.changes.append(Change(item.folder, server_id, is_gone=False))

    def renumber(self) -> None:
        """Give every message a new id, as a server does to which the mailbox was moved."""
        kept = list(self.items.values())
        self.items.clear()
        self.changes.clear()
        self.forget_marks()
        for item in kept:
            self._add(item)

    def forget_marks(self) -> None:
        """Know nothing any more of what earlier looks have seen."""
        self.epoch += 1

    def _add(self, item: Item) -> str:
        server_id = hashlib.sha256(f"{self._number()}".encode()).hexdigest()[:16]
        self.items[server_id] = replace(item, id=server_id)
        self.changes.append(Change(item.folder, server_id, is_gone=False))
        return server_id

    def _number(self) -> int:
        self.made += 1
        return self.made


class MemoryFolders:
    """The folders of an open session: `ports.folders.MailFolders`."""

    def __init__(self, mailbox: MemoryExchange) -> None:
        self._mailbox = mailbox

    def tree(self) -> Sequence[Folder]:
        """Return every folder, parents before children."""
        return list(self._mailbox.tree.values())

    def ensure(self, name: str) -> str:
        """Return the id of the folder of this name at the top; make it when missing."""
        self._change()
        here = self._mailbox.tree.values()
        found = next((f.id for f in here if f.name == name and not f.parent), None)
        return found or self._mailbox.make_folder(name, "")

    def move(self, server_ids: Sequence[str], folder: str) -> Mapping[str, str | TransportError]:
        """Move messages and return the new id of each."""
        self._change()
        return {
            server_id: self._mailbox.move(server_id, folder) if server_id in self._mailbox.items else _gone()
            for server_id in server_ids
        }

    def categories(self) -> Sequence[Category]:
        """Return the list of categories."""
        return list(self._mailbox.categories)

    def add_category(self, category: Category) -> Category:
        """Add a category to the list."""
        self._change()
        made = replace(category, id=category.id or uuid5(_CATEGORIES, category.name))
        self._mailbox.categories.append(made)
        return made

    def remove_category(self, category: Category) -> None:
        """Take a category off the list."""
        self._change()
        kept = [other for other in self._mailbox.categories if other.id != category.id]
        self._mailbox.categories = kept

    def recategorize(self, changes: Sequence[Recategorized]) -> Mapping[str, TransportError]:
        """Change categories of messages; return what could not be."""
        self._change()
        failed: dict[str, TransportError] = {}
        for change in changes:
            if change.server_id in self._mailbox.items:
                self._mailbox.categorize(change.server_id, add=change.add, remove=change.remove)
            else:
                failed[change.server_id] = _gone()
        return failed

    def owner_mark(self) -> OwnerMark | None:
        """Return whose mailbox this is noted to be."""
        return self._mailbox.mark

    def set_owner_mark(self, mark: OwnerMark) -> None:
        """Note whose mailbox this is."""
        self._change()
        self._mailbox.mark = mark

    def _change(self) -> None:
        self._mailbox.asked.append("change")
        if self._mailbox.refuses_changes is not None:
            raise self._mailbox.refuses_changes


class MemoryExchangeSource:
    """A session with a `MemoryExchange`: `ports.mail.MailSource`."""

    def __init__(self, mailbox: MemoryExchange, *, largest: int = 1 << 30) -> None:
        if mailbox.refusal is not None:
            raise mailbox.refusal
        self._mailbox = mailbox
        self._largest = largest
        self._given = 0
        self._breaks_after, mailbox.breaks_after = mailbox.breaks_after, None
        self._discarded: set[str] = set()
        self._is_open = True
        self._folders = MemoryFolders(mailbox)

    @property
    def folders(self) -> MemoryFolders:
        """Return the mailbox's folders and categories."""
        return self._folders

    def offered(self) -> Sequence[Offered]:
        """Return every message of the inbox and of what was sent."""
        return [self._offer(i) for i in self._mailbox.items.values() if i.folder in (INBOX, SENT)]

    def pages(self, look: Look) -> Iterator[Page]:
        """Yield what has changed since the marks, folder by folder."""
        self._require_open()
        places = {INBOX: "", **{folder: folder for folder in look.folders}}
        if look.sent_items:
            places[SENT] = SENT
        for folder, key in places.items():
            yield from self._pages_of(folder, key, look.marks.get(key, ""))
        if look.category:
            yield from self._with_category(look.category, set(places))

    def find(self, server_ids: Collection[str]) -> Sequence[Offered]:
        """Return those of these messages that are still there."""
        self._require_open()
        return [self._offer(self._mailbox.items[i]) for i in server_ids if i in self._mailbox.items]

    def fetch(self, wanted: Iterable[Offered]) -> Iterator[Fetched]:
        """Yield each wanted message in the order asked for."""
        for offered in wanted:
            if self._given == self._breaks_after:
                self.abort()
            self._require_open()
            yield self._give(offered)
            self._given += 1

    def discard(self, done: Sequence[Offered]) -> None:
        """Remove these messages when the session closes well."""
        self._require_open()
        self._discarded.update(offered.server_id for offered in done)

    def close(self) -> None:
        """Remove what was discarded; raises nothing."""
        if self._is_open:
            for server_id in self._discarded & self._mailbox.items.keys():
                self._mailbox.remove(server_id)
        self._is_open = False

    def abort(self) -> None:
        """End the session and remove nothing; raises nothing."""
        self._is_open = False

    def _pages_of(self, folder: str, key: str, mark: str) -> Iterator[Page]:
        start, came_before = _read_mark(mark, self._mailbox.epoch)
        while True:
            self._mailbox.asked.append(f"changes of {folder}")
            self._require_open()
            part = self._mailbox.changes[start : start + self._mailbox.page_size]
            start += len(part)
            is_last = start >= len(self._mailbox.changes)
            complete = came_before or is_last
            mark = f"{self._mailbox.epoch}:{start}:{complete:d}"
            yield self._page(folder, part, key, mark, is_arrival=came_before)
            if is_last:
                return

    def _page(self, folder: str, part: Sequence[Change], key: str, mark: str, *, is_arrival: bool) -> Page:
        here = dict.fromkeys(change.item for change in part if change.folder == folder)
        items = [self._mailbox.items[i] for i in here if i in self._mailbox.items]
        return Page(
            [self._offer(item, is_arrival=is_arrival) for item in items],
            gone=[i for i in here if i not in self._mailbox.items],
            marks={key: mark},
        )

    def _with_category(self, category: str, elsewhere: set[str]) -> Iterator[Page]:
        found = [
            self._offer(item)
            for item in self._mailbox.items.values()
            if category in item.categories and item.folder not in elsewhere
        ]
        if found:
            yield Page(found)

    def _offer(self, item: Item, *, is_arrival: bool = False) -> Offered:
        return Offered(
            item.id,
            0,
            len(item.data),
            "" if item.folder == INBOX else item.folder,
            is_sent_copy=item.folder == SENT,
            received_at=item.received_at,
            is_arrival=is_arrival,
            categories=item.categories,
        )

    def _give(self, offered: Offered) -> Fetched:
        item = self._mailbox.items.get(offered.server_id)
        if item is None or offered.server_id in self._mailbox.withheld:
            return Fetched(offered, None, Refused("The server does not give this message."))
        if len(item.data) > self._largest:
            return Fetched(offered, None, TooLarge(f"The message is bigger than {self._largest} octets."))
        return Fetched(offered, RawBytes(item.data))

    def _require_open(self) -> None:
        if not self._is_open:
            raise Unreachable("The session has ended.")


def _read_mark(mark: str, epoch: int) -> tuple[int, bool]:
    """Return where to go on and whether the folder was seen through; from the start when it is of no use."""
    try:
        of_epoch, start, complete = map(int, mark.split(":"))
    except ValueError:
        return 0, False
    return (start, bool(complete)) if of_epoch == epoch else (0, False)


def _gone() -> Refused:
    return Refused("The message is no longer on the server.")
