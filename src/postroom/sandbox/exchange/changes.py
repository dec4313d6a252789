"""What has changed in a folder or a hierarchy since a state; both Sync operations ask."""

from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum


class ChangeKind(Enum):
    """What became of an entry, in the words of the Sync operations."""

    CREATE = "Create"
    UPDATE = "Update"
    READ_FLAG = "ReadFlagChange"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry's change and the number under which it happened."""

    number: int
    kind: ChangeKind
    id: str


@dataclass(slots=True)
class _Marks:
    """The numbers of the last event of each sort of one entry; 0 for never."""

    entered: int = 0
    changed: int = 0
    read: int = 0
    left: int = 0


class ChangeLog:
    """The changes of one folder's items, or of one mailbox's folders, by rising number.

    A client that knows everything up to a number is told of each later entry once, by what it
    has to do: take it in, take it again, change its read flag, or drop it.
    """

    def __init__(self) -> None:
        self._events: list[tuple[int, str]] = []
        self._marks: dict[str, _Marks] = {}

    def enter(self, entry: str, number: int) -> None:
        """Note that the entry is here from now on."""
        self._marks[entry] = _Marks(entered=number)
        self._events.append((number, entry))

    def change(self, entry: str, number: int) -> None:
        """Note that the entry has another content."""
        self._marks[entry].changed = number
        self._events.append((number, entry))

    def mark_read(self, entry: str, number: int) -> None:
        """Note that nothing but the read flag of the entry has changed."""
        self._marks[entry].read = number
        self._events.append((number, entry))

    def leave(self, entry: str, number: int) -> None:
        """Note that the entry is here no longer."""
        self._marks[entry].left = number
        self._events.append((number, entry))

    def since(self, number: int) -> list[Change]:
        """Return the changes after this number, each entry once, oldest first.

        >>> log = ChangeLog()
        >>> log.enter("a", 1), log.enter("b", 2), log.mark_read("a", 3), log.leave("b", 4)
        (None, None, None, None)
        >>> [(change.kind.value, change.id) for change in log.since(2)]
        [('ReadFlagChange', 'a'), ('Delete', 'b')]
        """
        start = bisect_right(self._events, number, key=lambda event: event[0])
        changed = dict.fromkeys(entry for _, entry in self._events[start:])
        found = [change for entry in changed if (change := self._one(entry, number)) is not None]
        return sorted(found, key=lambda change: change.number)

    def _one(self, entry: str, number: int) -> Change | None:
        marks = self._marks[entry]
        is_new = marks.entered > number
        if marks.left:
            # What came and went in between is none of the client's business.
            return None if is_new else Change(marks.left, ChangeKind.DELETE, entry)
        if is_new:
            # Under the number of its entering: a page that ends before a later change must have told of it.
            return Change(marks.entered, ChangeKind.CREATE, entry)
        if marks.changed > number:
            # Not under the number of a later reading: a page between the two would leave the change out.
            return Change(marks.changed, ChangeKind.UPDATE, entry)
        return Change(marks.read, ChangeKind.READ_FLAG, entry)
