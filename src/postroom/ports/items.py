"""Where appointments, contacts and tasks lie: `ItemSide`, one mailbox's items on one side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from postroom.reconcile.item import Item, Value
from postroom.reconcile.notice import Sends


class Feed(Enum):
    """What a page of changes is part of."""

    #: What changed since the mark; a deletion is among the gone.
    SINCE = "since the mark"
    #: Everything there is, since there was no mark or it was lost; nothing is said of what is gone.
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A part of what changed on a side."""

    items: Sequence[Item]
    gone: Sequence[str] = ()
    #: How far it has been read; kept once all that stands before it is settled.
    mark: str = ""
    feed: Feed = Feed.SINCE


class Removal(Enum):
    """How an item is removed."""

    TO_DELETED_ITEMS = "to the deleted items"
    FOR_GOOD = "for good"


class ItemSide(Protocol):
    """The items of one mailbox's user on one side, of every kind that is synchronized.

    Writing names the version that it was based on. If the item is another one by now, nothing is written,
    nobody is told, and `StaleVersion` is raised. Everything raises `TransportError` when the answer does not
    come; a write may then have been done, which only reading again tells.
    """

    def changes(self, mark: str | None) -> Iterator[ItemPage]:
        """Yield what changed since the mark, or everything when there is none or it is worth nothing.

        It ends when all was given; when a page can't be had, it raises, and what was given stays true.
        """
        ...

    def get(self, ids: Sequence[str]) -> Mapping[str, Item]:
        """Return the items of these ids as they are now; one that is missing is gone for certain."""
        ...

    def create(self, draft: Item, token: str, sends: Sends, *, is_first_try: bool = False) -> tuple[str, str]:
        """Make an item that bears the token, tell whom `sends` names, and return its id and version.

        An item that already bears the token is returned instead, unchanged. At the first try nothing can
        bear it, so that nothing need be looked for.
        """
        ...

    def update(self, item_id: str, version: str, fields: Mapping[str, Value], sends: Sends) -> str:
        """Write these fields, leave all others, tell whom `sends` names, and return the new version."""
        ...

    def delete(self, item_id: str, version: str, removal: Removal, sends: Sends) -> None:
        """Remove an item and tell whom `sends` names; one that is gone already is no error."""
        ...

    def find_by_token(self, tokens: Sequence[str]) -> Mapping[str, str]:
        """Return the ids of items that bear these tokens; a token that nothing bears is left out."""
        ...

    def find_by_uid(self, uids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the ids of items with these calendar ids; nothing is changed by looking."""
        ...

    def find_alike(self, items: Sequence[Item]) -> Sequence[str]:
        """Return the ids of items that look like one of these: with an equal `match.content_key`.

        A side that can't look for contents returns none; then only ids and marks tell.
        """
        ...

    def note(self, item_id: str, other_id: str) -> None:
        """Note on an item which one of the other side it belongs to; it counts as tracked from then on.

        A side that keeps no such note does nothing.
        """
        ...
