"""What a mailbox has beside messages: `MailFolders`, its folders, categories, owner's mark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from postroom.errors import TransportError


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder as the server has it now."""

    #: The server's lasting id; it survives renaming and moving.
    id: str
    name: str
    #: Id of the folder that it lies in; empty for a folder at the top.
    parent: str
    #: It is the inbox or lies below it, at whatever depth.
    in_inbox: bool
    is_inbox: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    """One entry of the mailbox's list of categories."""

    name: str
    #: Survives renaming; None in a category that is to be made.
    id: UUID | None = None
    #: Number of the colour, 0 to 24, or -1 for none.
    # source: MS-OXOCFG 2.2.5.2.2
    color: int = -1


@dataclass(frozen=True, slots=True)
class Recategorized:
    """What is to become of one message's categories; others on it stay."""

    server_id: str
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OwnerMark:
    """Which organization keeps this mailbox's items in step, as noted in the mailbox itself."""

    organization: UUID
    name: str
    synchronized_at: datetime | None = None


class MailFolders(Protocol):
    """The folders and categories of one mailbox, within the session of its source.

    Everything raises `TransportError` when the session breaks or the server refuses the whole.
    """

    def tree(self) -> Sequence[Folder]:
        """Return every folder that holds mail, parents before children."""
        ...

    def ensure(self, name: str) -> str:
        """Return the id of the folder of this name at the top of the mailbox; make it when missing."""
        ...

    def move(self, server_ids: Sequence[str], folder: str) -> Mapping[str, str | TransportError]:
        """Move messages; return the new id of each, or why it could not be moved."""
        ...

    def categories(self) -> Sequence[Category]:
        """Return the mailbox's list of categories; empty when it has none yet."""
        ...

    def add_category(self, category: Category) -> Category:
        """Add a category to the mailbox's list and return it with its id."""
        ...

    def remove_category(self, category: Category) -> None:
        """Take a category off the mailbox's list; messages keep it. One that is not there is no error."""
        ...

    def recategorize(self, changes: Sequence[Recategorized]) -> Mapping[str, TransportError]:
        """Change categories of messages, read state and all else untouched; return what could not be."""
        ...

    def owner_mark(self) -> OwnerMark | None:
        """Return whose mailbox this is noted to be, or None when nobody has said so."""
        ...

    def set_owner_mark(self, mark: OwnerMark) -> None:
        """Note in the mailbox whose it is."""
        ...
